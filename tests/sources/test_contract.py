"""What every source promises, tried with the simplest one."""

from __future__ import annotations

import uuid

import pytest

from lrs.errors import ConfigurationError, InvalidEvent, InvalidRequest
from lrs.sources import SOURCES, Outcome, Person, Platform, converter, each

KEY = bytes(range(32))


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_can_be_had(name: str) -> None:
    """Each registered source has a converter that gives nothing for nothing."""
    assert list(converter(name)([], Platform("https://lms.example.fr", KEY))) == []


def test_an_unknown_source_is_refused() -> None:
    """Whatever module may exist under the name."""
    for name in ("platform", "nowhere", ""):
        with pytest.raises(InvalidRequest):
            converter(name)


@pytest.mark.parametrize("name", SOURCES)
def test_one_outcome_for_each_event(name: str) -> None:
    """Blank, broken, foreign and deeply nested events have an outcome each, and none raises."""
    events = [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b"\n", b"7", b'"x"']
    outcomes = list(converter(name)(events, Platform("https://lms.example.fr", KEY)))
    assert len(outcomes) == len(events)
    assert [outcome == Outcome() for outcome in outcomes] == [not event.strip() for event in events]
    assert not any(outcome.statements for outcome in outcomes)


def test_what_nobody_foresaw_stops_nothing() -> None:
    """An exception of a converter is one event's error, without its text."""

    def fragile(event: bytes) -> Outcome:
        return Outcome(unmapped={b"1": "one"}[event])

    first, second, third = each([b"1", b"secret", b"1"], fragile)
    assert first == third == Outcome(unmapped="one")
    assert isinstance(second.error, InvalidEvent)
    assert "secret" not in str(second.error)


def test_an_id_depends_on_the_key_and_on_each_part() -> None:
    """The same event has the same id; other parts, borders or keys make another; it is a UUID of version 8."""
    platform, other = (Platform("https://lms.example.fr/", key) for key in (KEY, KEY[::-1]))
    assert platform.home == "https://lms.example.fr"
    made = platform.statement_id(b"a", b"bc")
    assert made == platform.statement_id(b"a", b"bc")
    assert len({made, platform.statement_id(b"ab", b"c"), platform.statement_id(b"abc"), other.statement_id(b"a", b"bc")}) == 4
    assert (uuid.UUID(made).version, uuid.UUID(made).variant) == (8, uuid.RFC_4122)


@pytest.mark.parametrize(
    ("home", "key"), [("lms.example.fr", KEY), ("https://x y", KEY), ("https://x", b"short"), ("https://x", b"k" * 65)]
)
def test_a_platform_is_checked_when_made(home: str, key: bytes) -> None:
    """A home that is no web address and a key of a wrong size are refused; neither is shown."""
    with pytest.raises(ConfigurationError):
        Platform(home, key)
    assert "\\x01" not in repr(Platform("https://x", KEY))


def test_people_are_their_number_and_never_their_login() -> None:
    """A person without an id is refused rather than named; a visitor is anonymous."""
    actor = Platform("https://lms.example.fr", KEY).actor
    assert actor(Person("42", "zoe"))["account"] == {"homePage": "https://lms.example.fr", "name": "42"}
    assert actor(Person("", ""))["account"]["name"] == "anonymous"
    with pytest.raises(InvalidEvent):
        actor(Person("", "zoe"))
    assert "zoe" not in repr(Person("42", "zoe"))
