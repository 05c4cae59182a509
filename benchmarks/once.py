"""One measurement in a fresh process: prints a Result as JSON.

python -m benchmarks.once MODULE CASE FILE [RIVAL] [FILLED]

such as: python -m benchmarks.once embedded "people known" statements.jsonl floor
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.task import Task


def main(module: str, case: str, file: str, rival: str = "lrs", filled: str = "") -> None:
    """Measure and print."""
    beside = Path(filled).absolute().parent if filled else None  # where a copy may share the files that never change
    with tempfile.TemporaryDirectory(prefix="lrs-bench-", dir=beside) as directory:
        task = Task(
            case=case,
            rival=importlib.import_module(f"benchmarks.rivals.{rival}"),
            statements=Path(file).read_bytes().splitlines(),
            directory=Path(directory),
            filled=Path(filled) if filled else None,
        )
        result = importlib.import_module(f"benchmarks.{module}").measure(task)
    print(json.dumps(dataclasses.asdict(result.with_memory())))


if __name__ == "__main__":
    main(*sys.argv[1:])
