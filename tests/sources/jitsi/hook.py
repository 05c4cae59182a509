"""Made-up webhooks of Jitsi's module event_sync, with a mark in every place that can name a person."""

from __future__ import annotations

import json
from typing import Any

from lrs.sources import Outcome, Platform
from lrs.sources.jitsi import convert

HOME = "https://visio.example.fr"
MARK = "Canari7c1d"
OPENED = 1_772_443_800  # 2026-03-02T09:30:00Z
PLATFORM = Platform(HOME, bytes(range(32)), names={"td-chimie": "TD de chimie"})
ROOM = {"room_name": "td-chimie", "room_jid": f"td-chimie-{MARK}@conference.visio.example.fr", "is_breakout": False}


def occupant(number: int, *, joined: int = 60, left: int | None = None, **more: Any) -> dict[str, Any]:
    """Make an occupant whom the platform's token names."""
    named = {"name": f"{MARK} {number}", "email": f"{MARK}{number}@example.fr", "id": f"u{number}", "avatar": f"https://{MARK}.example.fr"}
    times = {"joined_at": OPENED + joined} | ({} if left is None else {"left_at": OPENED + left})
    return named | {"occupant_jid": f"o{number}@{MARK}.example.fr/abc", "total_dominant_speaker_time": 12} | times | more


def event(kind: str, **more: Any) -> dict[str, Any]:
    """Make an event about the room."""
    return {"event_name": f"muc-{kind}"} | ROOM | more


def joined(number: int, **more: Any) -> dict[str, Any]:
    """Make the event of somebody who joined."""
    return event("occupant-joined", occupant=occupant(number, **more), active_occupants_count=1)


def left(number: int, *, left: int = 600, **more: Any) -> dict[str, Any]:
    """Make the event of somebody who left."""
    return event("occupant-left", occupant=occupant(number, left=left, **more), active_occupants_count=0)


def destroyed(*occupants: dict[str, Any], at: int = 3600) -> dict[str, Any]:
    """Make the event of the room's end, which lists who was there."""
    return event("room-destroyed", created_at=OPENED, destroyed_at=OPENED + at, all_occupants=list(occupants))


SAMPLES = [
    event("room-created", created_at=OPENED),
    joined(1),
    joined(2, id=None),
    left(1),
    event("occupant-joined", occupant=occupant(3), is_breakout=True, breakout_room_id="b1"),
    destroyed(occupant(1, left=600), occupant(2, id=None)),
]
"""A meeting from its start to its end."""


def converted(*events: dict[str, Any]) -> list[Outcome]:
    """Convert events together."""
    return list(convert([json.dumps(given).encode() for given in events], PLATFORM))


def said(*events: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the statements of events of which each must be readable."""
    outcomes = converted(*events)
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    return [statement for outcome in outcomes for statement in outcome.statements]
