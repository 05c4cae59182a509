"""Made-up events of each source, a mark in every place that can name a person: the tests of all sources and the examples of the documentation use them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.sources.bigbluebutton import hook as bigbluebutton
from tests.sources.bigbluebutton import spoken
from tests.sources.edx import log as edx
from tests.sources.hostile import Event
from tests.sources.jitsi import hook as jitsi
from tests.sources.livekit import hook as livekit
from tests.sources.peertube import log as peertube
from tests.sources.player import page as player

MARK = "Canari7c1d"
SAMPLES: dict[str, list[Event]] = {
    "bigbluebutton": [*bigbluebutton.SAMPLES, *spoken.SAMPLES],
    "edx": edx.SAMPLES,
    "jitsi": jitsi.SAMPLES,
    "livekit": livekit.SAMPLES,
    "peertube": peertube.SAMPLES,
    "player": player.SAMPLES,
}


def write(folder: Path) -> None:
    """Write the events of each source into a file, one a line."""
    for source, events in SAMPLES.items():
        (folder / f"{source}.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events), "utf-8")
