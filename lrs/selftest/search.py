"""Looking for words in the files that changed since a time, byte by byte."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

_PIECE = 1 << 22
_SLACK = 2.0
"""Seconds by which the clock of a file system may be behind."""


def files_with(folder: Path, words: Collection[str], *, since: float) -> list[str]:
    """Name the files below a folder, changed ``since`` (seconds since 1970), that hold one of these words, in whatever case."""
    pattern = re.compile(b"|".join(re.escape(word.encode()) for word in words), re.IGNORECASE)
    overlap = max(len(word) for word in words)
    return sorted(str(path.relative_to(folder)) for path in _changed(folder, since - _SLACK) if _holds(path, pattern, overlap))


def _changed(folder: Path, since: float) -> Iterator[Path]:
    for path in folder.rglob("*"):
        try:
            if path.is_file() and path.stat().st_mtime >= since:
                yield path
        except FileNotFoundError:
            continue


def _holds(path: Path, pattern: re.Pattern[bytes], overlap: int) -> bool:
    try:
        with path.open("rb") as file:
            kept = b""
            while piece := file.read(_PIECE):
                if pattern.search(kept + piece):
                    return True
                kept = piece[-overlap:]
    except FileNotFoundError:
        # A part that was merged away, or a log that was emptied, meanwhile.
        return False
    return False
