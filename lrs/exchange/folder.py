"""The folder that an export fills: ``month=YYYY-MM/<stored of the first statement>.<kind>``, readable by its owner alone.

A file has its name only once it is whole and on the disk. ``export.json`` says through which time everything is there: a later run goes on from
it, after a crash too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

import msgspec

from lrs.errors import ConfigurationError, InvalidRequest
from lrs.exchange.rows import Row
from lrs.xapi.formats import format_timestamp

if TYPE_CHECKING:
    from lrs.privacy.attachments import StoredContents

NOTE = "export.json"
ATTACHMENTS = "attachments"
_ROWS = 1_000_000
"""Rows of a file, after which the next one begins: what a run that is killed has to do again at most."""
_MONTH = len("2026-11")
_UNFINISHED = ".part"


class Writer(Protocol):
    """A file of rows that is being written."""

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""

    def close(self) -> None:
        """Write what is held back; the file that was given stays open."""


class Note(msgspec.Struct, frozen=True):
    """What ``export.json`` says: everything stored at or before ``through`` (RFC 3339) that matched is there."""

    through: str


class _Unfinished:
    """A file that does not have its name yet."""

    def __init__(self, path: Path, writer: Callable[[BinaryIO], Writer]) -> None:
        self._path = path
        self._part = path.with_name(path.name + _UNFINISHED)
        self._file = _private(self._part)
        self._writer = writer(self._file)
        self.rows = 0
        self.last = 0

    def write(self, rows: Sequence[Row]) -> None:
        self._writer.write(rows)
        self.rows += len(rows)
        self.last = rows[-1].stored

    def finish(self) -> None:
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._path)
        _sync(self._path.parent)

    def drop(self) -> None:
        with suppress(Exception):
            self._writer.close()
        self._file.close()
        self._part.unlink(missing_ok=True)


class Folder:
    """A folder of exported statements. Rows come in the order in which they were stored; one file is open at a time.

    ``kind`` is what the names of files end with; ``writer`` makes the writer of a new one. Leaving it by an exception drops the file that is not whole.
    """

    def __init__(self, path: Path, kind: str, writer: Callable[[BinaryIO], Writer], *, rows: int = _ROWS) -> None:
        self._path = path
        self._kind = kind
        self._writer = writer
        self._most = rows
        self._open: _Unfinished | None = None
        self._month = ""
        self.files: list[Path] = []
        _made(path)

    def write(self, rows: Iterable[Row]) -> None:
        """Put rows into the files of their months."""
        for month, group in groupby(rows, lambda row: format_timestamp(row.stored)[:_MONTH]):
            for part in self._parts(month, list(group)):
                file = self._opened(month, part[0])
                file.write(part)

    def attach(self, contents: StoredContents) -> None:
        """Put contents of attachments into ``attachments``, each in a file that is named by its hash; one that is there is not written again."""
        folder = self._path / ATTACHMENTS
        _made(folder)
        for sha2 in contents:
            path = folder / sha2
            if not path.exists():
                part = path.with_name(sha2 + _UNFINISHED)
                with _private(part) as file:
                    file.writelines(contents.pieces(sha2))
                part.replace(path)

    def finish(self, through: int) -> None:
        """Say that all that there is up to this time was written."""
        self._close()
        self._note(through)

    def drop(self) -> None:
        """Delete what is not whole; what is, stays."""
        if self._open is not None:
            self._open.drop()
            self._open = None

    def _parts(self, month: str, rows: list[Row]) -> Iterator[list[Row]]:
        """Cut rows so that no file gets more than it may have."""
        while rows:
            free = self._most - (self._open.rows if self._open is not None and self._month == month else 0)
            take = free or self._most
            yield rows[:take]
            rows = rows[take:]

    def _opened(self, month: str, first: Row) -> _Unfinished:
        if self._open is not None and (month != self._month or self._open.rows >= self._most):
            last = self._open.last
            self._close()
            self._note(last)
        if self._open is None:
            folder = self._path / f"month={month}"
            _made(folder)
            path = folder / (format_timestamp(first.stored).replace("-", "").replace(":", "") + self._kind)
            self._open, self._month = _Unfinished(path, self._writer), month
            self.files.append(path)
        return self._open

    def _close(self) -> None:
        if self._open is not None:
            self._open.finish()
            self._open = None

    def _note(self, through: int) -> None:
        part = self._path / (NOTE + _UNFINISHED)
        with _private(part) as file:
            file.write(msgspec.json.encode(Note(format_timestamp(through))) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path / NOTE)
        _sync(self._path)


def noted(path: Path) -> str | None:
    """Give the time through which a folder holds everything; None where nothing was exported into it."""
    try:
        return msgspec.json.decode((path / NOTE).read_bytes(), type=Note).through
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError):
        raise InvalidRequest(f"{path / NOTE} can't be read", hint="Give --since instead.") from None


def _made(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"the folder {folder} can't be made: {error.strerror}") from None


def _private(path: Path) -> BinaryIO:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConfigurationError(f"{path} can't be written: {error.strerror}") from None
    return os.fdopen(descriptor, "wb")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
