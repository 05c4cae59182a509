"""Who may call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from lrs.errors import ConfigurationError
from lrs.storage.contract import CredentialRow
from lrs.storage.vault import schema
from lrs.storage.vault.database import Database

_LISTS = ("scopes", "repairs", "profiles")
_CHANGED = ("repairs", "profiles", "quarantine_days")


class Credentials(Database):
    """Implements ``CredentialStore`` of :mod:`lrs.storage.contract`."""

    def add_credentials(self, rows: Sequence[CredentialRow]) -> None:
        """See :class:`lrs.storage.contract.CredentialStore`."""
        values = [_values(row) for row in rows]
        try:
            with self._write() as connection:
                if values:
                    connection.execute(insert(schema.credential), values)
        except IntegrityError:
            raise ConfigurationError("this username is in use", hint="Choose another one, or revoke the credential that has it.") from None

    def spend(self, tenant: str, number: bytes, *, until: int, now: int) -> bool:
        """See :class:`lrs.storage.contract.CredentialStore`."""
        table = schema.spent
        try:
            with self._write() as connection:
                connection.execute(delete(table).where(table.c.until < now))
                connection.execute(insert(table), {"tenant": tenant, "number": number, "until": until})
        except IntegrityError:
            return False
        return True

    def credential(self, username: str) -> CredentialRow | None:
        """See :class:`lrs.storage.contract.CredentialStore`."""
        return self._live(schema.credential.c.username == username)

    def credential_by_id(self, identifier: str) -> CredentialRow | None:
        """See :class:`lrs.storage.contract.CredentialStore`."""
        return self._live(schema.credential.c.id == identifier)

    def _live(self, which: ColumnElement[bool]) -> CredentialRow | None:
        table = schema.credential
        with self._read() as connection:
            found = connection.execute(select(table).where(which, table.c.revoked.is_(None))).one_or_none()
        return None if found is None else _credential(dict(found._mapping))  # noqa: SLF001 -- SQLAlchemy's public name for it

    def credentials(self, tenant: str | None = None) -> list[CredentialRow]:
        """See :class:`lrs.storage.contract.CredentialStore`."""
        table = schema.credential
        query = select(table).order_by(table.c.created)
        with self._read() as connection:
            rows = connection.execute(query if tenant is None else query.where(table.c.tenant == tenant)).all()
        return [_credential(dict(row._mapping)) for row in rows]  # noqa: SLF001 -- as above

    def replace_secret(self, credential_id: str, *, old: str, new: str) -> None:
        """See :class:`lrs.storage.contract.CredentialStore`."""
        table = schema.credential
        with self._write() as connection:
            connection.execute(update(table).where(table.c.id == credential_id, table.c.secret == old).values(secret=new))

    def revoke_credential(self, credential_id: str, *, at: int) -> bool:
        """See :class:`lrs.storage.contract.CredentialStore`."""
        table = schema.credential
        with self._write() as connection:
            change = update(table).where(table.c.id == credential_id, table.c.revoked.is_(None)).values(revoked=at)
            return connection.execute(change).rowcount == 1

    def change_credential(self, row: CredentialRow) -> None:
        """See :class:`lrs.storage.contract.CredentialStore`."""
        table = schema.credential
        said = {name: value for name, value in _values(row).items() if name in _CHANGED}
        with self._write() as connection:
            connection.execute(update(table).where(table.c.id == row.id).values(said))


def _values(row: CredentialRow) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in row.__struct_fields__}
    return values | {name: " ".join(values[name]) for name in _LISTS}


def _credential(row: Mapping[str, Any]) -> CredentialRow:
    return CredentialRow(**{**row, **{name: tuple(row[name].split()) for name in _LISTS}})
