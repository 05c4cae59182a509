"""Deadlines in calendar months (GDPR art. 12(3); Regulation (EEC, Euratom) 1182/71 art. 3(2)(c))."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

ANSWER_MONTHS = 1
EXTENDED_MONTHS = 3
_MONTHS = 12


def months_after(day: date, months: int) -> date:
    """Give the day with the same number so many months later, or the last of its month where it has no such day."""
    years, month = divmod(day.year * _MONTHS + day.month - 1 + months, _MONTHS)
    month += 1
    return date(years, month, min(day.day, monthrange(years, month)[1]))


def due(received: date, *, extended: bool) -> date:
    """Give the last day on which a request can be answered in time: one month after receipt, three when it was extended.

    A day that is no working day is not moved on, as the regulation would allow: who answers by this day is never late.
    """
    return months_after(received, EXTENDED_MONTHS if extended else ANSWER_MONTHS)
