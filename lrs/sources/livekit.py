"""LiveKit webhooks, by the virtual classroom profile.

An event is the body as it was sent; :func:`lrs.crypto.webhook.check_webhook` tells whether LiveKit sent it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import attrs
import msgspec

from lrs.errors import InvalidEvent
from lrs.sources import Agent, Outcome, Person, Platform, Statement, decoded, each, known_kind, needed
from lrs.sources import classroom as words
from lrs.sources.attendance import Attendance
from lrs.sources.classroom import Act, Sitting, Verb
from lrs.sources.departure import departed, dismissed
from lrs.sources.moment import SECOND, milliseconds

__all__ = ["EVENTS", "convert"]

_MACHINES = {"INGRESS", "EGRESS", "AGENT", 1, 2, 4}
"""Kinds of participants that are no people."""


class _Room(msgspec.Struct, rename="camel", gc=False):
    sid: str
    name: str = ""
    creation_time: int | str | None = None


class _Participant(msgspec.Struct, gc=False):
    sid: str
    identity: str = ""
    kind: str | int = "STANDARD"
    name: Any = None


class _Track(msgspec.Struct, gc=False):
    sid: str
    source: str | int = "UNKNOWN"
    muted: bool = False


class _Egress(msgspec.Struct, rename="camel", gc=False):
    egress_id: str
    room_id: str = ""  # a web page that is recorded is in none
    room_name: str = ""


class _Event(msgspec.Struct, rename="camel", gc=False):
    event: str
    created_at: int | str
    room: _Room | None = None
    participant: _Participant | None = None
    track: _Track | None = None
    egress_info: _Egress | None = None


class _Named(msgspec.Struct, gc=False):
    event: str


_named = msgspec.json.Decoder(_Named)
_event = msgspec.json.Decoder(_Event)


def convert(events: Iterable[bytes], platform: Platform, attendance: Attendance | None = None) -> Iterator[Outcome]:
    """Convert webhooks; see :mod:`lrs.sources` for what is promised.

    Who is still there when a room finishes is told from the events of this call, or of all calls that are given the same ``attendance``.
    """
    return each(events, partial(_convert, platform=platform, attendance=attendance or Attendance()))


def _convert(body: bytes, platform: Platform, attendance: Attendance) -> Outcome:
    kind = decoded(_named, body).event
    say = EVENTS.get(kind)
    if say is None:
        return Outcome(unmapped=known_kind(kind))
    event = decoded(_event, body)
    if event.egress_info is not None and not event.egress_info.room_id:
        return Outcome(unmapped=kind)
    statements = tuple(say(_Told.of(event, platform, attendance)))
    return Outcome(statements) if statements else Outcome(unmapped=kind)


@attrs.frozen
class _Told:
    """What an event tells: in which sitting, when, and what else."""

    event: _Event
    sitting: Sitting
    at: int
    attendance: Attendance

    @classmethod
    def of(cls, event: _Event, platform: Platform, attendance: Attendance) -> _Told:
        return cls(event, _sitting(event, platform), _time(event.created_at, "createdAt"), attendance)

    @property
    def session(self) -> str:
        return self.sitting.session

    @property
    def opened(self) -> int | None:
        """When the room was opened, where the event says so."""
        found = self.event.room.creation_time if self.event.room else None
        return _time(found, "room.creationTime") if found else None

    @property
    def participant(self) -> _Participant:
        return needed(self.event.participant, "participant")

    @property
    def actor(self) -> Agent:
        """The participant by the identity in their token; one that is but their name is none."""
        participant = self.participant
        if participant.identity in ("", participant.name):
            return self.sitting.guest(participant.sid)
        return self.sitting.platform.actor(Person(participant.identity))


def _sitting(event: _Event, platform: Platform) -> Sitting:
    """Tell the sitting: LiveKit numbers the times that a room is open; not all events say when it was opened."""
    if event.egress_info is not None:
        session, room = event.egress_info.room_id, event.egress_info.room_name
    else:
        found = needed(event.room, "room")
        session, room = found.sid, found.name
    if not session:
        raise InvalidEvent("the event names no room", parameter="room.sid")
    return Sitting(platform, room or session, session, session, platform.names.get(room, ""))


def _time(seconds: int | str, place: str) -> int:
    """Read seconds, which JSON made of Protocol Buffers has as a string."""
    try:
        return milliseconds(int(seconds), place, unit=SECOND)
    except ValueError:
        raise InvalidEvent("the time is not a number of seconds", parameter=place) from None


Say = Callable[[_Told], Iterable[Statement]]


def _started(told: _Told) -> Iterator[Statement]:
    yield told.sitting.opened(told.sitting.platform.itself, told.at)


def _finished(told: _Told) -> Iterator[Statement]:
    yield from dismissed(told.sitting, told.attendance, told.at)
    yield told.sitting.ended(told.sitting.platform.itself, told.at, since=told.opened)


def _joined(told: _Told) -> Iterator[Statement]:
    if told.participant.kind not in _MACHINES:
        told.attendance.came(told.session, told.participant.sid, told.actor, told.at)
        yield told.sitting.said(words.JOINED, told.actor, told.at, told.participant.sid)


def _left(told: _Told) -> Iterator[Statement]:
    if told.participant.kind not in _MACHINES:
        yield departed(told.sitting, told.attendance, told.participant.sid, told.actor, told.at)


def _track(acts: dict[str | int, Act]) -> Say:
    """Say that a microphone or a screen was shared or is no more; cameras say nothing."""

    def say(told: _Told) -> Iterator[Statement]:
        track = needed(told.event.track, "track")
        act = acts.get(track.source)
        if act is not None and not track.muted:
            yield told.sitting.did(act, told.actor, told.at, told.participant.sid, track.sid)

    return say


def _recording(verb: Verb) -> Say:
    """Say that a recording started or stopped."""

    def say(told: _Told) -> Iterator[Statement]:
        egress = needed(told.event.egress_info, "egressInfo")
        informed = told.attendance.present(told.session, told.at)
        yield told.sitting.recorded(verb, told.sitting.platform.itself, told.at, egress.egress_id, informed=informed)

    return say


_MICROPHONE: tuple[str | int, ...] = ("MICROPHONE", 2)
_SCREEN: tuple[str | int, ...] = ("SCREEN_SHARE", 3)

EVENTS: dict[str, Say] = {
    "room_started": _started,
    "room_finished": _finished,
    "participant_joined": _joined,
    "participant_left": _left,
    "track_published": _track(dict.fromkeys(_MICROPHONE, words.UNMUTED) | dict.fromkeys(_SCREEN, words.SHARED)),
    "track_unpublished": _track(dict.fromkeys(_MICROPHONE, words.MUTED) | dict.fromkeys(_SCREEN, words.UNSHARED)),
    "egress_started": _recording(words.STARTED),
    "egress_ended": _recording(words.STOPPED),
}
"""What each kind of event says."""
