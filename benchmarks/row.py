"""The vocabulary of the table: what a row is, what can be read off a result, and what a goal says."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.result import Result


@dataclass(frozen=True)
class Measure:
    """A number that a result has: in which unit, shown with how many digits, and whether more of it is better."""

    unit: str
    read: Callable[[Result], float]
    digits: int = 1
    more: bool = False

    def shown(self, number: float) -> str:
        """Write a number down, with its unit."""
        return f"{number:,.{self.digits}f} {self.unit}" if not self.unit.startswith("/") else f"{number:,.{self.digits}f}{self.unit}"


MEASURES = {
    "rate": Measure("/s", lambda result: result.rate, digits=0, more=True),
    "seconds": Measure("ms", lambda result: result.seconds * 1000),
    "p50": Measure("ms", lambda result: result.latency(0.50) * 1000),
    "p95": Measure("ms", lambda result: result.latency(0.95) * 1000),
    "p99": Measure("ms", lambda result: result.latency(0.99) * 1000),
    "memory": Measure("MB", lambda result: result.peak_memory / 1e6, digits=0),
    "growth": Measure("x", lambda result: result.growth, digits=2),
}


@dataclass(frozen=True)
class Goal:
    """What lrs has to reach: ``bound`` times ``of``, a rival in the same round (or ``row/rival``); without ``of`` the number itself.

    ``beyond``: at most so much more than ``of``, in the measure's own unit.
    """

    measure: str
    bound: float
    of: str = ""
    beyond: bool = False

    def value(self, result: Result, other: Result | None) -> float:
        """Compare two results of one round."""
        read = MEASURES[self.measure].read
        if other is None:
            return read(result)
        return (operator.sub if self.beyond else operator.truediv)(read(result), read(other))

    def reached(self, value: float) -> bool:
        """Judge."""
        return value >= self.bound if MEASURES[self.measure].more else value <= self.bound

    @property
    def shown(self) -> str:
        """Say it in a few signs."""
        sign = "≥" if MEASURES[self.measure].more else "≤"
        return f"{sign} {self.written(self.bound)}"

    def written(self, value: float) -> str:
        """Write a value down as this goal compares it."""
        if self.of and not self.beyond:
            return f"{value:.2f} x"
        return MEASURES[self.measure].shown(value)


@dataclass(frozen=True)
class Row:
    """Something that is measured: by which module, which case of it, by whom (lrs first), and what is to be reached.

    ``filled``: it makes sense on a store that holds much already, and is measured only where one is given.
    """

    name: str
    title: str
    module: str
    case: str
    rivals: tuple[str, ...]
    goals: tuple[Goal, ...] = ()
    shows: str = "rate"
    filled: bool = False

    @property
    def needed(self) -> set[str]:
        """Name the other rows that its goals look at."""
        return {goal.of.partition("/")[0] for goal in self.goals if "/" in goal.of}
