"""Ingestion from Python: checked, tokenised, sealed, fsynced; a stream of batches of 1,000 into an embedded store."""

from __future__ import annotations

from pathlib import Path

import lrs
from benchmarks import data
from benchmarks.result import Result, Stopwatch

TITLE = "lrs embedded, store.ingest(stream)"
CASES = ("people known", "people new")


def measure(case: str, statements: list[bytes], directory: Path) -> Result:
    """Time one stream; with "people known" everyone in it was met in another statement before."""
    bodies = data.batches(statements, 1000)
    with lrs.open(directory / "store") as store:
        if case == "people known":
            store.ingest(iter(data.batches(data.one_for_each_person(statements), 1000)))
        watch = Stopwatch()
        ids = store.ingest(iter(bodies))
        return watch.stop(len(set(ids)))
