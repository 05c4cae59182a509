"""The plain floor: what the same bytes cost without any record store.

Checking is msgspec's typed decode and encode. Storing is untyped msgspec decode, encode, and a column-wise insert of the body as one String (ZSTD(1))
with a few scalar columns, fsynced, on one thread, with Python's garbage collector off: a stream in groups of 10,000, acknowledged batches in
groups of 1,000. It checks nothing, hides nobody, finds no replay and could answer hardly a query.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import clickhouse_connect
import msgspec

TITLE = "floor"
STARTED = "pass"
GROUP = 10  # batches of 1,000
NAMES = ["id", "stored", "timestamp", "verb", "activity", "body"]
TABLE = """
CREATE TABLE bench.floor (
    id UUID, stored Int64, timestamp String CODEC(ZSTD(1)), verb LowCardinality(String), activity String CODEC(ZSTD(1)),
    body String CODEC(ZSTD(1))
) ENGINE = MergeTree ORDER BY stored SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""
ONE_BLOCK = {
    "async_insert": 0,
    "max_threads": 1,
    "max_insert_threads": 1,
    "max_insert_block_size": 100_000_000,
    "min_insert_block_size_rows": 100_000_000,
    "min_insert_block_size_bytes": 1 << 40,
}


class Statement(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A statement with types at its top level and no rules."""

    actor: dict[str, Any]
    verb: Verb
    object: Object
    id: str = ""
    result: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    timestamp: str = ""
    stored: str = ""
    version: str = ""


class Verb(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A verb."""

    id: str
    display: dict[str, str] = {}


class Object(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An activity."""

    id: str
    objectType: str = "Activity"  # noqa: N815 -- the standard's name
    definition: dict[str, Any] | None = None


def ready() -> None:
    """Be there already."""


def python() -> str:
    """Name the interpreter to be measured with."""
    return sys.executable


def checker() -> Callable[[bytes], object]:
    """Give a function that takes a statement to pieces and puts it together again."""
    decode, encode = msgspec.json.Decoder(Statement).decode, msgspec.json.Encoder().encode
    return lambda statement: encode(decode(statement))


@contextmanager
def opened(directory: Path, _filled: Path | None) -> Iterator[Table]:
    """Make the table."""
    client = clickhouse_connect.get_client(interface="chdb", path=str(directory / "floor"))
    client.command("CREATE DATABASE bench")
    client.command(TABLE)
    gc.disable()
    yield Table(client)
    client.close()


class Table:
    """The table into which everything goes."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._stored = 0

    def stream(self, bodies: list[bytes]) -> None:
        """Insert batches ten at a time."""
        for first in range(0, len(bodies), GROUP):
            self._insert(bodies[first : first + GROUP])

    def each(self, bodies: list[bytes]) -> None:
        """Insert batches one by one."""
        for body in bodies:
            self._insert([body])

    def count(self) -> int:
        """Count what is stored."""
        return int(self._client.query("SELECT count() FROM bench.floor").first_row[0])

    def _insert(self, bodies: list[bytes]) -> None:
        columns: list[list[Any]] = [[] for _ in NAMES]
        for body in bodies:
            for statement in msgspec.json.decode(body):
                row = (
                    UUID(statement["id"]),
                    self._stored + len(columns[0]),
                    statement.get("timestamp", ""),
                    statement["verb"]["id"],
                    statement["object"]["id"],
                    msgspec.json.encode(statement),
                )
                for column, value in zip(columns, row, strict=True):
                    column.append(value)
        self._client.insert("floor", columns, NAMES, database="bench", column_oriented=True, settings=ONE_BLOCK)
        self._stored += len(columns[0])
