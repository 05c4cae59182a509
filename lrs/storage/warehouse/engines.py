"""Connecting: the engine in this process with its data directory, or a ClickHouse server over HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from lrs.errors import ConfigurationError, DataDirectoryInUse, MissingExtra, StoreUnavailable
from lrs.storage.lock import DirectoryLock
from lrs.storage.warehouse.client import EmbeddedSession, Session, Sessions
from lrs.storage.warehouse.disk import Disk
from lrs.storage.warehouse.failures import answering, explained, name_of

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from lrs.settings import Settings

DATABASE = "lrs"
_CREATE = "CREATE DATABASE IF NOT EXISTS {database:Identifier}"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SECONDS = 60
# A session that may only read can't reach files, addresses or Python objects of the process through table functions either. The function
# file() and INTO OUTFILE still can: no text of a caller ever becomes SQL.
_READ_ONLY = "1"
# Only where backups are made: this lets every session, one that may only read too, write copies of tables wherever this user may write.
_BACKUPS = {"backups.allowed_path": "/"}
# For each condition the engine would remember which granules of each part have no match, until that takes 100 MiB by its own count: 24 minutes of full load.
# It hardly ever finds it again, as the time at which it is asked stands in most conditions of ours: 6 of 100 times where each page was read twice, and
# pages took no less processor time.
_SESSION = {"use_query_condition_cache": "0"}


def connect(settings: Settings) -> Sessions:
    """Open the warehouse of these settings; its database exists afterwards.

    Raises :class:`lrs.errors.DataDirectoryInUse`, :class:`lrs.errors.MissingExtra`, :class:`lrs.errors.ConfigurationError`
    or :class:`lrs.errors.StoreUnavailable`.
    """
    if settings.warehouse is None:
        return _embedded(settings.data, settings.read_seconds, _BACKUPS if settings.backup_statements else {})
    return _server(settings.warehouse, settings.warehouse_ca, settings.read_seconds)


def _embedded(data: Path, seconds: int, more: Mapping[str, str]) -> Sessions:
    try:
        import chdb  # noqa: F401 -- only to say kindly that it is missing
    except ImportError:
        raise MissingExtra("an embedded store", "embedded") from None
    import clickhouse_connect
    from clickhouse_connect.driver.exceptions import Error

    lock = DirectoryLock(data)
    path = data / "warehouse"
    disk = Disk(path)

    def open_session(readonly: bool) -> Session:  # noqa: FBT001 -- the shape of Sessions
        options = {**_SESSION, **more, **({"readonly": _READ_ONLY, "max_execution_time": str(seconds)} if readonly else {})}
        client = clickhouse_connect.get_client(
            interface="chdb", path=str(path), chdb_options=options, database=DATABASE if readonly else None
        )
        if not readonly:
            client.command(_CREATE, parameters={"database": DATABASE})
            client.database = DATABASE
        return EmbeddedSession(client, path, disk)

    try:
        path.mkdir(mode=0o700, exist_ok=True)
        return Sessions(open_session, lock.release)
    except Error as error:
        lock.release()
        raise _not_opened(error, path) from None
    except BaseException:
        lock.release()
        raise


def _not_opened(error: Exception, path: Path) -> StoreUnavailable:
    if "already initialized" in str(error):
        return DataDirectoryInUse(
            "this process has an embedded store open in another directory",
            hint="One process can have one embedded store open: close the other one first, or use one store with several tenants.",
        )
    if name_of(error) == "ProgrammingError":
        return StoreUnavailable(
            f"the embedded engine can't open {path}", hint="Check that this user may write there and that the disk has space."
        )
    return explained(error)


def _server(address: str, authority: Path | None, seconds: int) -> Sessions:
    options, database = server_options(address, authority)

    def open_client(database: str, **settings: Any) -> Client:
        import clickhouse_connect

        return clickhouse_connect.get_client(**options, database=database, settings=settings)

    def open_session(readonly: bool) -> Session:  # noqa: FBT001 -- the shape of Sessions
        with answering():
            # 2: the client itself sets formats with each request.
            return Session(open_client(database, readonly=2, max_execution_time=seconds) if readonly else open_client(database))

    _ensure(open_client, database)
    return Sessions(open_session)


def _ensure(open_client: Any, database: str) -> None:
    """Create the database unless it is there; a user without the right to create one needs no such right when it is."""
    from clickhouse_connect.driver.exceptions import Error

    try:
        open_client(database).close()
    except Error as error:
        if name_of(error) != "UNKNOWN_DATABASE":
            raise explained(error) from None
        with answering():
            client = open_client("default")
            client.command(_CREATE, parameters={"database": database})
            client.close()


def server_options(address: str, authority: Path | None) -> tuple[dict[str, Any], str]:
    """Read a server's address -> (options of the client, database). Pure; raises :class:`lrs.errors.ConfigurationError`."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise ConfigurationError("the setting warehouse is not an address") from None
    secure = parts.scheme == "clickhouses"
    host = parts.hostname or "localhost"
    database = parts.path.strip("/") or DATABASE
    asked = parse_qs(parts.query)
    if set(asked) - {"insecure"}:
        raise ConfigurationError("the address in the setting warehouse has a parameter other than insecure")
    if not secure and host not in _LOOPBACK and asked.get("insecure") != ["1"]:
        raise ConfigurationError(
            "the setting warehouse names a server on another machine without TLS",
            hint="Use clickhouses://, or add ?insecure=1 where the network itself is protected.",
        )
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", database):
        raise ConfigurationError("the database in the setting warehouse is not a plain name")
    if authority is not None and not authority.is_file():
        raise ConfigurationError(f"the setting warehouse_ca names no file: {authority}")
    options = {
        "host": host,
        "port": port or (8443 if secure else 8123),
        "username": unquote(parts.username or "default"),
        "password": unquote(parts.password or ""),
        "secure": secure,
        "verify": True,
        "ca_cert": str(authority) if authority else None,
        "autogenerate_session_id": False,
        "send_receive_timeout": _SECONDS,
    }
    return options, database
