"""What a test kills: a process that backs a store up, or puts it back, again and again.

python -m tests.backup.child back_up FOLDER
python -m tests.backup.child put_back FOLDER
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

import lrs
from tests.backup.stores import put_back, settings


def back_up(folder: Path) -> None:
    """Make full backups without end; say when each is done."""
    with lrs.open(settings(folder)) as store:
        print("ready", flush=True)
        while True:
            print(store.backups.make(full=True)[0].name, flush=True)


def restore(folder: Path) -> None:
    """Put the newest backup back without end, each time into a new folder."""
    print("ready", flush=True)
    for number in count():
        put_back(settings(folder), folder / f"restored{number}")
        print(number, flush=True)


if __name__ == "__main__":
    {"back_up": back_up, "put_back": restore}[sys.argv[1]](Path(sys.argv[2]))
