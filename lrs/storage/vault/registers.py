"""Registers: numbered entries of a tenant, of requests of persons and of breaches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Table, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from lrs.errors import StoreUnavailable
from lrs.storage.contract import BreachRow, RequestRow
from lrs.storage.vault import schema
from lrs.storage.vault.database import Database

Entry = TypeVar("Entry", RequestRow, BreachRow)
_ATTEMPTS = 10
_TABLES: Mapping[type[RequestRow | BreachRow], Table] = {RequestRow: schema.request, BreachRow: schema.breach}


class Registers(Database):
    """Implements ``RegisterStore`` of :mod:`lrs.storage.contract`."""

    def enter(self, tenant: str, entry: Entry) -> Entry:
        """See :class:`lrs.storage.contract.RegisterStore`."""
        table = _TABLES[type(entry)]
        last = select(func.coalesce(func.max(table.c.number), 0)).where(table.c.tenant == tenant)
        for _ in range(_ATTEMPTS):
            try:
                with self._write() as connection:
                    values = _values(entry) | {"number": connection.execute(last).scalar_one() + 1}
                    connection.execute(insert(table), {"tenant": tenant, **values})
                    return type(entry)(**values)
            except IntegrityError:
                # On a server another writer has just taken the number.
                continue
        raise StoreUnavailable("other writers keep adding entries at the same time")

    def entry(self, kind: type[Entry], tenant: str, number: int) -> Entry | None:
        """See :class:`lrs.storage.contract.RegisterStore`."""
        with self._read() as connection:
            return _entry(kind, connection.execute(select(*_columns(kind)).where(*_one(kind, tenant, number))).one_or_none())

    def entries(self, kind: type[Entry], tenant: str) -> list[Entry]:
        """See :class:`lrs.storage.contract.RegisterStore`."""
        table = _TABLES[kind]
        with self._read() as connection:
            rows = connection.execute(select(*_columns(kind)).where(table.c.tenant == tenant).order_by(table.c.number)).all()
        return [kind(**row._mapping) for row in rows]  # noqa: SLF001 -- SQLAlchemy's public name for it

    def change_entry(self, kind: type[Entry], tenant: str, number: int, change: Callable[[Entry | None], Entry]) -> Entry:
        """See :class:`lrs.storage.contract.RegisterStore`."""
        query = select(*_columns(kind)).where(*_one(kind, tenant, number)).with_for_update()
        with self._write() as connection:
            new = change(_entry(kind, connection.execute(query).one_or_none()))
            connection.execute(update(_TABLES[kind]).where(*_one(kind, tenant, number)).values(_values(new)))
            return new


def _columns(kind: type[Entry]) -> list[ColumnElement[Any]]:
    return [_TABLES[kind].c[name] for name in kind.__struct_fields__]


def _one(kind: type[Entry], tenant: str, number: int) -> tuple[ColumnElement[bool], ...]:
    table = _TABLES[kind]
    return table.c.tenant == tenant, table.c.number == number


def _values(entry: RequestRow | BreachRow) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in entry.__struct_fields__}


def _entry(kind: type[Entry], found: Row[Any] | None) -> Entry | None:
    return None if found is None else kind(**found._mapping)  # noqa: SLF001 -- as above
