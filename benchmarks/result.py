"""What one measurement says."""

from __future__ import annotations

import resource
import time

import msgspec


class Stopwatch:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def stop(self, statements: int) -> Result:
        """Say how long so many statements took, on the clock and on this process's processors."""
        seconds, processor = time.perf_counter() - self._start[0], time.process_time() - self._start[1]
        return Result(statements=statements, seconds=seconds, processor=processor)


class Result(msgspec.Struct, kw_only=True):
    """Statements that were handled, in how many seconds; ``latencies`` in seconds, where requests were timed one by one.

    ``processor``: seconds of processor time of all threads, which a busy machine changes less than the clock.
    """

    statements: int
    seconds: float
    processor: float = 0.0
    latencies: list[float] = []
    peak_memory: int = 0

    @property
    def rate(self) -> float:
        """Statements a second."""
        return self.statements / self.seconds

    def with_memory(self) -> Result:
        """Note the most memory that this process and its children held, in bytes."""
        own, children = (resource.getrusage(who).ru_maxrss * 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        self.peak_memory = max(own, children)
        return self
