"""Whoever is erased is nowhere, nobody else is touched, and nothing brings them back."""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any
from uuid import UUID, uuid4

import pytest

import lrs
from lrs.access import Principal, Scope, View
from lrs.crypto.providers import open_keyring
from lrs.privacy import mentions
from lrs.privacy.receipts import facts_of
from lrs.storage.contract import ErasureState, SealedPiece
from lrs.xapi import codec
from tests.rights.erasing import STUB, STUB_REFERENCE, VOID, everything, person, put, sids, statement, without

DAY = 86_400_000_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrs.LRS]:
    """One store; each test has people of its own."""
    with lrs.open(tmp_path_factory.mktemp("erasure")) as opened:
        yield opened


def test_what_is_deleted_can_not_be_asked_for(store: lrs.LRS) -> None:
    """An id, a page that was begun, an agent, a document: each is answered like what never was."""
    ana = person("ana")
    mine = [statement(ana) for _ in range(3)]
    put(store, *mine)
    store.documents.agent_profile(ana).put("p", b"x", if_none_match="*")
    token = store.query(agent=ana, limit=1).more
    assert token is not None
    store.erase(ana)
    for each in (mine[0]["id"], str(uuid4())):
        for name in ("statement_id", "voided_statement_id"):
            with pytest.raises(lrs.NotFound, match="no statement that this credential may see"):
                store.query(**{name: each})
    assert store.query(more=token).bodies == []
    assert store.query(agent=ana, related_agents=True).bodies == store.query(agent=person("nobody")).bodies == []
    assert store.person(ana) == {"objectType": "Person", "name": [ana["name"]], "mbox": [ana["mbox"]]}
    assert store.documents.agent_profile(ana).listing().ids == []
    with pytest.raises(lrs.NotFound):
        store.documents.agent_profile(ana).get("p")


def test_nothing_of_an_unknown_agent_is_found_among_the_erased(store: lrs.LRS) -> None:
    """Who is not known matches nobody, and above all not the stub."""
    ana, ben = person("ana"), person("ben")
    put(store, statement(ben, context={"instructor": ana}))
    store.erase(ana)
    assert store.query(agent=person("nobody"), related_agents=True).bodies == []
    assert store.query(agent=json.loads(STUB), related_agents=True).bodies == []
    reader = Principal("default", "x", frozenset({Scope.STATEMENTS_READ_MINE}), View.IDENTIFIED, codec.encode(person("authority")))
    assert store.query(principal=reader).bodies == []


def essay(content: bytes) -> dict[str, Any]:
    """What a statement says of an essay that is attached to it."""
    return {
        "usageType": "https://lms.example.fr/essay",
        "display": {"fr": "Essai"},
        "contentType": "text/plain",
        "length": len(content),
        "sha2": hashlib.sha256(content).hexdigest(),
    }


def test_a_group_keeps_what_it_wrote(store: lrs.LRS) -> None:
    """Its text and attachment were sealed under the key of the member who is erased; they are there afterwards, byte for byte."""
    ana, ben, eva = person("ana"), person("ben"), person("eva")
    content = b"our essay " * 200_000
    attached = essay(content)
    group = {"objectType": "Group", "name": "Équipe", "member": [ana, ben, eva]}
    ours = statement(group, result={"response": "We wrote this."}, attachments=[attached])
    swapped = {"object": {"objectType": "Agent"} | ana, "id": str(uuid4()), "verb": VOID | {"id": "https://v.example/met"}, "actor": ben}
    put(store, ours, attachments={attached["sha2"]: content})
    put(store, swapped | {"result": {"response": "I met somebody."}})
    known = {ours["id"], swapped["id"]}
    before = {each: body for each, body in everything(store).items() if each in known}
    for erased in (ana, ben):
        expected = {each: without(body, erased, {"objectType": "Agent"} | erased) for each, body in before.items()}

        def look(state: ErasureState) -> None:
            """Others can read it all the while."""
            if state in (ErasureState.SHREDDED, ErasureState.TOLD):
                page = store.query(statement_id=ours["id"], attachments=True)
                assert page.bodies == [expected[ours["id"]]]  # noqa: B023 -- called at once
                assert page.attachments is not None
                assert dict(page.attachments) == {attached["sha2"]: content}

        store.erase(erased, step=look)
        before = {each: body for each, body in everything(store).items() if each in known}
        assert before == {each: expected[each] for each in (known if erased is ana else {ours["id"]})}
        page = store.query(statement_id=ours["id"], attachments=True)
        assert page.attachments is not None
        assert dict(page.attachments) == {attached["sha2"]: content}
        assert store.count("verb", agent=eva) == [(ours["verb"]["id"], 1)]
    store.erase(eva)
    with pytest.raises(lrs.NotFound):
        store.query(statement_id=ours["id"])


def test_what_a_failed_insert_left_of_a_content_takes_nothing_along(store: lrs.LRS) -> None:
    """Pieces of the same statement at another time are nobody's: the content of the one that was stored is whole afterwards, and they are gone."""
    ana, ben = person("ana"), person("ben")
    content = b"our essay " * 400_000
    attached = essay(content)
    ours = statement({"objectType": "Group", "member": [ana, ben]}, attachments=[attached])
    put(store, ours, attachments={attached["sha2"]: content})
    (kept,) = store._warehouse.contents("default", [UUID(ours["id"])])
    assert kept.pieces > 1
    for stored in {*range(kept.stored - 8, kept.stored + 9)} - {kept.stored}:
        left = SealedPiece("default", stored, kept.statement, kept.number, 0, b"head", b"sealed", until=4_000_000_000)
        store._warehouse.add_attachments([left])
    store.erase(ana)
    page = store.query(statement_id=ours["id"], attachments=True)
    assert page.attachments is not None
    assert dict(page.attachments) == {attached["sha2"]: content}
    assert [each.stored for each in store._warehouse.contents("default", [UUID(ours["id"])])] == [kept.stored]


def test_nothing_of_her_stays_in_memory(store: lrs.LRS) -> None:
    """Once erased, no cache of the store holds her name, her identifiers or what was looked for in her statements."""
    ana = {"name": "Canari Quisenvole", "mbox": "mailto:canari.quisenvole@example.fr"}
    put(store, statement(ana, result={"response": "je suis canari quisenvole"}), statement(person("ben"), context={"instructor": ana}))
    store.query(agent=ana, related_agents=True)
    store.person(ana)
    store.documents.agent_profile(ana).put("p", b"x", if_none_match="*")
    assert [each for each in reachable(store) if "quisenvole" in each.lower()]
    store.erase(ana)
    assert not [each for each in reachable(store) if "quisenvole" in each.lower()]


def reachable(store: lrs.LRS) -> Iterator[str]:
    """Every text that a store has hold of, or the scan for mentions."""
    seen, waiting = set(), [store, mentions.of]
    while waiting:
        found = waiting.pop()
        if id(found) in seen or isinstance(found, type | ModuleType | FunctionType):
            continue
        seen.add(id(found))
        if isinstance(found, str | bytes):
            yield found if isinstance(found, str) else found.decode("latin-1")
        waiting += gc.get_referents(found)


def test_what_was_voided_stays_voided(store: lrs.LRS) -> None:
    """Others' voiding of a deleted statement goes with it; hers of others' is kept by the stub, under an id that says nothing."""
    ana, ben = person("ana"), person("ben")
    hers, his, about = statement(ana), statement(ben), statement(ben)
    put(store, hers, his, about)
    void = lambda who, target: statement(who, verb=VOID, object={"objectType": "StatementRef", "id": target["id"]})  # noqa: E731
    by_him, by_her = void(ben, hers), void(ana, his)
    put(store, by_him, by_her)
    about_it = statement(
        ben,
        object={"objectType": "StatementRef", "id": hers["id"]},
        context={"statement": {"objectType": "StatementRef", "id": hers["id"]}},
    )
    put(store, about_it)
    assert store.query(voided_statement_id=his["id"]).bodies
    known = everything(store)
    outcome = store.erase(ana)
    assert (outcome.counts["statements"], outcome.counts["voiding"], outcome.counts["referring"]) == (2, 1, 1)
    for gone in (hers, by_him, by_her):
        for name in ("statement_id", "voided_statement_id"):
            with pytest.raises(lrs.NotFound):
                store.query(**{name: gone["id"]})
    assert store.query(voided_statement_id=his["id"]).bodies
    with pytest.raises(lrs.NotFound):
        store.query(statement_id=his["id"])
    left = everything(store)
    assert left[about_it["id"]] == known[about_it["id"]].replace(hers["id"].encode(), STUB_REFERENCE.encode())
    (kept,) = [json.loads(body) for each, body in left.items() if each not in known]
    assert kept["actor"] == kept["authority"] == json.loads(STUB)
    assert kept["object"]["id"] == his["id"]
    put(store, by_him)
    assert everything(store) == left


def test_what_comes_late_brings_nobody_back(store: lrs.LRS) -> None:
    """Replays with or without ids, new statements, others' statements, documents, under any identifier: none makes her known again; others lose nothing."""
    ana, ben = person("ana"), person("ben")
    digest = {"mbox_sha1sum": hashlib.sha1(ana["mbox"].encode(), usedforsecurity=False).hexdigest()}
    hers, his, mixed = statement(ana), statement(ben, context={"instructor": ana}), statement({"objectType": "Group", "member": [ana, ben]})
    about = statement(ben, object={"objectType": "StatementRef", "id": hers["id"]})
    put(store, hers, his, mixed, about)
    store.erase(ana)
    before = everything(store)
    new = {"objectType": "Agent", "name": "A new spelling", "mbox": ana["mbox"]}
    late = [
        hers,
        {**statement(ana), "id": None},
        statement(new),
        statement(digest),
        statement({"objectType": "Group", "member": [ana, digest]}),
    ]
    late = [{name: value for name, value in each.items() if value is not None} for each in late]
    assert [str(each) for each in store.ingest([hers, his, mixed, about])] == [each["id"] for each in (hers, his, mixed, about)]
    assert all(outcome.error is None for outcome in store.ingest_lines(codec.encode(each) for each in late))
    assert everything(store) == before
    fresh = statement(ben, context={"instructor": new}, object={"objectType": "StatementRef", "id": hers["id"]})
    ours = statement({"objectType": "Group", "member": [ben, ana]})
    for _ in range(2):
        put(store, fresh, statement(ana), ours)
    assert everything(store).keys() == before.keys() | {fresh["id"], ours["id"]}
    stored = json.loads(everything(store)[fresh["id"]])
    assert (stored["context"]["instructor"], stored["object"]["id"]) == (json.loads(STUB), STUB_REFERENCE)
    shelf = store.documents.agent_profile(new)
    assert shelf.put("p", b"late", if_none_match="*").content == b"late"
    assert shelf.listing().ids == []
    assert not any(sids(store, agent) for agent in (ana, new, digest))
    with pytest.raises(lrs.Conflict):
        put(store, statement(ben) | {"id": his["id"]})


def test_a_restricted_person_is_erased_only_if_they_want_it_all_the_same(store: lrs.LRS) -> None:
    """What may be needed for a claim stays until then; what they said about purposes goes with them, and they can say nothing while suppressed."""
    ana, ben = person("ana"), person("ben")
    put(store, statement(ana), statement(ben))
    store.consent.restrict(ana)
    store.consent.restrict(ben)
    (number,) = sids(store, ana)
    with pytest.raises(lrs.Conflict, match="restricted"):
        store.erase(ana)
    assert sids(store, ana) == (number,)
    store.erase(ana, despite_restriction=True)
    assert not store._vault.consents("default", [number])
    with store._warehouse._sessions.reader() as session:
        left = {sid for (sid,) in session.query("SELECT sid FROM standings", {})}
    assert number not in left
    with pytest.raises(lrs.Conflict):
        store.consent.restrict(ana)
    store.consent.lift(ben)
    assert store.erase(ben).counts["statements"] == 1


def test_somebody_else_is_not_suppressed(store: lrs.LRS) -> None:
    """Neither a mailbox that differs in case, nor another tenant's person of the same identifier."""
    ana = person("ana")
    other = ana | {"mbox": ana["mbox"].replace("ana", "ANA")}
    put(store, statement(ana), statement(other))
    assert store.erase(ana).counts["statements"] == 1
    put(store, statement(other))
    assert len(store.query(agent=other).bodies) == 2


def test_a_credential_in_their_name_goes_and_one_of_the_store_is_no_person(store: lrs.LRS) -> None:
    """Whoever is an authority can't call any more, and nothing in the vault names them; an application's credential can't be erased."""
    from lrs.credentials.ralph import Entry

    ana, ben = person("ana"), person("ben")
    secret = "$2b$04$" + "a" * 53
    entry = Entry(ana["mbox"].partition(":")[2], secret, (Scope.ALL,), (), codec.encode({"objectType": "Agent", **ana}), None)
    (row,) = store.credentials.take_over([entry])
    platform, _, _ = store.credentials.add("platform")
    caller = store.credentials.principal(row.id)
    his = statement(ben)
    store.ingest(his, principal=caller)
    assert store.erase(ana).counts["credentials"] == 1
    assert row.id not in {each.id for each in store.credentials.list()}
    assert json.loads(store.query(statement_id=his["id"]).bodies[0])["authority"] == json.loads(STUB)
    late = statement(ben)
    store.ingest(late, principal=caller)
    assert json.loads(store.query(statement_id=late["id"]).bodies[0])["authority"] == json.loads(STUB)
    software = {"account": {"homePage": "https://lrs.invalid", "name": platform.id}}
    for agent in (software, {"account": {"homePage": "https://lrs.invalid", "name": "local"}}):
        with pytest.raises(lrs.InvalidRequest, match="credential"):
            store.erase(agent)
    assert platform.id in {each.id for each in store.credentials.list()}


def test_somebody_who_is_not_known_gets_a_receipt_too(store: lrs.LRS) -> None:
    """It says that nothing was there; what comes late is not taken in."""
    ana = person("ana")
    before = everything(store)
    outcome = store.erase(ana)
    assert set(outcome.counts.values()) == {0}
    put(store, statement(ana))
    assert everything(store) == before


def test_the_receipt_names_nobody_and_can_be_verified(store: lrs.LRS) -> None:
    """Its facts say what was deleted and until when something stays; no number stands for the person in it."""
    ana, ben = person("ana"), person("ben")
    hers = statement(ana)
    put(store, hers, statement(ben, context={"instructor": ana}))
    numbers = sids(store, ana)
    note = store.erase(ana).receipt
    facts = facts_of(note, open_keyring(store.settings, create=False).signer.key)
    assert {name: facts[name] for name in ("kind", "tenant", "statements", "others", "spellings", "documents")} == {
        "kind": "erasure", "tenant": "default", "statements": 1, "others": 1, "spellings": 1, "documents": 0,
    }  # fmt: skip
    assert facts["epochs"].keys() == {"1"}
    assert "Une personne a été effacée" in note
    assert "A person was erased" in note
    for secret in (ana["mbox"], ana["name"], hers["id"], *map(str, numbers)):
        assert secret not in note
    assert store.erasures.receipts("default")[-1].receipt == note


def test_the_audit_trail_says_who_erased_and_seals_whom(store: lrs.LRS) -> None:
    """A plan and an erasure are two entries; what was withheld is counted."""
    ana = person("ana")
    put(store, statement(ana))
    store.erase(ana, dry_run=True)
    store.erase(ana)
    put(store, statement(ana))
    text = "".join(path.read_text("utf-8") for path in sorted((store.settings.data / "audit").rglob("*.jsonl")))
    assert '"action":"plan an erasure"' in text
    assert '"action":"erase a person"' in text
    assert '"withheld":1' in text


def test_a_request_is_met_by_its_erasure(store: lrs.LRS) -> None:
    """It has to be one for erasure, identified and of this person; afterwards it is closed, and leads to nobody."""
    ana, ben = person("ana"), person("ben")
    put(store, statement(ana), statement(ben))
    entered = store.requests.add("erasure", agent=ana)
    with pytest.raises(lrs.Conflict):
        store.erase(ana, request=entered.number)
    store.requests.identify(entered.number)
    with pytest.raises(lrs.Conflict):
        store.erase(ben, request=entered.number)
    assert everything(store, agent=ana)
    store.erase(ana, request=entered.number)
    (closed,) = [each for each in store.requests.entries() if each.number == entered.number]
    assert (closed.state, closed.known) == ("done", False)
