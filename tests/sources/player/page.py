"""Made-up events of players in a page, with a mark in every place that can name a person."""

from __future__ import annotations

import json
from typing import Any

from lrs.sources import Outcome, Platform
from lrs.sources.player import convert

HOME = "https://mooc.example.fr"
MARK = "Canari7c1d"
AT = "2026-03-02T09:30:15.250Z"
PLATFORM = Platform(HOME, bytes(range(32)), names={"acides": "Acides et bases"})


def event(kind: str | int, **more: Any) -> dict[str, Any]:
    """Make an event as a page writes it, which may add what it likes."""
    made = {"event": kind, "video": "acides", "session": f"s1-{MARK}", "user": "42", "time": 12.34567, "duration": 60.5, "at": AT}
    return made | {"name": MARK, "userAgent": f"Mozilla/5.0 {MARK}", "page": f"https://{MARK}.example.fr", "ip": MARK} | more


SEEN = {"played": [[0, 12.5]], "elapsed": 21.5}
SAMPLES = [
    event("loadedmetadata", rate=1.25, volume=0.5, fullscreen=False, captions=True),
    event("play"),
    event("pause", **SEEN),
    event("seeked", **{"from": 3}),
    event("ratechange", rate=2),
    event("ended", **SEEN),
    event("pagehide", **SEEN),
    event("volumechange", volume=0.5),
    event("fullscreenchange", fullscreen=True, screen="1920x1080", size="640x360"),
    event("captionschange", captions=True, language="fr"),
    event(1, player="youtube", video="dQw4w9WgXcQ"),
    event(0, player="youtube", video="dQw4w9WgXcQ", **SEEN),
    event("playing", video=f"https://{MARK}:secret@cdn.example.fr/film.mp4?token={MARK}#t={MARK}", user=None),
    event("playing", live=True),
    event("stageenter", live=True),
    event("stageleave", live=True),
]
"""Each event is one that has a mapping."""


def converted(*events: dict[str, Any]) -> list[Outcome]:
    """Convert events together."""
    return list(convert([json.dumps(given).encode() for given in events], PLATFORM))


def said(*events: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the statements of events of which each must be readable."""
    outcomes = converted(*events)
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    return [statement for outcome in outcomes for statement in outcome.statements]
