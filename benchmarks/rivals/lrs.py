"""The store itself, as a program would use it and as an operator would start it: default settings throughout."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import lrs
from benchmarks import process
from benchmarks.process import LOGIN, Server

TITLE = "lrs"
STARTED = "import lrs"
UNCHANGING = {".bin", ".mrk2", ".mrk3", ".cmrk2", ".cmrk3", ".cmrk4", ".idx", ".cidx"}  # ClickHouse writes these once and never again


def ready() -> None:
    """Be there already."""


def python() -> str:
    """Name the interpreter to be measured with."""
    return sys.executable


def checker() -> Callable[[bytes], object]:
    """Give the store's own check: every rule of xAPI 1.0.3."""
    from lrs.privacy.freetext import FreeText
    from lrs.xapi.rules import Checker

    return Checker("1.0.3", keeps=FreeText().keeps).check


@contextmanager
def opened(directory: Path, filled: Path | None) -> Iterator[Store]:
    """Open a new store, or a copy of a filled one."""
    with lrs.open(placed(directory, filled)) as store:
        yield Store(store)


class Store:
    """The open store.

    After each pass a statement is read: reading waits until what is durable in the journal is in its table too, so that nothing is timed that was
    put off until later.
    """

    def __init__(self, store: lrs.LRS) -> None:
        self._store = store

    def stream(self, bodies: list[bytes]) -> None:
        """Give all batches as one stream."""
        self._store.ingest(iter(bodies))
        self._store.query(limit=1)

    def each(self, bodies: list[bytes]) -> None:
        """Give one batch after another, each of them durable before the next."""
        for body in bodies:
            self._store.ingest(body)
        self._store.query(limit=1)

    def count(self) -> int:
        """Count what is stored."""
        return sum(count for _, count in self._store.count("verb"))


@contextmanager
def served(directory: Path, filled: Path | None, known: list[bytes]) -> Iterator[Server]:
    """Run ``lrs serve`` on a store that has met everyone."""
    data = with_people(directory, filled, known)
    port = process.free_port()
    with process.started([python(), "-m", "lrs", "serve", "--data", str(data), "--port", str(port)], directory, port) as server:
        yield server


def with_people(directory: Path, filled: Path | None, known: list[bytes]) -> Path:
    """Prepare the data directory of a server -> the directory."""
    data = placed(directory, filled)
    with lrs.open(data) as store:
        store.credentials.add("bench", username=LOGIN[0], password=LOGIN[1], scopes=("all",))
        store.ingest(iter(known))
    return data


def placed(directory: Path, filled: Path | None) -> Path:
    """Give a data directory: an empty one, or a copy that shares with its original the files that never change."""
    data = directory / "store"
    if filled is not None:
        shutil.copytree(filled, data, symlinks=True, copy_function=_copied)
    return data


def _copied(source: str, target: str) -> None:
    if Path(source).suffix in UNCHANGING:
        os.link(source, target)
    else:
        shutil.copy2(source, target)
