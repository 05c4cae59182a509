"""Bring the warehouse's tables to the newest schema, and refuse one that this program does not know."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from lrs.errors import ConfigurationError
from lrs.storage.warehouse.client import Session
from lrs.storage.warehouse.schema import MIGRATIONS, MIGRATIONS_TABLE, Migration


def checksum(migration: Migration) -> str:
    """Tell this migration from an edited one."""
    return hashlib.sha256("\0".join(migration.statements).encode()).hexdigest()


def migrate(session: Session, migrations: Sequence[Migration] = MIGRATIONS) -> list[int]:
    """Apply what is missing, in order -> the numbers applied now.

    Raises :class:`lrs.errors.ConfigurationError` when the warehouse was written by a newer program, or a released migration was edited.
    """
    session.command(MIGRATIONS_TABLE)
    applied = {number: (name, found) for number, name, found in session.query("SELECT number, name, checksum FROM migrations", {})}
    known = {migration.number: migration for migration in migrations}
    for number, (name, found) in sorted(applied.items()):
        if number not in known:
            raise ConfigurationError(
                f"the warehouse has migration {number} ({name}), which this program does not know", hint="Run a newer version of lrs."
            )
        if found != checksum(known[number]):
            raise ConfigurationError(
                f"migration {number} ({name}) is not the one that was applied to this warehouse",
                hint="Released migrations are never edited.",
            )
    missing = [migration for migration in migrations if migration.number not in applied]
    for migration in missing:
        for statement in migration.statements:
            session.command(statement)
        # Before it is noted that they were made.
        session.write_through()
        session.insert("migrations", ("number", "name", "checksum"), [[migration.number], [migration.name], [checksum(migration)]])
    return [migration.number for migration in missing]
