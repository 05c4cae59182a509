"""The one door to clickhouse-connect: sessions on an embedded engine or a server, and what their errors mean."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from queue import LifoQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from lrs.errors import ConfigurationError, DataDirectoryInUse, MissingExtra, StoreUnavailable
from lrs.storage.lock import DirectoryLock

if TYPE_CHECKING:
    from pathlib import Path

    from clickhouse_connect.driver.client import Client
    from clickhouse_connect.driver.insert import InsertContext

    from lrs.settings import Settings

DATABASE = "lrs"
_READERS = 4
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ONE_BLOCK = 1 << 40
# An insert is one block and so one part, which the engine shows and keeps whole or not at all.
_INSERT = {"async_insert": 0, "max_insert_block_size": 100_000_000, "min_insert_block_size_rows": 100_000_000, "min_insert_block_size_bytes": _ONE_BLOCK}
_NAME = re.compile(r"\(([A-Z_]{3,})\)")
_REASONS = {
    "NOT_ENOUGH_SPACE": ("its disk has no space left", "Make space; nothing of this request was acknowledged."),
    "CANNOT_WRITE_TO_FILE_DESCRIPTOR": ("a file can't be written (disk full, or a limit on file sizes)", "Make space; nothing of this request was acknowledged."),
    "CANNOT_FSYNC": ("a file can't be written through to the disk", "Check the disk; nothing of this request was acknowledged."),
    "TOO_MANY_PARTS": ("it is behind with merging", "Send larger batches, or wait."),
    "AUTHENTICATION_FAILED": ("it does not accept the user or password of the setting warehouse", "Correct the setting."),
    "UNKNOWN_DATABASE": ("its database does not exist", "Create it, or name another in the setting warehouse."),
    "MEMORY_LIMIT_EXCEEDED": ("it has not enough memory", "Ask for less, or give it more."),
}
_DISK_SIGNS = ("No space left on device", "File too large")


class Session:
    """One connection. One thread at a time."""

    def __init__(self, client: Client, *, readonly: bool = False) -> None:
        self._client = client
        self._contexts: dict[str, InsertContext] = {}
        self.readonly = readonly

    def command(self, sql: str) -> None:
        """Run a statement that has no result."""
        with answering():
            self._client.command(sql)

    def query(self, sql: str, parameters: Mapping[str, Any], *, texts: bool = True) -> Sequence[Sequence[Any]]:
        """Run a query with server-side parameters (``{name:Type}`` in the text) and give its rows; strings as bytes unless ``texts``."""
        formats = None if texts else {"String": "bytes"}
        with answering():
            return self._client.query(sql, parameters=dict(parameters), query_formats=formats).result_rows

    def stream(self, sql: str) -> Iterator[bytes]:
        """Run a query without parameters and give its rows in RowBinary, piece by piece."""
        with answering(), self._client.raw_stream(sql, fmt="RowBinary") as stream:
            while piece := stream.read(1 << 20):
                yield piece

    def insert(self, table: str, names: Sequence[str], columns: Sequence[Sequence[Any]]) -> None:
        """Insert columns; durable, and visible as a whole, when it returns."""
        with answering():
            context = self._contexts.get(table)
            if context is None:
                context = self._client.create_insert_context(table, list(names), column_oriented=True, settings=_INSERT)
                context.req_block_size = _ONE_BLOCK
                self._contexts[table] = context
            context.data = columns
            try:
                self._client.insert(context=context)
            finally:
                context.data = None

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


class Sessions:
    """The sessions of one warehouse: one that writes, and a few that may only read."""

    def __init__(self, connect: Callable[[bool], Session], release: Callable[[], None]) -> None:
        self._connect = connect
        self._release = release
        self._writing = threading.Lock()
        self._readers: LifoQueue[Session | None] = LifoQueue()
        self._open: list[Session] = []
        self._closed = False
        self._writer = self._opened(readonly=False)
        for _ in range(_READERS):
            self._readers.put(None)

    @contextmanager
    def writer(self) -> Iterator[Session]:
        """Have the writing session."""
        with self._writing:
            yield self._writer

    @contextmanager
    def reader(self) -> Iterator[Session]:
        """Have a reading session; waits while all are in use."""
        session = self._readers.get()
        try:
            session = session or self._opened(readonly=True)
            yield session
        finally:
            self._readers.put(session)

    def close(self) -> None:
        """Close every session. Calling it twice is no error."""
        if not self._closed:
            self._closed = True
            for session in self._open:
                session.close()
            self._release()

    def _opened(self, *, readonly: bool) -> Session:
        session = self._connect(readonly)
        self._open.append(session)
        return session


def connect(settings: Settings) -> Sessions:
    """Open the warehouse of these settings; its database exists afterwards.

    Raises :class:`lrs.errors.DataDirectoryInUse`, :class:`lrs.errors.MissingExtra`, :class:`lrs.errors.ConfigurationError`
    or :class:`lrs.errors.StoreUnavailable`.
    """
    return _embedded(settings.data) if settings.warehouse is None else _server(settings.warehouse, settings)


@contextmanager
def answering() -> Iterator[None]:
    """Turn what the client raises into :class:`lrs.errors.StoreUnavailable`, without the text of the query."""
    from clickhouse_connect.driver.exceptions import Error

    try:
        yield
    except (Error, OSError) as error:
        raise _explained(error) from None


def _explained(error: Exception) -> StoreUnavailable:
    text = str(error)
    names = _NAME.findall(text)
    name = names[-1] if names else type(error).__name__
    if any(sign in text for sign in _DISK_SIGNS):
        name = "NOT_ENOUGH_SPACE" if _DISK_SIGNS[0] in text else "CANNOT_WRITE_TO_FILE_DESCRIPTOR"
    if name in _REASONS:
        reason, hint = _REASONS[name]
        return StoreUnavailable(f"the warehouse can't answer: {reason}", hint=hint)
    return StoreUnavailable(f"the warehouse can't answer ({name})")


def _embedded(data: Path) -> Sessions:
    try:
        import chdb  # noqa: F401 -- only to say kindly that it is missing
    except ImportError:
        raise MissingExtra("an embedded store", "embedded") from None
    import clickhouse_connect
    from clickhouse_connect.driver.exceptions import ProgrammingError

    lock = DirectoryLock(data)
    path = data / "warehouse"

    def open_session(readonly: bool) -> Session:  # noqa: FBT001 -- the shape of Sessions
        # A session that may only read can't reach files, addresses or Python objects of the process either.
        options = {"readonly": "1"} if readonly else None
        client = clickhouse_connect.get_client(interface="chdb", path=str(path), chdb_options=options, database=DATABASE if readonly else None)
        if not readonly:
            client.command("CREATE DATABASE IF NOT EXISTS lrs")
            client.database = DATABASE
        return Session(client, readonly=readonly)

    try:
        path.mkdir(mode=0o700, exist_ok=True)
        with answering():
            try:
                return Sessions(open_session, lock.release)
            except ProgrammingError:
                raise DataDirectoryInUse(
                    "this process has an embedded store open in another directory",
                    hint="One process can have one embedded store open: close the other one first, or use one store with several tenants.",
                ) from None
    except BaseException:
        lock.release()
        raise


def _server(address: str, settings: Settings) -> Sessions:
    import clickhouse_connect

    parts = urlsplit(address)
    secure = parts.scheme == "clickhouses"
    host = parts.hostname or "localhost"
    database = parts.path.strip("/") or DATABASE
    if not secure and host not in _LOOPBACK and parse_qs(parts.query).get("insecure") != ["1"]:
        raise ConfigurationError(
            "the setting warehouse names a server on another machine without TLS",
            hint="Use clickhouses://, or add ?insecure=1 where the network itself is protected.",
        )
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", database):
        raise ConfigurationError("the database in the setting warehouse is not a plain name")

    def open_client(database: str) -> Client:
        return clickhouse_connect.get_client(
            host=host,
            port=parts.port or (8443 if secure else 8123),
            username=unquote(parts.username or "default"),
            password=unquote(parts.password or ""),
            database=database,
            secure=secure,
            verify=True,
            ca_cert=str(settings.warehouse_ca) if settings.warehouse_ca else None,
            autogenerate_session_id=False,
            send_receive_timeout=60,
        )

    def open_session(readonly: bool) -> Session:  # noqa: FBT001 -- the shape of Sessions
        with answering():
            return Session(open_client(database), readonly=readonly)

    with answering():
        first = open_client("default")
        first.command("CREATE DATABASE IF NOT EXISTS {database:Identifier}", parameters={"database": database})
        first.close()
    return Sessions(open_session, lambda: None)
