"""What a store puts into the trail, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import lrs
import lrs.asgi
from lrs.access import Principal, Scope, View, software_authority
from lrs.privacy.audit import entry
from lrs.privacy.audit.entry import Entry
from lrs.privacy.audit.verify import entries, verify


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrs.LRS]:
    """A store with a few statements of two people."""
    with lrs.open(tmp_path_factory.mktemp("store")) as opened:
        opened.ingest([statement("ana"), statement("ana"), statement("bea")])
        yield opened


def statement(name: str) -> dict[str, Any]:
    return {
        "actor": {"mbox": f"mailto:{name}@example.fr"},
        "verb": {"id": "https://verbs.example.fr/v"},
        "object": {"id": "https://lms.example.fr/a"},
    }


def principal(*scopes: Scope, view: View = View.IDENTIFIED, name: str = "reader") -> Principal:
    return Principal("default", name, frozenset(scopes), view, software_authority("https://lms.example.fr", "reader"), "request-7")


def last(store: lrs.LRS) -> Entry:
    """Give the entry that is durable last."""
    return list(entries(store.settings.data / "audit"))[-1][1]


def people(store: lrs.LRS, each: Entry) -> int:
    return len(entry.opened(each, store._keys("default").trail)[1])


def test_a_read_is_in_the_trail_before_its_answer(store: lrs.LRS) -> None:
    """Who, what, how many, in which request; the people sealed, the authority among them."""
    store.query(agent={"mbox": "mailto:ana@example.fr"}, principal=principal(Scope.ALL_READ))
    found = last(store)
    assert (found.action, found.credential, found.tenant, found.request, found.outcome) == (
        "read statements",
        "reader",
        "default",
        "request-7",
        "done",
    )
    assert found.counts == {"people": 2, "statements": 2}
    assert people(store, found) == 2


def test_every_way_to_read_is_recorded(store: lrs.LRS) -> None:
    """Pages, further pages, single statements, counts, persons, activities, pseudonyms."""
    page = store.query(limit=2)
    assert last(store).counts["statements"] == 2
    store.query(more=page.more)
    assert last(store).counts["statements"] == 1
    store.query(statement_id=page.statements[0]["id"])
    assert last(store).counts["statements"] == 1
    store.count("actor")
    assert (last(store).action, people(store, last(store))) == ("count statements", 2)
    store.person({"mbox": "mailto:ana@example.fr"})
    assert (last(store).action, people(store, last(store))) == ("read persons", 1)
    store.activity("https://lms.example.fr/a")
    assert last(store).action == "read activities"
    store.query(limit=1, principal=principal(Scope.ALL_READ, view=View.PSEUDONYMOUS))
    assert people(store, last(store)) == 2


def test_a_write_is_recorded_once_a_group(store: lrs.LRS) -> None:
    """With the number of its batches and statements."""
    before = len(list(entries(store.settings.data / "audit")))
    store.ingest([statement("zoe")] * 1 + [statement("ana")])
    found = [each for _, each in entries(store.settings.data / "audit")][before:]
    assert [(each.action, each.counts) for each in found] == [("write statements", {"batches": 1, "statements": 2})]


def test_refusals_are_recorded(store: lrs.LRS) -> None:
    """Whoever may not, and whoever is not who they say; no username is kept."""
    row, _, _ = store.credentials.add("x", username="someone", password="right")
    with pytest.raises(lrs.NotAuthenticated):
        store.authenticate("someone", "wrong")
    with pytest.raises(lrs.NotAuthenticated):
        store.authenticate("jeanne.martin", "wrong")
    with pytest.raises(lrs.NotPermitted):
        store.query(principal=principal(Scope.STATEMENTS_WRITE))
    with pytest.raises(lrs.NotPermitted):
        store.ingest(statement("ana"), principal=principal(Scope.ALL_READ))
    store.query(limit=1)
    found = [each for _, each in entries(store.settings.data / "audit") if each.outcome == "refused"]
    assert [each.action for each in found] == ["authenticate", "authenticate", "read statements", "write statements"]
    assert [each.object for each in found[:2]] == [row.id, ""]
    assert b"jeanne" not in b"".join(path.read_bytes() for path in (store.settings.data / "audit").rglob("*") if path.is_file())


def test_credentials_are_recorded(store: lrs.LRS) -> None:
    """Added and revoked, by their ids."""
    row, _, _ = store.credentials.add("name-of-a-person")
    assert (last(store).action, last(store).object) == ("add credential", row.id)
    store.credentials.revoke(row.id)
    assert (last(store).action, last(store).object) == ("revoke credential", row.id)


def test_a_trail_that_cannot_be_written_answers_nothing(store: lrs.LRS, monkeypatch: pytest.MonkeyPatch) -> None:
    """No read without its entry; afterwards all goes on."""

    def full(*_arguments: object) -> None:
        raise lrs.StoreUnavailable("the audit trail can't be written: No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(store._audit._chain, "append", full)
        for attempt in (lambda: store.query(limit=1), lambda: store.ingest(statement("ana"))):
            with pytest.raises(lrs.StoreUnavailable, match="audit trail"):
                attempt()
    assert len(store.query(limit=1).bodies) == 1


def test_the_trail_of_a_store_verifies(store: lrs.LRS) -> None:
    """While it is open, too."""
    assert [report.problems for report in verify(store.settings.data / "audit", store._keyring.signer.key)] == [[]]


def test_a_bearers_index_is_not_in_the_clear(tmp_path: Path, store: lrs.LRS) -> None:
    """What stands for the person behind a token is sealed."""
    store.query(limit=1, principal=principal(Scope.ALL_READ, name="bearer:00112233445566778899aabbccddeeff"))
    found = last(store)
    assert found.credential.startswith("bearer:")
    assert "00112233" not in found.credential
    assert entry.opened(found, store._keys("default").trail)[0] == "bearer:00112233445566778899aabbccddeeff"


def test_documents_are_recorded(store: lrs.LRS) -> None:
    """Written, read, listed and deleted, with the person whom they are about; and who was refused."""
    shelf = store.documents.state("https://lms.example.fr/a", {"mbox": "mailto:ana@example.fr"})
    shelf.put("bookmark", {"page": 1})
    shelf.get("bookmark")
    shelf.listing()
    shelf.delete("bookmark")
    stranger = store.documents.agent_profile({"mbox": "mailto:ana@example.fr"}, principal=principal(Scope.STATEMENTS_READ))
    with pytest.raises(lrs.NotPermitted):
        stranger.listing()
    store.query(limit=1)
    found = [each for _, each in entries(store.settings.data / "audit") if "states" in each.action or "profiles" in each.action]
    assert [(each.action, dict(each.counts), each.outcome) for each in found] == [
        ("write states", {"documents": 1}, "done"),
        ("read states", {"documents": 1}, "done"),
        ("read states", {"ids": 1}, "done"),
        ("write states", {"deleted": 1}, "done"),
        ("read profiles", {}, "refused"),
    ]
    assert [people(store, each) for each in found] == [1, 1, 1, 1, 0]


def test_a_request_is_the_same_in_answer_and_trail(store: lrs.LRS) -> None:
    """The id in the answer to a refused request is that of its entry; a read has one of its own."""
    reader = store.credentials.add("reader", username="r", password="p", scopes=["statements/read"])[0]
    store.credentials.add("writer", username="w", password="p", scopes=["statements/write"])

    async def ask(username: str) -> httpx.Response:
        transport = httpx.ASGITransport(lrs.asgi.create_app(store))
        async with httpx.AsyncClient(transport=transport, base_url="http://lrs", auth=(username, "p")) as client:
            return await client.get("/xapi/statements?limit=1", headers={"X-Experience-API-Version": "1.0.3"})

    answer = asyncio.run(ask("w"))
    assert answer.status_code == 403
    assert asyncio.run(ask("r")).status_code == 200
    found = [each for _, each in entries(store.settings.data / "audit") if each.request]
    assert answer.json()["error"]["request_id"] in [each.request for each in found if each.outcome == "refused"]
    assert (found[-1].credential, found[-1].outcome, len(found[-1].request)) == (reader.id, "done", 16)
