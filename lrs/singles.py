"""Single statements that many send at the same time: gathered for a moment, and stored as one batch in which each stands for itself.

    bodies -> gathered -> checked together, in the second process or here -> one batch into the queue of the committer -> an answer for each

A batch costs as much as several statements, wherever it passes, and most of it in turns of this interpreter. What can't be taken like this goes on
alone, so that whatever is wrong with it is said as if nobody else had sent anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

import attrs
import msgspec

from lrs.batch import Batch, Receipt, future
from lrs.checking import Checked
from lrs.errors import Conflict, LRSError, StoreBusy
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
_TOGETHER = 128
"""Statements that are checked together, and the bytes of each: no more than the second process takes at once."""
_LARGEST = SOON // _TOGETHER
_ENOUGH = 32
_MOMENT = 0.005
"""How long that many are waited for, in seconds: at 4,000 a second they take 8 ms to come, so this usually ends first."""
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

    @property
    def policy(self) -> tuple[str, ...]:
        """By what it is checked."""
        return self.principal.tenant, self.principal.name, self.version

    @property
    def sender(self) -> tuple[object, ...]:
        """All that counts of who sent it."""
        who = self.principal
        return who.credential_id, who.authority, who.scopes, who.view, *self.policy


class Singles:
    """Take single statements while there is a crowd. Thread-safe; ``alone`` takes one that has to go on alone, and settles its future."""

    def __init__(self, preparer: Preparer, committer: Committer, second: Second, alone: Callable[[Single], None]) -> None:
        self._preparer = preparer
        self._committer = committer
        self._second = second
        self._alone = alone
        self._waiting: list[Single] = []
        self._under_way = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="lrs-singles", daemon=True)
        self._thread.start()

    def take(self, body: bytes, principal: Principal, version: str) -> Future[Receipt] | None:
        """Take a body if it is one statement and others are on their way -> its future; None: nothing was taken."""
        if len(body) > _LARGEST or body[:1] != b"{" or not self._second.may_check(principal):
            return None
        with self._changed:
            crowd = self._under_way + self._committer.requests
            if self._closed or crowd < _CROWD or len(self._waiting) >= _MOST:
                return None
            single = Single(body, principal, version, future())
            self._waiting.append(single)
            self._under_way += 1
            if len(self._waiting) in (1, _ENOUGH):
                self._changed.notify()
        return single.done

    def close(self) -> None:
        """Have the committer take what is here, and take nothing more. Calling it twice is no error."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while singles := self._gathered():
            try:
                self._put(singles)
            except Exception as error:  # noqa: BLE001 -- whoever waits gets it, whatever it is
                for single in singles:
                    _settle(single.done, error)
            with self._changed:
                self._under_way -= len(singles)

    def _gathered(self) -> list[Single]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self._changed.wait_for(lambda: len(self._waiting) >= _ENOUGH or self._closed, _MOMENT)
            singles, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
            return singles

    def _put(self, singles: Sequence[Single]) -> None:
        """Have what can be checked together checked, and what is one sender's stored as a batch."""
        asked = [(alike, self._asked(alike)) for alike in _sorted(singles, lambda single: single.policy)]
        until = monotonic() + _PATIENCE
        for alike, answer in asked:
            found = self._found(answer, until)
            for own in _sorted(alike, lambda single: single.sender):
                try:
                    rest = self._put_own(own, _picked(found, alike, own) if found else None)
                except Exception:  # noqa: BLE001 -- whatever it is: it may be one's own, and each is told it alone
                    rest = own
                for single in rest:
                    self._alone(single)

    def _asked(self, singles: Sequence[Single]) -> Future[Checked | None] | None:
        first, bodies = singles[0], [single.body for single in singles]
        return self._second.check(bodies, first.principal, first.version, most=1, ahead=SOON, apart=True)

    def _found(self, answer: Future[Checked | None] | None, until: float) -> Checked | None:
        try:
            return answer.result(max(0.0, until - monotonic())) if answer else None
        except TimeoutError:
            # Whoever else has asked it waits no longer either.
            self._second.end()
            return None

    def _put_own(self, singles: Sequence[Single], found: Checked | None) -> Sequence[Single]:
        """Have what is right with statements of one sender stored as one batch -> the others."""
        principal = singles[0].principal
        if found:
            batch, places = self._preparer.assemble(found, principal, independent=True), found.places
        else:
            batch, places, _ = self._preparer.prepare_lines([single.body for single in singles], principal, version=singles[0].version)
        if places:
            taken = [singles[place] for place in places]
            # A batch of several is no single request's.
            batch.principal = taken[0].principal if len(taken) == 1 else attrs.evolve(principal, request_id="", reason="")
            batch.alone = [single.done for single in taken]
            # Not of the batch: it has the future that has this, and only the garbage collector would let go of it.
            batch.done.add_done_callback(partial(_tell, batch.alone))
            self._queue(batch)
        return [single for place, single in enumerate(singles) if place not in {*places}]

    def _queue(self, batch: Batch) -> None:
        try:
            self._committer.put(batch, wait=False)
        except StoreBusy:
            # There may be room for some of them.
            for each in batch.apart():
                try:
                    self._committer.put(each, wait=False)
                except LRSError as error:
                    each.done.set_exception(error)


def _tell(waiting: Sequence[Future[Receipt]], stored: Future[Receipt]) -> None:
    """Tell each what became of the batch."""
    error = stored.exception()
    for index, done in enumerate(waiting):
        if error:
            _settle(done, error)
        elif refused := stored.result().refused.get(index):
            _settle(done, Conflict(str(refused), index=0))
        else:
            _settle(done, Receipt([stored.result().ids[index]], _FIRST if index in stored.result().replayed else _NONE, {}))


def _settle(done: Future[Receipt], outcome: Receipt | BaseException) -> None:
    if done.done():
        return
    if isinstance(outcome, Receipt):
        done.set_result(outcome)
    else:
        done.set_exception(outcome)


def _sorted(singles: Sequence[Single], by: Callable[[Single], tuple[object, ...]]) -> list[list[Single]]:
    found: dict[tuple[object, ...], list[Single]] = {}
    for single in singles:
        found.setdefault(by(single), []).append(single)
    return [*found.values()]


def _picked(found: Checked, singles: Sequence[Single], own: Sequence[Single]) -> Checked:
    """Give of what was found of some statements what it says of one sender's."""
    if len(own) == len(singles):
        return found
    places = {id(single): place for place, single in enumerate(own)}
    numbers = [number for number, place in enumerate(found.places) if id(singles[place]) in places]
    return Checked(
        found.drafts.picked(numbers),
        [places[id(singles[found.places[number]])] for number in numbers],
        [found.purposes[number] for number in numbers],
    )
