"""An open database: how it is read, written, and let go."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, Table, delete, text
from sqlalchemy.exc import IntegrityError

from lrs.storage.vault.connection import answering


class Database:
    """What the rooms of the vault share. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = threading.Lock()

    def close(self) -> None:
        """Release all connections."""
        self._engine.dispose()

    def checkpoint(self) -> bool:
        """Take what was deleted out of SQLite's log file too, so that no copy of it is left on the disk -> whether a reader kept it from that."""
        if not self._sqlite:
            return False
        with self._writing, answering(), self._engine.connect() as connection:
            busy = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).all()[0][0]
        return bool(busy)

    @property
    def _sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    def _prune(self, table: Table, *, now: int, tenant: str | None) -> int:
        """Delete what has reached its ``until``, of one tenant or of all -> how many rows; no copy of them is left either."""
        ended = [table.c.until <= now] + ([] if tenant is None else [table.c.tenant == tenant])
        with self._write() as connection:
            gone = connection.execute(delete(table).where(*ended)).rowcount
        if gone:
            self.checkpoint()
        return gone

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with answering(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        """One transaction: what is read in it stays true until it is over, for this process and for others."""
        try:
            with self._writing, self._engine.begin() as connection:
                if self._sqlite:
                    # The lock is taken before anything is read, not at the first change, where two could wait for each other.
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
        except IntegrityError:
            raise
        except BaseException as error:
            with answering():
                raise error from None
