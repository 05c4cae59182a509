"""The lines that a server process writes: together, soon, and none lost."""

from __future__ import annotations

import io
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections import deque
from datetime import datetime
from typing import Any

import pytest

from lrs.server import logs
from lrs.server.logs import Gathering

LINES = 2000
PATIENCE = 10


def answer(number: int) -> tuple[str, str, int, int, float, str, str]:
    """What is known of an answer, whose request has this number."""
    return "GET", "/xapi/statements", 200, 12, 3.21, "someone", str(number)


def test_lines_come_soon_together_and_in_order() -> None:
    """Within a tenth of a second or so, in far fewer calls than there are lines."""

    class Stream(io.StringIO):
        calls = 0

        def write(self, text: str) -> int:
            self.calls += 1
            return super().write(text)

    stream = Stream()
    gathering = Gathering(stream)
    for number in range(LINES):
        gathering(*answer(number))
    end = time.monotonic() + PATIENCE
    while stream.getvalue().count("\n") < LINES and time.monotonic() < end:
        time.sleep(0.01)
    assert [line.rpartition(" ")[2] for line in stream.getvalue().splitlines()] == [str(number) for number in range(LINES)]
    assert stream.calls < LINES / 10


def test_of_many_threads_no_line_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where more are waiting than may wait, either."""
    monkeypatch.setattr(logs, "_MOST", 10)
    stream = io.StringIO()
    gathering = Gathering(stream)
    threads = [threading.Thread(target=lambda: [gathering(*answer(number)) for number in range(LINES)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gathering.flush()
    assert sorted(int(line.rpartition(" ")[2]) for line in stream.getvalue().splitlines()) == sorted([*range(LINES)] * 4)


def test_a_line_that_comes_while_others_are_taken_is_written_too() -> None:
    """Nobody has to log anything more for that."""
    stream = io.StringIO()
    gathering = Gathering(stream)

    class Interrupted(deque[Any]):
        taken = 0

        def popleft(self) -> Any:
            self.taken += 1
            if self.taken == 1:
                gathering(*answer(3))
            return super().popleft()

    gathering._lines = Interrupted()
    gathering(*answer(1))
    gathering(*answer(2))
    end = time.monotonic() + PATIENCE
    while stream.getvalue().count("\n") < 3 and time.monotonic() < end:
        time.sleep(0.01)
    assert sorted(line.rpartition(" ")[2] for line in stream.getvalue().splitlines()) == ["1", "2", "3"]


def test_a_line_is_what_logging_would_write() -> None:
    """The same where the program has arranged its logging itself, and so for whoever reads the lines by a program."""
    stream, record = io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(record)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    log = logging.getLogger("lrs.access")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        gathering = Gathering(stream)
        gathering(*answer(1))
        logs.logged(*answer(1))
        gathering.flush()
    finally:
        log.removeHandler(handler)
        log.setLevel(logging.NOTSET)
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO lrs\.access GET /xapi/statements 200 12 bytes 3\.2 ms someone 1\n", stream.getvalue()
    )
    first, second = (datetime.strptime(each.getvalue()[:23], "%Y-%m-%d %H:%M:%S,%f") for each in (stream, record))  # noqa: DTZ007 -- both are local
    assert abs(first - second).total_seconds() < PATIENCE
    assert stream.getvalue()[23:] == record.getvalue()[23:]


def test_the_last_lines_are_written_when_the_process_ends() -> None:
    """Those of its last tenth of a second too; where nobody reads them any more, it ends all the same."""
    program = "from lrs.server.logs import start_logging; start_logging()('GET', '/healthz', 200, 0, 0.1, '-', 'the last one')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE * 6, check=True)
    assert done.stderr.endswith("INFO lrs.access GET /healthz 200 0 bytes 0.1 ms - the last one\n")
    reading, writing = os.pipe()
    os.close(reading)
    subprocess.run([sys.executable, "-c", program], stderr=writing, timeout=PATIENCE * 6, check=True)
    os.close(writing)
