"""Waiting in an event loop for what threads bring about."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

import pytest

from lrs.server.outcomes import Outcomes


def test_who_waits_gets_the_result_or_the_error() -> None:
    """Whatever a thread makes of a future reaches the one who waits for it, and nobody else."""

    async def wait() -> tuple[Any, Any]:
        outcomes, good, bad = Outcomes(), Future[int](), Future[int]()
        waiting = asyncio.gather(outcomes.of(good), outcomes.of(bad), return_exceptions=True)
        await asyncio.sleep(0)
        _in_a_thread(partial(good.set_result, 7), partial(bad.set_exception, KeyError("gone")))
        return await waiting

    seven, error = asyncio.run(wait())
    assert seven == 7
    assert isinstance(error, KeyError)


def test_what_ended_before_is_given_at_once() -> None:
    """A future that has ended before anybody waits for it keeps nobody waiting."""
    done: Future[int] = Future()
    done.set_result(1)
    assert asyncio.run(asyncio.wait_for(Outcomes().of(done), 5)) == 1


def test_those_that_end_together_wake_the_loop_once() -> None:
    """However many futures end before the loop gets to run, it is called once; those that end later call it again."""

    async def wait() -> int:
        loop, outcomes = asyncio.get_running_loop(), Outcomes()
        calls: list[object] = []
        call = loop.call_soon_threadsafe

        def counted(*what: Any, **how: Any) -> asyncio.Handle:
            calls.append(what)
            return call(*what, **how)

        loop.call_soon_threadsafe = counted  # type: ignore[assignment, method-assign]
        for _ in range(2):
            futures: list[Future[int]] = [Future() for _ in range(50)]
            waiting = asyncio.gather(*map(outcomes.of, futures))
            await asyncio.sleep(0)
            _in_a_thread(*(partial(each.set_result, n) for n, each in enumerate(futures)))
            assert await waiting == list(range(50))
        return len(calls)

    assert asyncio.run(wait()) == 2


def test_who_went_away_is_not_told() -> None:
    """A wait that was given up harms neither the future nor those who wait for others."""

    async def wait() -> int:
        outcomes, left, kept = Outcomes(), Future[int](), Future[int]()
        given_up = asyncio.ensure_future(outcomes.of(left))
        waiting = asyncio.ensure_future(outcomes.of(kept))
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        _in_a_thread(partial(left.set_result, 1), partial(kept.set_result, 2))
        assert left.result() == 1
        return await waiting

    assert asyncio.run(wait()) == 2


def test_a_loop_that_is_gone_is_not_called(caplog: pytest.LogCaptureFixture) -> None:
    """What ends after its loop was closed is nobody's: no error, and nothing is logged."""
    late: Future[int] = Future()

    async def wait() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(Outcomes().of(late), 0.01)

    asyncio.run(wait())
    late.set_result(1)
    assert not caplog.records


def _in_a_thread(*steps: Callable[[], None]) -> None:
    def run() -> None:
        for step in steps:
            step()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
