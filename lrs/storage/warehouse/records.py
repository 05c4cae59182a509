"""A file of records: each is whole on the disk when adding it returns, and one that was cut short is none."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from zlib import crc32

from lrs.errors import ConfigurationError
from lrs.storage.contract import Record

_HEAD = struct.Struct(">4s4QI")
_MAGIC = b"lrs4"
_MODE = 0o600


class RecordFile:
    """Records on the disk, one after the other. One thread at a time; errors of the disk are raised as ``OSError``, and nothing was added then."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        self._size = os.fstat(self._file).st_size

    def __len__(self) -> int:
        return self._size

    def add(self, record: Record) -> None:
        """Write a record through to the disk."""
        content = (record.ids, record.times, record.definitions, record.block)
        sizes = [*map(len, content)]
        head = _HEAD.pack(_MAGIC, *sizes, _checksum(sizes, content))
        try:
            end = _written(self._file, b"".join((head, *content)), self._size)
            os.fdatasync(self._file)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size = end

    def read(self) -> Iterator[Record]:
        """Give the records, up to the first one that was cut short: nobody was told that it is stored.

        Raises :class:`lrs.errors.ConfigurationError` for those of another version.
        """
        place = 0
        while len(head := os.pread(self._file, _HEAD.size, place)) == _HEAD.size:
            magic, *sizes, checksum = _HEAD.unpack(head)
            place += _HEAD.size
            if magic != _MAGIC and magic[:3] == _MAGIC[:3] and magic[3:].isdigit():
                raise ConfigurationError(
                    "the last statements were written to the journal by another version of lrs, which stopped before it stored them",
                    hint="Open the store once with that version.",
                )
            if magic != _MAGIC or place + sum(sizes) > self._size:
                return
            content = []
            for size in sizes:
                content.append(os.pread(self._file, size, place))
                place += size
            if _checksum(sizes, content) != checksum:
                return
            yield Record(*content)

    def empty(self) -> None:
        """Let go of all records, on the disk too."""
        os.ftruncate(self._file, 0)
        os.fdatasync(self._file)
        self._size = 0

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _written(file: int, content: bytes, place: int) -> int:
    """Write all of a content at a place -> the place after it: the system may take less than it is given, as on a disk that is nearly full."""
    left = memoryview(content)
    while left:
        taken = os.pwrite(file, left, place)
        left, place = left[taken:], place + taken
    return place


def _checksum(sizes: Sequence[int], content: Iterable[bytes | memoryview]) -> int:
    found = crc32(repr(sizes).encode())
    for each in content:
        found = crc32(each, found)
    return found
