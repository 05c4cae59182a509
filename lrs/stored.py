"""The times at which statements are stored: strictly rising, and honest about what can be read already."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from secrets import token_hex
from typing import Protocol
from uuid import UUID

from lrs.errors import LRSError, StoreUnavailable
from lrs.storage.contract import Claim, ClaimStore, IdsClaimed, LeaseStore
from lrs.xapi.formats import month_of

MICROSECONDS = 1_000_000
Key = tuple[str, UUID]
"""(tenant, statement id)"""
_log = logging.getLogger("lrs.stored")
_BEAT = 1.0
"""Seconds between two signs of life."""
_DEAD = 5.0
"""Seconds without one after which a process is taken for dead."""
_PATIENCE = 8.0
"""Seconds that a process waits for another one that is storing the same statements: longer than it takes to be found dead."""
_INSERT_PATIENCE = 90.0
"""Seconds that a process waits for what others are storing: longer than it takes to give up an insert."""
_MOMENT = 0.02
_FRESH = 0.2
"""Seconds for which a time that was announced is announced again, so that reading costs the vault little."""
_LEASE = 2 * MICROSECONDS
"""How far ahead one process leases times: one write to the vault a second, and none while nobody asks."""


class Times(Protocol):
    """Who gives out times of storing. Thread-safe."""

    def claim(self, keys: Sequence[Key]) -> int:
        """Take these statements on their way, and give the first of as many consecutive times, until :meth:`settle`.

        All lie in one month, so that an insert makes one part of one partition: the engine stores that all or nothing.
        """

    def holds(self, first: int) -> bool:
        """Tell whether what was claimed from ``first`` on is still this process's: others go on without one that stood still for long."""

    def settle(self, first: int) -> None:
        """Say that what was claimed from ``first`` on is readable, or will never be. Saying it twice is no error."""

    def outlast(self) -> None:
        """Wait until other processes have settled what they have claimed until now; raises :class:`lrs.errors.StoreUnavailable` when one takes too long."""

    def consistent_through(self) -> int:
        """Give the time up to which everything stored can be read now (xAPI 1.0.3 Communication 2.1, Consistent-Through)."""

    def month(self) -> int:
        """Give the month that it is, as yyyymm."""

    def announced(self) -> int:
        """Give such a time without waiting for anything: the newest that is agreed on with the vault."""

    def is_late(self) -> bool:
        """Tell whether what is announced is more than a second old, as nobody has asked for so long: the next to ask makes it new."""

    def close(self) -> None:
        """Let go of everything."""


class StoredTimes:
    """Times for one process.

    Times rise strictly, whatever the clock does, and no two statements share one. ``clock`` gives microseconds since 1970 UTC; ``last`` is the
    greatest time already stored. What is announced is leased from the vault a little ahead: a process that comes after this one, with a clock that
    was set back meanwhile, stores nothing before it.
    """

    def __init__(self, leases: LeaseStore, clock: Callable[[], int], last: int) -> None:
        self._leases = leases
        self._clock = clock
        self._leased = leases.leased()
        self._last = max(last, self._leased)
        self._in_flight: list[int] = []
        self._lock = threading.Lock()
        self._leasing = threading.Lock()
        self._wanted = threading.Event()
        self._closed = threading.Event()
        self._lease(self._through())
        self._thread = threading.Thread(target=self._run, name="lrs-times", daemon=True)
        self._thread.start()

    def claim(self, keys: Sequence[Key]) -> int:
        """See :class:`Times`."""
        with self._lock:
            first = _first(len(keys), now=self._clock(), last=self._last)
            self._last = first + max(len(keys), 1) - 1
            self._in_flight.append(first)
            self._want(self._last)
            return first

    def holds(self, first: int) -> bool:
        """See :class:`Times`: nobody else could take it."""
        return first in self._in_flight

    def month(self) -> int:
        """See :class:`Times`."""
        return month_of(self._clock())

    def settle(self, first: int) -> None:
        """See :class:`Times`."""
        with self._lock:
            if first in self._in_flight:
                self._in_flight.remove(first)

    def outlast(self) -> None:
        """See :class:`Times`: there are no others."""

    def consistent_through(self) -> int:
        """See :class:`Times`; raises :class:`lrs.errors.StoreUnavailable`."""
        through = self._through()
        if through > self._leased:
            self._lease(through)
        return through

    def announced(self) -> int:
        """See :class:`Times`."""
        through = self._through()
        self._want(through)
        return min(through, self._leased)

    def is_late(self) -> bool:
        """See :class:`Times`."""
        return self._leased < self._through() - MICROSECONDS

    def close(self) -> None:
        """See :class:`Times`. Calling it twice is no error."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._wanted.set()
        self._thread.join()
        try:
            # The next process need not begin ahead of its clock.
            self._leases.lease(self._last)
        except StoreUnavailable:
            _log.warning("the times that were leased ahead could not be given back")

    def _through(self) -> int:
        with self._lock:
            if self._in_flight:
                return min(self._in_flight) - 1
            # Nothing will be stored at or before a time that was announced; and what was stored is there, should the clock have gone back since.
            self._last = max(self._last, self._clock())
            return self._last

    def _want(self, time: int) -> None:
        if time > self._leased - _LEASE // 2:
            self._wanted.set()

    def _lease(self, through: int) -> None:
        with self._leasing:
            if through > self._leased - _LEASE // 2:
                until = through + _LEASE
                self._leases.lease(until)
                self._leased = until

    def _run(self) -> None:
        while not self._closed.is_set():
            self._wanted.wait()
            self._wanted.clear()
            if self._closed.is_set():
                return
            try:
                self._lease(self._last)
            except LRSError as error:
                _log.error("no times can be leased: %s", error.message)  # Who asks next is another try.
            self._closed.wait(_FRESH)


class SharedTimes:
    """Times for one of several processes that share a warehouse: they agree through the vault.

    A statement that another process is storing is waited for, so that each is stored once whoever takes it. A process that died in the middle is
    found out by the others, each by its own watch: no clock has to be right for that.
    """

    def __init__(self, claims: ClaimStore, clock: Callable[[], int], last: int) -> None:
        self._claims = claims
        self._clock = clock
        self._last = last
        self._process = token_hex(16)
        self._held: set[int] = set()
        self._late: set[int] = set()
        self._seen: dict[Claim, float] = {}
        self._announced, self._agreed = 0, 0.0
        self.consistent_through()
        self._wanted = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lrs-times", daemon=True)
        self._thread.start()

    def claim(self, keys: Sequence[Key]) -> int:
        """See :class:`Times`; raises :class:`lrs.errors.StoreUnavailable` when another process does not finish with one of these."""
        given: list[int] = []

        def taken(last: int) -> int:
            given.append(_first(len(keys), now=self._clock(), last=max(last, self._last)))
            return given[-1]

        hashes = b"".join(blake2b(tenant.encode() + b"\0" + each.bytes, digest_size=16).digest() for tenant, each in keys)
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                first = self._claims.claim(self._process, hashes, first=taken)
            except StoreUnavailable:
                # It may be claimed all the same, and nobody would ever let go of it.
                self._late.update(given)
                raise
            except IdsClaimed:
                if time.monotonic() > end:
                    raise StoreUnavailable("another process has been storing the same statements for long") from None
                time.sleep(_MOMENT)
            else:
                self._held.add(first)
                return first

    def holds(self, first: int) -> bool:
        """See :class:`Times`; raises :class:`lrs.errors.StoreUnavailable`."""
        return any(claim.first == first for claim in self._claims.claims())

    def settle(self, first: int) -> None:
        """See :class:`Times`."""
        if first in self._held:
            self._held.discard(first)
            try:
                self._claims.settle(self._process, [first])
            except StoreUnavailable:
                self._late.add(first)  # What is stored stays stored; the others hear of it later.

    def outlast(self) -> None:
        """See :class:`Times`."""
        end = time.monotonic() + _INSERT_PATIENCE
        waiting = self._others()
        while waiting:
            if time.monotonic() > end:
                raise StoreUnavailable("another process has been storing for long", hint="Call it again: it goes on where it was.")
            time.sleep(_MOMENT)
            waiting &= self._others()

    def _others(self) -> set[int]:
        return {claim.first for claim in self._claims.claims() if claim.process != self._process}

    def consistent_through(self) -> int:
        """See :class:`Times`; raises :class:`lrs.errors.StoreUnavailable`."""
        now = time.monotonic()
        through = self._claims.through(self._clock())
        # Never back: another thread may have asked later and been answered sooner.
        self._announced, self._agreed = max(self._announced, through), now
        return through

    def month(self) -> int:
        """See :class:`Times`."""
        return month_of(self._clock())

    def announced(self) -> int:
        """See :class:`Times`."""
        self._wanted.set()
        return self._announced

    def is_late(self) -> bool:
        """See :class:`Times`."""
        return time.monotonic() - self._agreed > _BEAT

    def close(self) -> None:
        """See :class:`Times`. Calling it twice is no error."""
        self._closed.set()
        self._wanted.set()
        self._thread.join()

    def _run(self) -> None:
        beaten = time.monotonic()
        while not self._closed.is_set():
            asked = self._wanted.wait(_BEAT)
            self._wanted.clear()
            try:
                if asked:
                    self.consistent_through()
                if time.monotonic() - beaten >= _BEAT:
                    beaten = time.monotonic()
                    self._look_after()
            except LRSError as error:
                _log.error("the processes can't agree on times: %s", error.message)  # The next round is another try.
            self._closed.wait(_FRESH)

    def _look_after(self) -> None:
        """Settle what is late, show that this process is alive, and let go of what dead ones left."""
        late = list(self._late)
        if late:
            self._claims.settle(self._process, late)
            self._late.difference_update(late)
        if self._held:
            self._claims.beat(self._process)
        now = time.monotonic()
        self._seen = {claim: self._seen.get(claim, now) for claim in self._claims.claims() if claim.process != self._process}
        if dead := [claim for claim, since in self._seen.items() if now - since >= _DEAD]:
            self._claims.drop(dead)


def _first(count: int, *, now: int, last: int) -> int:
    """Give the first of so many times after the ``last`` one that lie in one month."""
    first = max(now, last + 1)
    final = first + max(count, 1) - 1
    return first if month_of(first) == month_of(final) else _month_start(final)


def _month_start(microseconds: int) -> int:
    year, month = divmod(month_of(microseconds), 100)
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * MICROSECONDS
