"""Checking alone, on one core: every rule of the data model, against decoding and encoding the same statements with types and no rules."""

from __future__ import annotations

from benchmarks.result import Result, Stopwatch
from benchmarks.task import Task

SECONDS = 10.0
AT_ONCE = 1000


def measure(task: Task) -> Result:
    """Time one pass over the statements, each of them seen once, for ten seconds at most; whoever refuses one is not measured."""
    check = task.rival.checker()
    watch = Stopwatch()
    checked = 0
    while checked < len(task.statements) and watch.seconds < SECONDS:
        for statement in task.statements[checked : checked + AT_ONCE]:
            check(statement)
            checked += 1
    return watch.stop(checked)
