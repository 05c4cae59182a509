"""The soak runs, and tells a level server from one that grows. How long it takes decides nothing here; what the server holds does."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import data
from benchmarks.rivals.lrs import served
from benchmarks.soak import LEVEL, MIB, Course, Sample, soak

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
    assert 0 < most <= MOST * MIB


@pytest.mark.parametrize(("each_minute", "level"), [(0.0, True), (0.2, True), (2.0, False), (-2.0, False)])
def test_what_is_level(each_minute: float, *, level: bool) -> None:
    """What grows, or shrinks, by more than a twentieth an hour is not level; the time in which caches fill does not count."""
    filling = [Sample(seconds, seconds * MIB) for seconds in range(600)]
    course = Course([*filling, *(Sample(minute * 60.0, int((600 + each_minute * minute) * MIB)) for minute in range(10, 60))])
    held, growth = course.level()
    assert growth == pytest.approx(each_minute * 60, abs=0.1)
    assert (abs(growth) <= held * LEVEL) == level
