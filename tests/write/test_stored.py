"""``stored`` rises strictly, and Consistent-Through tells the truth."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from lrs.settings import Settings
from lrs.storage.vault import Vault
from lrs.stored import MICROSECONDS, StoredTimes


def at(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * MICROSECONDS  # type: ignore[misc]


def some(number: int) -> list[tuple[str, UUID]]:
    return [("t", uuid4()) for _ in range(number)]


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """Give a vault."""
    opened = Vault.open(Settings(data=tmp_path))
    yield opened
    opened.close()


@contextmanager
def times_of(vault: Vault, clock: Callable[[], int], *, last: int = 0) -> Iterator[StoredTimes]:
    times = StoredTimes(vault, clock, last)
    try:
        yield times
    finally:
        times.close()


def test_times_rise_when_the_clock_goes_back(vault: Vault) -> None:
    """A clock that jumps back neither repeats nor reorders a time."""
    now = 1000
    with times_of(vault, lambda: now) as times:
        first = times.claim(some(10))
        assert first > now
        now = 500
        assert times.claim(some(1)) == first + 10
        assert times.claim(some(1)) == first + 11


def test_times_go_on_after_what_was_stored_before(vault: Vault) -> None:
    """A restart with a clock behind the store goes on where the store was."""
    with times_of(vault, lambda: 5, last=100) as times:
        assert times.claim(some(3)) == 101


@pytest.mark.parametrize("ended", ["closed", "killed"])
def test_times_go_on_after_what_was_announced_before(ended: str, vault: Vault) -> None:
    """A process that begins after another one, its clock set back meanwhile, gives out later times; so it does when the first could not end."""
    now = 5 * MICROSECONDS
    times = StoredTimes(vault, lambda: now, 0)
    now += 60 * MICROSECONDS
    promised = times.consistent_through()
    assert promised == now
    if ended == "closed":
        times.close()
    with times_of(vault, lambda: 5) as following:
        assert promised < following.claim(some(1)) <= promised + (1 if ended == "closed" else 2 * MICROSECONDS + 1)
    times.close()


def test_what_is_announced_at_once_is_leased_before(vault: Vault) -> None:
    """It waits for nothing, promises no time that a next process might give out, and is no more than a moment behind."""
    now = 5 * MICROSECONDS
    with times_of(vault, lambda: now) as times:
        now += 3600 * MICROSECONDS
        end = time.monotonic() + 60
        while times.announced() < now:
            assert times.announced() <= vault.leased()
            assert time.monotonic() < end
            time.sleep(0.01)
        assert vault.leased() >= now


def test_after_a_pause_what_is_announced_is_late(vault: Vault) -> None:
    """Who announces is told that nobody has asked for long, until somebody does."""
    now = 5 * MICROSECONDS
    with times_of(vault, lambda: now) as times:
        assert not times.is_late()
        now += 3600 * MICROSECONDS
        assert times.is_late()
        assert times.consistent_through() == now
        assert not times.is_late()
        assert times.announced() == now


def test_a_group_lies_in_one_month(vault: Vault) -> None:
    """What is inserted together lands in one partition, even over midnight of the last of a month."""
    with times_of(vault, lambda: at(2026, 11, 30, 23, 59, 59) + MICROSECONDS - 3) as times:
        assert times.claim(some(10)) == at(2026, 12, 1)


def test_consistent_through_stays_behind_what_is_in_flight(vault: Vault) -> None:
    """While an insert runs nothing of it is promised; afterwards nothing is stored at or before a promised time."""
    with times_of(vault, lambda: 1000) as times:
        first = times.claim(some(5))
        assert times.consistent_through() == first - 1
        second = times.claim(some(5))
        times.settle(first)
        assert times.consistent_through() == second - 1
        times.settle(second)
        times.settle(second)
        promised = times.consistent_through()
        assert times.claim(some(1)) > promised
