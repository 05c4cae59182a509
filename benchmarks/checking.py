"""Checking alone, on one core: every rule of the data model, against decoding and encoding the same statements with types and no rules."""

from __future__ import annotations

from benchmarks.result import Result, Stopwatch
from benchmarks.task import Task


def measure(task: Task) -> Result:
    """Time one pass over the statements, each of them seen once; whoever refuses one is not measured."""
    check = task.rival.checker()
    watch = Stopwatch()
    for statement in task.statements:
        check(statement)
    return watch.stop(len(task.statements))
