"""Waiting in an event loop for what threads bring about."""

from __future__ import annotations

import asyncio
import threading
from asyncio import AbstractEventLoop
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Outcomes:
    """Wait for futures of threads; those that end together wake their loop once, and not once each, which costs a call into the system. Thread-safe."""

    def __init__(self) -> None:
        self._ended: dict[AbstractEventLoop, list[tuple[asyncio.Future[Any], Future[Any]]]] = {}
        self._lock = threading.Lock()

    async def of(self, future: Future[T]) -> T:
        """Wait for a future -> its result, or raises its exception. Who stops waiting leaves it as it is."""
        waiter: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda ended: self._end(waiter, ended))
        return await waiter

    def _end(self, waiter: asyncio.Future[T], ended: Future[T]) -> None:
        loop = waiter.get_loop()
        with self._lock:
            if loop.is_closed():
                return
            together = self._ended.setdefault(loop, [])
            together.append((waiter, ended))
            if len(together) == 1:
                loop.call_soon_threadsafe(self._wake, loop)

    def _wake(self, loop: AbstractEventLoop) -> None:
        with self._lock:
            together = self._ended.pop(loop)
        for waiter, ended in together:
            if waiter.done():
                continue  # Nobody waits any more.
            error = ended.exception()
            if error is None:
                waiter.set_result(ended.result())
            else:
                waiter.set_exception(error)
