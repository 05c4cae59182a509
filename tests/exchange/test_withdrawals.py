"""Targets are told of withdrawn consents: what they were given for a purpose that does not see a person any more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import lrs
from lrs.rights.consents import open_ledger
from tests.consent.conftest import NOTICE, write_policy
from tests.exchange.conftest import made
from tests.exchange.test_forward import ENVIRON, at, ids, run, targets
from tests.server.process import Server

BEFORE, THEN, AFTER = "2026-01-10T10:00:00Z", "2026-02-10T10:00:00Z", "2026-03-10T10:00:00Z"


def of(name: str, count: int = 1, *, timestamp: str = THEN, **more: Any) -> list[dict[str, Any]]:
    """Make statements of somebody."""
    return made(count, actor={"objectType": "Agent", "mbox": f"mailto:{name}@example.fr"}, timestamp=timestamp, **more)


def agent(name: str) -> dict[str, str]:
    return {"mbox": f"mailto:{name}@example.fr"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A store whose target is given what research sees, which rests on consent; `teaching` does not."""
    folder = tmp_path / "here"
    folder.mkdir(mode=0o700)
    write_policy(folder)
    return folder


def consent(store: lrs.LRS, *names: str, purpose: str = "research", at: str | None = "2026-02-01T00:00:00Z") -> None:
    notice = store.consent.notices.add(NOTICE, audience="user", language="fr").digest
    for name in names:
        store.consent.give(agent(name), purpose, notice=notice, at=at)


def test_what_was_given_under_a_consent_is_taken_back(other: Server, data: Path) -> None:
    """Of the one who withdrew and of nobody else, once, whichever process records it; what was never given is not told, nor is another purpose's target."""
    shared = {"context": {"instructor": agent("ana")}}
    ana, bob, carla = of("ana", 3), of("bob", 2, **shared), of("carla", 2)
    early = of("ana", 1, timestamp=BEFORE)
    targets(
        data,
        research={"url": other.address, "purpose": "research"},
        teaching={"url": other.address, "purpose": "teaching", "verb": "http://verbs.example/none"},
        silent={"url": other.address, "purpose": "research", "erasure": "none"},
    )
    with lrs.open(data) as store:
        store.ingest([*ana, *bob, *carla, *early])
        consent(store, "ana", "bob")
        assert run(store, "research", "silent")[0].statements == 5
        assert run(store, "research")[0].erasures == 0
    with open_ledger(store.settings) as ledger:
        ledger.withdraw(agent("ana"), "research")
    with lrs.open(data) as store:
        assert [(told.target, told.erasures) for told in run(store)] == [("research", 3), ("teaching", 0), ("silent", 0)]
        assert at(other).keys() & ids([*ana, *bob, *carla, *early]) == ids(bob)
        assert run(store)[0].erasures == 0
        assert store.forwarding.standing("research")[0].notices == 0


@pytest.mark.parametrize("view", ["identified", "pseudonymous"])
def test_a_target_that_is_away_is_told_later(other: Server, data: Path, view: str) -> None:
    """By the ids that it knows; and what was consented to again meanwhile stays."""
    targets(data, a={"url": other.address, "purpose": "research", "view": view})
    with lrs.open(data) as store:
        store.ingest([*of("ana", 2), *of("bob", 2)])
        consent(store, "ana", "bob")
        before = at(other).keys()
        assert run(store)[0].statements == 4
        given = at(other).keys() - before
        store.consent.withdraw(agent("ana"), "research")
        store.forwarding._environ = {"OTHER": "both:wrong"}
        assert store.forwarding.run()[0].error is not None
        assert store.forwarding.standing()[0].notices == 2
        store.consent.withdraw(agent("bob"), "research")
        consent(store, "bob", at=None)
        store.forwarding._environ = ENVIRON
        assert run(store)[0].erasures == 2
        assert len(given & at(other).keys()) == 2


def test_who_withdrew_before_is_not_told_of(other: Server, data: Path) -> None:
    """A target that is given its first statements afterwards has nothing to take back."""
    targets(data, a={"url": other.address, "purpose": "research"})
    with lrs.open(data) as store:
        store.ingest([*of("ana", 2), *of("bob", 1)])
        consent(store, "ana", "bob")
        store.consent.withdraw(agent("ana"), "research")
        assert [(told.statements, told.erasures) for told in run(store) + run(store)] == [(1, 0), (0, 0)]


def test_what_is_known_under_another_identifier_is_taken_back_too(other: Server, data: Path) -> None:
    """A person's mailbox and its SHA-1, or whom they were joined with; statements of a verb that the target has not are not told."""
    hashed = {"objectType": "Agent", "mbox_sha1sum": "a2e2fbdbb0f5c4d4d3f6b0ca0ecf0e7d7ae5a2c5"}
    sent = of("dora", 3, verb={"id": "http://verbs.example/1"}) + of("dora", 2, verb={"id": "http://verbs.example/2"})
    mine = made(1, actor=hashed, timestamp=THEN, verb={"id": "http://verbs.example/1"})
    targets(data, a={"url": other.address, "purpose": "research", "verb": "http://verbs.example/1"})
    with lrs.open(data) as store:
        store.ingest([*sent, *mine])
        store.subjects.join(agent("dora"), {"mbox_sha1sum": hashed["mbox_sha1sum"]})
        consent(store, "dora")
        assert run(store)[0].statements == 4
        store.consent.withdraw(agent("dora"), "research")
        assert run(store)[0].erasures == 4
        assert not at(other).keys() & ids(sent + mine)
