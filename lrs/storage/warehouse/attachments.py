"""Contents of attachments, in sealed pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from lrs.storage.contract import Place, SealedPiece, StoredHead
from lrs.storage.warehouse.client import Sessions
from lrs.storage.warehouse.selection import IDS_AT_ONCE, NOW, seconds

_COLUMNS = SealedPiece.__struct_fields__
_values = attrgetter(*_COLUMNS)
_BYTES_AT_ONCE = 16 * 1024 * 1024
"""Bytes of one insert, which is in memory several times on its way."""
_VISIBLE = "tenant = {tenant:String} AND until > " + NOW
_HEADS = (
    "SELECT stored, statement, number, head FROM attachments WHERE "
    + _VISIBLE
    + """ AND stored IN (SELECT fromUnixTimestamp64Micro(arrayJoin({stored:Array(Int64)}), 'UTC')) AND statement IN {ids:Array(UUID)}
    AND piece = 0 ORDER BY stored, number"""
)
_PIECES = (
    "SELECT sealed FROM attachments WHERE "
    + _VISIBLE
    + """ AND stored = fromUnixTimestamp64Micro({stored:Int64}, 'UTC') AND statement = {statement:UUID}
    AND number = {number:UInt32} AND piece >= {start:UInt32} AND piece < {stop:UInt32} ORDER BY piece"""
)


class Attachments:
    """The table of attachments. Thread-safe."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def add(self, pieces: Iterable[SealedPiece]) -> None:
        """See ``add_attachments`` of :class:`lrs.storage.contract.StatementStore`."""
        for portion in _portions(pieces):
            columns = list(zip(*map(_values, portion), strict=True))
            with self._sessions.inserter() as session:
                session.insert("attachments", _COLUMNS, columns)

    def heads(self, tenant: str, places: Sequence[Place], *, now: int) -> list[StoredHead]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        found: list[StoredHead] = []
        with self._sessions.reader() as session:
            for start in range(0, len(places), IDS_AT_ONCE):
                part = places[start : start + IDS_AT_ONCE]
                values = {
                    "tenant": tenant,
                    "now": seconds(now),
                    "stored": [stored for stored, _ in part],
                    "ids": [each for _, each in part],
                }
                found += [StoredHead(*row) for row in session.query(_HEADS, values, texts=False)]
        wanted = set(places)
        return [head for head in found if (head.stored, head.statement) in wanted]

    def pieces(self, tenant: str, head: StoredHead, numbers: range, *, now: int) -> list[bytes]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        values = {"tenant": tenant, "now": seconds(now), "stored": head.stored, "statement": head.statement, "number": head.number}
        with self._sessions.reader() as session:
            rows = session.query(_PIECES, values | {"start": numbers.start, "stop": numbers.stop}, texts=False)
        return [sealed for (sealed,) in rows]


def _portions(pieces: Iterable[SealedPiece]) -> Iterator[list[SealedPiece]]:
    """Gather pieces to the size of an insert."""
    portion: list[SealedPiece] = []
    size = 0
    for piece in pieces:
        if portion and size + len(piece.sealed) > _BYTES_AT_ONCE:
            yield portion
            portion, size = [], 0
        portion.append(piece)
        size += len(piece.sealed)
    if portion:
        yield portion
