"""Single statements that many send at the same time: gathered for a moment, and stored as one batch in which each stands for itself.

    bodies -> gathered -> checked together, in the second process or here -> one batch into the queue of the committer -> an answer for each

A batch costs as much as several statements, wherever it passes, and most of it in turns of this interpreter. What can't be taken like this goes on
alone, so that whatever is wrong with it is said as if nobody else had sent anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from functools import partial
from typing import TYPE_CHECKING

import attrs
import msgspec

from lrs.batch import Batch, Receipt, future
from lrs.committer import Unexpected
from lrs.errors import LRSError
from lrs.second import SOON

if TYPE_CHECKING:
    from lrs.access import Principal
    from lrs.committer import Committer
    from lrs.second import Second
    from lrs.write import Preparer

_CROWD = 16
"""Requests on their way from which on it is worth waiting for others: fewer are answered sooner one by one."""
_MOST = 1000
"""Statements that may wait here; what comes after them is taken at once, or told that the queue is full."""
_LARGEST = 16 * 1024
"""Bytes of a statement that is gathered."""
_ENOUGH = 32
_MOMENT = 0.005
"""Seconds in which that many are waited for. 4,000 statements a second take twice as long to come."""
_PATIENCE = 10.0
"""Seconds in which the second process has to answer: whatever keeps it from doing so, nobody waits for longer."""
_FIRST = frozenset({0})
_NONE: frozenset[int] = frozenset()


class Single(msgspec.Struct, eq=False):
    """A statement that came alone, who sent it in which version of the standard, and the future of who waits for it."""

    body: bytes
    principal: Principal
    version: str
    done: Future[Receipt]

    def __repr__(self) -> str:
        return "Single(...)"


class Singles:
    """Take single statements while there is a crowd. Thread-safe; ``alone`` takes one that has to go on alone."""

    def __init__(self, preparer: Preparer, committer: Committer, second: Second, alone: Callable[[Single], None]) -> None:
        self._preparer = preparer
        self._committer = committer
        self._second = second
        self._alone = alone
        self._waiting: list[Single] = []
        self._under_way = 0
        self._gathering = self._closed = False
        self._changed = threading.Condition()
        self._thread = ThreadPoolExecutor(1, "lrs-singles")

    def take(self, body: bytes, principal: Principal, version: str) -> Future[Receipt] | None:
        """Take a body if it is one statement and others are on their way -> its future; None: nothing was taken."""
        if len(body) > _LARGEST or body[:1] != b"{" or principal.narrow or principal.handling.repairs or principal.handling.profiles:
            return None
        with self._changed:
            crowd = self._under_way + len(self._committer.waiting)
            if self._closed or crowd < _CROWD or len(self._waiting) >= _MOST:
                return None
            single = Single(body, principal, version, future())
            self._waiting.append(single)
            self._under_way += 1
            if not self._gathering:
                self._gathering = True
                self._thread.submit(self._gather)
            elif len(self._waiting) == _ENOUGH:
                self._changed.notify()
        return single.done

    def close(self) -> None:
        """Have the committer take what is here, and take nothing more. Calling it twice is no error."""
        with self._changed:
            self._closed = True
        self._thread.shutdown()

    def _gather(self) -> None:
        while singles := self._gathered():
            for own in _alike(singles):
                self._put(own)
            with self._changed:
                self._under_way -= len(singles)

    def _gathered(self) -> list[Single]:
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) >= _ENOUGH, _MOMENT)
            singles, self._waiting = self._waiting, []
            self._gathering = bool(singles)
            return singles

    def _put(self, singles: Sequence[Single]) -> None:
        """Have what is right with statements of one sender stored as one batch, and each of the others alone."""
        try:
            batch, places = self._made(singles)
        except Exception:  # noqa: BLE001 -- whatever it is: it may be one's own, and each is told it alone
            batch, places = None, []
        for place in sorted({*range(len(singles))} - {*places}):
            self._alone(singles[place])
        if not batch or not places:
            return
        taken = [singles[place] for place in places]
        batch.requests = len(taken)
        try:
            self._committer.put(batch, wait=False)
        except LRSError as error:
            for single in taken:
                single.done.set_exception(error)
        else:
            batch.done.add_done_callback(partial(self._tell, taken))

    def _made(self, singles: Sequence[Single]) -> tuple[Batch, list[int]]:
        """Make a batch of what is right -> the place of each of its statements among these."""
        principal, version, bodies = singles[0].principal, singles[0].version, [single.body for single in singles]
        if len(singles) > 1:
            # The batch is no single request's.
            principal = attrs.evolve(principal, request_id="", reason="")
        asked = self._second.check(bodies, principal, version, most=1, ahead=SOON, apart=True)
        if asked and (found := asked.result(_PATIENCE)):
            return self._preparer.assemble(found, principal, independent=True), found.places
        batch, places, _ = self._preparer.prepare_lines(bodies, principal, version=version)
        return batch, places

    def _tell(self, singles: Sequence[Single], stored: Future[Receipt]) -> None:
        """Tell each what became of the batch."""
        error = stored.exception()
        if isinstance(error, Unexpected) and len(singles) > 1:
            for single in singles:
                self._alone(single)
        elif error is not None:
            for single in singles:
                single.done.set_exception(error)
        else:
            receipt = stored.result()
            for index, single in enumerate(singles):
                _answer(single, index, receipt)


def _answer(single: Single, index: int, receipt: Receipt) -> None:
    if index in receipt.refused:
        error = copy(receipt.refused[index])
        vars(error)["index"] = 0  # It was alone.
        single.done.set_exception(error)
    else:
        single.done.set_result(Receipt([receipt.ids[index]], _FIRST if index in receipt.replayed else _NONE, {}))


def _alike(singles: Sequence[Single]) -> list[list[Single]]:
    """Sort statements by all that counts of who sent them."""
    found: dict[tuple[object, ...], list[Single]] = {}
    for single in singles:
        who = single.principal
        key = who.tenant, who.credential_id, who.name, who.authority, who.scopes, who.view, single.version
        found.setdefault(key, []).append(single)
    return [*found.values()]
