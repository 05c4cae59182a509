"""Which subjects are one person: joined by somebody who knows, or a mailbox and its SHA-1."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, Select, bindparam, delete, insert, or_, select, update

from lrs.storage.vault import schema
from lrs.storage.vault.database import Database
from lrs.storage.vault.subjects import chunks

_JOINED, _IDENTIFIER = schema.joined, schema.identifier
_MINE, _THEIRS, _SAME = _IDENTIFIER.alias("mine"), _IDENTIFIER.alias("theirs"), _JOINED.alias("same")
# Made once: every page of a person asks these.
_OF: BindParameter[str] = bindparam("of")
_WANTED: BindParameter[Any] = bindparam("wanted", expanding=True)
_NAMED = select(_IDENTIFIER.c.sid).where(
    _IDENTIFIER.c.tenant == _OF, or_(_IDENTIFIER.c.blind_index.in_(_WANTED), _IDENTIFIER.c.sha1.in_(_WANTED))
)
_TOGETHER = (
    select(_SAME.c.sid, _JOINED.c.sid)
    .join_from(_JOINED, _SAME, _SAME.c.person == _JOINED.c.person)
    .where(_JOINED.c.tenant == _OF, _SAME.c.tenant == _OF, _SAME.c.sid.in_(_WANTED))
)


def _related(related: ColumnElement[bool]) -> Select[Any]:
    query = select(_MINE.c.sid, _THEIRS.c.sid).join_from(_THEIRS, _MINE, related)
    return query.where(_MINE.c.tenant == _OF, _THEIRS.c.tenant == _OF, _MINE.c.sid.in_(_WANTED))


_STEPS = (_TOGETHER, _related(_THEIRS.c.blind_index == _MINE.c.sha1), _related(_THEIRS.c.sha1 == _MINE.c.blind_index))
Pairs = set[tuple[int, int]]


class Persons(Database):
    """Implements ``PersonStore`` of :mod:`lrs.storage.contract`."""

    def named(self, tenant: str, indexes: Sequence[bytes]) -> frozenset[int]:
        """See :class:`lrs.storage.contract.PersonStore`."""
        with self._read() as connection:
            return frozenset(connection.scalars(_NAMED, {"of": tenant, "wanted": indexes}))

    def indexes(self, tenant: str, sids: Collection[int]) -> frozenset[bytes]:
        """See :class:`lrs.storage.contract.PersonStore`."""
        table = schema.identifier
        query = select(table.c.blind_index, table.c.sha1).where(table.c.tenant == tenant)
        with self._read() as connection:
            rows = [row for chunk in chunks(list(sids)) for row in connection.execute(query.where(table.c.sid.in_(chunk)))]
        return frozenset(index for row in rows for index in row if index is not None)

    def joined(self, tenant: str, sids: Collection[int]) -> frozenset[int]:
        """See :class:`lrs.storage.contract.PersonStore`."""
        with self._read() as connection:
            return frozenset(sids) | {other for _, other in _step(connection, _TOGETHER, tenant, sids)}

    def persons(self, tenant: str, sids: Collection[int]) -> Mapping[int, frozenset[int]]:
        """See :class:`lrs.storage.contract.PersonStore`."""
        found = {sid: {sid} for sid in sids}
        for one, other in self._kin(tenant, sids):
            together = found.setdefault(one, {one}) | found.setdefault(other, {other})
            for sid in together:
                found[sid] = together
        return {sid: frozenset(found[sid]) for sid in sids}

    def same_person(self, tenant: str, sids: Collection[int]) -> frozenset[int]:
        """See :class:`lrs.storage.contract.PersonStore`."""
        return frozenset(sids).union(*self._kin(tenant, sids))

    def alike(self, tenant: str, folded: Sequence[bytes]) -> frozenset[int]:
        """See :class:`lrs.storage.contract.PersonStore`."""
        table = schema.identifier
        query = select(table.c.sid).where(table.c.tenant == tenant)
        with self._read() as connection:
            return frozenset(sid for chunk in chunks(folded) for sid in connection.scalars(query.where(table.c.folded.in_(chunk))))

    def join(self, tenant: str, one: int, other: int) -> bool:
        """See :class:`lrs.storage.contract.PersonStore`."""
        with self._write() as connection:
            first, second = (_person(connection, tenant, sid) for sid in (one, other))
            if first == second:
                return False
            connection.execute(update(_JOINED).where(_JOINED.c.tenant == tenant, _JOINED.c.person == second).values(person=first))
        return True

    def unjoin(self, tenant: str, sid: int) -> bool:
        """See :class:`lrs.storage.contract.PersonStore`."""
        with self._write() as connection:
            return connection.execute(delete(_JOINED).where(_JOINED.c.tenant == tenant, _JOINED.c.sid == sid)).rowcount > 0

    def _kin(self, tenant: str, sids: Collection[int]) -> Pairs:
        """Give each of these subjects with each that it is the same person as by one step, and so on from those."""
        pairs: Pairs = set()
        known = frontier = frozenset(sids)
        with self._read() as connection:
            while frontier:
                found = set[tuple[int, int]]().union(*(_step(connection, query, tenant, frontier) for query in _STEPS))
                pairs |= found
                frontier = frozenset(other for _, other in found) - known
                known |= frontier
        return pairs


def _person(connection: Connection, tenant: str, sid: int) -> int:
    """Give the number of the person that a subject is, which it gets if it has none."""
    known: int | None = connection.scalar(select(_JOINED.c.person).where(_JOINED.c.tenant == tenant, _JOINED.c.sid == sid))
    if known is not None:
        return known
    fresh = secrets.randbits(64)
    connection.execute(insert(_JOINED), {"sid": sid, "tenant": tenant, "person": fresh})
    return fresh


def _step(connection: Connection, query: Select[Any], tenant: str, sids: Collection[int]) -> Pairs:
    """Give each of these subjects with each that is one step away, or itself."""
    return {(one, other) for chunk in chunks(list(sids)) for one, other in connection.execute(query, {"of": tenant, "wanted": chunk})}
