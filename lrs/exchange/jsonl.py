"""Rows as JSON lines, plain or compressed."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import IO, BinaryIO, cast

import msgspec

from lrs.exchange.rows import Columns, Row

_MICROSECONDS = 1_000_000
_GZIP_LEVEL = 6


class Compression(StrEnum):
    """How a file of lines is compressed."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


SUFFIXES = {Compression.NONE: ".jsonl", Compression.GZIP: ".jsonl.gz", Compression.ZSTD: ".jsonl.zst"}


class _Event(msgspec.Struct, gc=False):
    """A row of ``xapi_events_all``. The time is a decimal number of seconds: ClickHouse takes that for UTC, whatever its own time zone is."""

    event_id: str
    emission_time: str
    event: str


_encode = msgspec.json.Encoder().encode


class JsonLines:
    """A file of JSON lines that is being written."""

    def __init__(self, file: BinaryIO, columns: Columns, compression: Compression) -> None:
        self._line: Callable[[Row], bytes] = {Columns.STATEMENTS: _statement, Columns.RALPH: _event}[columns]
        self._plain = file
        self._file = _compressed(file, compression)

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""
        self._file.write(b"".join(map(self._line, rows)))

    def close(self) -> None:
        """Write what is held back; the file that was given stays open."""
        if self._file is not self._plain:
            self._file.close()


def _compressed(file: BinaryIO, compression: Compression) -> IO[bytes]:
    if compression is Compression.GZIP:
        # Without a name and a time in it, so that the same statements make the same bytes.
        return cast("IO[bytes]", gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=_GZIP_LEVEL, mtime=0))
    if compression is Compression.ZSTD:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd

        return cast("IO[bytes]", zstd.ZstdFile(file, "w"))
    return file


def _statement(row: Row) -> bytes:
    # A line break inside valid JSON is white space between tokens.
    return row.body.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n"


def _event(row: Row) -> bytes:
    seconds, fraction = divmod(row.timestamp, _MICROSECONDS)
    return _encode(_Event(row.id, f"{seconds}.{fraction:06d}", row.body.decode())) + b"\n"
