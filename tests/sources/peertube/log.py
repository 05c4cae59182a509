"""Made-up lines of a proxy's log of PeerTube's views, with a mark in every place that can name a person."""

from __future__ import annotations

import json
from typing import Any

from lrs.sources import Outcome, Platform
from lrs.sources.peertube import convert

HOME = "https://videos.example.fr"
MARK = "Canari7c1d"
PLATFORM = Platform(HOME, bytes(range(32)), names={"9c9de5e8-0a1e-484a-b099-e80766180a6d": "Acides et bases"})
URI = "/api/v1/videos/9c9de5e8-0a1e-484a-b099-e80766180a6d/views"


def request(time: float = 35, *, text: bool = True, uri: str = URI, at: str = "2026-03-02T09:30:15+01:00", **more: Any) -> dict[str, Any]:
    """Make a line as nginx writes it with escape=json, where the body is a string."""
    viewer = {"client": MARK, "device": "desktop", "operatingSystem": MARK, "userAgent": {"browser": MARK}}
    body = {"currentTime": time, "sessionId": f"s1{MARK}"} | viewer | more
    sender = {"remote_addr": MARK, "remote_user": MARK, "http_user_agent": MARK, "http_referer": MARK, "http_x_forwarded_for": MARK}
    return {"time": at, "uri": uri, "body": json.dumps(body) if text else body} | sender


SAMPLES = [
    request(),
    request(40, viewEvent="seek"),
    request(45, text=False),
    request(45) | {"user": 42},
    request(50, uri=f"{URI}?token={MARK}"),
]
"""Each line is one that has a mapping."""


def converted(*lines: dict[str, Any]) -> list[Outcome]:
    """Convert lines together."""
    return list(convert([json.dumps(given).encode() for given in lines], PLATFORM))
