"""The ZIP that a person is given: written straight to where it goes, readable by its owner alone, each file in it with its SHA-256."""

from __future__ import annotations

import hashlib
import os
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from lrs.errors import ConfigurationError

if TYPE_CHECKING:
    from typing import IO

_UNFINISHED = ".part"
_FOR_OWNER = 0o600
_REGULAR = 0o100000


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the archive, as its manifest lists it."""

    name: str
    bytes: int
    sha256: str


class Writing(Protocol):
    """A file of the archive that is being written."""

    def write(self, data: bytes) -> object:
        """Add to it."""


class _Hashed:
    """What is written, and the hash of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._bytes = 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._bytes += len(data)

    def entry(self, name: str) -> Entry:
        return Entry(name=name, bytes=self._bytes, sha256=self._digest.hexdigest())


class Archive:
    """A ZIP that is being written; one file of it at a time."""

    def __init__(self, file: IO[bytes], *, at: int) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._moment = time.gmtime(at // 1_000_000)[:6]
        self.entries: list[Entry] = []

    @contextmanager
    def file(self, name: str) -> Iterator[Writing]:
        """Open a new file in it."""
        described = zipfile.ZipInfo(name, self._moment)
        described.compress_type = zipfile.ZIP_DEFLATED
        described.external_attr = (_REGULAR | _FOR_OWNER) << 16
        with self._zip.open(described, "w", force_zip64=True) as opened:
            writing = _Hashed(opened)
            yield writing
        self.entries.append(writing.entry(name))

    def put(self, name: str, content: bytes) -> None:
        """Add a file of which all is there."""
        with self.file(name) as file:
            file.write(content)

    def close(self) -> None:
        """Write the directory of the ZIP."""
        self._zip.close()


@contextmanager
def archive(path: Path, *, at: int) -> Iterator[Archive]:
    """Make a ZIP that has its name once it is whole and on the disk; what ends the block early leaves nothing.

    Raises :class:`lrs.errors.ConfigurationError` where it can't be written, or something is there already.
    """
    part = path.with_name(path.name + _UNFINISHED)
    file = _private(path, part)
    try:
        with file:
            with closing(Archive(file, at=at)) as made:
                yield made
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path} can't be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)


def _private(path: Path, part: Path) -> IO[bytes]:
    if path.exists():
        raise ConfigurationError(f"{path} is there already", hint="Name another file, or move that one away.")
    try:
        part.unlink(missing_ok=True)
        return os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _FOR_OWNER), "w+b")
    except OSError as error:
        raise ConfigurationError(f"{path} can't be written: {error.strerror}") from None
