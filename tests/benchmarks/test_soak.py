"""The soak runs, and tells a level server from one that grows. How long it takes decides nothing here; what the server holds does."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import data
from benchmarks.rivals.lrs import served
from benchmarks.soak import EACH, MIB, Course, Sample, soak

SECONDS = 20.0
MOST = 1536


def test_a_short_soak(tmp_path: Path) -> None:
    """For some seconds everything is answered, writes and reads of all kinds, and the server holds less than 1.5 GB."""
    statements = data.made(2000, people=500)
    known = data.batches(data.one_for_each_person(statements), 500)
    with served(tmp_path, None, known) as server:
        course = soak(server, statements, SECONDS, every=5.0, rest=0.0)
        most = server.memory("VmHWM")
    print(course.level(), most / MIB, course.answers)
    assert set(course.answers) == {"GET 200", "POST 200"}
    assert 0 < course.samples[-1].stored <= course.statements
    assert 0 < most <= MOST * MIB


@pytest.mark.parametrize(
    ("each_minute", "each_statement", "stored", "level"),
    [
        (0.0, 0, 0, True),
        (0.2, 0, 0, True),
        (2.0, 0, 0, False),
        (-2.0, 0, 0, False),
        (0.0, EACH, 200_000, True),
        (0.2, EACH, 200_000, True),
        (0.0, 2 * EACH, 200_000, False),
        (-2.0, 0, 200_000, False),
    ],
)
def test_what_is_level(each_minute: float, each_statement: int, stored: int, *, level: bool) -> None:
    """What grows, or shrinks, by more than a twentieth an hour is not level; not counted are the time in which caches fill, and what stored statements take."""
    filling = [Sample(seconds, seconds * MIB, seconds * stored // 60) for seconds in range(600)]
    growth = each_minute * MIB + each_statement * stored
    course = Course([*filling, *(Sample(minute * 60.0, int(600 * MIB + growth * minute), minute * stored) for minute in range(10, 60))])
    found = course.level()
    assert found.growth == pytest.approx(growth * 60 / MIB, abs=0.1)
    assert found.stored == pytest.approx(stored * 60, abs=1)
    assert found.is_flat == level
