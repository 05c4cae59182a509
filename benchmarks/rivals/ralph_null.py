"""Ralph with a backend that stores nothing: what its server costs by itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.process import ROOT, Server
from benchmarks.rivals import ralph

TITLE = "Ralph, storing nothing"
BACKEND = "[ralph.backends.lrs]\nnull = benchmarks.rivals.null_backend:NullLRSBackend\n"

ready, python = ralph.ready, ralph.python


@contextmanager
def served(directory: Path, _filled: Path | None, _known: list[bytes]) -> Iterator[Server]:
    """Run its server, which finds the backend as it finds all others: by the entry points of what is installed."""
    registered = directory / "null_backend-1.dist-info"
    registered.mkdir()
    (registered / "METADATA").write_text("Metadata-Version: 2.1\nName: null-backend\nVersion: 1\n")
    (registered / "entry_points.txt").write_text(BACKEND)
    with ralph.started(directory, {"RALPH_RUNSERVER_BACKEND": "null", "PYTHONPATH": f"{directory}{os.pathsep}{ROOT}"}) as server:
        yield server
