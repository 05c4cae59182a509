"""A file of records: each is whole on the disk when adding it returns, and one that was cut short is none."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from lrs.storage.contract import Record

_HEAD = struct.Struct(">4sIQQQ16s")
_MAGIC = b"lrs2"
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
        content = (record.ids, record.definitions, record.block)
        head = _HEAD.pack(_MAGIC, record.month, *map(len, content), _digest(record.month, *content))
        try:
            end = _written(self._file, b"".join((head, *content)), self._size)
            os.fdatasync(self._file)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size = end

    def read(self) -> Iterator[Record]:
        """Give the records, up to the first one that was cut short: nobody was told that it is stored."""
        place = 0
        while len(head := os.pread(self._file, _HEAD.size, place)) == _HEAD.size:
            magic, month, *sizes, digest = _HEAD.unpack(head)
            place += _HEAD.size
            if magic != _MAGIC or place + sum(sizes) > self._size:
                return
            content = []
            for size in sizes:
                content.append(os.pread(self._file, size, place))
                place += size
            if _digest(month, *content) != digest:
                return
            ids, definitions, block = content
            yield Record(ids, definitions, block, month)

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


def _digest(month: int, *content: bytes | memoryview) -> bytes:
    found = blake2b(month.to_bytes(4, "big"), digest_size=16)
    for each in content:
        found.update(each)
    return found.digest()
