"""A platform records what people say, with a credential that can do nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import lrs
from lrs.server.application import Application
from tests.consent.conftest import NOTICE, seen, write_policy
from tests.server.process import VERSION
from tests.store.conftest import World


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrs.LRS]:
    data = tmp_path_factory.mktemp("consents") / "data"
    write_policy(data)
    with lrs.open(data) as opened:
        opened.credentials.add("forms", username="forms", password="f", scopes=("consents",), view="identified")
        opened.credentials.add("reader", username="reader", password="r", scopes=("all/read",), view="identified")
        yield opened


@pytest.fixture
def ask(store: lrs.LRS) -> Any:
    """Send a request to the application in this process -> its reply."""
    import asyncio

    async def sent(method: str, user: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=Application(store))
        async with httpx.AsyncClient(transport=transport, base_url="http://lrs", auth=(user, user[0]), headers=VERSION) as client:
            return await client.request(method, more.pop("path", "/consents"), **more)

    return lambda *arguments, **more: asyncio.run(sent(*arguments, **more))


def test_a_platform_records_and_asks(store: lrs.LRS, ask: Any) -> None:
    """A consent and a withdrawal in one body; what it recorded counts in the next answer; the ledger names the credential."""
    world, notice = World(), store.consent.notices.add(NOTICE, audience="user", language="fr").digest
    agent = world.person("ana")
    given = {"agent": agent, "kind": "give", "purpose": "research", "notice": notice}
    assert ask("POST", "forms", json=given).status_code == 204
    (identifier,) = store.ingest(world.statement())
    assert seen(store, world) == [str(identifier)]
    import json

    state = ask("GET", "forms", params={"agent": json.dumps(agent)}).json()
    assert {each["purpose"]: each["consent"] for each in state["purposes"]}["research"] == "given"
    assert ask("POST", "forms", json=[given, {"agent": agent, "kind": "withdraw", "purpose": "research"}]).status_code == 204
    assert seen(store, world) == []
    assert {entry.recorder for entry in store.consent.history(agent)} == {
        each.id for each in store.credentials.list() if each.username == "forms"
    }


def test_the_scope_grants_nothing_else_and_nothing_else_grants_it(ask: Any) -> None:
    """Not even reading everything does: what people say is nobody's business who doesn't keep it."""
    agent = {"agent": '{"mbox": "mailto:x@example.fr"}'}
    assert ask("GET", "forms", path="/xapi/statements").status_code == 403
    assert ask("GET", "reader", params=agent).status_code == 403
    assert ask("POST", "reader", json={"agent": {"mbox": "mailto:x@example.fr"}, "kind": "restrict"}).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b"canary",
        b'{"agent": {"mbox": "mailto:canary@example.fr"}, "kind": "canary"}',
        b'{"agent": {"mbox": "mailto:canary@example.fr"}, "kind": "restrict", "canary": 1}',
        b'{"agent": {"mbox": "canary"}, "kind": "restrict"}',
        b'{"agent": {"mbox": "mailto:canary@example.fr"}, "kind": "restrict", "at": "canary"}',
        b'{"agent": {"mbox": "mailto:canary@example.fr"}, "kind": "restrict", "at": true}',
        b'{"agent": {"mbox": "mailto:canary@example.fr"}, "kind": "give", "purpose": "canary"}',
        b'{"agent": {"mbox": "mailto:canary@example.fr"}, "kind": "join"}',
        b'{"agent": 3, "kind": "restrict"}',
    ],
)
def test_what_is_wrong_is_refused_without_repeating_it(ask: Any, body: bytes) -> None:
    """400, and nothing that was sent is in the answer."""
    refused = ask("POST", "forms", content=body, headers={"Content-Type": "application/json"})
    assert (refused.status_code, "canary" in refused.text) == (400, False)
