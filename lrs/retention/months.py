"""Months, as numbers (yyyymm), and the limits that are counted in them."""

from __future__ import annotations

from datetime import UTC, datetime

from lrs.xapi.formats import month_of

DAY = 86_400_000_000
"""Microseconds."""


def before(month: int) -> int:
    """Give the month before."""
    return month - 1 if month % 100 > 1 else month - 89


def after(month: int) -> int:
    """Give the month after."""
    return month + 1 if month % 100 < 12 else month + 89  # noqa: PLR2004 -- of a year


def unmet_since(now: int) -> int:
    """Give the month before which a writer must have met somebody last who may be let go: whole days lie between."""
    return before(month_of(now))


def seen_through(now: int, days: int) -> int:
    """Give the latest month whose end is so many days ago, at least."""
    return before(month_of(now - days * DAY))


def due(month: int, days: int) -> int:
    """Give the month in which so many days have passed since the end of a month."""
    following = after(month)
    start = int(datetime(following // 100, following % 100, 1, tzinfo=UTC).timestamp()) * 1_000_000
    return month_of(start + days * DAY)


def written(month: int) -> str:
    """Write a month as people do who sort by it: 2031-05."""
    return f"{month // 100:04}-{month % 100:02}"
