"""Group commit: batches that arrive together share one vault transaction and one insert, in which each tenant that waits has its part.

One thread takes what waits, up to a size, and makes it ready; a second one stores what is ready, while the next group gathers. An insert of a few
rows costs nearly as much as one of hundreds, so a group that is not full waits for those who were answered last: they mostly come
again at once. A lone batch is never held back. Who hands in a batch waits on its future.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any, Protocol

from lrs.errors import LRSError, StoreBusy, StoreUnavailable
from lrs.waiting import Batch, Waiting

_log = logging.getLogger("lrs.committer")
_PATIENCE = 0.05
"""The longest wait for others, in seconds; it is never longer than the last group took to be stored."""
_ENOUGH = 10_000
"""Statements that are made ready while others are stored, without waiting for all that a group may have: there is a hand free for them then."""


class Unexpected(StoreUnavailable):
    """A batch could not be stored for a reason that nobody foresaw, and that may well be in the batch."""


class Group(Protocol):
    """Batches that were made ready together."""

    @property
    def batches(self) -> Sequence[Any]:
        """The batches."""


class Committer:
    """Commit batches in groups, those of a tenant in the order in which they were put.

    ``prepare`` makes a group of batches; ``store`` gets the groups one after the other and settles the future of each batch, and ``prepare`` may be
    called for the next group meanwhile. A group on which either fails with an unexpected error is committed again request by request, so
    that one poisonous batch fails alone. ``rescue`` gets the batches that a store which can't answer did not take, and settles those that it takes
    itself. ``group`` and ``queue`` count statements.
    """

    def __init__(
        self,
        prepare: Callable[[Sequence[Any]], Any],
        store: Callable[[Any], None],
        *,
        group: int,
        queue: int,
        rescue: Callable[[Sequence[Any]], None] = lambda _: None,
    ) -> None:
        self._rescue = rescue
        self._prepare = prepare
        self._store = store
        self._group = group
        self.waiting = Waiting(queue)
        self._ready: tuple[Group, int] | None = None
        self._storing = False
        self._full = False
        self._expected = 0
        self._patience = 0.0
        self._last = monotonic()
        self._closed = False
        self._paused = False
        self._preparing = False
        self._prepared_all = False
        self._under_way = 0
        self._alone = threading.Lock()
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=run, name="lrs-committer", daemon=True) for run in (self._prepare_all, self._store_all)]
        for thread in self._threads:
            thread.start()

    @property
    def requests(self) -> int:
        """How many requests wait for what was put to be stored."""
        return len(self.waiting) + self._under_way

    def put(self, *batches: Batch, wait: bool, full: bool = False) -> None:
        """Queue batches of one tenant, to be committed together if a group has room for them; they wait for no others where they are a ``full`` group.

        A full queue raises :class:`lrs.errors.StoreBusy`, or blocks until there is room when ``wait``.
        """
        size = sum(map(len, batches))
        with self._changed:
            while not self._closed and not self.waiting.has_room(batches[0].tenant, size):
                if not wait:
                    raise StoreBusy("more statements are waiting to be stored than the settings allow (queue_statements)")
                self._changed.wait()
            if self._closed:
                raise StoreUnavailable("the store is being closed")
            first = not len(self.waiting)
            for batch in batches:
                self.waiting.put(batch)
            self._full |= full
            # Nobody is woken in between: each time would cost as much as making a statement ready.
            if first or self._is_everybody_here():
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[Callable[[Sequence[Batch]], None]]:
        """Give what commits batches at once, in the caller's thread, during a block in which nothing else is on its way: what is put waits.

        The future of each batch is settled as always. Whoever else asks for it waits.
        """
        with self._alone:
            with self._changed:
                self._paused = True
                self._changed.wait_for(lambda: self._is_idle() and not self._preparing)
            try:
                yield self._commit
            finally:
                with self._changed:
                    self._paused = False
                    self._changed.notify_all()

    def close(self) -> None:
        """Commit everything that was put, then stop. Calling it twice is no error."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _prepare_all(self) -> None:
        while batches := self._next_batches():
            self._prepare_one(batches)
            # Once a group is stored nothing of it is to stay in memory.
            del batches
        with self._changed:
            self._prepared_all = True
            self._changed.notify_all()

    def _prepare_one(self, batches: list[Batch]) -> None:
        try:
            group = self._prepare(batches)
        except Exception as error:  # noqa: BLE001 -- whoever waits gets it, whatever it is
            self._idle()
            self._commit_one_by_one(batches, error)
            self._leave(batches)
        else:
            self._hand_over(group, _requests(batches))

    def _next_batches(self) -> list[Batch]:
        with self._changed:
            self._preparing = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closed or self._is_due())
            # Who has not come again by now does not come at once.
            again = monotonic() - self._last < self._patience
            self._changed.wait_for(self._is_everybody_here, self._patience if again else 0.0)
            self._changed.wait_for(lambda: not self._paused)
            taken = self.waiting.take(self._group)
            self._full &= len(self.waiting) > 0
            self._preparing = bool(taken)
            self._under_way += _requests(taken)
            self._changed.notify_all()
            return taken

    def _leave(self, batches: Sequence[Batch]) -> None:
        with self._changed:
            self._under_way -= _requests(batches)

    def _is_due(self) -> bool:
        """Tell whether a group is to be made of what waits: a full one at once, another one when nothing is being stored."""
        return self._is_full() or (len(self.waiting) > 0 and self._is_idle())

    def _is_everybody_here(self) -> bool:
        return self._closed or self._is_full() or len(self.waiting) >= self._expected

    def _is_full(self) -> bool:
        return self._full or self.waiting.size >= min(self._group, _ENOUGH)

    def _hand_over(self, group: Group, requests: int) -> None:
        """Give a group to the other thread, and how many requests it was made of: some of them may have been answered, and not be in it."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready is None)
            self._ready = group, requests
            self._changed.notify_all()

    def _is_idle(self) -> bool:
        return self._ready is None and not self._storing

    def _idle(self) -> None:
        """Wait until everything that was handed over is stored."""
        with self._changed:
            self._changed.wait_for(self._is_idle)

    def _store_all(self) -> None:
        while (ready := self._next_group()) is not None:
            self._store_one(*ready)
            del ready

    def _store_one(self, group: Group, requests: int) -> None:
        start = monotonic()
        try:
            self._store(group)
        except Exception as error:  # noqa: BLE001 -- as above
            self._commit_one_by_one(group.batches, error)
        with self._changed:
            self._storing = False
            self._under_way -= requests
            self._expected = requests + len(self.waiting)
            self._last = monotonic()
            self._patience = min(self._last - start, _PATIENCE)
            self._changed.notify_all()

    def _next_group(self) -> tuple[Group, int] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._ready is not None or self._prepared_all)
            ready, self._ready = self._ready, None
            self._storing = ready is not None
            self._changed.notify_all()
            return ready

    def _commit(self, batches: Sequence[Batch]) -> None:
        try:
            self._store(self._prepare(batches))
        except Exception as error:  # noqa: BLE001 -- as above
            self._commit_one_by_one(batches, error)

    def _commit_one_by_one(self, batches: Sequence[Batch], error: Exception) -> None:
        left = [batch for batch in batches if not batch.done.done()]
        # An outage would fail again for each; only what looks like a fault of one batch is tried apart.
        if not isinstance(error, LRSError):
            left = [each for batch in left for each in batch.apart()]
            if len(left) > 1:
                for batch in left:
                    try:
                        self._store(self._prepare([batch]))
                    except Exception as own:  # noqa: BLE001 -- as above
                        _fail(batch, own)
                return
        if isinstance(error, StoreUnavailable):
            try:
                self._rescue(left)
            except Exception as own:  # noqa: BLE001 -- as above: this thread has to go on
                error = own
        for batch in left:
            _fail(batch, error)


def _requests(batches: Iterable[Batch]) -> int:
    return sum(batch.requests for batch in batches)


def _fail(batch: Batch, error: Exception) -> None:
    if batch.done.done():
        return
    if not isinstance(error, LRSError):
        # The message of a foreign error could quote a statement: its type and place must do.
        _log.error("a batch could not be committed: %s", type(error).__name__, extra={"lines": _places(error)})
        error = Unexpected(f"the batch could not be stored: internal error {type(error).__name__} at {_places(error)[-1]}")
    batch.done.set_exception(error)


def _places(error: BaseException) -> list[str]:
    places = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return places or ["?"]
