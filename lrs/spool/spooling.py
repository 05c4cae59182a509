"""The way into the store, and into the spool while that is closed."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from lrs.batch import Batch, Group, Receipt, by_tenant
from lrs.committer import Unexpected
from lrs.errors import LRSError, StoreBusy
from lrs.privacy.audit import Audit, Event
from lrs.privacy.drafts import Drafts
from lrs.privacy.quarantine import Held, Quarantine
from lrs.spool.folder import Folder
from lrs.spool.record import batch_of, record_of

if TYPE_CHECKING:
    from lrs.committer import Committer
    from lrs.storage.lock import DirectoryLock
    from lrs.write import Preparer

_LOOK_AGAIN = 1.0
"""Seconds until the stores are asked again whether they are back."""
_AT_ONCE = 5_000
"""Statements that are read at a time."""
_log = logging.getLogger("lrs.spool")


class Spooling:
    """Batches on their way through the spool. :meth:`start` before anything is put, :meth:`close` before the committer's.

    ``prepare`` makes a group of batches; ``known`` gives the purposes that a tenant's policy has now; ``ping`` raises unless the stores answer.
    """

    def __init__(
        self,
        folder: Folder,
        *,
        prepare: Callable[[Sequence[Batch]], Group],
        preparer: Preparer,
        known: Callable[[str], frozenset[str]],
        ping: Callable[[], None],
        quarantine: Callable[[], Quarantine],
        audit: Audit,
        clock: Callable[[], int],
    ) -> None:
        self.folder = folder
        self._prepare = prepare
        self._preparer = preparer
        self._known = known
        self._ping = ping
        self._quarantine = quarantine
        self._audit = audit
        self._clock = clock
        self._closed = threading.Event()
        self._held: DirectoryLock | None = None
        self._said = ""
        self._thread: threading.Thread | None = None

    def start(self, committer: Committer) -> None:
        """Begin to empty the spool whenever the stores answer."""
        self._thread = threading.Thread(target=self._run, args=(committer,), name="lrs-spool", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop emptying it; what waits, waits. Calling it twice is no error."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()
        if self._held is not None:
            self._held.release()

    # In: the committer's first thread, or its second one when the store fails

    def prepare(self, batches: Sequence[Batch]) -> Group:
        """Make a group of batches; of those that come while others wait, a file instead."""
        going, new = _parted(batches)
        if new and self.folder.takes_any and self.folder.has_waiting():
            with self.folder.turn():
                # All may have gone before it was our turn.
                if self.folder.has_waiting():
                    self._keep(new)
                    new = []
        # What was acknowledged before goes before.
        ordered = [*going, *new]
        return self._prepare(ordered) if ordered else Group(0)

    def rescue(self, batches: Sequence[Batch]) -> None:
        """Keep batches that the store could not take; those that wait in the spool already stay there."""
        if self.folder.takes_any:
            self._keep(_parted(batches)[1])

    def _keep(self, batches: Sequence[Batch]) -> None:
        """Have batches wait, and acknowledge them; or say to each why not."""
        for own in by_tenant(batches).values():
            now = self._clock()
            try:
                records = [record_of(each, self._preparer.drafts(each), now) for batch in own for each in batch.apart()]
                if left := [record for record in records if record.ids]:
                    self.folder.add(left)
                for entry in [self._audit.put(_kept(batch)) for batch in own]:
                    self._audit.wait(entry)
            except LRSError as error:
                for batch in own:
                    batch.done.set_exception(error)
            else:
                for batch in own:
                    batch.done.set_result(Receipt(batch.ids, frozenset(), {}))

    # Out: a thread of its own, in one of the processes that have the folder

    def _run(self, committer: Committer) -> None:
        while not self._closed.wait(_LOOK_AGAIN):
            try:
                if self._is_held():
                    self.folder.sweep()
                    self._empty(committer)
                self._said = ""
            except LRSError as error:
                self._say(error.message)
            except Exception as error:  # noqa: BLE001 -- whatever it is, the next round is another try
                # Its own message could quote a statement.
                self._say(f"internal error {type(error).__name__}")

    def _say(self, message: str) -> None:
        """Log why the spool can't be emptied, once as long as it stays the same."""
        if message != self._said:
            _log.error("%d statements wait in the spool: %s", self.folder.waiting().statements, message)
        self._said = message

    def _is_held(self) -> bool:
        if self._held is None:
            self._held = self.folder.hold()
        return self._held is not None

    def _empty(self, committer: Committer) -> None:
        """Send everything on its way, oldest first, until all has gone or a store fails again, which is raised.

        Nothing is added, nor goes by another way, while some of it goes. Others have their turn when less waits than at their last one, by as much as is
        read at a time: however much comes, and however steadily, it is empty in the end.
        """
        left = sys.maxsize
        while self.folder.has_waiting() and not self._closed.is_set():
            self._ping()
            taken = dict(self._next({}))
            with committer.alone() as commit, self.folder.turn():
                left = self._send(taken, commit, most=max(left - _AT_ONCE, 0))

    def _send(self, taken: dict[str, list[Batch]], commit: Callable[[Sequence[Batch]], None], *, most: int) -> int:
        """Send what was taken on its way, and what comes next, until at most so many statements wait -> how many do."""
        while True:
            taken |= self._next(taken)
            commit([batch for own in taken.values() for batch in own])
            self._finish(taken)
            taken = {}
            left = self.folder.waiting().statements
            if left <= most or self._closed.is_set():
                return left

    def _next(self, taken: Collection[str]) -> Iterator[tuple[str, list[Batch]]]:
        """Read the oldest of what waits and is not taken yet."""
        size = 0
        for name in self.folder.names():
            if name in taken:
                continue
            try:
                own = [batch_of(record, self._preparer, self._known) for record in self.folder.read(name)]
            except (LRSError, msgspec.MsgspecError) as error:
                if isinstance(error, LRSError) and error.retryable:
                    raise
                self._put_aside(name, error)
                continue
            yield name, own
            size += sum(map(len, own))
            if size >= _AT_ONCE:
                return

    def _finish(self, sent: Mapping[str, Sequence[Batch]]) -> None:
        """Let go of the files whose batches are stored; raises what a store says that can't answer, when all of them were looked at."""
        stored = []
        failure: LRSError | None = None
        try:
            for name, batches in sent.items():
                try:
                    for batch in batches:
                        self._hold_conflicts(batch, batch.done.result())
                    stored.append(name)
                except (Unexpected, StoreBusy) as error:
                    # It would keep all that comes after it waiting, be it that there is no room for it in quarantine.
                    self._put_aside(name, error)
                except LRSError as error:
                    failure = error
        finally:
            self.folder.drop(stored)
        if failure:
            raise failure

    def _hold_conflicts(self, batch: Batch, receipt: Receipt) -> None:
        """Keep in quarantine what turned out to be another statement under an id that is taken: nobody can be told any more."""
        drafts = self._preparer.drafts(batch) if receipt.refused else Drafts()
        held = [Held(_whole(batch.ids[index], drafts.text(index)), error) for index, error in sorted(receipt.refused.items())]
        if held:
            self._quarantine().add(batch.principal, "", held)
            _log.warning("%d statements of the spool are in quarantine: others were stored under their ids", len(held))

    def _put_aside(self, name: str, error: Exception) -> None:
        _log.error("a file of the spool can't be used, and is put aside: %s", type(error).__name__)
        self.folder.put_aside(name)


def _parted(batches: Sequence[Batch]) -> tuple[list[Batch], list[Batch]]:
    """Tell what comes out of the spool -> (that, what is new)."""
    return [batch for batch in batches if batch.received is not None], [batch for batch in batches if batch.received is None]


def _kept(batch: Batch) -> Event:
    return Event.by(batch.principal, "spool statements", counts={"statements": len(batch), **batch.counts})


def _whole(identifier: UUID, text: bytes) -> bytes:
    return b'{"id":"%s",%b' % (str(identifier).encode(), text[1:])
