"""People who are not seen any more: warned first, then forgotten, and neither when they come back (RET-3)."""

from __future__ import annotations

import csv
import stat
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import event

from lrs.cli.commands import lrs as command
from lrs.engine import LRS
from lrs.storage.contract import KnownSubject, Leaving
from tests.retention.world import DAY, INACTIVITY, Clock, opened, person, policy, statement, vault

FIVE_YEARS = 1826


def people(store: LRS) -> set[str]:
    """Who is still known, by the addresses in the vault."""
    desk = store._desk("default")
    sids = [sid if sid >= 0 else sid + (1 << 64) for (sid,) in vault(store, "SELECT sid FROM subject")]
    return {part.partition("@")[0] for sid in sids for each in desk.revealer.spellings(sid) for part in each.decode().split("mailto:")[1:]}


def warn(store: LRS) -> set[str]:
    """Warn who is to be warned -> their names."""
    told = set()
    for sids, found in list(store.retention.to_warn()):
        store.retention.warned(sids)
        told |= {each.mbox.removeprefix("mailto:").partition("@")[0] for each in found}
    return told


def test_ret_3_who_is_forgotten_was_warned(tmp_path: Path) -> None:
    """Over ten years of random comings and goings nobody is forgotten without a warning 30 days before, after which they were not seen."""
    clock, dice = Clock(), Random(3)
    seen: dict[str, int] = {}
    warned: dict[str, int] = {}
    forgotten = 0
    with opened(tmp_path, policy(INACTIVITY), clock) as store:
        start = clock.now
        while clock.now < start + 11 * 365 * DAY:
            known = people(store)
            for name in dice.sample([f"p{n}" for n in range(12)], dice.choice([0, 1, 2])):
                store.ingest([statement(name, dice.choice(["taught", "proven"]))])
                seen[name] = clock.now
                warned.pop(name, None)
                known.add(name)
            if dice.random() < 0.7:
                for name in warn(store):
                    assert clock.now - seen[name] >= 1795 * DAY
                    assert name not in warned
                    warned[name] = clock.now
            store.retention.apply(settle=False)
            for name in known - people(store):
                assert clock.now - seen[name] >= FIVE_YEARS * DAY
                assert clock.now - warned.pop(name) >= 30 * DAY
                forgotten += 1
            clock.pass_days(dice.choice([35, 120, 400, 400]))
    assert forgotten > 3


def test_who_comes_back_is_taken_off_the_list(tmp_path: Path) -> None:
    """A statement or a document after the warning keeps a person, in whatever role they stand; they are warned anew in five years."""
    clock = Clock()
    with opened(tmp_path, policy(INACTIVITY), clock) as store:
        store.ingest([statement(name) for name in ("ana", "bob", "eve", "dan")])
        clock.pass_days(1830)
        assert warn(store) == {"ana", "bob", "eve", "dan"}
        store.ingest([statement("ana")])
        store.documents.agent_profile(person("bob")).put("p", {}, if_none_match="*")
        store.ingest([statement("ana", context={"instructor": person("eve")})])
        clock.pass_days(40)
        done = store.retention.apply(settle=False)
        assert done.counts["person"] == 1
        assert people(store) == {"ana", "bob", "eve"}
        assert warn(store) == set()
        clock.pass_days(1900)
        assert store.retention.apply(settle=False).counts["person"] == 0
        assert warn(store) == {"ana", "bob", "eve"}


def test_nobody_is_forgotten_who_was_not_warned_long_enough(tmp_path: Path) -> None:
    """Not without a warning however long it was, not 29 days after it; a warning is given once."""
    clock = Clock()
    with opened(tmp_path, policy(INACTIVITY), clock) as store:
        store.ingest([statement("ana")])
        clock.pass_days(3000)
        store.retention.apply(settle=False)
        assert people(store) == {"ana"}
        assert warn(store) == {"ana"}
        clock.pass_days(29)
        assert warn(store) == set()
        store.retention.apply(settle=False)
        assert people(store) == {"ana"}
        clock.pass_days(2)
        # With her goes the software that wrote of her.
        assert store.retention.apply(settle=False).counts["person"] == 2
        assert people(store) == set()


def test_what_nobody_can_be_warned_of_is_not_listed(tmp_path: Path) -> None:
    """The subject that stands for the tenant is never listed nor forgotten; the software that wrote is not listed."""
    clock = Clock()
    with opened(tmp_path, policy(INACTIVITY), clock) as store:
        store.documents.activity_profile("https://a.example/x").put("p", {}, if_none_match="*")
        store.ingest([statement("ana")])
        clock.pass_days(100)
        reserved = store._desk("default").reserved
        assert reserved
        clock.pass_days(1800)
        pages = list(store.retention.to_warn())
        assert [each.mbox for _, found in pages for each in found] == ["mailto:ana@canary.example"]
        assert reserved not in {sid for sids, _ in pages for sid in sids}
        assert [each.number for each in store.retention.plan() if each.what == "warning"] == [2]
        assert warn(store) == {"ana"}
        clock.pass_days(100)
        store.retention.apply(settle=False)
        assert vault(store, "SELECT count(*) FROM subject") == [(1,)]
        assert store._desk("default").reserved == reserved


def test_who_is_seen_under_another_identifier_stays(tmp_path: Path) -> None:
    """Joined identifiers are one person: seen under one of them, they are inactive under none."""
    clock = Clock()
    with opened(tmp_path, policy(INACTIVITY), clock) as store:
        store.ingest([statement("old"), statement("new")])
        known = {name: _sid(store, name) for name in ("old", "new")}
        store._vault.join("default", known["old"], known["new"])
        clock.pass_days(1800)
        store.ingest([statement("new")])
        clock.pass_days(100)
        assert warn(store) == set()


def _sid(store: LRS, name: str) -> int:
    for sid in [sid if sid >= 0 else sid + (1 << 64) for (sid,) in vault(store, "SELECT sid FROM subject")]:
        if any(f"mailto:{name}@".encode() in each for each in store._desk("default").revealer.spellings(sid)):
            return sid
    raise AssertionError(name)


def test_a_late_statement_does_not_start_the_clock_anew(tmp_path: Path) -> None:
    """A person was seen when the statement says, not when it came."""
    clock = Clock()
    with opened(tmp_path, policy(INACTIVITY), clock) as store:
        store.ingest([statement("ana", timestamp=clock.iso(-1840))])
        assert warn(store) == {"ana"}


def test_who_was_let_go_is_taken_in_anew(tmp_path: Path) -> None:
    """A process that still remembers somebody who was let go writes their next statement under a number and key that exist."""
    clock = Clock()
    with opened(tmp_path, policy(), clock) as store:
        store.ingest([statement("ana")])
        writer = store._tenant("default").identities
        remembered = dict(writer._tokens)
        clock.pass_days(800)
        assert store.retention.apply(settle=False).counts["person"] >= 1
        # As another process would, which was not told.
        writer._tokens.update(remembered)
        store.ingest([statement("ana")])
        assert "mailto:ana@canary.example" in str(store.query().statements)


def test_the_list_is_for_its_owner_alone(tmp_path: Path) -> None:
    """lrs retention warn writes a file that nobody else can read, in which no name is a formula, and notes that they are warned."""
    clock = Clock()
    clock.now -= 2000 * DAY
    out = tmp_path / "out" / "people.csv"
    with opened(tmp_path, policy(INACTIVITY), clock) as store:
        store.ingest([statement("ana", actor={"mbox": "mailto:ana@canary.example", "name": "=1+1"})])
    counted = CliRunner().invoke(command, ["retention", "warn", "--data", str(tmp_path)])
    assert counted.output.startswith("1 people")
    CliRunner().invoke(command, ["retention", "warn", "--data", str(tmp_path), "--out", str(out)], catch_exceptions=False)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with out.open() as file:
        assert [(row["mbox"], row["name"]) for row in csv.DictReader(file)] == [("mailto:ana@canary.example", "'=1+1")]
    again = CliRunner().invoke(command, ["retention", "warn", "--data", str(tmp_path)])
    assert again.output.startswith("0 people")


def test_the_tenant_is_nobody_who_leaves(tmp_path: Path) -> None:
    """The subject that stands for the tenant stays, and is counted as nobody, when none of its documents is left."""
    clock = Clock()
    with opened(tmp_path, policy(), clock) as store:
        store.documents.activity_profile("https://a.example/x").put("p", {}, if_none_match="*")
        clock.pass_days(800)
        counts = store.retention.apply(settle=False).counts
        assert (counts["document"], counts["person"]) == (1, 0)
        assert vault(store, "SELECT count(*) FROM subject") == [(1,)]


def test_who_is_restricted_is_not_forgotten_until_that_is_lifted(tmp_path: Path) -> None:
    """Neither for want of anything nor for inactivity, nor under an identifier that was joined (GDPR art. 18)."""
    clock = Clock()
    with opened(tmp_path, policy(INACTIVITY), clock) as store:
        store.ingest([statement(name) for name in ("ana", "old", "bob")])
        store._vault.join("default", _sid(store, "ana"), _sid(store, "old"))
        store.consent.restrict(person("ana"))
        clock.pass_days(1900)
        assert warn(store) == {"ana", "old", "bob"}
        clock.pass_days(40)
        store.retention.apply(settle=False)
        assert people(store) == {"ana", "old"}
        store.consent.lift(person("ana"))
        clock.pass_days(1900)
        assert warn(store) == {"ana"}
        clock.pass_days(40)
        store.retention.apply(settle=False)
        assert people(store) == set()


def test_who_said_something_of_consent_is_kept_for_what_is_to_come(tmp_path: Path) -> None:
    """As long as a statement would be that had come with it; then it goes, and with it the person."""
    clock = Clock()
    with opened(tmp_path, policy(), clock) as store:
        store.consent.object(person("ana"), "teaching")
        clock.pass_days(1400)
        assert store.retention.apply(settle=False).counts["person"] == 0
        assert store.consent.state(person("ana")).purposes[0].objected
        clock.pass_days(200)
        assert store.retention.apply(settle=False).counts["person"] == 1
        assert vault(store, "SELECT count(*) FROM consent") == [(0,)]


def test_giving_or_taking_back_consent_is_being_seen(tmp_path: Path) -> None:
    """Who says something of consent after a warning is not forgotten."""
    clock = Clock()
    with opened(tmp_path, policy(INACTIVITY), clock) as store:
        store.ingest([statement("ana")])
        clock.pass_days(1900)
        assert warn(store) == {"ana"}
        store.consent.object(person("ana"), "teaching")
        clock.pass_days(40)
        store.retention.apply(settle=False)
        assert people(store) == {"ana"}


def test_nobody_is_noted_a_second_time_in_a_month(tmp_path: Path) -> None:
    """Not by a store that is opened again either, which meets everybody anew: the vault says who was noted; in the next month they are, once."""
    clock = Clock()
    noted: list[str] = []

    def note(_connection: Any, _cursor: Any, sql: str, *_more: Any) -> None:
        noted.extend([sql] if sql.startswith("UPDATE subject") else [])

    months = []
    for days in (0, 0, 32, 0):
        clock.pass_days(days)
        with opened(tmp_path, policy(INACTIVITY), clock) as store:
            event.listen(store._vault._engine, "before_cursor_execute", note)
            store.ingest([statement("ana")])
            store.ingest([statement("ana")])
            months.append((len(noted), *vault(store, "SELECT met_month, last_seen FROM subject")[0]))
    assert [number for number, *_ in months] == [1, 1, 2, 2]
    assert all(met == seen for _, met, seen in months)
    assert months[0][1] == months[1][1] < months[2][1] == months[3][1]


def test_whoever_goes_while_they_are_met_again_is_taken_in_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let go between being found and their key being asked for, for a name that they did not have: nothing fails, and they are somebody new."""
    with opened(tmp_path, policy(INACTIVITY), Clock()) as store:
        store.ingest([statement("ana")])
        before = vault(store, "SELECT sid FROM subject")
    with opened(tmp_path, policy(INACTIVITY), Clock()) as store:
        find = store._vault.known_subjects

        def found(tenant: str, indexes: list[bytes]) -> dict[bytes, KnownSubject]:
            known = dict(find(tenant, indexes))
            if known:
                gone = store._vault.leave(tenant, [each.sid for each in known.values()], Leaving(met_before=999912))
                assert gone == (len(known), 0)
            return known

        monkeypatch.setattr(store._vault, "known_subjects", found)
        (identifier,) = store.ingest([statement("ana") | {"actor": person("ana") | {"name": "Ana of late"}}])
        assert store.query(statement_id=identifier).statements[0]["actor"]["name"] == "Ana of late"
        after = vault(store, "SELECT sid FROM subject")
    # She, and the agent of the authority.
    assert len(before) == len(after) == 2
    assert not {*before} & {*after}
