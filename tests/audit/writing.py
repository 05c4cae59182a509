"""A writer in a process of its own, to be killed: ``python -m tests.audit.writing DATA``; prints a line for each entry that is durable."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from lrs.privacy.audit import Event, open_trail
from lrs.settings import Settings


def main(data: str) -> None:
    settings = Settings(data=Path(data))
    trail = open_trail(settings, clock=lambda: time.time_ns() // 1000)
    while True:
        trail.record(Event(action="x", tenant="default", sids=[1, 2, 3]))
        print("written", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
