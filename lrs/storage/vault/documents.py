"""Documents: states and profiles, sealed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from lrs.errors import StoreUnavailable
from lrs.storage.contract import Change, DocumentName, DocumentRow
from lrs.storage.vault import schema
from lrs.storage.vault.database import Database
from lrs.storage.vault.subjects import see
from lrs.xapi.formats import month_of

_ATTEMPTS = 10
_TABLE = schema.document
_COLUMNS = [_TABLE.c[name] for name in DocumentRow.__struct_fields__]
_NAMES = [_TABLE.c[name] for name in DocumentName.__struct_fields__]


class Documents(Database):
    """Implements ``DocumentStore`` of :mod:`lrs.storage.contract`."""

    def document(self, tenant: str, key: bytes) -> DocumentRow | None:
        """See :class:`lrs.storage.contract.DocumentStore`."""
        with self._read() as connection:
            return _row(connection.execute(select(*_COLUMNS).where(*_one(tenant, key))).one_or_none())

    def change_document(self, tenant: str, key: bytes, change: Change) -> DocumentRow:
        """See :class:`lrs.storage.contract.DocumentStore`."""
        for _ in range(_ATTEMPTS):
            try:
                with self._write() as connection:
                    return _changed(connection, tenant, key, change)
            except IntegrityError:
                # Where a database can't lock a row that isn't there, another writer has just added it.
                continue
        raise StoreUnavailable("other writers keep adding and deleting the same document at the same time")

    def remove_document(self, tenant: str, key: bytes, check: Callable[[DocumentRow | None], None]) -> None:
        """See :class:`lrs.storage.contract.DocumentStore`."""
        with self._write() as connection:
            check(_locked(connection, tenant, key))
            connection.execute(delete(_TABLE).where(*_one(tenant, key)))

    def documents(self, tenant: str, context: bytes, registered: bytes | None = None, *, since: int | None = None) -> list[DocumentName]:
        """See :class:`lrs.storage.contract.DocumentStore`."""
        query = select(*_NAMES).where(*_many(tenant, context, registered)).order_by(_TABLE.c.updated, _TABLE.c.key)
        if since is not None:
            query = query.where(_TABLE.c.updated > since)
        with self._read() as connection:
            return [DocumentName(*row) for row in connection.execute(query)]

    def documents_of(self, tenant: str, sid: int) -> list[DocumentName]:
        """See :class:`lrs.storage.contract.DocumentStore`."""
        query = select(*_NAMES).where(_TABLE.c.tenant == tenant, _TABLE.c.sid == sid).order_by(_TABLE.c.updated, _TABLE.c.key)
        with self._read() as connection:
            return [DocumentName(*row) for row in connection.execute(query)]

    def delete_documents(self, tenant: str, context: bytes, registered: bytes | None = None) -> int:
        """See :class:`lrs.storage.contract.DocumentStore`."""
        with self._write() as connection:
            return connection.execute(delete(_TABLE).where(*_many(tenant, context, registered))).rowcount


def _changed(connection: Connection, tenant: str, key: bytes, change: Change) -> DocumentRow:
    old = _locked(connection, tenant, key)
    new = change(old)
    see(connection, tenant, new.sid, month_of(new.updated))
    if old is None:
        connection.execute(insert(_TABLE), {"tenant": tenant, **_values(new)})
    else:
        connection.execute(update(_TABLE).where(*_one(tenant, key)).values(_values(new)))
    return new


def _locked(connection: Connection, tenant: str, key: bytes) -> DocumentRow | None:
    # SQLite has no row locks, and needs none: the whole database is this transaction's.
    return _row(connection.execute(select(*_COLUMNS).where(*_one(tenant, key)).with_for_update()).one_or_none())


def _one(tenant: str, key: bytes) -> tuple[ColumnElement[bool], ...]:
    return _TABLE.c.tenant == tenant, _TABLE.c.key == key


def _many(tenant: str, context: bytes, registered: bytes | None) -> tuple[ColumnElement[bool], ...]:
    chosen = (_TABLE.c.tenant == tenant, _TABLE.c.context == context)
    return chosen if registered is None else (*chosen, _TABLE.c.registered == registered)


def _values(row: DocumentRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def _row(found: Row[Any] | None) -> DocumentRow | None:
    return None if found is None else DocumentRow(**found._mapping)  # noqa: SLF001 -- SQLAlchemy's public name for it
