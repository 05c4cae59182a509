"""What every reply carries, whatever came of the request."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.server.process import PATIENT, READER, Server

STATEMENTS = "/xapi/statements"
THROUGH = "X-Experience-API-Consistent-Through"

ASKED: dict[str, tuple[int, str, str, dict[str, Any]]] = {
    "read": (200, "GET", STATEMENTS, {}),
    "head": (200, "HEAD", STATEMENTS, {}),
    "wrong parameter": (400, "GET", f"{STATEMENTS}?Verb=x", {}),
    "wrong password": (401, "GET", STATEMENTS, {"auth": ("both", "x")}),
    "not permitted": (403, "POST", STATEMENTS, {"auth": READER, "json": {}}),
    "unknown id": (404, "GET", f"{STATEMENTS}?statementId=00000000-0000-4000-8000-000000000000", {}),
    "wrong method": (405, "DELETE", STATEMENTS, {}),
    "too large": (413, "POST", STATEMENTS, {"content": b" " * 300_001, "headers": {"Content-Type": "application/json"}}),
}


def dates(reply: httpx.Response) -> list[str]:
    """Give all Date headers, where httpx would join them."""
    return reply.headers.get_list("date")


@pytest.mark.parametrize("asked", ASKED)
def test_every_statements_reply_has_its_headers(asked: str, client: httpx.Client) -> None:
    """Version, Consistent-Through with milliseconds and a single Date are on successes and on errors."""
    status, method, path, more = ASKED[asked]
    before = datetime.now(UTC)
    reply = client.request(method, path, **more)
    if asked == "not permitted":
        # The body is checked first; what matters is that neither check loses a header.
        assert reply.status_code in (400, 403)
    else:
        assert reply.status_code == status
    assert reply.headers["X-Experience-API-Version"] == "1.0.3"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", reply.headers[THROUGH])
    through = datetime.fromisoformat(reply.headers[THROUGH])
    assert before - timedelta(seconds=1) <= through <= datetime.now(UTC)
    assert len(dates(reply)) == 1
    assert reply.headers["Content-Type"] == "application/json"


def test_after_a_pause_consistent_through_is_not_old(client: httpx.Client) -> None:
    """The first who asks after some seconds in which nobody did is told what holds now, not what held then."""
    client.get(STATEMENTS)
    time.sleep(4)
    before = datetime.now(UTC)
    through = datetime.fromisoformat(client.get(STATEMENTS).headers[THROUGH])
    assert before - timedelta(seconds=1) <= through <= datetime.now(UTC)


def test_consistent_through_goes_on_from_moment_to_moment(client: httpx.Client) -> None:
    """It is said again for a moment only: soon after, a reply says a later one."""
    first = client.get(STATEMENTS).headers[THROUGH]
    time.sleep(0.05)
    assert client.get(STATEMENTS).headers[THROUGH] > first


@pytest.mark.parametrize(
    ("sent", "spoken"),
    [
        ("1.0", "1.0.3"),
        ("1.0.0", "1.0.3"),
        ("1.0.3", "1.0.3"),
        ("1.0.99", "1.0.3"),
        ("2.0", "2.0.0"),
        ("2.0.0", "2.0.0"),
        ("2.0.7", "2.0.0"),
    ],
)
def test_a_version_is_negotiated_by_its_first_two_numbers(sent: str, spoken: str, client: httpx.Client) -> None:
    """Whatever the patch number asked for, the newest one is spoken, and said so."""
    reply = client.get(STATEMENTS, params={"limit": 1}, headers={"X-Experience-API-Version": sent})
    assert (reply.status_code, reply.headers["X-Experience-API-Version"]) == (200, spoken)


@pytest.mark.parametrize("sent", ["", "0.9.5", "0.95", "1", "1.1.0", "1.0.3, 2.0.0", "10.0.0", "2.1.0", "3.0.0", "latest"])
def test_an_unknown_version_is_refused(sent: str, client: httpx.Client) -> None:
    """400, and the reply speaks the newest version; the message does not repeat what was sent."""
    reply = client.get(STATEMENTS, headers={"X-Experience-API-Version": sent})
    assert (reply.status_code, reply.headers["X-Experience-API-Version"]) == (400, "2.0.0")
    assert reply.json()["error"]["parameter"] == "X-Experience-API-Version"


def test_a_missing_version_is_refused_everywhere_but_at_about(server: Server) -> None:
    """About is how a client finds out which versions there are."""
    with httpx.Client(base_url=server.address, auth=("both", "b"), **PATIENT) as client:
        assert client.get(STATEMENTS).status_code == 400
        about = client.get("/xapi/about")
        assert (about.status_code, about.json()) == (200, {"version": ["1.0.3", "2.0.0"]})
        assert client.get("/xapi/about", headers={"X-Experience-API-Version": "0.9"}).status_code == 200
        assert client.head("/xapi/about").content == b""


@pytest.mark.parametrize(("spoken", "known"), [("1.0", ["1.0.3"]), ("1.0.2", ["1.0.3"]), ("2.0.0", ["1.0.3", "2.0.0"])])
def test_about_names_what_the_asker_can_know(spoken: str, known: list[str], client: httpx.Client) -> None:
    """The list of versions that xAPI 1.0.3 allows ends with itself."""
    assert client.get("/xapi/about", headers={"X-Experience-API-Version": spoken}).json() == {"version": known}


def test_a_version_that_is_sent_twice_is_refused(server: Server) -> None:
    """Nobody can tell which one was meant."""
    twice = [("X-Experience-API-Version", "1.0.3"), ("X-Experience-API-Version", "2.0.0")]
    assert httpx.get(server.address + STATEMENTS, auth=("both", "b"), headers=twice, **PATIENT).status_code == 400


def test_about_knows_no_parameters(client: httpx.Client) -> None:
    """An unknown parameter is refused on every resource."""
    assert client.get("/xapi/about?x=1").status_code == 400


def test_a_version_decides_the_rules(client: httpx.Client, statement: dict[str, Any]) -> None:
    """What contextAgents says exists in 2.0 alone."""
    statement["context"] = {"contextAgents": [{"objectType": "contextAgent", "agent": {"mbox": "mailto:a@example.fr"}}]}
    assert client.post(STATEMENTS, json=statement).status_code == 400
    assert client.post(STATEMENTS, json=statement, headers={"X-Experience-API-Version": "2.0.0"}).status_code == 200


def test_a_browser_learns_what_it_may_do(client: httpx.Client, server: Server) -> None:
    """A preflight needs no credentials, and allows the headers that xAPI clients send."""
    with httpx.Client(base_url=server.address, **PATIENT) as nobody:
        reply = nobody.options(STATEMENTS, headers={"Origin": "https://lms.example.fr", "Access-Control-Request-Method": "POST"})
    assert reply.status_code == 204
    assert reply.headers["Access-Control-Allow-Origin"] == "https://lms.example.fr"
    allowed = reply.headers["Access-Control-Allow-Headers"].lower().split(", ")
    xapi = {"accept-language", "authorization", "content-type", "x-experience-api-version", "if-match", "if-none-match"}
    assert xapi <= set(allowed)
    assert {"GET", "HEAD", "POST", "PUT", "DELETE"} <= set(reply.headers["Access-Control-Allow-Methods"].split(", "))


@pytest.mark.parametrize("path", [STATEMENTS, f"{STATEMENTS}?nonsense=1"])
def test_a_page_may_read_the_headers_of_xapi(path: str, client: httpx.Client) -> None:
    """Of errors too, or a browser client can't tell what went wrong."""
    reply = client.get(path, headers={"Origin": "https://lms.example.fr"})
    exposed = set(reply.headers["Access-Control-Expose-Headers"].split(", "))
    assert {"ETag", "Last-Modified", THROUGH, "X-Experience-API-Version"} <= exposed
    assert reply.headers["Vary"] == "Origin"


def test_a_page_of_another_origin_may_read_nothing(client: httpx.Client) -> None:
    """Only the origins of the settings are let in."""
    reply = client.get(STATEMENTS, headers={"Origin": "https://lms.example.fr.evil.example"})
    assert "Access-Control-Allow-Origin" not in reply.headers


def test_an_error_has_one_shape(client: httpx.Client, statement: dict[str, Any]) -> None:
    """Code, message, path, section, index, hint and a request id; nothing that does not apply."""
    broken = json.loads(json.dumps(statement))
    broken["result"] = {"score": {"scaled": 7}}
    reply = client.post(STATEMENTS, json=[statement, broken])
    error = reply.json()["error"]
    assert reply.status_code == 400
    assert (error["code"], error["path"], error["index"]) == ("invalid-statement", "$.result.score.scaled", 1)
    assert error["section"]
    assert error["hint"]
    assert re.fullmatch(r"[0-9a-f]{16}", error["request_id"])
    assert "retryable" not in error
    assert "parameter" not in error


def test_an_unknown_path_is_404(client: httpx.Client) -> None:
    """With the same shape and the version header."""
    reply = client.get("/xapi/nothing")
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "not-found")
    assert reply.headers["X-Experience-API-Version"] == "1.0.3"


def test_a_method_that_is_not_known_says_which_are(client: httpx.Client) -> None:
    """405 with Allow (RFC 9110 15.5.6), to everyone: nobody has to log in to learn that."""
    reply = client.patch(STATEMENTS)
    assert reply.status_code == 405
    assert client.delete(STATEMENTS, auth=lambda request: request).status_code == 405
    assert set(reply.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST", "PUT", "OPTIONS"}


@pytest.mark.parametrize(("path", "said"), [("/healthz", {"status": "ok"}), ("/readyz", {"status": "ready"})])
def test_probes_need_no_credentials(path: str, said: dict[str, str], server: Server) -> None:
    """A load balancer asks with nothing at hand."""
    with httpx.Client(base_url=server.address, **PATIENT) as nobody:
        reply = nobody.get(path)
        assert (reply.status_code, reply.json()) == (200, said)
        assert nobody.head(path).status_code == 200
