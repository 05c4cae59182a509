"""The keys of pseudonyms, one a purpose; and which of them were destroyed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from lrs.storage.contract import ProjectRow, WrappedKey
from lrs.storage.vault import schema
from lrs.storage.vault.database import Database
from lrs.storage.vault.epochs import check_epochs

_PROJECT = schema.project
_SUBJECT = schema.subject


class Projects(Database):
    """Implements ``ProjectStore`` of :mod:`lrs.storage.contract`."""

    def project(self, tenant: str, purpose: str) -> ProjectRow | None:
        """See :class:`lrs.storage.contract.ProjectStore`."""
        with self._read() as connection:
            return _found(connection, _all(tenant).where(_PROJECT.c.purpose == purpose))

    def projects(self, tenant: str) -> list[ProjectRow]:
        """See :class:`lrs.storage.contract.ProjectStore`."""
        with self._read() as connection:
            return [_row(found) for found in connection.execute(_all(tenant).order_by(_PROJECT.c.started, _PROJECT.c.purpose))]

    def start_project(self, tenant: str, purpose: str, sid: int, key: WrappedKey, *, at: int, month: int) -> None:
        """See :class:`lrs.storage.contract.ProjectStore`."""
        subject = {"sid": sid, "tenant": tenant, "epoch": key.epoch, "wrapped": key.wrapped, "key_check": key.check, "created_month": month}
        try:
            with self._write() as connection:
                check_epochs(connection, tenant, {key.epoch})
                connection.execute(insert(_SUBJECT), subject)
                connection.execute(insert(_PROJECT), {"tenant": tenant, "purpose": purpose, "sid": sid, "started": at})
        except IntegrityError:
            # Somebody else started it; theirs is the one.
            return

    def end_project(self, tenant: str, purpose: str, *, at: int) -> bool:
        """See :class:`lrs.storage.contract.ProjectStore`."""
        with self._write() as connection:
            found = _found(connection, _all(tenant).where(_PROJECT.c.purpose == purpose))
            if found is None or found.ended is not None:
                return False
            of = (_PROJECT.c.tenant == tenant, _PROJECT.c.purpose == purpose)
            connection.execute(update(_PROJECT).where(*of).values(sid=None, ended=at))
            connection.execute(delete(_SUBJECT).where(_SUBJECT.c.tenant == tenant, _SUBJECT.c.sid == found.sid))
        self.checkpoint()
        return True


def _all(tenant: str) -> Select[Any]:
    columns = (
        _PROJECT.c.purpose,
        _PROJECT.c.started,
        _PROJECT.c.ended,
        _PROJECT.c.sid,
        _SUBJECT.c.epoch,
        _SUBJECT.c.wrapped,
        _SUBJECT.c.key_check,
    )
    return select(*columns).select_from(_PROJECT.outerjoin(_SUBJECT)).where(_PROJECT.c.tenant == tenant)


def _found(connection: Connection, query: Select[Any]) -> ProjectRow | None:
    found = connection.execute(query).first()
    return None if found is None else _row(found)


def _row(found: Any) -> ProjectRow:
    purpose, started, ended, sid, *key = found
    return ProjectRow(purpose, started, ended, sid, WrappedKey(*key) if sid is not None else None)
