"""What is kept of statements that are deleted at their end: nothing, counts, or the statements themselves, for the archives that take them over."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING

from lrs.access import View
from lrs.errors import ConfigurationError
from lrs.privacy.policy.model import Fate
from lrs.retention.months import written
from lrs.xapi.formats import format_timestamp

if TYPE_CHECKING:
    from lrs.retention.desk import Desk
    from lrs.storage.contract import Held

DONE = {Fate.ELIMINATE: "eliminated", Fate.ANONYMISE: "anonymised", Fate.TRANSFER: "transferred"}
SMALLEST = 10
"""The least number of people that a count shows, or of statements where people are not known any more."""
_PAGE = 1000


def keep(desk: Desk, fate: Fate, kind: Held, transfers: Path | None, *, now: int) -> None:
    """Write down, durably, what this fate leaves of statements that are about to be deleted."""
    if fate is Fate.ANONYMISE:
        _count(desk, kind, now)
    elif fate is Fate.TRANSFER and transfers is not None:
        _transfer(desk, kind, transfers, now)


def _count(desk: Desk, kind: Held, now: int) -> None:
    """Count by month, verb and activity; what is small shows nowhere."""
    with new_file(desk.folder, "statistics", ".csv", desk.clock()) as file, TextIOWrapper(file, "utf-8", newline="") as text:
        out = csv.writer(text)
        out.writerow(("month", "verb", "activity", "statements"))
        for month, verb, activity, statements, people in desk.endings.tally(desk.tenant, kind, now=now):
            if (people or statements) >= SMALLEST:
                out.writerow((written(month), verb, activity, statements))
        text.flush()
        os.fsync(file.fileno())


def _transfer(desk: Desk, kind: Held, folder: Path, now: int) -> None:
    """Write statements as JSON lines, with their people as far as they may still be read."""
    with new_file(folder, "statements", ".jsonl", desk.clock()) as file:
        after = 0
        while rows := desk.endings.rows(desk.tenant, kind, after=after, limit=_PAGE, now=now):
            file.writelines(body + b"\n" for body in desk.revealer.reveal(rows, View.IDENTIFIED))
            after = rows[-1].stored
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def new_file(folder: Path, name: str, suffix: str, at: int) -> Iterator[IO[bytes]]:
    """Open a new file that its owner alone may read, named by the time; it has its name once it is whole."""
    moment = format_timestamp(at).replace(":", "").replace("-", "")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = sum(1 for _ in folder.glob(f"{name}-{moment}-*{suffix}")) + 1
        path = folder / f"{name}-{moment}-{number}{suffix}"
        part = path.with_name(path.name + ".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
        part.rename(path)
    except OSError as error:
        raise ConfigurationError(f"the folder {folder} can't be written: {error.strerror}") from None
