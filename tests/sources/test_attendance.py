"""Who is in which sitting."""

from __future__ import annotations

import pytest

from lrs.sources.attendance import Attendance

AGENT = {"account": {"homePage": "https://visio.example.fr", "name": "u1"}}


def test_memory_is_bounded() -> None:
    """Past the bound the sitting that was heard of first is forgotten; the one that is being told of goes last."""
    attendance = Attendance(largest=3)
    for session, person in [("a", "1"), ("a", "2"), ("b", "1"), ("b", "2")]:
        attendance.came(session, person, AGENT, 1)
    assert attendance.known("a", "1") is None
    assert len(attendance.present("b", 1)) == 2
    attendance.came("c", "1", AGENT, 1)
    attendance.came("b", "3", AGENT, 1)
    assert attendance.known("c", "1") is None
    assert len(attendance.present("b", 1)) == 3


def test_one_sitting_larger_than_the_bound_costs_no_more() -> None:
    """A sitting too large to remember is forgotten, and remembered anew from there."""
    attendance = Attendance(largest=10)
    for person in range(1000):
        attendance.came("a", str(person), AGENT, 1)
        assert len(attendance.present("a", 1)) <= 10


def test_the_end_closes_who_is_there() -> None:
    """Who was closed is there no more, and is closed again only by the same end told again; who comes after the end was not there."""
    attendance = Attendance()
    attendance.came("a", "1", AGENT, 5)
    attendance.came("a", "2", AGENT, 50)
    assert [person for person, _ in attendance.close("a", 20)] == ["1"]
    assert [person for person, _ in attendance.close("a", 20)] == ["1"]
    assert [person for person, _ in attendance.close("a", 30)] == []
    assert len(attendance.present("a", 60)) == 1


@pytest.mark.parametrize(
    ("told", "there"),
    [
        ([("came", 1), ("left", 3), ("came", 5), ("came", 1)], True),
        ([("came", 5), ("left", 7), ("left", 3)], False),
        ([("left", 7), ("came", 5)], False),
        ([("came", 5), ("left", 3)], True),
        ([("left", 3)], False),
    ],
)
def test_each_time_counts_and_not_when_it_was_heard(told: list[tuple[str, int]], there: bool) -> None:  # noqa: FBT001 -- what is expected
    """Times that come late or twice change nothing."""
    attendance = Attendance()
    for did, at in told:
        getattr(attendance, did)("a", "1", AGENT, at)
    assert bool(attendance.present("a", 9)) == there


def test_who_left_a_moment_after_the_end_left_once() -> None:
    """Emitters tell who went with the end after it: told before the end they are not closed, told after it they are known to be."""
    attendance = Attendance()
    attendance.came("a", "1", AGENT, 1)
    attendance.came("a", "2", AGENT, 1)
    assert attendance.left("a", "1", AGENT, 21) is None
    assert [person for person, _ in attendance.close("a", 20)] == ["2"]
    closed = attendance.left("a", "2", AGENT, 21)
    assert closed is not None
    assert closed.closed == 20
    assert attendance.left("a", "1", AGENT, 21) is None


def test_who_comes_back_after_the_end_leaves_anew() -> None:
    """As where a room is opened again under the same id."""
    attendance = Attendance()
    attendance.came("a", "1", AGENT, 1)
    assert len(list(attendance.close("a", 20))) == 1
    attendance.came("a", "1", AGENT, 30)
    assert attendance.left("a", "1", AGENT, 40) is None
