"""What persons asked for: a numbered entry each, which names the person by the subject alone, and no longer once they are erased."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from lrs.errors import StoreUnavailable
from lrs.storage.contract import RequestRow
from lrs.storage.vault import schema
from lrs.storage.vault.database import Database

_ATTEMPTS = 10
_TABLE = schema.request
_COLUMNS = [_TABLE.c[name] for name in RequestRow.__struct_fields__]


class Requests(Database):
    """Implements ``RequestStore`` of :mod:`lrs.storage.contract`."""

    def add_request(self, tenant: str, row: RequestRow) -> RequestRow:
        """See :class:`lrs.storage.contract.RequestStore`."""
        last = select(func.coalesce(func.max(_TABLE.c.number), 0)).where(_TABLE.c.tenant == tenant)
        for _ in range(_ATTEMPTS):
            try:
                with self._write() as connection:
                    values = _values(row) | {"number": connection.execute(last).scalar_one() + 1}
                    connection.execute(insert(_TABLE), {"tenant": tenant, **values})
                    return RequestRow(**values)
            except IntegrityError:
                # On a server another writer has just taken the number.
                continue
        raise StoreUnavailable("other writers keep adding requests at the same time")

    def request(self, tenant: str, number: int) -> RequestRow | None:
        """See :class:`lrs.storage.contract.RequestStore`."""
        with self._read() as connection:
            return _row(connection.execute(select(*_COLUMNS).where(*_one(tenant, number))).one_or_none())

    def requests(self, tenant: str) -> list[RequestRow]:
        """See :class:`lrs.storage.contract.RequestStore`."""
        with self._read() as connection:
            rows = connection.execute(select(*_COLUMNS).where(_TABLE.c.tenant == tenant).order_by(_TABLE.c.number)).all()
        return [RequestRow(**row._mapping) for row in rows]  # noqa: SLF001 -- SQLAlchemy's public name for it

    def change_request(self, tenant: str, number: int, change: Callable[[RequestRow | None], RequestRow]) -> RequestRow:
        """See :class:`lrs.storage.contract.RequestStore`."""
        with self._write() as connection:
            new = change(_row(connection.execute(select(*_COLUMNS).where(*_one(tenant, number)).with_for_update()).one_or_none()))
            connection.execute(update(_TABLE).where(*_one(tenant, number)).values(_values(new)))
            return new

    def release_requests(self, tenant: str, sids: Sequence[int]) -> int:
        """See :class:`lrs.storage.contract.RequestStore`."""
        with self._write() as connection:
            return connection.execute(update(_TABLE).where(_TABLE.c.tenant == tenant, _TABLE.c.sid.in_(sids)).values(sid=None)).rowcount


def _one(tenant: str, number: int) -> tuple[ColumnElement[bool], ...]:
    return _TABLE.c.tenant == tenant, _TABLE.c.number == number


def _values(row: RequestRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def _row(found: Row[Any] | None) -> RequestRow | None:
    return None if found is None else RequestRow(**found._mapping)  # noqa: SLF001 -- as above
