"""Jitsi's webhooks by the prosody module ``event_sync``, by the virtual classroom profile.

The end of a room lists everybody who was there, with their times: joins and leaves that were lost are told then, under the ids that they would
have had, so that nothing is told twice and nothing need be remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import msgspec

from lrs.sources import Agent, Outcome, Person, Platform, Statement, decoded, each, known_kind, needed, together
from lrs.sources import classroom as words
from lrs.sources.classroom import Sitting
from lrs.sources.moment import SECOND, lasting, milliseconds, minute

__all__ = ["EVENTS", "convert"]

_DATE = len("2026-01-01")


class _Named(msgspec.Struct, gc=False):
    event_name: str


class _Occupant(msgspec.Struct, gc=False):
    occupant_jid: str
    joined_at: float
    left_at: float | None = None
    id: str | int | None = None
    name: Any = None
    email: Any = None


class _Room(msgspec.Struct, gc=False):
    event_name: str
    room_jid: str
    room_name: str = ""
    breakout_room_id: str | None = None
    created_at: float | None = None
    destroyed_at: float | None = None
    occupant: _Occupant | None = None
    all_occupants: list[msgspec.Raw] | dict[str, msgspec.Raw] = []  # Lua writes an empty list as {}


_named = msgspec.json.Decoder(_Named)
_room = msgspec.json.Decoder(_Room)
_occupant = msgspec.json.Decoder(_Occupant)


def convert(events: Iterable[bytes], platform: Platform) -> Iterator[Outcome]:
    """Convert webhooks; see :mod:`lrs.sources` for what is promised."""
    return each(events, partial(_convert, platform=platform))


def _convert(event: bytes, platform: Platform) -> Outcome:
    kind = decoded(_named, event).event_name
    say = EVENTS.get(kind)
    if say is None:
        return Outcome(unmapped=known_kind(kind))
    return say(decoded(_room, event), platform)


def _created(room: _Room, platform: Platform) -> Outcome:
    at = _time(room.created_at, "created_at")
    return Outcome((_sitting(room, platform, at).opened(platform.itself, at, str(at)),))


def _joined(room: _Room, platform: Platform) -> Outcome:
    return Outcome((_join(room, platform, needed(room.occupant, "occupant")),))


def _left(room: _Room, platform: Platform) -> Outcome:
    occupant = needed(room.occupant, "occupant")
    return Outcome((_leave(room, platform, occupant, _time(occupant.left_at, "occupant.left_at")),))


def _destroyed(room: _Room, platform: Platform) -> Outcome:
    """Say who joined and left, and that the room ended."""
    since, at = _time(room.created_at, "created_at"), _time(room.destroyed_at, "destroyed_at")

    def stay(raw: bytes) -> Outcome:
        occupant = decoded(_occupant, raw)
        left = at if occupant.left_at is None else _time(occupant.left_at, "all_occupants.left_at")
        return Outcome((_join(room, platform, occupant), _leave(room, platform, occupant, left)))

    listed = room.all_occupants
    stays = each((bytes(occupant) for occupant in (listed.values() if isinstance(listed, dict) else listed)), stay)
    end = _sitting(room, platform, since).ended(platform.itself, at, str(since), since=since)
    return together([*stays, Outcome((end,))])


def _join(room: _Room, platform: Platform, occupant: _Occupant) -> Statement:
    at = _time(occupant.joined_at, "occupant.joined_at")
    sitting = _sitting(room, platform, at)
    return sitting.said(words.JOINED, _actor(sitting, occupant), at, occupant.occupant_jid, str(at))


def _leave(room: _Room, platform: Platform, occupant: _Occupant, at: int) -> Statement:
    since = _time(occupant.joined_at, "occupant.joined_at")
    sitting = _sitting(room, platform, since)
    statement = sitting.said(words.LEFT, _actor(sitting, occupant), at, occupant.occupant_jid, str(since))
    return statement | {"result": {"duration": lasting(since, at)}}


def _sitting(room: _Room, platform: Platform, since: int) -> Sitting:
    """Tell the sitting: Jitsi names none, so it is the room and the day on which the room was opened, or somebody came."""
    jid, day = room.breakout_room_id or room.room_jid, minute(since)[:_DATE]
    return Sitting(platform, jid, f"{jid} {day}", day, platform.names.get(room.room_name, ""))


def _actor(sitting: Sitting, occupant: _Occupant) -> Agent:
    """Name an occupant by the id in their token; an id that is but their name or address is none."""
    if occupant.id in (None, "", occupant.name, occupant.email):
        return sitting.guest(occupant.occupant_jid)
    return sitting.platform.actor(Person(str(occupant.id)))


def _time(seconds: float | None, place: str) -> int:
    return milliseconds(needed(seconds, place), place, unit=SECOND)


EVENTS: dict[str, Callable[[_Room, Platform], Outcome]] = {
    "muc-room-created": _created,
    "muc-occupant-joined": _joined,
    "muc-occupant-left": _left,
    "muc-room-destroyed": _destroyed,
}
"""What each kind of event says."""
