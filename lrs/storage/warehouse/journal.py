"""What is durable already and waits for its place in the table: acknowledging takes one small write, inserting is done for many at once.

An insert costs the engine 8 ms of processor time and ten files that are synced, whether it has one row or a thousand. So rows are first written to a
journal, which makes them durable, and go into their table together, a moment later: when there are enough of them, when the first has
waited for long, or when anybody wants to read. Whoever reads waits for what was taken before (:meth:`Journal.settle`), so that nobody ever sees
the difference. Two files take turns: one takes what comes while the rows of the other are inserted, after which it is emptied.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from time import monotonic

from lrs.errors import StoreUnavailable
from lrs.storage.contract import Record
from lrs.storage.warehouse.failures import explained
from lrs.storage.warehouse.records import RecordFile

_log = logging.getLogger("lrs.journal")
_ENOUGH = 20_000
"""Rows that are inserted without waiting for more. On two cores that takes some half a second, and who reads meanwhile waits for it and what came since."""
_MOST = 40_000
"""Rows that may wait."""
_LONG = 1.0
"""Seconds that rows wait for others, unless somebody reads."""
_PAUSE = 1.0
"""Seconds until an insert that failed is tried again."""
_PATIENCE = 30.0
"""Seconds that a reader waits for inserts to end."""


class Journal:
    """Rows on their way into a table. Thread-safe.

    ``insert`` stores records of one month, all or nothing; ``has_any`` tells whether the table has a row of any of these times (8 bytes each). What
    an earlier process left behind is inserted before this returns; raises :class:`lrs.errors.StoreUnavailable`.
    """

    def __init__(self, folder: Path, *, insert: Callable[[Sequence[Record]], None], has_any: Callable[[bytes], bool]) -> None:
        self._insert = insert
        self._has_any = has_any
        self._files = _opened(folder)
        self._recover()
        self._waiting: list[Record] = []
        self._storing: list[Record] = []
        self._rows = self._put = self._settled = 0
        self._since = 0.0
        self._wanted = self._closed = False
        self._failure: StoreUnavailable | None = None
        self._writing = threading.Lock()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="lrs-journal", daemon=True)
        self._thread.start()

    def put(self, record: Record) -> None:
        """Make rows durable; they are in their table when :meth:`settle` returns. Raises :class:`lrs.errors.StoreUnavailable`."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._rows < _MOST, _PATIENCE):
                raise self._failure or _late()
        with self._writing:
            try:
                self._files[0].add(record)
            except OSError as error:
                raise explained(error) from None
            with self._changed:
                self._since = self._since if self._waiting else monotonic()
                self._waiting.append(record)
                self._rows += record.rows
                self._put += 1
                self._changed.notify_all()

    def holds_any(self, ids: Collection[bytes]) -> bool:
        """Tell whether rows with any of these ids (16 bytes each) may not be in their table yet; of other rows that were put, no reader need wait."""
        with self._changed:
            records = self._storing + self._waiting
        return any(not _ids(record).isdisjoint(ids) for record in records)

    def settle(self) -> None:
        """Wait until everything that was put is in its table; raises :class:`lrs.errors.StoreUnavailable` when it can't get there."""
        if self._settled == self._put:
            return
        with self._changed:
            wanted, self._failure = self._put, None
            self._wanted = True
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self._settled >= wanted or self._failure, _PATIENCE) or self._settled < wanted:
                raise self._failure or _late()

    def close(self) -> None:
        """Insert what waits, and stop; what can't be inserted stays for the next process. Calling it twice is no error."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        self._thread.join()
        for file in self._files:
            file.close()

    def _recover(self) -> None:
        for file in self._files:
            if len(file):
                self._store(list(file.read()), again=True)
                file.empty()

    def _run(self) -> None:
        while records := self._next():
            again = False
            while not self._try(records, again=again):
                if again and self._closed:
                    return
                again = True
                with self._changed:
                    self._changed.wait_for(lambda: self._wanted or self._closed, _PAUSE)
            with self._changed:
                self._storing = []
                self._settled += len(records)
                self._rows -= sum(record.rows for record in records)
                self._changed.notify_all()

    def _next(self) -> list[Record]:
        """Wait until rows are due, and take them with the file that holds them; nothing when the journal is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self._changed.wait_for(self._is_due, max(self._since + _LONG - monotonic(), 0))
        with self._writing, self._changed:
            self._files.reverse()
            self._storing, self._waiting = self._waiting, []
            self._wanted = False
            return self._storing

    def _is_due(self) -> bool:
        return self._wanted or self._closed or self._rows >= _ENOUGH

    def _try(self, records: Sequence[Record], *, again: bool) -> bool:
        try:
            self._store(records, again=again)
            self._files[1].empty()
        except Exception as error:  # noqa: BLE001 -- whatever it is, rows wait here that are safe nowhere else
            failure = error if isinstance(error, StoreUnavailable) else explained(error)
            _log.error("statements that are safe on the disk could not be inserted yet: %s", failure.message)
            with self._changed:
                self._failure, self._wanted = failure, False
                self._changed.notify_all()
            return False
        return True

    def _store(self, records: Sequence[Record], *, again: bool) -> None:
        """Insert records; those of a month that are there already, when it is tried ``again``, are passed over.

        The last try, or a process that died, may have got further than it could say.
        """
        for _, several in groupby(records, attrgetter("month")):
            together = list(several)
            if not (again and self._has_any(b"".join([record.times for record in together]))):
                self._insert(together)


def _ids(record: Record) -> set[bytes]:
    return {record.ids[start : start + 16] for start in range(0, len(record.ids), 16)}


def _opened(folder: Path) -> list[RecordFile]:
    folder.mkdir(mode=0o700, exist_ok=True)
    files = [RecordFile(folder / name) for name in ("0", "1")]
    for place in (folder, folder.parent):
        handle = os.open(place, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
    return files


def _late() -> StoreUnavailable:
    return StoreUnavailable("statements that were taken are not in their table yet", hint="Try again in a moment; none is lost.")
