"""Made-up events of each source, a mark in every place that can name a person: the tests of all sources and the examples of the documentation use them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.sources.bigbluebutton import hook
from tests.sources.hostile import Event

MARK = "Canari7c1d"
SAMPLES: dict[str, list[Event]] = {
    "bigbluebutton": hook.SAMPLES,
}


def write(folder: Path) -> None:
    """Write the events of each source into a file, one a line."""
    for source, events in SAMPLES.items():
        (folder / f"{source}.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events), "utf-8")
