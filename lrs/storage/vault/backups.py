"""Copies of the vault: an SQLite file, whichever database it is a copy of, so that it can be put back into either."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import Connection, create_engine, insert, select, text

from lrs.errors import ConfigurationError
from lrs.storage.vault import schema
from lrs.storage.vault.connection import answering, connect
from lrs.storage.vault.database import Database

if TYPE_CHECKING:
    from lrs.settings import Settings

_ROWS = 1000
"""Rows of one insert; sealed documents can be large."""


class Backups(Database):
    """The vault as it is at one moment, while others write."""

    def back_up(self, path: Path) -> None:
        """Copy the vault into a new file that its owner alone can read."""
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with self._read() as connection:
            if self._sqlite:
                # Only what is there goes over, no page that was deleted.
                connection.execute(text("VACUUM INTO :path"), {"path": str(path)})
                return
            with _opened(path, "rwc") as copy:
                _copied(connection.execution_options(isolation_level="REPEATABLE READ"), copy)

    def put_back(self, path: Path) -> None:
        """Put a copy into this database, all of it or nothing; raises :class:`lrs.errors.ConfigurationError` where there is a vault."""
        with _opened(path, "ro") as copy, self._write() as connection:
            if connection.dialect.has_table(connection, schema.vault.name):
                raise ConfigurationError(
                    "there is a vault already where the backup should go", hint="Name a database without tables, or an empty directory."
                )
            _copied(copy, connection)


def restore(settings: Settings, path: Path) -> None:
    """Put a copy into the empty vault of these settings, as :meth:`Backups.put_back` does."""
    vault = Backups(connect(settings))
    try:
        vault.put_back(path)
    finally:
        vault.close()


def epochs_in(path: Path) -> dict[str, set[int]]:
    """Tenant -> the epochs of its keyring that a copy needs; those that ended apart."""
    table = schema.subject
    needed: dict[str, set[int]] = {}
    with answering(), _opened(path, "ro") as copy:
        for name in copy.scalars(select(schema.tenant.c.name).where(schema.tenant.c.ended.is_(None))).all():
            needed[name] = set(copy.scalars(select(table.c.epoch).where(table.c.tenant == name).distinct()))
    return needed


@contextmanager
def _opened(path: Path, mode: str) -> Iterator[Connection]:
    """Open a copy without a journal of its own beside it; reading does not change a byte of it."""
    options = "&immutable=1" if mode == "ro" else ""
    engine = create_engine(f"sqlite:///file:{quote(str(path.absolute()))}?mode={mode}{options}&uri=true", hide_parameters=True)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _copied(source: Connection, target: Connection) -> None:
    schema.metadata.create_all(target)
    for table in schema.metadata.sorted_tables:
        for rows in source.execution_options(yield_per=_ROWS).execute(select(table)).mappings().partitions():
            target.execute(insert(table), [dict(row) for row in rows])
