"""What it costs to start: a fresh interpreter that does what the rival's ``STARTED`` says, the median of several."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from benchmarks.result import Result
from benchmarks.task import Task

TIMES = 15


def measure(task: Task) -> Result:
    """Time the interpreters one after another; the first one, which fills the caches, does not count."""
    return Result(statements=1, seconds=statistics.median([seconds(task.rival.STARTED) for _ in range(TIMES + 1)][1:]))


def seconds(code: str) -> float:
    """Time one interpreter from start to end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start
