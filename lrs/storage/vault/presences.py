"""Who is in which sitting of a virtual class, until it goes."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from lrs.errors import StoreUnavailable
from lrs.storage.contract import PresenceRow
from lrs.storage.vault import schema
from lrs.storage.vault.database import Database
from lrs.storage.vault.subjects import chunks

_ATTEMPTS = 10
_TABLE = schema.presence
_COLUMNS = [_TABLE.c[name] for name in PresenceRow.__struct_fields__]
_TIMES = ("came", "left", "closed", "until")


class Presences(Database):
    """Implements ``PresenceStore`` of :mod:`lrs.storage.contract`."""

    def presences(self, tenant: str, sitting: bytes, key: bytes | None = None, *, now: int) -> list[PresenceRow]:
        """See :class:`lrs.storage.contract.PresenceStore`."""
        query = select(*_COLUMNS).where(_TABLE.c.tenant == tenant, _TABLE.c.sitting == sitting, _TABLE.c.until > now)
        query = query.order_by(_TABLE.c.key) if key is None else query.where(_TABLE.c.key == key)
        with self._read() as connection:
            return [PresenceRow(*row) for row in connection.execute(query)]

    def keep_presences(self, tenant: str, rows: Sequence[PresenceRow]) -> None:
        """See :class:`lrs.storage.contract.PresenceStore`."""
        # In parts, and in one order, so that no writer is kept waiting for long, or for one that waits for it.
        for part in chunks(sorted(rows, key=lambda each: (each.sitting, each.key))):
            self._keep(tenant, part)

    def _keep(self, tenant: str, rows: Sequence[PresenceRow]) -> None:
        for _ in range(_ATTEMPTS):
            try:
                with self._write() as connection:
                    for row in rows:
                        _keep(connection, tenant, row)
            except IntegrityError:
                # Another writer has just added the same one, or the person is being erased.
                continue
            return
        raise StoreUnavailable("other writers keep changing who is in the same class at the same time")

    def prune_presences(self, *, now: int, tenant: str | None = None) -> int:
        """See :class:`lrs.storage.contract.PresenceStore`."""
        return self._prune(_TABLE, now=now, tenant=tenant)


def _keep(connection: Connection, tenant: str, row: PresenceRow) -> None:
    this = (_TABLE.c.tenant == tenant, _TABLE.c.sitting == row.sitting, _TABLE.c.key == row.key)
    # SQLite has no row locks, and needs none: the whole database is this transaction's.
    kept = connection.execute(select(*(_TABLE.c[name] for name in _TIMES)).where(*this).with_for_update()).one_or_none()
    if kept is not None:
        later = {name: max(getattr(row, name), was) for name, was in zip(_TIMES, kept, strict=True)}
        connection.execute(update(_TABLE).where(*this).values(later))
    elif (
        connection.scalar(select(schema.subject.c.sid).where(schema.subject.c.tenant == tenant, schema.subject.c.sid == row.sid))
        is not None
    ):
        values = {name: getattr(row, name) for name in row.__struct_fields__}
        connection.execute(insert(_TABLE), {"tenant": tenant, **values})
