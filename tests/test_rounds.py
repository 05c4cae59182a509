"""What is done again and again beside everything else."""

from __future__ import annotations

import threading

from lrs.errors import LRSError, StoreUnavailable
from lrs.rounds import Stopped, rounds


def test_what_fails_is_told_and_done_again() -> None:
    """An error of the store ends a round, not the rounds; when the block ends, what is under way is told and waited for."""
    done, failed = [], []
    third, ended = threading.Event(), threading.Event()

    def work(stopped: Stopped) -> None:
        done.append(len(done))
        if len(done) < 3:
            raise StoreUnavailable("the test says so")
        third.set()
        while not stopped():
            ended.wait(0.001)
        ended.set()

    with rounds("tried", work, every=0.001, failed=failed.append):
        assert third.wait(30)
        assert "tried" in {thread.name for thread in threading.enumerate()}
    assert ended.is_set()
    assert done == [0, 1, 2]
    assert [type(error) for error in failed] == [StoreUnavailable, StoreUnavailable]
    assert "tried" not in {thread.name for thread in threading.enumerate()}


def test_the_first_round_is_after_a_while_or_at_once() -> None:
    """Who has just looked need not look again; whoever has not asks for it."""
    begun = threading.Event()

    def nothing_goes_wrong(error: LRSError) -> None:
        raise error

    with rounds("late", lambda _: begun.set(), every=3600, failed=nothing_goes_wrong):
        assert not begun.wait(0.05)
    with rounds("soon", lambda _: begun.set(), every=3600, failed=nothing_goes_wrong, at_once=True):
        assert begun.wait(30)
