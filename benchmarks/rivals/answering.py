"""lrs serve, except that it stores nothing: requests are read, credentials verified, and each is answered with an id at once.

What HTTP alone costs; the floor of single statements. `python -m benchmarks.rivals.answering DATA PORT` is the server.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import lrs
from benchmarks import process
from benchmarks.process import Server
from benchmarks.rivals import lrs as storing
from lrs.batch import Receipt

TITLE = "lrs, storing nothing"


def ready() -> None:
    """Be there already."""


def python() -> str:
    """Name the interpreter to be measured with."""
    return sys.executable


@contextmanager
def served(directory: Path, filled: Path | None, known: list[bytes]) -> Iterator[Server]:
    """Run the server on a store that knows the credential."""
    data, port = storing.with_people(directory, filled, known[:1]), process.free_port()
    with process.started([python(), "-m", __name__, str(data), str(port)], directory, port) as server:
        yield server


class Forgetful:
    """A store that takes everything and keeps nothing."""

    def __init__(self, store: lrs.LRS) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def submit(self, _body: bytes, **_how: Any) -> Future[Receipt]:
        """Say at once that it is done."""
        done: Future[Receipt] = Future()
        done.set_result(Receipt(ids=[UUID(int=0)], replayed=frozenset(), refused={}))
        return done


def main(data: str, port: str) -> None:
    """Serve until SIGTERM."""
    from lrs.server import serving

    with lrs.open(data) as store:
        serving.serve(Forgetful(store), serving.Listening(port=int(port)), started=print)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(*sys.argv[1:])
