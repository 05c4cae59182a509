"""The texts that people are shown: every version of each, for good."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from lrs.errors import StoreUnavailable
from lrs.storage.contract import NoticeRow
from lrs.storage.vault import schema
from lrs.storage.vault.database import Database

_ATTEMPTS = 10
_TABLE = schema.notice
_FIELDS = NoticeRow.__struct_fields__
_COLUMNS = [_TABLE.c[name] for name in _FIELDS]


class Notices(Database):
    """Implements the texts of ``ConsentStore`` of :mod:`lrs.storage.contract`."""

    def add_notice_text(self, tenant: str, row: NoticeRow) -> NoticeRow:
        """See :class:`lrs.storage.contract.ConsentStore`."""
        for _ in range(_ATTEMPTS):
            try:
                with self._write() as connection:
                    return _added(connection, tenant, row)
            except IntegrityError:
                # On a server another writer has just taken the version.
                continue
        raise StoreUnavailable("other writers keep adding notices at the same time")

    def notice_texts(self, tenant: str) -> list[NoticeRow]:
        """See :class:`lrs.storage.contract.ConsentStore`."""
        query = select(*_COLUMNS).where(_TABLE.c.tenant == tenant).order_by(_TABLE.c.added, _TABLE.c.version)
        with self._read() as connection:
            return [NoticeRow(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001 -- SQLAlchemy's public name


def _added(connection: Connection, tenant: str, row: NoticeRow) -> NoticeRow:
    series = [_TABLE.c.tenant == tenant, *(_TABLE.c[name] == getattr(row, name) for name in ("purpose", "audience", "language"))]
    found = connection.execute(select(*_COLUMNS).where(*series).order_by(_TABLE.c.version.desc()).limit(1)).one_or_none()
    newest = None if found is None else NoticeRow(**found._mapping)  # noqa: SLF001 -- as above
    if newest is not None and newest.digest == row.digest:
        return newest
    values = {name: getattr(row, name) for name in _FIELDS} | {"version": newest.version + 1 if newest else 1}
    connection.execute(insert(_TABLE), {"tenant": tenant, **values})
    return NoticeRow(**values)
