"""What every source of classes and videos makes of events, whole and broken."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.sources import Platform, converter
from lrs.xapi.rules import Checker
from tests.sources.hostile import STRANGE, UNREADABLE, mutated
from tests.sources.samples import MARK
from tests.sources.samples import SAMPLES as SOURCES

PLATFORM = Platform("https://visio.example.fr", bytes(range(32)), notice="ab" * 32)
CHECKERS = [Checker("1.0.3"), Checker("2.0.0")]


def check(statements: tuple[dict, ...]) -> None:
    """Check statements as the store does, under both versions, and look for the mark."""
    for statement in statements:
        raw = json.dumps(statement).encode()
        assert MARK.encode() not in raw
        for checker in CHECKERS:
            checker.check(raw)


@pytest.mark.parametrize("source", SOURCES)
def test_every_statement_is_valid_and_names_nobody(source: str) -> None:
    """Each sample has statements; none of them has a name, address, text or user agent that the events are full of."""
    outcomes = list(converter(source)([json.dumps(event).encode() for event in SOURCES[source]], PLATFORM))
    assert MARK in json.dumps(SOURCES[source])
    for outcome in outcomes:
        assert outcome.statements, outcome
        check(outcome.statements)


@pytest.mark.parametrize("source", SOURCES)
def test_one_id_is_one_statement(source: str) -> None:
    """What comes again says the same under the same id, so that a store takes it and keeps it once."""
    events = [json.dumps(event).encode() for event in SOURCES[source]]
    told: dict[str, dict] = {}
    for outcome in converter(source)([*events, *events], PLATFORM):
        for statement in outcome.statements:
            assert told.setdefault(statement["id"], statement) == statement


@pytest.mark.parametrize("source", SOURCES)
def test_a_field_of_a_future_version_changes_nothing(source: str) -> None:
    """What nobody knows yet is not read, wherever it stands."""

    def newer(value: object) -> object:
        if isinstance(value, dict):
            return {"x-new": {"name": MARK}} | {key: newer(inner) for key, inner in value.items()}
        return [newer(inner) for inner in value] if isinstance(value, list) else value

    now = [json.dumps(event).encode() for event in SOURCES[source]]
    then = [json.dumps(newer(event)).encode() for event in SOURCES[source]]
    assert list(converter(source)(now, PLATFORM)) == list(converter(source)(then, PLATFORM))


@pytest.mark.parametrize("source", SOURCES)
@given(st.data())
def test_no_event_harms_its_neighbours(source: str, data: st.DataObject) -> None:
    """One outcome an event, whatever comes: statements that are valid, a kind, or an error that holds nothing of the event."""
    first = json.dumps(SOURCES[source][0]).encode()
    outcomes = list(converter(source)([first, data.draw(mutated(SOURCES[source])), first], PLATFORM))
    assert len(outcomes) == 3
    assert outcomes[0] == outcomes[2]
    broken = outcomes[1]
    check(broken.statements)
    assert broken.statements or broken.unmapped or broken.error
    assert MARK not in f"{broken.unmapped}{broken.error!r}{broken.error}"
    assert "form that is not known here (" not in str(broken.error), "an exception that nobody foresaw"


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("bad", UNREADABLE | STRANGE)
def test_what_is_bad_stands_alone(source: str, bad: str) -> None:
    """Whatever arrives is one outcome, and its neighbours are what they would have been without it; what can't be read is an error that says so."""
    for sample in SOURCES[source][:8]:
        good, broken = json.dumps(sample).encode(), (UNREADABLE | STRANGE)[bad](sample)
        alone = next(converter(source)([good], PLATFORM))
        before, made, after = converter(source)([good, broken, good], PLATFORM)
        assert before.statements == after.statements == alone.statements
        assert "form that is not known here (" not in str(made.error), "an exception that nobody foresaw"
        if bad in UNREADABLE:
            assert made.error is not None
            assert MARK not in f"{made.error!r}{made.error}{made.error.parameter}"


@pytest.mark.parametrize("source", SOURCES)
def test_a_byte_order_mark_changes_nothing(source: str) -> None:
    """Nor does a member that stands twice, of which the last counts, as it does for the platforms themselves."""
    events = [json.dumps(event).encode() for event in SOURCES[source]]
    plain = list(converter(source)(events, PLATFORM))
    for same in ("a byte order mark", "each member twice"):
        made = converter(source)([STRANGE[same](event) for event in SOURCES[source]], PLATFORM)
        assert [outcome.statements for outcome in made] == [outcome.statements for outcome in plain]
