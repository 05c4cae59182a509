"""What could not be taken, sealed, until it goes."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, func, insert, select, update

from lrs.storage.contract import QuarantinedRow
from lrs.storage.vault import schema
from lrs.storage.vault.database import Database

_TABLE = schema.quarantined
_ALL = [_TABLE.c[name] for name in QuarantinedRow.__struct_fields__]
_NAMED = [column for column in _ALL if column is not _TABLE.c.sealed]
_TAKEN = "*"
"""What stands in place of who asked, once somebody tries it."""


class Quarantine(Database):
    """Implements ``QuarantineStore`` of :mod:`lrs.storage.contract`."""

    def quarantine(self, tenant: str, rows: Sequence[QuarantinedRow], *, most: int) -> bool:
        """See :class:`lrs.storage.contract.QuarantineStore`."""
        of = _TABLE.c.tenant == tenant
        with self._write() as connection:
            kept = set(connection.scalars(select(_TABLE.c.key).where(of, _TABLE.c.key.in_([row.key for row in rows]))))
            fresh = {row.key: row for row in rows if row.key not in kept}
            size = sum(len(row.sealed) for row in fresh.values())
            if fresh and (connection.scalar(select(func.sum(_TABLE.c.size)).where(of)) or 0) + size > most:
                return False
            for row in fresh.values():
                values = {name: getattr(row, name) for name in row.__struct_fields__}
                connection.execute(insert(_TABLE), {"tenant": tenant, "size": len(row.sealed), **values})
        return True

    def quarantined(self, tenant: str, *, now: int) -> list[QuarantinedRow]:
        """See :class:`lrs.storage.contract.QuarantineStore`."""
        query = select(*_NAMED).where(_TABLE.c.tenant == tenant, _TABLE.c.until > now).order_by(_TABLE.c.since, _TABLE.c.key)
        with self._read() as connection:
            return [QuarantinedRow(*row) for row in connection.execute(query)]

    def quarantined_content(self, tenant: str, key: bytes, *, now: int) -> QuarantinedRow | None:
        """See :class:`lrs.storage.contract.QuarantineStore`."""
        query = select(*_ALL).where(_TABLE.c.tenant == tenant, _TABLE.c.key == key, _TABLE.c.until > now)
        with self._read() as connection:
            found = [QuarantinedRow(*row) for row in connection.execute(query)]
        return found[0] if found else None

    def drop_quarantined(self, tenant: str, keys: Sequence[bytes]) -> int:
        """See :class:`lrs.storage.contract.QuarantineStore`."""
        gone = 0
        with self._write() as connection:
            for key in keys:
                gone += connection.execute(delete(_TABLE).where(_TABLE.c.tenant == tenant, _TABLE.c.key == key)).rowcount
        self.checkpoint()
        return gone

    def ask_replay(self, tenant: str, keys: Sequence[bytes], asked: str | None) -> None:
        """See :class:`lrs.storage.contract.QuarantineStore`."""
        with self._write() as connection:
            for key in keys:
                connection.execute(update(_TABLE).where(*_one(tenant, key)).values(asked=asked))

    def claim_replay(self, *, now: int) -> tuple[str, QuarantinedRow] | None:
        """See :class:`lrs.storage.contract.QuarantineStore`."""
        asked = select(_TABLE.c.tenant, *_NAMED).where(_TABLE.c.asked != _TAKEN, _TABLE.c.until > now)
        with self._read() as connection:
            # Most of the time there is none, which costs no writer anything.
            if connection.execute(asked.limit(1)).one_or_none() is None:
                return None
        with self._write() as connection:
            found = connection.execute(asked.order_by(_TABLE.c.since, _TABLE.c.key).limit(1).with_for_update()).one_or_none()
            if found is None:
                return None
            tenant, row = found[0], QuarantinedRow(*found[1:])
            connection.execute(update(_TABLE).where(*_one(tenant, row.key)).values(asked=_TAKEN))
            return tenant, row

    def note_replay(self, tenant: str, key: bytes, *, code: str, reason: str) -> None:
        """See :class:`lrs.storage.contract.QuarantineStore`."""
        with self._write() as connection:
            connection.execute(update(_TABLE).where(*_one(tenant, key)).values(code=code, reason=reason, asked=None))

    def prune_quarantine(self, *, now: int, tenant: str | None = None) -> int:
        """See :class:`lrs.storage.contract.QuarantineStore`."""
        return self._prune(_TABLE, now=now, tenant=tenant)


def _one(tenant: str, key: bytes) -> tuple[ColumnElement[bool], ...]:
    return _TABLE.c.tenant == tenant, _TABLE.c.key == key
