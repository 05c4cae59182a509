"""The vault: who. Subjects, identifiers and spellings, all blind or sealed; documents; credentials; which keyring belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from lrs.errors import ConfigurationError
from lrs.storage.vault import schema
from lrs.storage.vault.backups import Backups
from lrs.storage.vault.claims import Claims
from lrs.storage.vault.connection import answering, connect
from lrs.storage.vault.consents import Consents
from lrs.storage.vault.corrections import Corrections
from lrs.storage.vault.credentials import Credentials
from lrs.storage.vault.documents import Documents
from lrs.storage.vault.epochs import Epochs
from lrs.storage.vault.erasures import Erasures
from lrs.storage.vault.forwarding import Forwarding
from lrs.storage.vault.inactive import Inactive
from lrs.storage.vault.notices import Notices
from lrs.storage.vault.persons import Persons
from lrs.storage.vault.presences import Presences
from lrs.storage.vault.projects import Projects
from lrs.storage.vault.quarantine import Quarantine
from lrs.storage.vault.registers import Registers
from lrs.storage.vault.subjects import Subjects
from lrs.storage.vault.tenants import Tenants

if TYPE_CHECKING:
    from lrs.settings import Settings


class Vault(
    Tenants,
    Subjects,
    Persons,
    Inactive,
    Corrections,
    Epochs,
    Documents,
    Credentials,
    Forwarding,
    Projects,
    Quarantine,
    Presences,
    Registers,
    Erasures,
    Backups,
    Claims,
    Consents,
    Notices,
):
    """One open vault. Thread-safe."""

    @classmethod
    def open(cls, settings: Settings) -> Vault:
        """Open the vault of these settings, and make its tables where there are none."""
        vault = cls(connect(settings))
        try:
            vault._prepare()
        except BaseException:
            vault.close()
            raise
        return vault

    def ping(self) -> None:
        """Raise :class:`lrs.errors.StoreUnavailable` unless the database answers."""
        with self._read() as connection:
            connection.execute(select(schema.vault.c.version)).all()

    def _prepare(self) -> None:
        with answering(), self._engine.connect() as connection:
            there = self._engine.dialect.has_table(connection, schema.vault.name)
        if not there:
            with self._write() as connection:
                schema.metadata.create_all(connection)
                connection.execute(insert(schema.vault), {"version": schema.VERSION})
                connection.execute(insert(schema.clock), {"last": 0})
        with self._read() as connection:
            version = connection.scalar(select(func.max(schema.vault.c.version)))
        if version != schema.VERSION:
            raise ConfigurationError(
                f"the vault has version {version}, this program knows {schema.VERSION}",
                hint="Run the version that wrote it, or a newer one.",
            )
