"""A log that grows: its lines as they are finished, through the rotation of the file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from lrs.errors import InvalidRequest

_PIECE = 1 << 20


def followed(path: Path, *, longest: int, pause: Callable[[], None]) -> Iterator[bytes]:
    """Give the lines of a log from its beginning, for ever; ``pause`` is called when there is nothing more for now.

    A file that was put in its place, or cut to nothing, is read from its own beginning once the old one is at its end. A line longer
    than ``longest`` bytes is cut, not without showing it.
    """
    while True:
        try:
            with path.open("rb") as file:
                yield from _to_the_end(file, path, longest, pause)
        except FileNotFoundError:
            pause()
        except OSError as error:
            raise InvalidRequest(f"{path} can't be read: {error.strerror}") from None


def _to_the_end(file: BinaryIO, path: Path, longest: int, pause: Callable[[], None]) -> Iterator[bytes]:
    unfinished, replaced = b"", False
    while True:
        if piece := file.readline(_PIECE):
            unfinished += piece[: longest + 1 - len(unfinished)]
            if piece.endswith(b"\n"):
                yield unfinished.rstrip(b"\r\n")
                unfinished = b""
        elif replaced:
            break
        else:
            # What was written before the file was replaced is read once more before it is left.
            replaced = _replaced(file, path)
            if not replaced:
                pause()
    if unfinished:
        yield unfinished


def _replaced(file: BinaryIO, path: Path) -> bool:
    try:
        now = path.stat()
    except FileNotFoundError:
        return False
    return now.st_ino != os.fstat(file.fileno()).st_ino or now.st_size < file.tell()
