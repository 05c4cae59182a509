"""What people said about purposes: a numbered entry each, which names the person by the subject alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from lrs.errors import StoreUnavailable
from lrs.storage.contract import ConsentRow
from lrs.storage.vault import schema
from lrs.storage.vault.database import Database
from lrs.storage.vault.subjects import chunks, see
from lrs.xapi.formats import month_of

_ATTEMPTS = 10
_TABLE, _COUNT = schema.consent, schema.consent_count
_FIELDS = ConsentRow.__struct_fields__
_COLUMNS = [_TABLE.c[name] for name in _FIELDS]
# Made once: every group of statements asks this.
_LAST = select(_COUNT.c.last).where(_COUNT.c.tenant == bindparam("of"))


class Consents(Database):
    """Implements the ledger of ``ConsentStore`` of :mod:`lrs.storage.contract`."""

    def last_consent(self, tenant: str) -> int:
        """See :class:`lrs.storage.contract.ConsentStore`."""
        with self._read() as connection:
            return connection.scalar(_LAST, {"of": tenant}) or 0

    def add_consents(self, tenant: str, rows: Sequence[ConsentRow]) -> int:
        """See :class:`lrs.storage.contract.ConsentStore`."""
        for _ in range(_ATTEMPTS):
            try:
                with self._write() as connection:
                    last = _claimed(connection, tenant, len(rows))
                    numbered = enumerate(rows, last - len(rows) + 1)
                    if rows:
                        connection.execute(
                            insert(_TABLE), [_values(row) | {"tenant": tenant, "number": number} for number, row in numbered]
                        )
                    for row in rows:
                        see(connection, tenant, row.sid, month_of(row.recorded))
                    return last
            except IntegrityError:
                # Another writer has just made the first entry of the tenant.
                continue
        raise StoreUnavailable("other writers keep adding consents at the same time")

    def consents(self, tenant: str, sids: Collection[int]) -> list[ConsentRow]:
        """See :class:`lrs.storage.contract.ConsentStore`."""
        query = select(*_COLUMNS).where(_TABLE.c.tenant == tenant)
        with self._read() as connection:
            found = [row for part in chunks(list(sids)) for row in connection.execute(query.where(_TABLE.c.sid.in_(part)))]
        return sorted((ConsentRow(**row._mapping) for row in found), key=lambda row: row.number)  # noqa: SLF001 -- SQLAlchemy's public name

    def consents_of_all_with(self, tenant: str, kinds: Collection[str]) -> list[ConsentRow]:
        """See :class:`lrs.storage.contract.ConsentStore`."""
        of = (_TABLE.c.tenant == tenant, _TABLE.c.kind.in_(list(kinds)))
        query = select(*_COLUMNS).where(_TABLE.c.tenant == tenant, _TABLE.c.sid.in_(select(_TABLE.c.sid).where(*of)))
        with self._read() as connection:
            found = connection.execute(query.order_by(_TABLE.c.number))
            return [ConsentRow(**row._mapping) for row in found]  # noqa: SLF001 -- SQLAlchemy's public name

    def consenting(self, tenant: str, *, after: int, limit: int) -> tuple[frozenset[int], int]:
        """See :class:`lrs.storage.contract.ConsentStore`."""
        last = self.last_consent(tenant)
        query = select(_TABLE.c.sid, _TABLE.c.number).where(_TABLE.c.tenant == tenant, _TABLE.c.number > after)
        with self._read() as connection:
            found = connection.execute(query.order_by(_TABLE.c.number).limit(limit)).all()
        through = found[-1].number if len(found) == limit else last
        return frozenset(row.sid for row in found), through


def _claimed(connection: Connection, tenant: str, how_many: int) -> int:
    """Count on by so many -> the last number. Whoever counts next waits until this transaction is over, so that numbers appear in order."""
    of = _COUNT.c.tenant == tenant
    if not connection.execute(update(_COUNT).where(of).values(last=_COUNT.c.last + how_many)).rowcount:
        connection.execute(insert(_COUNT), {"tenant": tenant, "last": how_many})
    return int(connection.execute(_LAST, {"of": tenant}).scalar_one())


def _values(row: ConsentRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _FIELDS}
