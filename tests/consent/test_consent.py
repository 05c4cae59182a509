"""A purpose that rests on consent sees what a consent in force covers, and nothing else (LAW-2, LAW-3); restriction and objection (DSR-5, DSR-6)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import attrs
import pytest

import lrs
from lrs.access import Principal, Scope, View, software_authority
from lrs.privacy.consent.entry import Kind
from lrs.privacy.consent.saying import Saying
from tests.consent.conftest import NOTICE, PURPOSES, SECOND, Clock, seen
from tests.store.conftest import World

READER = Principal(
    "default", "reader", frozenset({Scope.ALL}), View.IDENTIFIED, software_authority("https://lms.example.fr", "reader"), purpose="research"
)


def sent(store: lrs.LRS, clock: Clock, world: World, actor: str | dict[str, Any] = "ana", ago: float = 0, **more: Any) -> str:
    (identifier,) = store.ingest(world.statement(actor, timestamp=clock.text(ago), **more))
    return str(identifier)


def test_a_consent_covers_what_happens_from_then_on(store: lrs.LRS, clock: Clock, world: World, notice: str) -> None:
    """Nothing before it, nobody else, no other purpose; other purposes see everything as before."""
    before = sent(store, clock, world, ago=60)
    other = sent(store, clock, world, "ben")
    assert seen(store, world) == []
    store.consent.give(world.person("ana"), "research", notice=notice, at=clock.now - 30 * SECOND)
    after = sent(store, clock, world, ago=20)
    assert seen(store, world) == [after]
    assert seen(store, world, "survey") == []
    assert seen(store, world, "teaching") == [before, other, after]


def test_a_withdrawal_counts_in_the_next_query(store: lrs.LRS, clock: Clock, world: World, notice: str) -> None:
    """By every way of reading, a page that was promised before too; given again, it covers what was covered and what comes."""
    store.consent.give(world.person("ana"), "research", notice=notice, at=clock.now - 60 * SECOND)
    first = [sent(store, clock, world, ago=30 - n) for n in range(3)]
    token = store.query(purpose="research", activity=world.activity, limit=2).more
    assert seen(store, world) == first
    store.consent.withdraw(world.person("ana"), "research", at=clock.now - 10 * SECOND)
    between = sent(store, clock, world, ago=5)
    assert seen(store, world) == []
    assert store.query(purpose="research", more=token).statements == []
    assert store.count("verb", purpose="research", activity=world.activity) == []
    with pytest.raises(lrs.NotFound):
        store.query(purpose="research", statement_id=first[0])
    assert store.query(purpose="teaching", statement_id=first[0]).statements
    store.consent.give(world.person("ana"), "research", notice=notice, at=clock.now - SECOND)
    after = sent(store, clock, world)
    assert seen(store, world) == [*first, after]
    assert between in seen(store, world, "teaching")


def test_what_is_recorded_late_counts_from_when_it_was_said(store: lrs.LRS, clock: Clock, world: World, notice: str) -> None:
    """A consent on paper that is recorded after the withdrawal that followed it gives nothing back."""
    ana = world.person("ana")
    sent(store, clock, world, ago=30)
    store.consent.withdraw(ana, "research", at=clock.now - 20 * SECOND)
    store.consent.give(ana, "research", notice=notice, at=clock.now - 60 * SECOND, method="paper")
    assert seen(store, world) == []
    store.consent.give(ana, "research", notice=notice, at=clock.now - 10 * SECOND)
    assert len(seen(store, world)) == 1


def test_who_was_never_met_can_consent(store: lrs.LRS, clock: Clock, world: World, notice: str) -> None:
    """Before the first statement; a restriction works before one too."""
    store.consent.give(world.person("new"), "research", notice=notice)
    store.consent.restrict(world.person("shy"))
    known = sent(store, clock, world, "new")
    sent(store, clock, world, "shy")
    assert seen(store, world) == [known] == seen(store, world, "teaching")


def test_all_members_of_a_group_have_to_consent(store: lrs.LRS, clock: Clock, world: World, notice: str) -> None:
    """The group itself can't, and one of which nobody says who is in it is not seen."""
    ana, ben = world.person("ana"), world.person("ben")
    for group in (world.group("team", ana, ben), {"objectType": "Group", "member": [ana, ben]}):
        sent(store, clock, world, group)
    sent(store, clock, world, {"objectType": "Group", "mbox": f"mailto:closed.{world.number}@example.fr"})
    store.consent.give(ana, "research", notice=notice, at=clock.now - 60 * SECOND)
    assert seen(store, world) == []
    store.consent.give(ben, "research", notice=notice, at=clock.now - 60 * SECOND)
    assert len(seen(store, world)) == 2
    store.consent.withdraw(ben, "research")
    assert seen(store, world) == []
    with pytest.raises(lrs.InvalidRequest):
        store.consent.give(world.group("team"), "research", notice=notice)


def test_a_restriction_hides_from_all_purposes_but_what_the_law_asks_for(store: lrs.LRS, clock: Clock, world: World, notice: str) -> None:
    """Own statements, being named elsewhere, documents, spellings; it can be lifted, and everything is as it was."""
    ana, ben = world.person("ana"), world.person("ben")
    for person in (ana, ben):
        store.consent.give(person, "research", notice=notice, at=clock.now - 60 * SECOND)
    own = sent(store, clock, world, context={"instructor": ben})
    other = sent(store, clock, world, "ben", context={"instructor": ana, "team": world.group("team", ana, ben)})
    store.documents.state(world.activity, ana).put("s", {"a": 1})

    def looked_at(purpose: str) -> list[Any]:
        return [
            seen(store, world, purpose),
            seen(store, world, purpose, agent=ana, related_agents=True),
            store.query(purpose=purpose, activity=world.activity).statements,
            store.person({"name": "x", **ana}, purpose=purpose),
            store.count("actor", purpose=purpose, activity=world.activity),
            store.documents.state(world.activity, ana, principal=attrs.evolve(READER, purpose=purpose)).listing().ids,
        ]

    before = {purpose: looked_at(purpose) for purpose in PURPOSES}
    assert before["teaching"][:2] == [[own, other], [own, other]] == before["research"][:2]
    store.consent.restrict(ana)
    for purpose in ("teaching", "research"):
        by_all, by_agent, statements, person, counted, documents = looked_at(purpose)
        assert (by_all, by_agent, documents) == ([other], [], [])
        assert f"mailto:ana.{world.number}" not in json.dumps([statements, counted])
        assert person["name"] == ["x"]
        (shown,) = statements
        assert shown["context"]["instructor"]["account"]["name"] == "erased"
        assert shown["actor"] == ben == shown["context"]["team"]["member"][1]
        with pytest.raises(lrs.NotFound):
            store.query(purpose=purpose, statement_id=own)
        with pytest.raises(lrs.NotFound):
            store.documents.state(world.activity, ana, principal=attrs.evolve(READER, purpose=purpose)).get("s")
    assert looked_at("accounts") == before["accounts"]
    store.consent.lift(ana)
    assert {purpose: looked_at(purpose) for purpose in PURPOSES} == before


def test_an_objection_is_about_one_purpose(store: lrs.LRS, clock: Clock, world: World, notice: str) -> None:
    """The others go on; taken back, the purpose sees again; not every legal basis can be objected to."""
    ana = world.person("ana")
    store.consent.give(ana, "research", notice=notice, at=clock.now - 60 * SECOND)
    own = sent(store, clock, world)
    store.consent.object(ana, "teaching")
    assert (seen(store, world, "teaching"), seen(store, world), seen(store, world, "accounts")) == ([], [own], [own])
    store.consent.retract(ana, "teaching")
    assert seen(store, world, "teaching") == [own]
    for purpose in ("research", "accounts", "curiosity"):
        with pytest.raises(lrs.InvalidRequest):
            store.consent.object(ana, purpose)


def test_what_is_hidden_leads_nowhere(store: lrs.LRS, clock: Clock, world: World) -> None:
    """Who refers to a hidden statement is found by it no more, over a hidden one between neither; what it voided stays voided."""
    other = World()
    hidden = sent(store, clock, world, "ana")
    last = sent(store, clock, world, "ben")
    middle = sent(store, clock, other, world.person("ana"), object={"objectType": "StatementRef", "id": last})
    by_ref = [
        sent(
            store,
            clock,
            other,
            "cleo",
            object={"objectType": "StatementRef", "id": target},
            context={"statement": {"objectType": "StatementRef", "id": hidden}},
        )
        for target in (hidden, middle)
    ]
    voided = sent(store, clock, world, "ben")
    voiding = {"verb": {"id": "http://adlnet.gov/expapi/verbs/voided"}, "object": {"objectType": "StatementRef", "id": voided}}
    sent(store, clock, world, "ana", **voiding)
    assert set(by_ref) < set(seen(store, world, "teaching"))
    store.consent.restrict(world.person("ana"))
    assert seen(store, world, "teaching") == [last]
    (shown,) = store.query(purpose="teaching", statement_id=by_ref[0]).statements
    assert shown["object"]["id"] == hidden


def test_people_who_did_not_consent_are_not_shown_beside_one_who_did(store: lrs.LRS, clock: Clock, world: World, notice: str) -> None:
    """They are as somebody who was erased, and nobody is found by them; who sent the statement is shown."""
    ana, ben = world.person("ana"), world.person("ben")
    store.consent.give(ana, "research", notice=notice, at=clock.now - 60 * SECOND)
    own = sent(store, clock, world, context={"instructor": ben})
    (shown,) = store.query(purpose="research", activity=world.activity).statements
    assert (shown["id"], shown["actor"]) == (own, ana)
    assert shown["context"]["instructor"]["account"]["name"] == "erased"
    assert shown["authority"]["account"]["name"] == "local"
    assert seen(store, world, agent=ben, related_agents=True) == []


def test_one_person_may_have_several_identifiers(store: lrs.LRS, clock: Clock, world: World, notice: str) -> None:
    """A mailbox and its SHA-1, met before or after; identifiers that are joined, until they are parted."""
    mailbox = world.person("ana")
    digest = {"mbox_sha1sum": hashlib.sha1(mailbox["mbox"].encode(), usedforsecurity=False).hexdigest()}
    account = {"account": {"homePage": "https://lms.example.fr", "name": f"a{world.number}"}}
    sent(store, clock, world, account)
    store.consent.restrict(mailbox)
    # What follows from it is worked out here, before the digest is known.
    assert len(seen(store, world, "teaching")) == 1
    sent(store, clock, world, digest)
    assert len(seen(store, world, "teaching")) == 1
    store.subjects.join(account, digest)
    assert seen(store, world, "teaching") == []
    store.subjects.unjoin(account)
    assert len(seen(store, world, "teaching")) == 1
    store.consent.lift(digest)
    store.consent.give(mailbox, "research", notice=notice, at=clock.now - 60 * SECOND)
    assert len(seen(store, world, "teaching")) == 2
    assert len(seen(store, world)) == 1


def test_documents_are_shown_as_far_as_the_consent_goes(store: lrs.LRS, clock: Clock, world: World, notice: str) -> None:
    """What was written while one was in force; documents about nobody are not asked about."""
    ana = world.person("ana")
    store.documents.activity_profile(world.activity).put("p", {"a": 1}, if_none_match="*")
    assert store.documents.activity_profile(world.activity, principal=READER).get("p")
    store.documents.state(world.activity, ana).put("before", {"a": 1})
    shelf = store.documents.state(world.activity, ana, principal=READER)
    assert shelf.listing().ids == []
    store.consent.give(ana, "research", notice=notice)
    store.documents.state(world.activity, ana).put("after", {"a": 1})
    assert shelf.listing().ids == ["after"]
    with pytest.raises(lrs.NotFound):
        shelf.get("before")
    store.consent.withdraw(ana, "research")
    assert shelf.listing().ids == []


def test_a_consent_names_the_text_that_was_shown(store: lrs.LRS, world: World, notice: str) -> None:
    """By the SHA-256 of its bytes; another one in its place is told, and the consent stands until the person decides."""
    ana = world.person("ana")
    assert notice == hashlib.sha256(NOTICE.encode()).hexdigest()
    assert store.consent.notices.text(notice).text == NOTICE
    texts = [store.consent.notices.add(f"Version {n} {world.number}", audience="learner", language="fr", purpose="survey") for n in (1, 2)]
    assert [text.version - texts[0].version for text in texts] == [0, 1]
    for wrong in ("0" * 64, ""):
        with pytest.raises(lrs.InvalidRequest, match="digest"):
            store.consent.give(ana, "survey", notice=wrong)
    with pytest.raises(lrs.InvalidRequest, match="digest"):
        store.consent.give(ana, "research", notice=texts[1].digest)
    (given,) = [each for each in store.consent.give(ana, "survey", notice=texts[1].digest).purposes if each.purpose == "survey"]
    assert (given.consent, given.notice, given.reconsent_due) == ("given", texts[1].digest, False)
    newer = store.consent.notices.add(f"Version 3 {world.number}", audience="learner", language="fr", purpose="survey")
    again = store.consent.notices.add(f"Version 3 {world.number}", audience="learner", language="fr", purpose="survey")
    assert newer == again
    (due,) = [each for each in store.consent.state(ana).purposes if each.purpose == "survey"]
    assert (due.consent, due.reconsent_due) == ("given", True)
    store.consent.withdraw(ana, "survey")
    (over,) = [each for each in store.consent.state(ana).purposes if each.purpose == "survey"]
    assert (over.consent, over.reconsent_due) == ("withdrawn", False)
    assert [(entry.kind, entry.notice) for entry in store.consent.history(ana)] == [("give", texts[1].digest), ("withdraw", "")]


def test_what_cannot_be_said_is_refused(store: lrs.LRS, clock: Clock, world: World, notice: str) -> None:
    """All or nothing; a time that is yet to come, a purpose that does not rest on consent, what only the store finds out."""
    ana = world.person("ana")
    wrong = [
        Saying(agent=ana, kind=Kind.GIVE, purpose="research", notice=notice, at=clock.now + 60 * SECOND),
        Saying(agent=ana, kind=Kind.GIVE, purpose="teaching", notice=notice),
        Saying(agent=ana, kind=Kind.WITHDRAW, purpose="teaching"),
        Saying(agent=ana, kind=Kind.RESTRICT, purpose="teaching"),
        Saying(agent=ana, kind=Kind.JOIN),
        Saying(agent={"name": "x"}, kind=Kind.RESTRICT),
    ]
    for each in wrong:
        with pytest.raises(lrs.InvalidRequest):
            store.consent.record([Saying(agent=ana, kind=Kind.RESTRICT), each])
    assert store.consent.history(ana) == []
    with pytest.raises(lrs.InvalidRequest):
        store.consent.notices.add("x", audience="nobody", language="fr")


def test_an_erasure_takes_what_was_said_along(store: lrs.LRS, clock: Clock, world: World, notice: str) -> None:
    """Out of the ledger and out of the copy; what others said stays."""
    ana, ben = world.person("ana"), world.person("ben")
    store.consent.restrict(ana)
    store.consent.restrict(ben)
    sent(store, clock, world)
    sent(store, clock, world, "ben")
    assert seen(store, world, "teaching") == []
    vault, warehouse = store._vault, store._warehouse
    everybody, _ = vault.consenting("default", after=0, limit=100_000)
    store.erase(ana, despite_restriction=True)
    left, _ = vault.consenting("default", after=0, limit=100_000)
    (gone,) = everybody - left
    assert warehouse.standings("default", [""], [gone]) == []
    assert seen(store, world, "teaching") == []
    assert store.consent.state(ben).restricted
