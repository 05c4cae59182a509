"""Whatever is sent, the answer is 2xx or 4xx, comes soon, and has the one shape of errors."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lrs
from lrs.asgi import create_app
from tests.effort import Effort
from tests.server.process import add_credentials

PATIENCE = 20
"""Seconds until an answer, on a machine that is busy with other things too."""
SECONDS = 5
"""Those of the processor."""
WHO = b"Basic " + base64.b64encode(b"both:b")
AGENT = b'{"mbox":"mailto:a@example.fr"}'
STATEMENT = {
    "actor": {"mbox": "mailto:a@example.fr"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
    "object": {"id": "https://lms.example.fr/course"},
}
PATHS = [
    "/xapi/statements",
    "/xAPI/statements/",
    "/xapi/agents",
    "/xapi/activities",
    "/xapi/activities/state",
    "/xapi/activities/profile",
    "/xapi/agents/profile",
    "/xapi/about",
    "/xapi/",
    "/xapi",
    "/",
    "",
    "/healthz",
    "/xapi/statements/../about",
    "/xapi/\0",
    "/xapi/é🙂",
]
NAMES = [
    "statementId", "voidedStatementId", "agent", "verb", "activity", "registration", "related_agents", "related_activities", "since",
    "until", "limit", "ascending", "format", "attachments", "more", "method", "activityId", "stateId", "profileId", "content", "Agent",
    "Authorization", "X-Experience-API-Version", "Content-Type", "If-Match",
]  # fmt: skip
VALUES = [
    b"", AGENT, b"{}", b"[", b"null", b"https://a.example/b", b"00000000-0000-4000-8000-000000000001", b"true", b"True", b"1", b"0", b"-1",
    b"9" * 400, b"2026-01-01T00:00:00Z", b"9999-12-31T23:59:59.999999999+14:00", b"0000-00-00T00:00:00Z", b"ids", b"canonical", b"GET",
    b"HEAD", b"PUT", b"POST", b"DELETE", b"%00", b"%ff", b"%", b"+", b"\xff", b'"', b"*", WHO, b"1.0.3", b"2.0.0", b"application/json",
]  # fmt: skip
CONTENT_TYPES = [
    b"application/json",
    b"application/x-www-form-urlencoded",
    b"multipart/mixed; boundary=x",
    b"multipart/mixed",
    b"text/plain",
    b"",
    b"\xff",
]
BODIES = [
    b"",
    b"{}",
    b"[]",
    b"[{}]",
    b"null",
    b"\xff\xfe",
    b"[" * 3000,
    b'{"a":' * 3000,
    b"9" * 5000,
    b"1e999999999",
    b'"\\ud800"',
    b"--x\r\ncontent-type: application/json\r\n\r\n{}\r\n--x--\r\n",
    json.dumps(STATEMENT).encode(),
    gzip.compress(json.dumps(STATEMENT).encode()),
]

fragments = st.sampled_from(VALUES) | st.binary(max_size=12)
pairs = st.tuples(st.sampled_from(NAMES).map(str.encode) | st.binary(max_size=6), fragments).map(b"=".join)
queries = (
    st.lists(pairs, max_size=4).map(b"&".join) | st.sampled_from([b"method=PUT", b"method=GET", b"method=POST"]) | st.binary(max_size=30)
)
# What gets far into the server comes more often than what is refused at its door.
methods = st.sampled_from(["GET", "GET", "GET", "POST", "POST", "POST", "PUT", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
bodies = st.sampled_from(BODIES) | st.lists(pairs, max_size=4).map(b"&".join) | st.binary(max_size=40)
versions = st.sampled_from([*[b"1.0.3"] * 8, *[b"2.0.0"] * 8, b"1.0", b"0.9", b"", b"1.0.3, 2.0.0", b"\xff"])
HEADERS = [
    b"accept-language", b"content-encoding", b"content-length", b"if-match", b"if-none-match", b"origin", b"accept",
    b"x-experience-api-hash", b"content-transfer-encoding",
]  # fmt: skip
HEADER_VALUES = [b"gzip", b"fr;q=x, *;q=0", b"7", b"x" * 5000, b"*", b'"' + b"0" * 40 + b'"', b"http://a.example", WHO]
others = st.lists(st.tuples(st.sampled_from(HEADERS), st.sampled_from(HEADER_VALUES) | fragments), max_size=2)
headers = st.builds(
    lambda who, version, kind, more: [(b"authorization", who), (b"x-experience-api-version", version), (b"content-type", kind), *more],
    st.sampled_from([*[WHO] * 20, b"Basic", b"Bearer x"]),
    versions,
    st.sampled_from(CONTENT_TYPES),
    others,
)
scopes = st.fixed_dictionaries(
    {
        "type": st.just("http"),
        "root_path": st.just(""),
        "method": methods,
        "path": st.sampled_from([*PATHS[:8] * 8, *PATHS]),
        "query_string": queries,
        "headers": headers,
    }
)


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Mount a store in this process, with a loop to serve it on."""
    data = tmp_path_factory.mktemp("fuzzed")
    add_credentials(data)
    with lrs.open(data, max_body_bytes=100_000) as store, asyncio.Runner() as runner:
        application = create_app(store)
        yield lambda scope, body: runner.run(asyncio.wait_for(ask(application, scope, body), PATIENCE))


async def ask(application: Any, scope: dict[str, Any], body: bytes) -> list[dict[str, Any]]:
    """Send one request, its body in two pieces, and collect what is answered."""
    pieces = iter([(body[: len(body) // 2], True), (body[len(body) // 2 :], False)])
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        piece, more = next(pieces)
        return {"type": "http.request", "body": piece, "more_body": more}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    return sent


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scope=scopes, body=bodies)
def test_every_request_has_an_answer(scope: dict[str, Any], body: bytes, application: Any) -> None:
    """Never a 5xx, never late; errors are JSON with code, message and request id, and every answer has a version."""
    with Effort() as effort:
        head, *rest = application(scope, body)
    assert effort.seconds < SECONDS
    given_headers = dict(head["headers"])
    answer = b"".join(message.get("body", b"") for message in rest)
    assert 200 <= head["status"] < 300 or head["status"] == 304 or 400 <= head["status"] < 500
    assert given_headers[b"x-experience-api-version"] in (b"1.0.3", b"2.0.0")
    if scope["method"] == "HEAD":
        assert answer == b""
    elif b"content-length" in given_headers:
        assert int(given_headers[b"content-length"]) == len(answer)
    if head["status"] >= 400 and answer:
        error = json.loads(answer)["error"]
        assert {"code", "message", "request_id"} <= error.keys()
        assert all(value in ("", None) or "a@example.fr" not in str(value) for value in error.values())
