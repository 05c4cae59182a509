"""What can be opened in a spreadsheet: statements and accesses, one a line (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

import msgspec

from lrs.privacy.disclosing import Disclosed
from lrs.rights.access.holdings import Access
from lrs.rights.access.words import place_of
from lrs.xapi.formats import format_timestamp

STATEMENT_COLUMNS = ("id", "timestamp", "stored", "verb", "object", "role", "own", "voided", "success", "completion", "score", "duration")
ACCESS_COLUMNS = ("time", "action", "purpose", "outcome", "reader")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Named(msgspec.Struct, gc=False):
    id: str = ""


class _Score(msgspec.Struct, gc=False):
    raw: float | None = None
    scaled: float | None = None


class _Result(msgspec.Struct, gc=False):
    success: bool | None = None
    completion: bool | None = None
    score: _Score = msgspec.field(default_factory=_Score)
    duration: str = ""


class _Statement(msgspec.Struct, gc=False):
    id: str
    timestamp: str
    stored: str
    verb: _Named
    object: _Named
    result: _Result = msgspec.field(default_factory=_Result)


_decode = msgspec.json.Decoder(_Statement).decode


def lines(rows: Iterable[Iterable[object]]) -> bytes:
    """Write lines of a table; a cell that a spreadsheet would take for a formula is made text."""
    out = io.StringIO()
    csv.writer(out).writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue().encode()


def statement_line(each: Disclosed) -> tuple[object, ...]:
    """Give the line of a statement, in the order of ``STATEMENT_COLUMNS``."""
    said = _decode(each.body)
    result = said.result
    roles = " + ".join(dict.fromkeys(place_of(role) for role in each.roles))
    score = result.score.raw if result.score.raw is not None else result.score.scaled
    what = (said.id, said.timestamp, said.stored, said.verb.id, said.object.id, roles, each.own, each.voided)
    return *what, result.success, result.completion, score, result.duration


def access_line(each: Access, readers: dict[str, str]) -> tuple[object, ...]:
    """Give the line of an access, in the order of ``ACCESS_COLUMNS``; ``readers`` are the names of tools, by the id of their credential."""
    reader = readers.get(each.reader, each.reader)
    return format_timestamp(each.time), each.action, each.purpose, each.outcome, reader


def _cell(value: object) -> str:
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
