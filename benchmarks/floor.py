"""The floor: what decoding the JSON and inserting the same bytes into ClickHouse costs by itself.

Untyped msgspec decode, encode, and a column-wise insert of the body as one String (ZSTD(1)) with a few scalar columns, fsynced, in
groups of 10,000, on one thread, with Python's garbage collector off. It checks nothing, hides nobody and finds no replay.
"""

from __future__ import annotations

import gc
from pathlib import Path
from uuid import UUID

import msgspec

from benchmarks import data
from benchmarks.result import Result, Stopwatch

TITLE = "floor: decode, encode, insert"
CASES = ("floor",)
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


def measure(_case: str, statements: list[bytes], directory: Path) -> Result:
    """Time the insertion of all statements."""
    import clickhouse_connect

    client = clickhouse_connect.get_client(interface="chdb", path=str(directory / "floor"))
    client.command("CREATE DATABASE bench")
    client.command(TABLE)
    bodies = data.batches(statements, 1000)
    gc.disable()
    watch = Stopwatch()
    for first in range(0, len(bodies), GROUP):
        insert(client, bodies[first : first + GROUP], first)
    result = watch.stop(len(statements))
    (stored,) = client.query("SELECT count() FROM bench.floor").first_row
    client.close()
    if stored != len(statements):
        raise RuntimeError(f"{stored} statements were stored")
    return result


def insert(client, bodies: list[bytes], first: int) -> None:
    """Insert one group."""
    columns: list[list] = [[] for _ in NAMES]
    for body in bodies:
        for statement in msgspec.json.decode(body):
            row = (
                UUID(statement["id"]),
                first * 1000 + len(columns[0]),
                statement["timestamp"],
                statement["verb"]["id"],
                statement["object"]["id"],
                msgspec.json.encode(statement),
            )
            for column, value in zip(columns, row, strict=True):
                column.append(value)
    client.insert("floor", columns, NAMES, database="bench", column_oriented=True, settings=ONE_BLOCK)
