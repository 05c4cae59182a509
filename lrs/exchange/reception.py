"""Events of other systems on their way in: converted by the same functions as ``lrs convert``, stored as any statement is.

What can't be converted, or is refused as a statement, touches nothing beside it; it is counted and named by its place among the events that came, and put into
quarantine where the credential has one. Ids follow from what makes an event one, so that one which is sent again is recognised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import attrs
import msgspec

from lrs.access import Principal
from lrs.errors import InvalidEvent, LRSError, NotFound
from lrs.exchange.emitters import Emitter
from lrs.privacy.audit import Audit, Event
from lrs.privacy.presence import Presences
from lrs.privacy.quarantine import LARGEST, Held, Quarantine
from lrs.sources import Outcome
from lrs.sources.attendance import Attendance
from lrs.sources.body import split

_MOST_NAMED = 100
_encode = msgspec.json.Encoder().encode


class Line(Protocol):
    """What became of one statement."""

    @property
    def replayed(self) -> bool:
        """Whether it was stored before."""

    @property
    def error(self) -> LRSError | None:
        """Why it was refused."""

    @property
    def held(self) -> bool:
        """Whether it is in quarantine."""


Take = Callable[[Iterator[bytes], Principal], Iterator[Line]]
"""Statements and whose they are -> what became of each, in order."""


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event that was not taken, by its number from 1; it holds no value of it."""

    event: int
    code: str
    message: str
    held: bool = False


class Received(msgspec.Struct, frozen=True):
    """What became of some events: what is without a mapping by kind; at most 100 of the faults are named."""

    events: int
    stored: int
    replayed: int
    unmapped: Mapping[str, int]
    refused: int
    faults: Sequence[Fault]


class Reception:
    """Take the events of emitters. Thread-safe."""

    def __init__(
        self,
        emitters: Mapping[str, Emitter],
        take: Take,
        *,
        presences: Callable[[str, str], Presences],
        quarantine: Quarantine,
        audit: Audit,
    ) -> None:
        self.emitters = emitters
        self._take = take
        self._presences = presences
        self._quarantine = quarantine
        self._audit = audit

    def emitter(self, name: str) -> Emitter:
        """Give an emitter by its name; raises :class:`lrs.errors.NotFound`."""
        found = self.emitters.get(name)
        if found is None:
            raise NotFound(
                "there is no such source", hint="sources.toml in the data directory names them: docs/how-to/sources/endpoints.md."
            )
        return found

    def receive(self, name: str, body: bytes, principal: Principal) -> Received:
        """Store what the events of a body say; all of it is durable on return.

        Raises :class:`lrs.errors.StoreUnavailable`, then send it again, and :class:`lrs.errors.LimitExceeded` for too many events.
        """
        emitter = self.emitter(name)
        events = split(body)
        presences = self._presences(principal.tenant, name)
        attendance = Attendance(presences)
        with emitter.lock:
            outcomes = list(emitter.convert(events, attendance))
            strangers = presences.keep(attendance.news())
        found = _Found(events, outcomes)
        for number, line in zip(found.places, self._take(found.statements(), principal), strict=True):
            found.add(number, line)
        # Whom the vault did not know before it took in their first statement.
        presences.keep(strangers)
        if principal.handling.quarantine_days:
            self._quarantine.add(principal, name, found.hold())
        received = found.received()
        self._record(name, principal, received)
        return received

    def _record(self, name: str, principal: Principal, received: Received) -> None:
        counts = {"events": received.events, "unmapped": sum(received.unmapped.values()), "refused": received.refused}
        self._audit.put(Event.by(principal, "take events", object=name, counts=counts))


@attrs.define
class _Found:
    """The events of a body and what is known of them so far; ``places`` has the event's number of each statement."""

    events: Sequence[bytes] = attrs.field(repr=False)
    outcomes: Sequence[Outcome] = attrs.field(repr=False)
    stored: int = 0
    replayed: int = 0
    faults: list[Fault] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.faults = [_fault(number, each.error) for number, each in enumerate(self.outcomes, 1) if each.error is not None]

    @property
    def places(self) -> list[int]:
        return [number for number, outcome in enumerate(self.outcomes, 1) for _ in outcome.statements]

    def statements(self) -> Iterator[bytes]:
        return (_encode(statement) for outcome in self.outcomes for statement in outcome.statements)

    def add(self, number: int, line: Line) -> None:
        """Count what became of a statement of an event."""
        if line.error is not None:
            self.faults.append(_fault(number, line.error, held=line.held))
        else:
            self.replayed += line.replayed
            self.stored += not line.replayed

    def hold(self) -> list[Held]:
        """Give the events that can't be read and are small enough to be kept, and note that they are."""
        kept = {
            number: Held(self.events[number - 1], each.error)
            for number, each in enumerate(self.outcomes, 1)
            if each.error is not None and len(self.events[number - 1]) <= LARGEST
        }
        self.faults = [
            msgspec.structs.replace(each, held=True) if each.code == InvalidEvent.code and each.event in kept else each
            for each in self.faults
        ]
        return list(kept.values())

    def received(self) -> Received:
        """Say it all."""
        unmapped = Counter(each.unmapped for each in self.outcomes if each.unmapped)
        shown = sorted(self.faults, key=lambda each: each.event)[:_MOST_NAMED]
        return Received(len(self.events), self.stored, self.replayed, unmapped, len(self.faults), shown)


def _fault(number: int, error: LRSError, *, held: bool = False) -> Fault:
    place = error.parameter if isinstance(error, InvalidEvent) and error.parameter else ""
    return Fault(number, error.code, error.message + (f" at {place}" if place else ""), held)
