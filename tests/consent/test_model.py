"""Random lives: what each purpose sees is what an oracle says that was written from the rules alone (LAW-2, DSR-5, DSR-6)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from lrs.engine import LRS
from lrs.settings import Settings
from tests.consent.conftest import PURPOSES, SECOND, Clock, write_policy
from tests.store.conftest import World

NAMES = ("ana", "ben", "cleo")
people = st.sampled_from(NAMES)
consents = st.sampled_from(("research", "survey"))
groups = st.sets(people, min_size=1, max_size=2)
ago = st.integers(1, 90)


class Oracle:
    """What was said, as a plain list; each question is answered by going through all of it."""

    def __init__(self) -> None:
        self.said: list[tuple[int, int, str, str, str]] = []
        self.sent: list[tuple[str, int, set[str]]] = []

    def say(self, at: int, who: str, what: str, purpose: str = "") -> None:
        self.said.append((at, len(self.said), who, what, purpose))

    def last(self, who: str, purpose: str, *words: str, until: int | None = None) -> str:
        """The last of these words that somebody said about a purpose, at or before a time."""
        found = [each for each in self.said if each[2] == who and each[4] == purpose and each[3] in words]
        found = [each for each in found if until is None or each[0] <= until]
        return max(found)[3] if found else ""

    def hides(self, who: str, purpose: str) -> bool:
        if purpose == "accounts":
            return False
        return self.last(who, "", "restrict", "lift") == "restrict" or self.last(who, purpose, "object", "retract") == "object"

    def agrees(self, who: str, purpose: str, at: int) -> bool:
        if purpose not in ("research", "survey"):
            return True
        return self.last(who, purpose, "give", "withdraw") == "give" == self.last(who, purpose, "give", "withdraw", until=at)

    def sees(self, purpose: str) -> list[tuple[str, set[str]]]:
        """The ids and actors of the statements that a purpose sees."""
        return [
            (identifier, actors)
            for identifier, at, actors in self.sent
            if not any(self.hides(who, purpose) for who in actors) and all(self.agrees(who, purpose, at) for who in actors)
        ]


class Lives(RuleBasedStateMachine):
    """Random lives of three people."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        write_policy(Path(self.folder.name))
        self.clock, self.oracle, self.world, self.edition = Clock(), Oracle(), World(), 0
        self.open()
        self.changed_notice()

    def open(self) -> None:
        self.store = LRS(Settings(data=Path(self.folder.name)), clock=self.clock)

    def time(self, seconds: int) -> int:
        """A time so many seconds ago; no two are the same."""
        return self.clock() - seconds * SECOND

    @rule()
    def changed_notice(self) -> None:
        self.edition += 1
        self.clock.now += SECOND
        self.notice = self.store.consent.notices.add(f"Edition {self.edition}", audience="user", language="fr").digest

    @rule(who=people, purpose=consents, seconds=ago)
    def give(self, who: str, purpose: str, seconds: int) -> None:
        at = self.time(seconds)
        self.oracle.say(at, who, "give", purpose)
        state = self.store.consent.give(self.world.person(who), purpose, notice=self.notice, at=at)
        (told,) = [each for each in state.purposes if each.purpose == purpose]
        assert (told.consent == "given") is (self.oracle.last(who, purpose, "give", "withdraw") == "give")

    @rule(who=people, purpose=consents, seconds=ago)
    def withdraw(self, who: str, purpose: str, seconds: int) -> None:
        at = self.time(seconds)
        self.oracle.say(at, who, "withdraw", purpose)
        self.store.consent.withdraw(self.world.person(who), purpose, at=at)

    @rule(who=people, what=st.sampled_from(("restrict", "lift")))
    def restrict_or_lift(self, who: str, what: str) -> None:
        at = self.time(0)
        self.oracle.say(at, who, what)
        getattr(self.store.consent, what)(self.world.person(who), at=at)

    @rule(who=people, what=st.sampled_from(("object", "retract")))
    def object_or_retract(self, who: str, what: str) -> None:
        at = self.time(0)
        self.oracle.say(at, who, what, "teaching")
        getattr(self.store.consent, what)(self.world.person(who), "teaching", at=at)

    @rule(actors=groups, seconds=ago)
    def ingest(self, actors: set[str], seconds: int) -> None:
        at = self.time(seconds)
        members = [self.world.person(who) for who in sorted(actors)]
        actor: dict[str, Any] = members[0] if len(members) == 1 else self.world.group("team", *members)
        self.clock.now += 1
        ago_text = self.clock.text((self.clock.now - at) / SECOND)
        (identifier,) = self.store.ingest(self.world.statement(actor, timestamp=ago_text))
        (found,) = self.store.query(purpose="accounts", statement_id=str(identifier)).statements
        self.oracle.sent.append((str(identifier), microseconds(found["timestamp"]), actors))

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.open()

    @invariant()
    def each_purpose_sees_what_it_may(self) -> None:
        if not hasattr(self, "store"):
            return
        for purpose in PURPOSES:
            expected = self.oracle.sees(purpose)
            assert [each["id"] for each in self.store.query(purpose=purpose, ascending=True).statements] == [each for each, _ in expected]
            counted = self.store.count("verb", purpose=purpose)
            assert counted == ([(self.world.verb, len(expected))] if expected else [])

    @rule(who=people, purpose=st.sampled_from(PURPOSES))
    def people_are_found_where_they_are_seen(self, who: str, purpose: str) -> None:
        found = self.store.query(purpose=purpose, agent=self.world.person(who), ascending=True).statements
        assert [each["id"] for each in found] == [each for each, actors in self.oracle.sees(purpose) if who in actors]

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()


def microseconds(text: str) -> int:
    from lrs.xapi.formats import parse_timestamp

    return parse_timestamp(text)


def test_each_purpose_sees_what_the_rules_say() -> None:
    """After any sequence of consents, withdrawals, restrictions, objections, new notices, statements and restarts."""
    run_state_machine_as_test(Lives, settings=settings(max_examples=5, stateful_step_count=25, deadline=None))
