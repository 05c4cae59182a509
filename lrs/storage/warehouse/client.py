"""The one door to clickhouse-connect: sessions on an engine, embedded or a server."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from queue import LifoQueue
from typing import IO, TYPE_CHECKING, Any

from lrs.errors import ConfigurationError, StoreUnavailable
from lrs.storage.warehouse.disk import Disk
from lrs.storage.warehouse.failures import answering

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client
    from clickhouse_connect.driver.insert import InsertContext

_READERS = 4
_LOOKUPS = 2
_WRITERS = 4
_ONE_BLOCK = 1 << 40
# An insert is one block and so one part, which the engine shows and keeps whole or not at all. Without waiting for others: the caller groups.
_INSERT = {
    "async_insert": 0,
    "max_insert_block_size": 100_000_000,
    "min_insert_block_size_rows": 100_000_000,
    "min_insert_block_size_bytes": _ONE_BLOCK,
    # One block keeps one thread busy; starting more costs a sixth of the processor time of a small insert.
    "max_threads": 1,
    "max_insert_threads": 1,
    "input_format_parallel_parsing": 0,
}
_NUMBERS = {"DateTime*": "int"}
_NUMBERS_AND_BYTES = _NUMBERS | {"String": "bytes"}
_INSERT_CLAUSE = " SETTINGS " + ", ".join(f"{name} = {value}" for name, value in _INSERT.items()) + " FORMAT Native"


class Session:
    """One connection. One thread at a time."""

    most_ids = 2000
    """Ids that are looked up at once: what a server takes in one parameter, 39 bytes each as text."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._contexts: dict[str, InsertContext] = {}

    def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement that has no result, with server-side parameters."""
        with answering():
            self._client.command(sql, parameters=dict(parameters or {}))

    def query(self, sql: str, parameters: Mapping[str, Any], *, texts: bool = True) -> Sequence[Sequence[Any]]:
        """Run a query with server-side parameters (``{name:Type}`` in the text) and give its rows.

        Points in time are numbers, in the unit of their column; strings are bytes unless ``texts``.
        """
        with answering():
            return self._client.query(sql, parameters=dict(parameters), query_formats=_NUMBERS if texts else _NUMBERS_AND_BYTES).result_rows

    def stream(self, sql: str) -> Iterator[bytes]:
        """Run a query without parameters and give its rows in RowBinary, piece by piece."""
        with answering(), self._client.raw_stream(sql, fmt="RowBinary") as stream:
            while piece := stream.read(1 << 20):
                yield piece

    def insert(self, table: str, names: Sequence[str], columns: Sequence[Sequence[Any]]) -> None:
        """Insert columns; durable, and visible as a whole, when it returns."""
        with answering(), self._filled(table, names, columns) as context:
            self._send(context)

    def block(self, table: str, names: Sequence[str], columns: Sequence[Sequence[Any]]) -> bytes | memoryview:
        """Write columns in ClickHouse's Native format, for :meth:`insert_blocks`."""
        with answering(), self._filled(table, names, columns) as context:
            context.compression = None
            (block,) = _pieces(context)
            return block

    def insert_blocks(self, table: str, names: Sequence[str], blocks: Iterable[bytes | memoryview], *, into: str = "") -> None:
        """Insert these columns of blocks that have the same ones; durable, and visible as a whole, when it returns.

        ``into``: the table in which they arrive, when ``table`` keeps nothing.
        """
        del into  # A server sees to it.
        with answering():
            compression = self._client.write_compression
            # Piece by piece: what could be sent again would be when the server hangs up, which may be after it has stored it.
            self._client.raw_insert(table, names, _compressed(blocks, compression), settings=_INSERT, fmt="Native", compression=compression)

    def write_through(self) -> None:
        """Have what was made on the disk: a server sees to that itself."""

    def write_parts(self, table: str) -> None:
        """Have what was inserted into a table on the disk, if that failed after it was inserted: a server sees to that itself."""

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    @contextmanager
    def _filled(self, table: str, names: Sequence[str], columns: Sequence[Sequence[Any]]) -> Iterator[InsertContext]:
        context = self._contexts.get(table)
        if context is None:
            context = self._client.create_insert_context(table, list(names), column_oriented=True, settings=_INSERT)
            context.req_block_size = _ONE_BLOCK
            self._contexts[table] = context
        context.data = columns
        try:
            yield context
        finally:
            context.data = None

    def _send(self, context: InsertContext) -> None:
        from clickhouse_connect.driver.transform import NativeTransform

        context.compression = self._client.write_compression
        # The client's own insert is sent again when the server hangs up without an answer, as it may after it has stored it: a second row of
        # each statement. What is made piece by piece can't be sent again.
        pieces = NativeTransform.build_insert(context)
        try:
            self._client.raw_insert("", insert_block=pieces, settings=context.settings, compression=context.compression)
        finally:
            failure, context.insert_exception = context.insert_exception, None
        if failure is not None:
            raise failure


class EmbeddedSession(Session):
    """A connection to the engine in this process, which reads what is inserted from a file that has no name.

    The client's own insert leaves its file in the temporary directory when the process is killed, where nothing would ever expire it.
    """

    most_ids = 50_000
    """Many ids lie next to each other: of a million in a store, 20,000 at once take a fifth of the time that 2,000 at once do."""

    def __init__(self, client: Client, folder: Path, disk: Disk) -> None:
        super().__init__(client)
        self._folder = folder
        self._disk = disk

    def write_through(self) -> None:
        """Have what was made on the disk."""
        with answering():
            self._disk.everything()

    def write_parts(self, table: str) -> None:
        """See :class:`Session`."""
        with answering():
            self._disk.parts(str(self._client.database), table)

    def insert_blocks(self, table: str, names: Sequence[str], blocks: Iterable[bytes | memoryview], *, into: str = "") -> None:
        """See :class:`Session`."""
        with answering(), _nameless_file(self._folder) as rows:
            rows.writelines(blocks)
            rows.flush()
            source = f"/dev/fd/{rows.fileno()}"
            columns = ", ".join(f"`{name}`" for name in names)
            self._client.command(f"INSERT INTO {table} ({columns}) FROM INFILE '{source}'" + _INSERT_CLAUSE)
        self.write_parts((into or table).strip("`"))

    def _send(self, context: InsertContext) -> None:
        self.insert_blocks(context.table, context.column_names, _pieces(context))


def _pieces(context: InsertContext) -> Iterator[bytes | memoryview]:
    from clickhouse_connect.driver.transform import NativeTransform

    for number, piece in enumerate(NativeTransform.build_insert(context)):
        if context.insert_exception is not None:
            raise context.insert_exception
        # The first piece starts with the statement as a server would get it: one line.
        yield piece if number else memoryview(piece)[piece.index(b"\n") + 1 :]


def _compressed(blocks: Iterable[bytes | memoryview], compression: str | None) -> Generator[bytes, None, None]:
    from clickhouse_connect.driver.compression import get_compressor

    compressor = get_compressor(compression)
    for each in blocks:
        yield bytes(compressor.compress_block(each))
    yield bytes(compressor.flush() or b"")  # type: ignore[no-untyped-call]


def _nameless_file(folder: Path) -> IO[bytes]:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("rows"), "wb")
    return tempfile.TemporaryFile(dir=folder)


class Sessions:
    """The sessions of one warehouse: some that write, for several tables at once, and some that may only read.

    Some of these are for look-ups alone, which take milliseconds, so that whoever writes never waits for long queries. ``settle``, where one is set, is
    called before whatever has to see all rows that were taken.
    """

    def __init__(self, connect: Callable[[bool], Session], release: Callable[[], None] = lambda: None) -> None:
        self._connect = connect
        self._release = release
        self._process = os.getpid()
        self._open: list[Session] = []
        self._closed = False
        self.settle: Callable[[], None] = lambda: None
        self._writers = _places(_WRITERS)
        self._readers = _places(_READERS)
        self._lookups = _places(_LOOKUPS)
        with self.writer():
            pass  # Whatever is wrong with the address or the directory shows now.

    def inserter(self) -> AbstractContextManager[Session]:
        """Have a writing session that does not wait for the journal: for the journal itself, and for what looks at no rows that may be in it."""
        return self._taken(self._writers, readonly=False)

    def writer(self) -> AbstractContextManager[Session]:
        """Have a writing session; waits while all are in use."""
        self.settle()
        return self._taken(self._writers, readonly=False)

    def reader(self) -> AbstractContextManager[Session]:
        """Have a reading session; waits while all are in use."""
        self.settle()
        return self._taken(self._readers, readonly=True)

    def lookup(self, *, settled: bool = True) -> AbstractContextManager[Session]:
        """Have a reading session for what takes milliseconds; not ``settled``: without waiting for the journal, where no row in it can change the answer."""
        if settled:
            self.settle()
        return self._taken(self._lookups, readonly=True)

    @contextmanager
    def _taken(self, places: LifoQueue[Session | None], *, readonly: bool) -> Iterator[Session]:
        session = places.get()
        try:
            self._check()
            session = session or self._opened(readonly=readonly)
            yield session
        finally:
            places.put(session)

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

    def _check(self) -> None:
        if self._closed:
            raise StoreUnavailable("the warehouse is closed")
        if os.getpid() != self._process:
            raise ConfigurationError(
                "the store was opened before this process was forked",
                hint="Open it in the process that uses it, for instance in a start-up hook of the worker.",
            )


def _places(number: int) -> LifoQueue[Session | None]:
    """Give room for so many sessions, each of which is opened when it is first wanted."""
    places: LifoQueue[Session | None] = LifoQueue()
    for _ in range(number):
        places.put(None)
    return places
