"""Made-up webhooks of BigBlueButton, with a mark in every place that can name a person or hold what they said."""

from __future__ import annotations

import json
from typing import Any

from lrs.sources import Outcome, Platform
from lrs.sources.bigbluebutton import convert

HOME = "https://visio.example.fr"
MARK = "Canari7c1d"
OPENED = 1_772_443_800_000  # 2026-03-02T09:30:00Z
MINUTE = 60_000
ROOM = "cours-de-chimie"
MEETING = {"internal-meeting-id": "5f" * 20 + f"-{OPENED}", "external-meeting-id": ROOM}
PLATFORM = Platform(HOME, bytes(range(32)), names={ROOM: "Chimie, séance du lundi"}, notice="ab" * 32)
PUBLIC = "MAIN-PUBLIC-GROUP-CHAT"


def event(kind: str, *, at: int = OPENED + MINUTE, user: dict[str, Any] | None = None, **attributes: Any) -> dict[str, Any]:
    """Make an event as bbb-webhooks maps it."""
    who = {} if user is None else {"user": user}
    return {"data": {"type": "event", "id": kind, "attributes": {"meeting": MEETING} | who | attributes, "event": {"ts": at}}}


def user(number: int, **more: Any) -> dict[str, Any]:
    """Make the part of an event that names a user whom the platform knows."""
    named = {"internal-user-id": f"w_{number}", "external-user-id": f"u{number}", "name": f"{MARK} {number}"}
    return named | {"role": "VIEWER", "presenter": False, "userdata": {"email": f"{MARK}@example.fr"}, "stream": f"https://{MARK}/x"} | more


def created() -> dict[str, Any]:
    """Make the event of a meeting that was created."""
    secrets = {"moderator-pass": MARK, "viewer-pass": MARK, "voice-conf": MARK, "dial-number": MARK, "metadata": {"owner": MARK}}
    return event("meeting-created", meeting=MEETING | {"name": f"Salle de {MARK}", "duration": 90, "create-time": OPENED} | secrets)


def message(number: int, **more: Any) -> dict[str, Any]:
    """Make the event of a public message."""
    sender = {"internal-user-id": f"w_{number}", "name": MARK, "time": OPENED + MINUTE}
    return event(
        "chat-group-message-sent",
        **{"chat-message": {"id": "m1", "message": f"Bonjour {MARK}", "sender": sender}, "chat-id": PUBLIC} | more,
    )


POLL = {"id": "p/1", "question": f"{MARK} ?", "answers": [{"id": 0, "key": MARK}, {"id": 1, "key": "B"}]}

SAMPLES = [
    created(),
    event("user-joined", user=user(1)),
    event("user-joined", user=user(2, **{"external-user-id": "w_2"})),
    event("user-audio-voice-enabled", user=user(1, **{"listening-only": False, "sharing-mic": True, "muted": False})),
    event("user-audio-voice-disabled", user=user(1, **{"listening-only": False, "sharing-mic": False, "muted": True})),
    event("user-audio-unmuted", user=user(1, muted=False)),
    event("user-audio-muted", user=user(1, muted=True)),
    event("user-raise-hand-changed", user=user(1, **{"raise-hand": True})),
    event("user-raise-hand-changed", user=user(1, **{"raise-hand": False})),
    event("meeting-screenshare-started", user=user(1)),
    event("meeting-screenshare-stopped"),
    message(1),
    event("poll-started", user=user(1), poll=POLL),
    event("poll-responded", user=user(2), poll={"id": "p/1", "answerIds": [0, 1]}),
    event("meeting-recording-started"),
    event("meeting-recording-stopped"),
    event("user-left", at=OPENED + 9 * MINUTE, user=user(1)),
    event("meeting-ended", at=OPENED + 60 * MINUTE),
]
"""A meeting from its start to its end; each event is one that has a mapping."""


def converted(*events: dict[str, Any] | bytes, platform: Platform = PLATFORM) -> list[Outcome]:
    """Convert events together."""
    return list(convert([given if isinstance(given, bytes) else json.dumps(given).encode() for given in events], platform))


def said(*events: dict[str, Any], platform: Platform = PLATFORM) -> list[dict[str, Any]]:
    """Give the statements of events of which each must be readable."""
    outcomes = converted(*events, platform=platform)
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    return [statement for outcome in outcomes for statement in outcome.statements]
