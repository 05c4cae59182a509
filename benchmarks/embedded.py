"""Ingestion from Python: batches of 1,000 into a store in this process, durable and readable when the clock stops.

"people known"   a stream; everyone in it was met in another statement before
"people new"     a stream; nobody was
"acknowledged"   people known, each batch durable before the next is given
"replayed"       the same stream a second time; only this pass is timed
"""

from __future__ import annotations

from benchmarks import data
from benchmarks.result import Result, Stopwatch
from benchmarks.task import Task

BATCH = 1000


def measure(task: Task) -> Result:
    """Time one pass over all statements, and see afterwards that all were stored, or none anew."""
    bodies = data.batches(task.statements, BATCH)
    statements = len(task.statements)
    known = [] if task.case == "people new" else data.batches(data.one_for_each_person(task.statements), BATCH)
    task.statements.clear()  # one copy of them in memory is enough
    with task.rival.opened(task.directory, task.filled) as store:
        store.stream(known)
        if task.case == "replayed":
            store.stream(bodies)
        before = store.count()
        watch = Stopwatch()
        (store.each if task.case == "acknowledged" else store.stream)(bodies)
        result = watch.stop(statements)
        added = store.count() - before
    if added != (0 if task.case == "replayed" else statements):
        raise RuntimeError(f"{added:,} statements were added, of {statements:,}")
    return result
