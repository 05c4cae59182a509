"""Who is asking, and that nothing else is looked at before that is known."""

from __future__ import annotations

import base64
import time

import httpx
import pytest

from lrs.credentials import open_credentials
from lrs.settings import load
from tests.server.process import COUNTER, PATIENT, READER, VERSION, WRITER, Server

STATEMENTS = "/xapi/statements"


def basic(text: str) -> str:
    """Spell a header."""
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic:",
        "Basic !!!",
        "Basic " + "A" * 5,
        basic("both"),
        basic("both:x"),
        basic("nobody:b"),
        basic(":"),
        "Bearer b",
        "both:b",
    ],
)
def test_wrong_or_malformed_credentials_are_401_before_anything_else(header: str, server: Server) -> None:
    """Even where version, parameters and body are wrong as well."""
    with httpx.Client(base_url=server.address, **PATIENT) as client:
        reply = client.post(f"{STATEMENTS}?Nonsense=1", content=b"{", headers={"Authorization": header} if header else {})
    assert reply.status_code == 401
    assert reply.headers["WWW-Authenticate"].startswith("Basic ")
    assert reply.json()["error"]["code"] == "not-authenticated"


def test_the_scheme_has_no_case(server: Server) -> None:
    """RFC 7235: the name of a scheme is compared without case."""
    with httpx.Client(base_url=server.address, **PATIENT) as client:
        reply = client.get(STATEMENTS, headers=VERSION | {"Authorization": basic("both:b").replace("Basic", "bASIC")})
    assert reply.status_code == 200


def test_about_is_open_but_tells_a_wrong_password(server: Server) -> None:
    """Clients try their configuration on it."""
    with httpx.Client(base_url=server.address, **PATIENT) as client:
        assert client.get("/xapi/about").status_code == 200
        assert client.get("/xapi/about", auth=("both", "b")).status_code == 200
        assert client.get("/xapi/about", auth=("both", "x")).status_code == 401


def test_scopes_are_kept(server: Server, statement: dict) -> None:
    """Writing needs a scope to write, reading one to read; a view of counts sees no statement."""
    with server.client(WRITER) as writer, server.client(READER) as reader, server.client(COUNTER) as counter:
        assert writer.post(STATEMENTS, json=statement).status_code == 200
        assert writer.get(STATEMENTS).status_code == 403
        assert reader.get(STATEMENTS).status_code == 200
        assert reader.post(STATEMENTS, json=statement).status_code == 403
        assert counter.get(STATEMENTS).status_code == 403


def test_a_credential_comes_and_goes_while_the_server_runs(server: Server) -> None:
    """A new one works at once; a revoked one is refused within seconds."""
    with (
        open_credentials(load(server.data, environ={}), clock=lambda: time.time_ns() // 1000) as room,
        server.client(("late", "l")) as late,
    ):
        room.add("late", username="late", password="l", scopes=("statements/read",))
        assert late.get(STATEMENTS).status_code == 200
        room.revoke("late")
        end = time.monotonic() + 30
        while late.get(STATEMENTS).status_code != 401:
            assert time.monotonic() < end
            time.sleep(0.2)
