"""Opening the vault's database, and saying in words what is wrong with it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EACCES
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from lrs.errors import ConfigurationError, MissingExtra, StoreUnavailable

if TYPE_CHECKING:
    from lrs.settings import Settings

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=10000",
    # Sorting must not write keys of people into files of its own.
    "PRAGMA temp_store=MEMORY",
    # KiB. People of a group lie anywhere in the file: with SQLite's 2 MiB nearly all of them are read from it again and again.
    "PRAGMA cache_size=-32768",
)
_LOOPBACK = {None, "", "localhost", "127.0.0.1", "::1"}
_IN_MEMORY = {None, "", ":memory:"}
_REASONS = (
    ("disk is full", "its disk has no space left", "Make space; nothing of this request was kept."),
    (
        "disk I/O error",
        "its file can't be read or written (disk full, or a limit on file sizes)",
        "Check the disk and the limits of the process.",
    ),
    ("readonly", "its file may not be written", "Give the process write access to the data directory."),
    ("unable to open", "its file can't be opened", "Check that the data directory exists and may be written."),
    ("locked", "another process keeps it locked", "Try again; if it stays, find the process that holds the file."),
    ("malformed", "its file is damaged", "Restore the vault from a backup."),
    ("not a database", "its file is damaged", "Restore the vault from a backup."),
)


def connect(settings: Settings) -> Engine:
    """Make the engine for ``settings.vault``, or for the SQLite file in the data directory, which is made if it is missing."""
    if settings.vault is None:
        url = URL.create("sqlite", database=str(_vault_file(settings.data)))
    else:
        try:
            url = make_url(settings.vault)
        except ArgumentError:
            raise ConfigurationError("the setting vault is not a database address") from None
        if url.get_backend_name() == "sqlite" and url.database in _IN_MEMORY:
            raise ConfigurationError("the setting vault names no file: what is in memory alone would be gone with the process")
    try:
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=url.get_backend_name() != "sqlite",
            pool_use_lifo=True,  # The connection that was used last has most of the file in memory.
            connect_args=_arguments(url, settings),
        )
    except (ModuleNotFoundError, NoSuchModuleError):
        raise MissingExtra("a PostgreSQL vault", "postgres") from None
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


@contextmanager
def answering() -> Iterator[None]:
    """Turn what a driver raises into :class:`lrs.errors.StoreUnavailable`; nothing of its message that could hold a value is kept."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _explained(error) from None


def _explained(error: SQLAlchemyError) -> StoreUnavailable:
    text = str(error.orig) if isinstance(error, DBAPIError) and isinstance(error.orig, sqlite3.Error) else ""
    for sign, reason, hint in _REASONS:
        if sign in text:
            return StoreUnavailable(f"the vault can't answer: {reason}", hint=hint)
    kind = type(error.orig).__name__ if isinstance(error, DBAPIError) else type(error).__name__
    return StoreUnavailable(f"the vault can't answer ({kind})")


def _vault_file(data: Path) -> Path:
    path = data / "vault.sqlite"
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(path)
        # Their names are on the disk too: the file alone would be found by nobody after a power cut.
        for folder in (data, data.absolute().parent):
            _sync(folder)
    except OSError as error:
        raise ConfigurationError(
            f"the data directory {data} can't be used: {error.strerror}",
            hint="Give a directory that this user may write, with --data or LRS_DATA.",
        ) from None
    return path


def _make(path: Path) -> None:
    """Make the file where there is none; one that is there is not opened: closing it would let go of all locks that SQLite has on it in this process."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(EACCES, os.strerror(EACCES)) from None


def _sync(folder: Path) -> None:
    if not os.access(folder, os.R_OK):
        return  # Somebody else's, who made it before.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _arguments(url: URL, settings: Settings) -> dict[str, Any]:
    if url.get_backend_name() != "postgresql" or url.host in _LOOPBACK or str(url.host).startswith("/"):
        return {}
    return {"sslmode": "verify-full", "sslrootcert": str(settings.vault_ca) if settings.vault_ca else "system"}


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # Transactions begin where lrs.storage.vault.database begins them, not where the driver guesses.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()
