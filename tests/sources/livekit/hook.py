"""Made-up webhooks of LiveKit, with a mark in every place that can name a person."""

from __future__ import annotations

import json
from typing import Any

from lrs.sources import Outcome, Platform
from lrs.sources.livekit import convert

HOME = "https://visio.example.fr"
MARK = "Canari7c1d"
OPENED = 1_772_443_800  # 2026-03-02T09:30:00Z
PLATFORM = Platform(HOME, bytes(range(32)), names={"r-42": "TD de chimie"}, notice="ab" * 32)


def event(kind: str, *, at: int = 60, **more: Any) -> dict[str, Any]:
    """Make an event as Protocol Buffers writes it in JSON: 64-bit numbers are strings, zeros are left out."""
    room = {"sid": "RM_1", "name": "r-42", "creationTime": str(OPENED), "metadata": json.dumps({"owner": MARK}), "turnPassword": MARK}
    return {"event": kind, "id": f"EV_{kind}", "createdAt": str(OPENED + at), "room": room} | more


def someone(number: int, **more: Any) -> dict[str, Any]:
    """Make a participant."""
    named = {"identity": f"u{number}", "name": f"{MARK} {number}", "metadata": MARK, "attributes": {"email": f"{MARK}@example.fr"}}
    return {"sid": f"PA_{number}", "state": "ACTIVE", "joinedAt": str(OPENED + 60), "region": MARK} | named | more


def participant(did: str, number: int, *, at: int = 60, **more: Any) -> dict[str, Any]:
    """Make the event of a participant."""
    return event(f"participant_{did}", at=at, participant=someone(number, **more))


def track(kind: str, source: str | int, **more: Any) -> dict[str, Any]:
    """Make the event of a track of the first participant."""
    return event(f"track_{kind}", participant=someone(1), track={"sid": "TR_1", "name": MARK, "source": source, "mimeType": "x"} | more)


def egress(kind: str, *, at: int = 120) -> dict[str, Any]:
    """Make the event of a recording, which has no room but in its own part."""
    where = {
        "file": {"filename": f"{MARK}.mp4"},
        "fileResults": [{"filename": f"{MARK}.mp4", "location": f"https://{MARK}.example.fr/x.mp4"}],
        "streamResults": [{"url": f"rtmp://{MARK}.example.fr/key"}],
        "roomComposite": {"roomName": "r-42", "customBaseUrl": f"https://{MARK}.example.fr"},
        "error": MARK,
    }
    made = event(f"egress_{kind}", at=at, egressInfo={"egressId": "EG_1", "roomId": "RM_1", "roomName": "r-42"} | where)
    del made["room"]
    return made


SAMPLES = [
    event("room_started"),
    participant("joined", 1),
    participant("joined", 2, identity=""),
    track("published", "MICROPHONE"),
    track("published", "SCREEN_SHARE"),
    track("unpublished", 2),
    track("unpublished", 3),
    egress("started"),
    egress("ended"),
    participant("left", 1, at=600),
    event("room_finished", at=3600),
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
