"""Deadlines in calendar months."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.accountability.deadline import due, months_after


@pytest.mark.parametrize(
    ("received", "one", "three"),
    [
        ("2026-03-05", "2026-04-05", "2026-06-05"),
        ("2026-08-31", "2026-09-30", "2026-11-30"),
        ("2026-01-31", "2026-02-28", "2026-04-30"),
        ("2028-01-30", "2028-02-29", "2028-04-30"),
        ("2026-11-30", "2026-12-30", "2027-02-28"),
        ("2026-12-31", "2027-01-31", "2027-03-31"),
        ("2028-02-29", "2028-03-29", "2028-05-29"),
    ],
)
def test_a_request_is_due_on_the_same_day_of_a_later_month(received: str, one: str, three: str) -> None:
    """Or on the last day of a month that is shorter; an extension counts from receipt, not from the first deadline."""
    day = date.fromisoformat(received)
    assert str(due(day, extended=False)) == one
    assert str(due(day, extended=True)) == three


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 40))
def test_months_after_a_day_end_in_that_month(day: date, months: int) -> None:
    """The month is the one so many later, the day the same or the month's last."""
    found = months_after(day, months)
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == months
    assert found.day == day.day or (found + timedelta(days=1)).day == 1
    assert found.day <= day.day
