"""Group commit: batches that arrive together share one vault transaction and one insert.

One thread takes whatever waits, up to a size, and commits it; meanwhile the next group gathers. A lone batch is therefore never
held back, and under load the cost of durability is shared. Who hands in a batch waits on its future.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from lrs.errors import LRSError, StoreBusy, StoreUnavailable

_log = logging.getLogger("lrs.committer")


class Batch(Protocol):
    """What waits: something with a size, and a future that ``commit`` settles."""

    done: Future[Any]

    def __len__(self) -> int: ...


class Committer:
    """Commit batches in the order in which they were put, in groups.

    ``commit`` gets a group and settles the future of each of its batches; a group that it fails on with an
    unexpected error is committed again batch by batch, so that one poisonous batch fails alone. ``group`` and ``queue`` count statements.
    """

    def __init__(self, commit: Callable[[Sequence[Any]], None], *, group: int, queue: int) -> None:
        self._commit = commit
        self._group = group
        self._queue = queue
        self._waiting: deque[Batch] = deque()
        self._size = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="lrs-committer", daemon=True)
        self._thread.start()

    def put(self, *batches: Batch, wait: bool) -> None:
        """Queue batches, to be committed together if a group has room for them.

        A full queue raises :class:`lrs.errors.StoreBusy`, or blocks until there is room when ``wait``.
        """
        size = sum(map(len, batches))
        with self._changed:
            while self._size and self._size + size > self._queue and not self._closed:
                if not wait:
                    raise StoreBusy("more statements are waiting to be stored than the settings allow (queue_statements)")
                self._changed.wait()
            if self._closed:
                raise StoreUnavailable("the store is being closed")
            self._waiting.extend(batches)
            self._size += size
            self._changed.notify_all()

    def close(self) -> None:
        """Commit everything that was put, then stop. Calling it twice is no error."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while group := self._next_group():
            try:
                self._commit(group)
            except Exception as error:  # noqa: BLE001 -- whoever waits gets it, whatever it is
                self._commit_one_by_one(group, error)

    def _next_group(self) -> list[Batch]:
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            group: list[Batch] = []
            size = 0
            while self._waiting and (not group or size + len(self._waiting[0]) <= self._group):
                batch = self._waiting.popleft()
                size += len(batch)
                group.append(batch)
            self._size -= size
            self._changed.notify_all()
            return group

    def _commit_one_by_one(self, group: Sequence[Batch], error: Exception) -> None:
        left = [batch for batch in group if not batch.done.done()]
        # An outage would fail again for each; only what looks like a fault of one batch is tried apart.
        if len(left) > 1 and not isinstance(error, LRSError):
            for batch in left:
                try:
                    self._commit([batch])
                except Exception as own:  # noqa: BLE001 -- whoever waits gets it, whatever it is
                    _fail(batch, own)
            return
        for batch in left:
            _fail(batch, error)


def _fail(batch: Batch, error: Exception) -> None:
    if batch.done.done():
        return
    if not isinstance(error, LRSError):
        # The message of a foreign error could quote a statement: its type and place must do.
        _log.error("a batch could not be committed: %s", type(error).__name__, extra={"lines": _places(error)})
        error = StoreUnavailable(f"the batch could not be stored: internal error {type(error).__name__} at {_places(error)[-1]}")
    batch.done.set_exception(error)


def _places(error: BaseException) -> list[str]:
    places = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return places or ["?"]
