"""The warehouse: what happened. Statements without identities in ClickHouse, embedded or on a server."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING
from uuid import UUID

from lrs.storage.contract import KnownStatement, Selection, StoredStatement, TokenisedStatement
from lrs.storage.warehouse import selection as sql
from lrs.storage.warehouse.client import Session, Sessions, connect
from lrs.storage.warehouse.ids import SeenIds
from lrs.storage.warehouse.migrations import migrate

if TYPE_CHECKING:
    from lrs.settings import Settings

_COLUMNS = TokenisedStatement.__struct_fields__
_values = attrgetter(*_COLUMNS)
_CHUNK = 10_000
_KNOWN = "SELECT id, toUnixTimestamp64Micro(stored), fingerprint FROM statements WHERE id IN {ids:Array(UUID)} AND tenant = {tenant:String}"
_PLACE = " FROM statements WHERE " + sql.VISIBLE + (
    " AND stored IN (SELECT fromUnixTimestamp64Micro(arrayJoin({stored:Array(Int64)}), 'UTC')) AND id IN {ids:Array(UUID)}"
)
_BY_ID = sql.COLUMNS + _PLACE + " LIMIT 1 BY id"
_VOIDED = "SELECT DISTINCT id" + _PLACE + (
    " AND NOT voids AND id IN (SELECT reference FROM statements WHERE tenant = {tenant:String} AND voids AND reference IN {ids:Array(UUID)})"
)
_REFERS = "SELECT 1 FROM statements WHERE tenant = {tenant:String} AND reference != {nothing:UUID} LIMIT 1"
_TARGETS = "SELECT id FROM statements WHERE " + sql.VISIBLE + " AND id IN (SELECT reference FROM statements WHERE tenant = {tenant:String} AND reference != {nothing:UUID}) AND "
_REFERRING = "SELECT DISTINCT id FROM statements WHERE " + sql.VISIBLE + " AND reference != {nothing:UUID} AND reference IN {ids:Array(UUID)}"
_DEFINITIONS = """SELECT activity, any(definition), min(first) AS since FROM definitions
    WHERE tenant = {tenant:String} AND activity IN {activities:Array(String)} GROUP BY activity, hash ORDER BY since, activity, hash"""


class Warehouse:
    """One open warehouse. Implements ``StatementStore`` of :mod:`lrs.storage.contract`. Thread-safe."""

    def __init__(self, sessions: Sessions, *, alone: bool) -> None:
        self._sessions = sessions
        self._seen: SeenIds | None = None
        with sessions.writer() as session:
            migrate(session)
            if alone:
                self._seen = SeenIds()
                self._seen.add_stored(session.stream("SELECT id FROM statements"))

    @classmethod
    def open(cls, settings: Settings) -> Warehouse:
        """Open the warehouse of these settings, and bring its tables to the newest schema."""
        sessions = connect(settings)
        try:
            # An embedded engine belongs to this process alone, so what it has seen is all there is.
            return cls(sessions, alone=settings.warehouse is None)
        except BaseException:
            sessions.close()
            raise

    def close(self) -> None:
        """See :class:`lrs.storage.contract.StatementStore`."""
        self._sessions.close()

    def ping(self) -> None:
        """Raise :class:`lrs.errors.StoreUnavailable` unless the engine answers."""
        with self._sessions.reader() as session:
            session.query("SELECT 1", {})

    def insert(self, rows: Sequence[TokenisedStatement]) -> None:
        """See :class:`lrs.storage.contract.StatementStore`."""
        columns = list(zip(*map(_values, rows), strict=True))
        if self._seen is not None:
            # Before the insert: should it fail half-way, the ids are looked up.
            self._seen.add(columns[_COLUMNS.index("id")])
        with self._sessions.writer() as session:
            session.insert("statements", _COLUMNS, columns)

    def known(self, tenant: str, ids: Sequence[UUID]) -> Mapping[UUID, KnownStatement]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        asked = ids if self._seen is None else self._seen.maybe(ids)
        if not asked:
            return {}
        with self._sessions.reader() as session:
            return {
                each: KnownStatement(stored, fingerprint)
                for start in range(0, len(asked), _CHUNK)
                for each, stored, fingerprint in session.query(_KNOWN, {"tenant": tenant, "ids": asked[start : start + _CHUNK]})
            }

    def by_id(self, tenant: str, ids: Sequence[UUID], *, now: int) -> Mapping[UUID, tuple[StoredStatement, bool]]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        known = self.known(tenant, ids)
        if not known:
            return {}
        values = sql.scope(tenant, now) | {"ids": list(known), "stored": [found.stored for found in known.values()]}
        with self._sessions.reader() as session:
            rows = [StoredStatement(*row) for row in session.query(_BY_ID, values, texts=False)]
            voided = {found for (found,) in session.query(_VOIDED, values)}
        return {row.id: (row, row.id in voided) for row in rows}

    def find(self, tenant: str, selection: Selection, *, now: int) -> list[StoredStatement]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        with self._sessions.reader() as session:
            query = sql.page(tenant, selection, now=now, referring=_referring(session, tenant, selection, now))
            return [StoredStatement(*row) for row in session.query(query.sql, query.parameters, texts=False)]

    def count_by(self, tenant: str, selection: Selection, column: str, *, now: int) -> list[tuple[object, int]]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        with self._sessions.reader() as session:
            query = sql.counts(tenant, selection, column, now=now, referring=_referring(session, tenant, selection, now))
            return [(what, number) for what, number in session.query(query.sql, query.parameters)]

    def last_stored(self) -> int:
        """See :class:`lrs.storage.contract.StatementStore`."""
        with self._sessions.reader() as session:
            return int(session.query("SELECT toUnixTimestamp64Micro(max(stored)) FROM statements", {})[0][0])

    def add_definitions(self, tenant: str, definitions: Sequence[tuple[str, bytes, int]]) -> None:
        """See :class:`lrs.storage.contract.StatementStore`."""
        activities, texts, seen = zip(*definitions, strict=True)
        hashes = [_hash(text) for text in texts]
        with self._sessions.writer() as session:
            session.insert("definitions", ("tenant", "activity", "hash", "definition", "first"), [[tenant] * len(texts), activities, hashes, texts, seen])

    def definitions(self, tenant: str, activities: Sequence[str]) -> Mapping[str, list[bytes]]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        found: dict[str, list[bytes]] = {}
        with self._sessions.reader() as session:
            for activity, definition, _ in session.query(_DEFINITIONS, {"tenant": tenant, "activities": list(activities)}):
                found.setdefault(activity, []).append(definition.encode())
        return found


def _referring(session: Session, tenant: str, selection: Selection, now: int) -> list[UUID]:
    """Give the ids that match through what they refer to, over any number of references."""
    conditions, values = sql.filters(selection)
    values |= sql.scope(tenant, now)
    if not conditions or not session.query(_REFERS, values):
        return []
    # A target counts even when it is voided (xAPI 1.0.3 Communication 2.1.4).
    frontier = [found for (found,) in session.query(_TARGETS + " AND ".join(conditions), values)]
    referring: set[UUID] = set()
    while frontier:
        found = {each for (each,) in session.query(_REFERRING, values | {"ids": frontier})}
        frontier = list(found - referring)
        referring |= found
    return list(referring)


def _hash(text: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
