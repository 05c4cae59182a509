"""What a list of statements looks like on the wire (xAPI 1.0.3 Data 2.5)."""

from __future__ import annotations

import httpx

from tests.server.test_statements import STATEMENTS


def test_nothing_found_is_an_empty_list(client: httpx.Client) -> None:
    """A query that matches nothing is 200 with no statements and no more."""
    reply = client.get(STATEMENTS, params={"verb": "http://example.org/nobody-did"})
    assert (reply.status_code, reply.json()) == (200, {"statements": [], "more": ""})
