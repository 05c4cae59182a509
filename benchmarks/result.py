"""What one measurement says. Standard library alone: it is made in a rival's own environment too."""

from __future__ import annotations

import resource
import statistics
import time
from dataclasses import dataclass, field


class Stopwatch:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    @property
    def seconds(self) -> float:
        """Give the seconds on the clock so far."""
        return time.perf_counter() - self._start[0]

    def stop(self, statements: int) -> Result:
        """Say how long so many statements took, on the clock and on this process's processors."""
        return Result(statements=statements, seconds=self.seconds, processor=time.process_time() - self._start[1])


@dataclass(kw_only=True)
class Result:
    """Statements that were handled, in how many seconds; ``latencies`` in seconds, where requests were timed one by one.

    ``processor``: seconds of processor time of all threads of what was measured, which a busy machine changes less than the clock; ``client``:
    the same of who sent the requests. ``peak_memory`` in bytes, of what was measured; ``memory`` is its course, one sample after another.
    """

    statements: int
    seconds: float
    processor: float = 0.0
    client: float = 0.0
    latencies: list[float] = field(default_factory=list)
    peak_memory: int = 0
    memory: list[int] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Statements a second."""
        return self.statements / self.seconds

    def latency(self, share: float) -> float:
        """Give the seconds that this share of the requests took at most."""
        return sorted(self.latencies)[min(int(len(self.latencies) * share), len(self.latencies) - 1)]

    @property
    def growth(self) -> float:
        """Compare the memory held in the last quarter of a load with that in the second quarter, when all caches have filled; 1 is flat."""
        quarter = max(len(self.memory) // 4, 1)
        second, last = self.memory[quarter : 2 * quarter] or self.memory, self.memory[-quarter:]
        return statistics.median(last) / statistics.median(second) if second else 1.0

    def with_memory(self) -> Result:
        """Note the most memory that this process held, unless that of another one was measured."""
        self.peak_memory = self.peak_memory or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return self
