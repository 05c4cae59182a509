"""The warehouse's tables, as numbered migrations. A migration that was released is never edited: write the next one."""

from __future__ import annotations

from typing import NamedTuple

from lrs.storage.warehouse.packing import ALIASES, PACKED
from lrs.storage.warehouse.places import JOINED, OF_STATEMENTS

MIGRATIONS_TABLE = """
CREATE TABLE IF NOT EXISTS migrations (number UInt32, name String, checksum String, applied DateTime DEFAULT now())
ENGINE = MergeTree ORDER BY number SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""


class Migration(NamedTuple):
    """A step from one schema to the next. Each statement can be run again, as a process may die between it and the note that it ran."""

    number: int
    name: str
    statements: tuple[str, ...]


# What all tables ask of the disk: what was stored is on it, and what was deleted leaves it within seconds. Rows of some expire. Of a column nothing stands
# beside it: no statistics, which would keep traces of people, and no lengths of texts, which are one more place to look for each row.
_FSYNCED = (
    "fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1"
)
_CLEARED = "old_parts_lifetime = 1, cleanup_delay_period = 1, max_cleanup_delay_period = 1, cleanup_delay_period_random_add = 0"
_PLAIN = "auto_statistics_types = '', string_serialization_version = 'single_stream'"
_LASTING = f"{_FSYNCED},\n    {_CLEARED},\n    {_PLAIN}"
_EXPIRING = f"{_LASTING},\n    merge_with_ttl_timeout = 3600"
_DENSE = "min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1"

# Sorted by `stored`, which the store allocates: client time would break `since`, and identifiers of persons may be in no key, because
# a column of a key can't expire. Personal columns expire on their own, the row later.
#
# What was measured on 1.5 million statements of 0.7 KB in 8 parts, 2 cores, embedded:
# - `ids` answers "is this id stored" from a copy of a few columns in order of the id. 100 ids: 11-14 ms (10: 5 ms, 1,000: 35-45 ms; ids that
#   are new take half). With blocks of the usual 64 KB it took 25 ms, as a projection of places only (INDEX id TYPE basic) 37 ms; a
#   bloom filter on the id would open a block in a hundred for each id. It costs 30 bytes a row; inserts are as fast.
# - Granules of 64 rows, and blocks of 8 KB of all columns but the body: what is read of 100 scattered statements is mostly what is asked for. It costs a
#   tenth more disk than granules of 256 rows and the usual blocks, and halves the work (docs/explanation/layout.md). A skip index
#   covers 1,024 rows, so that there are not too many of its own blocks to test. There is none on people, verbs and activities: to test a bloom
#   filter block by block took longer than to read the column.
#
# - A month in which nothing was stored for an hour becomes one part: of 100 scattered statements each part is opened anew, column by column. With one
#   in place of four pages take a quarter to a third less time.
#
# - Small parts are packed into one file (engines that don't know how ignore the setting): 400 rows are durable in 15-20 ms in place of
#   29-66, with 10 files to be synced in place of 27.
#
# Retention: a merge drops what is past its limit (reads hide it before), at most once an hour in each partition: every such merge rewrites
# whole parts, and with limits spread over time some row is always due. The old part leaves the disk seconds later, because
# the new one is fsynced; by default ClickHouse keeps it for eight minutes instead.
_STATEMENTS = f"""
CREATE TABLE IF NOT EXISTS statements (
    tenant String CODEC(ZSTD(1)),
    stored DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    id UUID,
    timestamp DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    verb LowCardinality(String),
    activity String CODEC(ZSTD(1)),
    related Array(String) CODEC(ZSTD(1)),
    registration UUID TTL identity_until,
    reference UUID,
    references Array(UUID),
    voids Bool,
    people Array(UInt128) TTL identity_until,
    sealed String CODEC(ZSTD(1)) TTL identity_until,
    fingerprint UInt64 TTL identity_until,
    content String CODEC(ZSTD(1)) SETTINGS (min_compress_block_size = 65536, max_compress_block_size = 1048576),
    purposes Array(LowCardinality(String)),
    identity_until DateTime('UTC') CODEC(ZSTD(1)),
    keep_until DateTime('UTC') CODEC(ZSTD(1)),
    held Bool,
    {ALIASES},
    INDEX referring reference TYPE minmax GRANULARITY 16,
    INDEX voiding voids TYPE minmax GRANULARITY 16,
    PROJECTION ids (SELECT tenant, id, stored, fingerprint ORDER BY id)
        WITH SETTINGS (index_granularity = 256, min_compress_block_size = 4096, max_compress_block_size = 8192)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(stored)
ORDER BY (tenant, stored)
TTL keep_until DELETE WHERE NOT held
SETTINGS index_granularity = 64, min_compress_block_size = 8192, max_compress_block_size = 8192, min_bytes_for_full_part_storage = 10485760,
    {_EXPIRING},
    {_DENSE}
"""

# Sealed bytes can't be compressed. A granule holds as many pieces as fit in a MiB, so that one large piece is read alone; heads are a column
# of their own, so that asking what there is does not read the contents.
_ATTACHMENTS = f"""
CREATE TABLE IF NOT EXISTS attachments (
    tenant LowCardinality(String),
    stored DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    statement UUID,
    number UInt32,
    piece UInt32,
    head String CODEC(NONE),
    sealed String CODEC(NONE),
    until DateTime('UTC') CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(stored)
ORDER BY (tenant, stored, statement, number, piece)
TTL until
SETTINGS index_granularity = 256, index_granularity_bytes = 1048576,
    {_EXPIRING}
"""

_DEFINITIONS = f"""
CREATE TABLE IF NOT EXISTS definitions (
    tenant LowCardinality(String),
    activity String,
    fingerprint UInt64,
    definition SimpleAggregateFunction(any, String) CODEC(ZSTD(1)),
    first SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    source SimpleAggregateFunction(anyLast, UUID)
)
ENGINE = AggregatingMergeTree
ORDER BY (tenant, activity, fingerprint)
SETTINGS min_bytes_for_full_part_storage = 10485760,
    {_LASTING}
"""

# One row a person and purpose, the newest of which counts. `covered` has the first and the last time of each interval, in microseconds, eight bytes each:
# read as text and looked up by `transform` it keeps the order in which statements are read, which a join does not.
_STANDINGS = f"""
CREATE TABLE IF NOT EXISTS standings (
    tenant LowCardinality(String),
    purpose LowCardinality(String),
    sid UInt64,
    hidden Bool,
    covered String,
    number UInt64
)
ENGINE = ReplacingMergeTree(number)
ORDER BY (tenant, purpose, sid)
SETTINGS min_bytes_for_full_part_storage = 10485760,
    {_LASTING}
"""

# What a statement can be found by (:mod:`lrs.storage.warehouse.places`), and in some bits what else it has. Its end is that of the statement, or of the
# people in it, so that the key of a person expires with its row. ``turn`` tells rows apart that take the place of others. A year is a partition: few
# places to look in.
_PLACES = f"""
CREATE TABLE IF NOT EXISTS places (
    tenant LowCardinality(String),
    key UInt64 CODEC(ZSTD(1)),
    stored DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    direct Bool,
    personal Bool,
    until DateTime('UTC') CODEC(ZSTD(1)),
    verb UInt16 CODEC(ZSTD(1)),
    activity UInt16 CODEC(ZSTD(1)),
    related UInt64 CODEC(ZSTD(1)),
    turn UInt32 CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYear(stored)
ORDER BY (tenant, key, stored)
TTL until
SETTINGS index_granularity = 512, min_compress_block_size = 8192, max_compress_block_size = 16384, min_bytes_for_full_part_storage = 10485760,
    {_EXPIRING},
    {_DENSE}
"""

# A block of statements is inserted here first: of it the engine makes places. Not a view of `statements`: that would store statements first, and
# a process that dies there would leave some that nobody finds.
_ARRIVING = """
CREATE TABLE IF NOT EXISTS arriving (
    tenant LowCardinality(String),
    stored DateTime64(6, 'UTC'),
    verb LowCardinality(String),
    activity String,
    related Array(String),
    registration UUID,
    sids Array(UInt64),
    roles Array(UInt8),
    identity_until DateTime('UTC'),
    keep_until DateTime('UTC')
)
ENGINE = Null
"""
_PLACING = (
    "CREATE MATERIALIZED VIEW IF NOT EXISTS placing TO places AS " + OF_STATEMENTS % ("identity_until", "keep_until", "arriving") + JOINED
)

# The same block is inserted here then: the engine packs its rows and stores them.
_PLACED = """
CREATE TABLE IF NOT EXISTS placed (
    tenant LowCardinality(String),
    id UUID,
    stored DateTime64(6, 'UTC'),
    timestamp DateTime64(6, 'UTC'),
    verb LowCardinality(String),
    activity String,
    related Array(String),
    registration UUID,
    reference UUID,
    references Array(UUID),
    voids Bool,
    sids Array(UInt64),
    vids Array(UInt32),
    roles Array(UInt8),
    sealed Array(String),
    fingerprint UInt64,
    body String,
    purposes Array(LowCardinality(String)),
    identity_until DateTime('UTC'),
    keep_until DateTime('UTC'),
    held Bool
)
ENGINE = Null
"""
_STORING = "CREATE MATERIALIZED VIEW IF NOT EXISTS storing TO statements AS " + PACKED

MIGRATIONS = (
    Migration(
        1,
        "statements, attachments, definitions, standings and places",
        (_STATEMENTS, _ATTACHMENTS, _DEFINITIONS, _STANDINGS, _PLACES, _ARRIVING, _PLACING, _PLACED, _STORING),
    ),
)
