"""The warehouse: what happened. Statements without identities in ClickHouse, embedded or on a server."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from lrs.storage.contract import (
    Content,
    KnownStatement,
    Place,
    Record,
    SealedPiece,
    SeenDefinition,
    Selection,
    Standing,
    StoredHead,
    StoredStatement,
    TokenisedStatement,
    TokenisedStatements,
    Traces,
)
from lrs.storage.warehouse import backups, mentions, tenants
from lrs.storage.warehouse.attachments import Attachments
from lrs.storage.warehouse.client import Sessions
from lrs.storage.warehouse.definitions import Definitions
from lrs.storage.warehouse.endings import Endings
from lrs.storage.warehouse.engines import connect
from lrs.storage.warehouse.erasing import Erasing
from lrs.storage.warehouse.migrations import migrate
from lrs.storage.warehouse.standings import Standings
from lrs.storage.warehouse.statements import Statements

if TYPE_CHECKING:
    from pathlib import Path

    from lrs.settings import Settings


class Warehouse:
    """One open warehouse. Thread-safe; not to be used in a forked process.

    Implements ``StatementStore`` and ``StandingStore`` of :mod:`lrs.storage.contract`.
    """

    def __init__(self, sessions: Sessions, *, journal: Path | None) -> None:
        self._sessions = sessions
        with sessions.writer() as session:
            migrate(session)
            # What a process that was killed had not yet written through is recognised from now on, and acknowledged.
            session.write_through()
        self._definitions = Definitions(sessions)
        self._statements = Statements(sessions, journal, self._definitions)
        self._attachments = Attachments(sessions)
        self._erasing = Erasing(sessions)
        self.endings = Endings(sessions)
        self._standings = Standings(sessions)

    @classmethod
    def open(cls, settings: Settings) -> Warehouse:
        """Open the warehouse of these settings, and bring its tables to the newest schema.

        Raises :class:`lrs.errors.DataDirectoryInUse`, :class:`lrs.errors.MissingExtra`, :class:`lrs.errors.ConfigurationError`
        or :class:`lrs.errors.StoreUnavailable`.
        """
        sessions = connect(settings)
        try:
            # An embedded engine belongs to this process, so nobody else writes to its tables, or reads them.
            return cls(sessions, journal=settings.data / "journal" if settings.warehouse is None else None)
        except BaseException:
            sessions.close()
            raise

    def close(self) -> None:
        """See :class:`lrs.storage.contract.StatementStore`."""
        self._statements.close()
        self._sessions.close()

    def ping(self) -> None:
        """Raise :class:`lrs.errors.StoreUnavailable` unless the engine answers."""
        with self._sessions.lookup() as session:
            session.query("SELECT 1", {})

    def record(self, rows: TokenisedStatements, definitions: Collection[tuple[str, SeenDefinition]] = ()) -> Record:
        """See :class:`lrs.storage.contract.StatementStore`."""
        return self._statements.record(rows, self._definitions.block(definitions))

    def put(self, record: Record) -> None:
        """See :class:`lrs.storage.contract.StatementStore`."""
        self._statements.put(record)

    def insert(self, rows: Sequence[TokenisedStatement]) -> None:
        """See :class:`lrs.storage.contract.StatementStore`."""
        self._statements.insert(rows)

    def known(self, tenant: str, ids: Sequence[UUID]) -> Mapping[UUID, KnownStatement]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        return self._statements.known(tenant, ids)

    def by_id(
        self, tenant: str, ids: Sequence[UUID], *, now: int, within: Selection | None = None
    ) -> Mapping[UUID, tuple[StoredStatement, bool]]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        return self._statements.by_id(tenant, ids, now=now, within=within)

    def find(self, tenant: str, selection: Selection, *, now: int) -> list[StoredStatement]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        return self._statements.find(tenant, selection, now=now)

    def naming(self, tenant: str, sids: Sequence[int], *, until: int, now: int) -> Iterator[list[tuple[StoredStatement, bool]]]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        return self._statements.naming(tenant, sids, until=until, now=now)

    def everything(self, tenant: str, *, after: int, limit: int, now: int) -> list[StoredStatement]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        return self._statements.everything(tenant, after=after, limit=limit, now=now)

    def drop_tenant(self, tenant: str) -> None:
        """See :class:`lrs.storage.contract.StatementStore`."""
        tenants.drop(self._sessions, tenant)

    def count_by(self, tenant: str, selection: Selection, column: str, *, now: int) -> list[tuple[object, int]]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        return self._statements.count_by(tenant, selection, column, now=now)

    def last_stored(self) -> int:
        """See :class:`lrs.storage.contract.StatementStore`."""
        return self._statements.last_stored()

    def held(self, tenant: str, until: int) -> int:
        """See :class:`lrs.storage.contract.StatementStore`."""
        return self._statements.held(tenant, until)

    def definitions(self, tenant: str, activities: Sequence[str]) -> Mapping[str, list[SeenDefinition]]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        return self._definitions.find(tenant, activities)

    def add_attachments(self, pieces: Iterable[SealedPiece]) -> None:
        """See :class:`lrs.storage.contract.StatementStore`."""
        self._attachments.add(pieces)

    def heads(self, tenant: str, places: Sequence[Place], *, now: int) -> list[StoredHead]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        return self._attachments.heads(tenant, places, now=now)

    def pieces(self, tenant: str, head: StoredHead, numbers: range, *, now: int) -> list[bytes]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        return self._attachments.pieces(tenant, head, numbers, now=now)

    def back_up(self, place: str, base: str | None) -> None:
        """Copy all tables while others write, as :func:`lrs.storage.warehouse.backups.back_up` does."""
        backups.back_up(self._sessions, place, base)

    def mentions(self, tenant: str, words: Sequence[str], *, since: int) -> int:
        """See :class:`lrs.storage.contract.StatementStore`."""
        return mentions.mentions(self._sessions, tenant, words, since=since)

    def traces(self, tenant: str, sids: Sequence[int]) -> Traces:
        """See :class:`lrs.storage.contract.StatementStore`."""
        return self._erasing.traces(tenant, sids)

    def owned(self, tenant: str, sids: Sequence[int]) -> Iterator[list[TokenisedStatement]]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        return self._erasing.owned(tenant, sids)

    def contents(self, tenant: str, ids: Sequence[UUID]) -> list[Content]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        return self._erasing.contents(tenant, ids)

    def erase(self, tenant: str, sids: Sequence[int], ids: Iterable[UUID], contents: Iterable[Content] = ()) -> None:
        """See :class:`lrs.storage.contract.StatementStore`."""
        self._erasing.erase(tenant, sids, ids, contents)

    def put_standings(self, tenant: str, standings: Sequence[Standing], *, number: int) -> None:
        """See :class:`lrs.storage.contract.StandingStore`."""
        self._standings.put(tenant, standings, number)

    def mirrored(self, tenant: str) -> tuple[int, frozenset[str]]:
        """See :class:`lrs.storage.contract.StandingStore`."""
        return self._standings.mirrored(tenant)

    def standings(self, tenant: str, purposes: Sequence[str], sids: Collection[int]) -> list[Standing]:
        """See :class:`lrs.storage.contract.StandingStore`."""
        return self._standings.find(tenant, purposes, sids)

    def drop_standings(self, tenant: str) -> None:
        """See :class:`lrs.storage.contract.StandingStore`."""
        self._standings.drop(tenant)
