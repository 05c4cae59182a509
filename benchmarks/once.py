"""One measurement in a fresh process: `python -m benchmarks.once MODULE CASE FILE` prints a Result as JSON."""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

import msgspec


def main(module: str, case: str, file: str) -> None:
    """Measure and print."""
    statements = Path(file).read_bytes().splitlines()
    with tempfile.TemporaryDirectory(prefix="lrs-bench-") as directory:
        result = importlib.import_module(f"benchmarks.{module}").measure(case, statements, Path(directory))
    print(msgspec.json.encode(result.with_memory()).decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
