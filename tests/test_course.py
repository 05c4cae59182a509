"""The demonstration's course: valid, repeatable, and about nobody."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from lrs.cli.course import WEEKS, statements
from lrs.xapi.rules import Checker

END = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def told() -> list[bytes]:
    """Give the course as it ends on a fixed day."""
    return list(statements(end=END))


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_every_statement_is_valid(told: list[bytes], version: str) -> None:
    """The course keeps every rule of the data model, in both versions."""
    checker = Checker(version)
    for index, statement in enumerate(told):
        checker.check(statement, index=index)


def test_the_same_seed_tells_the_same_story(told: list[bytes]) -> None:
    """Seed and end decide every byte, and another seed tells another story."""
    assert list(statements(end=END)) == told
    assert set(statements(seed=1, end=END)).isdisjoint(told)


def test_the_story_lies_in_the_six_weeks_before_its_end(told: list[bytes]) -> None:
    """Statements come in the order in which they happened, each with an id of its own."""
    decoded = [msgspec.json.decode(statement) for statement in told]
    times = [datetime.fromisoformat(statement["timestamp"]) for statement in decoded]
    assert times == sorted(times)
    assert END - timedelta(weeks=WEEKS) <= times[0] <= times[-1] < END
    assert len({statement["id"] for statement in decoded}) == len(told) > 3000


def test_the_course_is_about_nobody(told: list[bytes]) -> None:
    """Mailboxes and accounts lie under .example, which nobody can register (RFC 2606)."""
    places = set(re.findall(r'"(?:mbox|homePage|openid)":"([^"]*)"', b"\n".join(told).decode()))
    hosts = {re.split(r"[@/]", place.removeprefix("mailto:").removeprefix("https://"))[0 if "://" in place else -1] for place in places}
    assert hosts
    assert all(host.endswith(".example") for host in hosts)
