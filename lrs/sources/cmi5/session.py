"""The order of a session: what may come after what (cmi5 9.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias, TypeVar

import attrs

from lrs.sources.cmi5.statement import Read

__all__ = ["LARGEST", "Sessions"]

LARGEST = 100_000
"""How many sessions, and how many units under registrations, are remembered at most; the oldest are forgotten first."""

_VERB = "$.verb.id"
_LMS = frozenset({"launched", "abandoned", "waived", "satisfied"})
_JUDGED = frozenset({"passed", "failed"})

Kept = TypeVar("Kept")

Order: TypeAlias = tuple[str, str, str]
"""Section, place, rule."""


@attrs.define
class _Session:
    """What a session has seen, in names of verbs; statements that cmi5 only allows leave none."""

    verbs: set[str] = attrs.field(factory=set)
    mode: str = "Normal"
    mastery: float | None = None


class Sessions:
    """Remember sessions, and what was told of each unit under each registration, in bounded memory."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._sessions: dict[tuple[str, str], _Session] = {}
        self._units: dict[tuple[str, str], set[str]] = {}

    def check(self, read: Read) -> Iterator[Order]:
        """Find what a statement breaks by coming now; one without a session is not looked at."""
        if not read.session:
            return
        session = self._kept(self._sessions, (_text(read.at("context", "registration")), read.session), _Session)
        if not read.defined:
            yield from _allowed(session)
        elif read.verb:
            yield from _in_session(read, session)
            if read.verb not in ("launched", "satisfied"):
                yield from self._in_registration(read)
            yield from _scores(read, session)
            _note(read, session)

    def _in_registration(self, read: Read) -> Iterator[Order]:
        """Find what may be told once of a unit under a registration."""
        unit = (_text(read.at("context", "registration")), _text(read.at("object", "id")))
        told = self._kept(self._units, unit, set)
        if read.verb in ("completed", "passed", "waived") and read.verb in told:
            yield "9.3", _VERB, "must not be told twice of a unit under a registration"
        if read.verb == "failed" and "passed" in told:
            yield "9.3", _VERB, "must not be failed after passed under a registration"
        told.add(read.verb)

    def _kept(self, memory: dict[tuple[str, str], Kept], key: tuple[str, str], make: Callable[[], Kept]) -> Kept:
        if key not in memory:
            memory[key] = make()
            if len(memory) > self._largest:
                del memory[next(iter(memory))]
        return memory[key]


def _allowed(session: _Session) -> Iterator[Order]:
    """Check a statement that cmi5 doesn't define but allows within a session."""
    if "initialized" not in session.verbs or "terminated" in session.verbs:
        yield "7.1.3", _VERB, "must come between initialized and terminated"
    if "abandoned" in session.verbs:
        yield "9.3.6", _VERB, "must not come after abandoned"


def _in_session(read: Read, session: _Session) -> Iterator[Order]:
    verb, seen = read.verb, session.verbs
    if verb in seen and verb != "satisfied":
        yield "9.3", _VERB, "must not come twice in a session"
    if verb in _JUDGED and (_JUDGED - {verb}) & seen:
        yield "9.3", _VERB, "must be one of passed and failed in a session"
    if verb == "launched" and seen - {"launched"}:
        yield "9.3.1", _VERB, "must come before all others of a session"
    if "abandoned" in seen and verb != "abandoned":
        yield "9.3.6", _VERB, "must not come after abandoned"
    if ("waived" in seen and verb not in ("waived", "satisfied")) or (verb == "waived" and seen - {"waived", "satisfied"}):
        yield "9.3.7", _VERB, "must be alone in its session with satisfied where a unit is waived"
    if verb not in _LMS:
        yield from _of_the_unit(verb, session)


def _of_the_unit(verb: str, session: _Session) -> Iterator[Order]:
    """Check a statement that the unit makes, not the learning management system."""
    seen = session.verbs
    if verb == "initialized" and "launched" not in seen:
        yield "9.3.2", _VERB, "must come after launched"
    if verb != "initialized" and "initialized" not in seen:
        yield "9.3.2", _VERB, "must come after initialized"
    if "terminated" in seen and verb != "terminated":
        yield "9.3.8", _VERB, "must not come after terminated"
    if session.mode in ("Browse", "Review") and verb not in ("initialized", "terminated"):
        yield "10.0", _VERB, "must be initialized or terminated where the unit is only browsed or reviewed"


def _scores(read: Read, session: _Session) -> Iterator[Order]:
    """Check that passed and failed agree with the score from which one has passed."""
    if read.verb not in _JUDGED or read.scaled is None:
        return
    mastery = session.mastery if read.mastery is None else read.mastery
    if session.mastery is not None and read.mastery is None:
        yield "9.6.3.2", "$.context.extensions", "must have the masteryscore that the unit was launched with"
    if mastery is not None and (read.scaled >= mastery) != (read.verb == "passed"):
        section = "9.3.4" if read.verb == "passed" else "9.3.5"
        yield section, "$.result.score.scaled", "must reach the masteryscore where a learner passed, and not where they failed"


def _note(read: Read, session: _Session) -> None:
    session.verbs.add(read.verb)
    if read.verb == "launched":
        session.mode, session.mastery = _text(read.extension("launchmode")), read.mastery


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
