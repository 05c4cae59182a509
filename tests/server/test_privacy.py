"""No identity is in what the server answers about a failure, nor in anything that it prints."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import httpx
import pytest

import lrs
from lrs.asgi import create_app
from tests.server.process import BOTH, VERSION, Server, add_credentials

STATEMENTS = "/xapi/statements"
MARK = "Canari7f3a9be2c41d"
JSON = {"Content-Type": "application/json"}

REQUESTS = {
    "path": ("GET", f"/xapi/{MARK}", {}),
    "path of a mail": ("GET", f"/xapi/statements/{MARK}@example.fr", {}),
    "method": (MARK.upper(), STATEMENTS, {}),
    "parameter name": ("GET", f"{STATEMENTS}?{MARK}=1", {}),
    "parameter name of post": ("POST", f"{STATEMENTS}?{MARK}=1", {"json": {}}),
    "agent": ("GET", STATEMENTS, {"params": {"agent": json.dumps({"mbox": f"mailto:{MARK}"})}}),
    "broken agent": ("GET", STATEMENTS, {"params": {"agent": MARK}}),
    "good agent": ("GET", STATEMENTS, {"params": {"agent": json.dumps({"mbox": f"mailto:{MARK}@example.fr"})}}),
    "verb": ("GET", STATEMENTS, {"params": {"verb": MARK}}),
    "limit": ("GET", STATEMENTS, {"params": {"limit": MARK}}),
    "since": ("GET", STATEMENTS, {"params": {"since": MARK}}),
    "statementId": ("GET", STATEMENTS, {"params": {"statementId": MARK}}),
    "more": ("GET", STATEMENTS, {"params": {"more": MARK}}),
    "version": ("GET", STATEMENTS, {"headers": {"X-Experience-API-Version": MARK}}),
    "content type": ("POST", STATEMENTS, {"content": b"{}", "headers": {"Content-Type": MARK}}),
    "encoding": ("POST", STATEMENTS, {"content": b"{}", "headers": JSON | {"Content-Encoding": MARK}}),
    "username": ("GET", STATEMENTS, {"auth": (MARK, "x")}),
    "password": ("GET", STATEMENTS, {"auth": ("both", MARK)}),
    "credentials without colon": (
        "GET",
        STATEMENTS,
        {"headers": {"Authorization": "Basic " + base64.b64encode(MARK.encode()).decode()}, "auth": None},
    ),
    "bearer": ("GET", STATEMENTS, {"headers": {"Authorization": f"Bearer {MARK}"}, "auth": None}),
    "broken body": ("POST", STATEMENTS, {"content": f'{{"actor": "{MARK}", '.encode(), "headers": JSON}),
    "body value": ("POST", STATEMENTS, {"json": {"actor": {"mbox": MARK}, "verb": {"id": MARK}, "object": {"id": MARK}}}),
    "body key": ("POST", STATEMENTS, {"json": {MARK: 1}}),
    "extension key": (
        "POST",
        STATEMENTS,
        {
            "json": {
                "actor": {"mbox": "mailto:a@b.fr"},
                "verb": {"id": "http://a/b"},
                "object": {"id": "http://a/c"},
                "context": {"extensions": {MARK: 1}},
            }
        },
    ),
    "put": ("PUT", f"{STATEMENTS}?statementId={MARK}", {"json": {}}),
    "origin": ("GET", STATEMENTS, {"headers": {"Origin": f"https://{MARK}"}}),
    "request id": ("GET", "/nothing", {"headers": {"X-Request-ID": MARK, "Referer": MARK, "User-Agent": MARK}}),
}


def shown(reply: httpx.Response) -> str:
    """Give all that a client sees."""
    return (reply.text + str(reply.headers.raw)).lower()


@pytest.mark.parametrize("place", REQUESTS)
def test_a_failure_repeats_nothing(place: str, client: httpx.Client, server: Server) -> None:
    """Whatever was sent, and wherever: answer, log and stderr don't have it."""
    method, path, more = REQUESTS[place]
    reply = client.request(method, path, **more)
    assert reply.status_code != 500
    assert MARK.lower() not in shown(reply)
    assert MARK.lower() not in server.printed().lower()


def test_a_conflict_and_a_stored_statement_leave_no_trace(client: httpx.Client, server: Server) -> None:
    """A good request is not logged with its contents either."""
    statement = {
        "id": "7f3a9be2-c41d-4a11-8f0a-2f3d0a1f8a11",
        "actor": {"name": MARK, "mbox": f"mailto:{MARK}@example.fr"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": "https://lms.example.fr/course"},
    }
    assert client.post(STATEMENTS, json=statement).status_code == 200
    conflict = client.post(STATEMENTS, json=statement | {"result": {"response": MARK}})
    assert conflict.status_code == 409
    assert MARK.lower() not in shown(conflict)
    assert MARK.lower() not in server.printed().lower()


def test_the_access_log_says_what_happened(client: httpx.Client, server: Server) -> None:
    """Method, resource, status, size, time, credential and, for errors, the request id of the answer."""
    reply = client.get(f"{STATEMENTS}?limit=x")
    line = next(line for line in server.printed().splitlines() if reply.json()["error"]["request_id"] in line)
    assert f"GET {STATEMENTS} 400 {len(reply.content)} bytes" in line
    assert "?" not in line


class Broken(lrs.LRS):
    """A record store with a fault: reading raises what nobody foresaw, with an identity in its message."""

    def read(self, *_arguments: object, **_options: object) -> object:
        raise RuntimeError(f"could not read {MARK}@example.fr")


@pytest.mark.anyio
async def test_an_unexpected_error_tells_a_request_id_and_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """500 for the client; type and place, under the same id, for the operator; the message for nobody."""
    from lrs.settings import load

    add_credentials(tmp_path)
    with Broken(load(tmp_path, environ={})) as store:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(create_app(store)), base_url="http://x", auth=BOTH, headers=VERSION
        ) as client:
            reply = await client.get(STATEMENTS)
    error = reply.json()["error"]
    assert reply.status_code == 500
    assert set(error) == {"code", "message", "request_id"}
    assert error["request_id"] in caplog.text
    assert "RuntimeError at tests.server.test_privacy:" in caplog.text
    assert MARK not in caplog.text + reply.text
    assert "X-Experience-API-Consistent-Through" in reply.headers


@pytest.mark.anyio
async def test_a_store_that_can_not_answer_is_503_with_a_time_to_come_back(tmp_path: Path) -> None:
    """Retry-After and retryable: the client may send the same again."""
    add_credentials(tmp_path)
    with lrs.open(tmp_path) as store:
        application = create_app(store)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://x", auth=BOTH, headers=VERSION) as client:
            assert (await client.get(STATEMENTS)).status_code == 200
            store.close()
            statement = {"actor": {"mbox": "mailto:a@b.fr"}, "verb": {"id": "http://a/b"}, "object": {"id": "http://a/c"}}
            reply = await client.post(STATEMENTS, json=statement)
    assert (reply.status_code, reply.json()["error"]["retryable"]) == (503, True)
    assert int(reply.headers["Retry-After"]) > 0


@pytest.fixture
def anyio_backend() -> str:
    """Use what uvicorn uses."""
    return "asyncio"
