"""What one measurement says."""

from __future__ import annotations

import resource

import msgspec


class Result(msgspec.Struct, kw_only=True):
    """Statements that were handled, in how many seconds; ``latencies`` in seconds, where requests were timed one by one."""

    statements: int
    seconds: float
    latencies: list[float] = []
    peak_memory: int = 0
    note: str = ""

    @property
    def rate(self) -> float:
        """Statements a second."""
        return self.statements / self.seconds

    def with_memory(self) -> Result:
        """Note the most memory that this process and its children held, in bytes."""
        own, children = (resource.getrusage(who).ru_maxrss * 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        self.peak_memory = max(own, children)
        return self
