"""``stored`` rises strictly, and Consistent-Through tells the truth."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from lrs.stored import MICROSECONDS, StoredTimes


def at(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * MICROSECONDS  # type: ignore[misc]


def some(number: int) -> list[tuple[str, UUID]]:
    return [("t", uuid4()) for _ in range(number)]


def test_times_rise_when_the_clock_goes_back() -> None:
    """A clock that jumps back neither repeats nor reorders a time."""
    moments = iter([1000, 500, 500])
    times = StoredTimes(lambda: next(moments), last=0)
    assert times.claim(some(10)) == 1000
    assert times.claim(some(1)) == 1010
    assert times.claim(some(1)) == 1011


def test_times_go_on_after_what_was_stored_before() -> None:
    """A restart with a clock behind the store goes on where the store was."""
    assert StoredTimes(lambda: 5, last=100).claim(some(3)) == 101


def test_a_group_lies_in_one_month() -> None:
    """What is inserted together lands in one partition, even over midnight of the last of a month."""
    times = StoredTimes(lambda: at(2026, 11, 30, 23, 59, 59) + MICROSECONDS - 3, last=0)
    assert times.claim(some(10)) == at(2026, 12, 1)


def test_consistent_through_stays_behind_what_is_in_flight() -> None:
    """While an insert runs nothing of it is promised; afterwards nothing is stored at or before a promised time."""
    now = 1000
    times = StoredTimes(lambda: now, last=0)
    first = times.claim(some(5))
    assert times.consistent_through() == first - 1
    second = times.claim(some(5))
    times.settle(first)
    assert times.consistent_through() == second - 1
    times.settle(second)
    times.settle(second)
    promised = times.consistent_through()
    assert times.claim(some(1)) > promised
