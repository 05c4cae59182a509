"""The times at which statements are stored: strictly rising, and honest about what can be read already."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from lrs.xapi.formats import month_of

MICROSECONDS = 1_000_000


class StoredTimes:
    """Allocate ``stored`` times for one process.

    Times rise strictly, whatever the clock does, and no two statements share one. ``clock`` gives microseconds
    since 1970 UTC; ``last`` is the greatest time already stored.
    """

    def __init__(self, clock: Callable[[], int], last: int) -> None:
        self._clock = clock
        self._last = last
        self._in_flight: list[int] = []
        self._lock = threading.Lock()

    def allocate(self, count: int) -> int:
        """Give the first of ``count`` consecutive times; they are in flight until :meth:`settle`.

        All lie in one month, so that an insert makes one part of one partition: the engine stores that all or nothing.
        """
        with self._lock:
            first = max(self._clock(), self._last + 1)
            last = first + count - 1
            if month_of(first) != month_of(last):
                first = _month_start(last)
                last = first + count - 1
            self._last = last
            self._in_flight.append(first)
            return first

    def month(self) -> int:
        """Give the month that it is, as yyyymm."""
        return month_of(self._clock())

    def settle(self, first: int) -> None:
        """Say that what was allocated from ``first`` on is readable, or will never be. Saying it twice is no error."""
        with self._lock:
            if first in self._in_flight:
                self._in_flight.remove(first)

    def consistent_through(self) -> int:
        """Give the time up to which everything stored can be read now (xAPI 1.0.3 Communication 2.1, Consistent-Through)."""
        with self._lock:
            if self._in_flight:
                return min(self._in_flight) - 1
            # Nothing will be stored at or before a time that was announced.
            now = self._clock()
            self._last = max(self._last, now)
            return now


def _month_start(microseconds: int) -> int:
    year, month = divmod(month_of(microseconds), 100)
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * MICROSECONDS
