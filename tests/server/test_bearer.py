"""Bearer tokens over HTTP, beside passwords."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from lrs.errors import IssuerUnavailable
from lrs.server.failures import RETRY_AFTER, reply_to
from tests.access.issuer import AUDIENCE, CLIENT, USER, TestIssuer
from tests.server.process import PATIENT, READER, VERSION, Server, add_credentials

STATEMENTS = "/xapi/statements"
BASIC = 'Basic realm="lrs", charset="UTF-8"'


@pytest.fixture(scope="module")
def issuer() -> Iterator[TestIssuer]:
    running = TestIssuer()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def server(issuer: TestIssuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that trusts the issuer."""
    folder = tmp_path_factory.mktemp("bearer")
    (folder / "data").mkdir(mode=0o700)
    add_credentials(folder / "data")
    settings = {"LRS_OIDC_ISSUER": issuer.address, "LRS_OIDC_AUDIENCE": AUDIENCE, "LRS_OIDC_VIEW": "identified"}
    running = Server(folder, **settings)
    yield running
    assert running.stop() == 0


def bearer(server: Server, token: str) -> httpx.Client:
    return server.client(None, Authorization=f"Bearer {token}")


def challenges(reply: httpx.Response) -> list[str]:
    return reply.headers.get_list("www-authenticate")


def test_application_and_user_write_and_read_their_own(server: Server, issuer: TestIssuer, statement: dict[str, Any]) -> None:
    """Under the authority of both; the same application with another user, or with none, sees nothing of it."""
    scope = "statements/write statements/read/mine"
    with bearer(server, issuer.token(scope=scope)) as client, server.client(READER) as reader:
        (identifier,) = client.post(STATEMENTS, json=statement).json()
        (own,) = client.get(STATEMENTS).json()["statements"]
        assert client.get(STATEMENTS, params={"statementId": identifier}).json() == own
        (seen,) = reader.get(STATEMENTS, params={"statementId": identifier, "format": "exact"}).json()["authority"]["member"][1:]
        assert seen == {"objectType": "Agent", "account": {"homePage": issuer.address, "name": USER}}
        assert own["authority"]["member"][0]["account"] == {"homePage": issuer.token_endpoint, "name": CLIENT}
    for other in (issuer.token(scope=scope, sub="other"), issuer.token(scope=scope, sub=None)):
        with bearer(server, other) as client:
            assert client.get(STATEMENTS).json()["statements"] == []
            assert client.get(STATEMENTS, params={"statementId": identifier}).status_code == 404


def test_the_authority_that_a_client_states_is_replaced(server: Server, issuer: TestIssuer, statement: dict[str, Any]) -> None:
    """An Agent or a Group of two, under either version: what the credential says counts (xAPI 1.0.3 Data 2.4.9)."""
    agent = {"objectType": "Agent", "account": {"homePage": "https://else.example.fr", "name": "else"}}
    stated = [agent, {"objectType": "Group", "member": [agent, {"objectType": "Agent", "mbox": "mailto:else@example.fr"}]}]
    with bearer(server, issuer.token(scope="all")) as client, server.client() as basic:
        for version in ("1.0.3", "2.0.0"):
            for authority in stated:
                for caller, kind in ((client, "Group"), (basic, "Agent")):
                    header = {"X-Experience-API-Version": version}
                    (identifier,) = caller.post(STATEMENTS, json=statement | {"authority": authority}, headers=header).json()
                    got = caller.get(STATEMENTS, params={"statementId": identifier}, headers=header).json()["authority"]
                    assert got["objectType"] == kind
                    assert "else" not in str(got)


def test_who_is_not_let_in_is_told_both_ways(server: Server, issuer: TestIssuer) -> None:
    """Basic and Bearer, with an error where a token came (RFC 6750 3)."""
    with httpx.Client(base_url=server.address, headers=VERSION, **PATIENT) as client:
        assert challenges(client.get(STATEMENTS)) == [BASIC, 'Bearer realm="lrs"']
        assert challenges(client.get(STATEMENTS, auth=("both", "x"))) == [BASIC, 'Bearer realm="lrs"']
        for wrong in (issuer.token(aud="other"), issuer.token(exp=1), "x", ""):
            for scheme in ("Bearer", "bearer"):
                reply = client.get(STATEMENTS, headers={"Authorization": f"{scheme} {wrong}".strip()})
                assert (reply.status_code, challenges(reply)) == (401, [BASIC, 'Bearer realm="lrs", error="invalid_token"'])
                assert reply.json()["error"]["code"] == "not-authenticated"
        assert client.get("/xapi/about", headers={"Authorization": "Bearer x"}).status_code == 401


def test_scopes_of_tokens_are_kept(server: Server, issuer: TestIssuer, statement: dict[str, Any]) -> None:
    """What no scope grants is 403, and a bearer is told why (RFC 6750 3.1)."""
    with bearer(server, issuer.token(scope="openid statements/read")) as client:
        reply = client.post(STATEMENTS, json=statement)
        assert (reply.status_code, challenges(reply)) == (403, ['Bearer realm="lrs", error="insufficient_scope"'])
        assert client.get(STATEMENTS).status_code == 200
    with bearer(server, issuer.token(scope="openid")) as client:
        assert client.get(STATEMENTS).status_code == 403
    with server.client(READER) as reader:
        reply = reader.post(STATEMENTS, json=statement)
        assert (reply.status_code, challenges(reply)) == (403, [])


def test_a_page_is_for_the_bearer_who_asked_for_it(server: Server, issuer: TestIssuer, statement: dict[str, Any]) -> None:
    """Through any of their tokens, and nobody else's."""
    with bearer(server, issuer.token(scope="all")) as client:
        client.post(STATEMENTS, json=[statement, statement])
        more = client.get(STATEMENTS, params={"limit": 1}).json()["more"]
    with bearer(server, issuer.token(scope="all", jti="later")) as same, bearer(server, issuer.token(scope="all", sub="other")) as other:
        assert same.get(more).status_code == 200
        assert other.get(more).status_code == 400


def test_a_token_may_come_in_a_form(server: Server, issuer: TestIssuer) -> None:
    """By the alternate request syntax (xAPI 1.0.3 Communication 1.3)."""
    token = issuer.token(scope="all/read")
    with httpx.Client(base_url=server.address, **PATIENT) as client:
        for given, status in ((token, 200), ("x", 401)):
            form = {"Authorization": f"Bearer {given}", "X-Experience-API-Version": "1.0.3"}
            assert client.post(STATEMENTS, params={"method": "GET"}, data=form).status_code == status


def test_an_issuer_that_is_down_stops_no_password(server: Server, issuer: TestIssuer) -> None:
    """Tokens of known keys are still taken; what can't be told now is 503 and may be sent again."""
    with bearer(server, issuer.token(scope="all")) as client:
        assert client.get(STATEMENTS).status_code == 200
    issuer.up = False
    try:
        with bearer(server, issuer.token(scope="all", jti="fresh")) as client, server.client(READER) as reader:
            assert client.get(STATEMENTS).status_code == 200
            assert reader.get(STATEMENTS).status_code == 200
    finally:
        issuer.up = True
    reply = reply_to(IssuerUnavailable("it is down"), "id")
    assert (reply.status, dict(reply.headers)[b"retry-after"]) == (503, RETRY_AFTER)


def on_disk(server: Server) -> bytes:
    """Read all files of a store that is at work: what a merge takes away meanwhile is in another one."""
    found = []
    for folder, _, names in os.walk(server.data):
        for name in names:
            with suppress(FileNotFoundError):
                found.append(Path(folder, name).read_bytes())
    return b"".join(found)


def test_no_log_and_no_file_says_who_came_with_a_token(server: Server, issuer: TestIssuer, statement: dict[str, Any]) -> None:
    """Neither the token nor what is in it: not in the clear on the disk, not in the log."""
    token = issuer.token(scope="all", sub="canary-subject-of-the-log", client_id="canary-client")
    with bearer(server, token) as client:
        client.post(STATEMENTS, json=statement)
        client.get(STATEMENTS, params={"nonsense": "1"})
    printed = server.printed()
    assert " bearer " in printed
    files = on_disk(server)
    for secret in (token, "canary-subject-of-the-log", "canary-client", USER):
        assert secret not in printed
        assert secret.encode() not in files
