"""An exported statement as a row: the columns that tables of statements have, and its JSON as it is."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from lrs.xapi.formats import parse_timestamp


class Columns(StrEnum):
    """Whose columns rows have."""

    STATEMENTS = "statements"
    """Ours: id, stored, timestamp, verb, object, statement."""
    RALPH = "ralph"
    """Those of ``xapi.xapi_events_all``, the table of Ralph and of Open edX Aspects in ClickHouse: event_id, emission_time, event."""


class Row(NamedTuple):
    """A statement; times are microseconds since 1970 UTC, ``object`` is None where the object has no id."""

    id: str
    stored: int
    timestamp: int
    verb: str
    object: str | None
    body: bytes


class _Named(msgspec.Struct, gc=False):
    id: str | None = None


class _Statement(msgspec.Struct, gc=False):
    id: str
    stored: str
    timestamp: str
    verb: _Named
    object: _Named


_decode = msgspec.json.Decoder(_Statement).decode


def row(body: bytes) -> Row:
    """JSON of a statement out of the store -> row."""
    found = _decode(body)
    return Row(found.id, parse_timestamp(found.stored), parse_timestamp(found.timestamp), found.verb.id or "", found.object.id, body)
