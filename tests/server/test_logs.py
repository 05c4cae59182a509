"""The lines that a server process writes: together, soon, and none lost."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator

import pytest

from lrs.server import logs
from lrs.server.logs import Gathering

LINES = 2000
PATIENCE = 10


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """A logger that nobody else listens to."""
    log = logging.getLogger("lrs.tests.of.logs")
    log.setLevel(logging.INFO)
    log.propagate = False
    yield log
    for handler in [*log.handlers]:
        log.removeHandler(handler)
        handler.close()


def test_lines_come_soon_together_and_in_order(log: logging.Logger) -> None:
    """Within a tenth of a second or so, in far fewer calls than there are lines."""

    class Stream(io.StringIO):
        calls = 0

        def write(self, text: str) -> int:
            self.calls += 1
            return super().write(text)

    stream = Stream()
    log.addHandler(Gathering(stream))
    for number in range(LINES):
        log.info("line %d", number)
    end = time.monotonic() + PATIENCE
    while stream.getvalue().count("\n") < LINES and time.monotonic() < end:
        time.sleep(0.01)
    assert [line.rpartition(" ")[2] for line in stream.getvalue().splitlines()] == [str(number) for number in range(LINES)]
    assert stream.calls < LINES / 10


def test_of_many_threads_no_line_is_lost(log: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where more are waiting than may wait, either."""
    monkeypatch.setattr(logs, "_MOST", 10)
    stream = io.StringIO()
    gathering = Gathering(stream)
    log.addHandler(gathering)
    threads = [threading.Thread(target=lambda: [log.info("%d", number) for number in range(LINES)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gathering.flush()
    assert sorted(int(line.rpartition(" ")[2]) for line in stream.getvalue().splitlines()) == sorted([*range(LINES)] * 4)


def test_a_line_that_comes_while_others_are_taken_is_written_too(log: logging.Logger) -> None:
    """Nobody has to log anything more for that."""
    stream = io.StringIO()
    gathering = Gathering(stream)

    class Interrupted(deque[str]):
        taken = 0

        def popleft(self) -> str:
            self.taken += 1
            if self.taken == 1:
                log.info("in between")
            return super().popleft()

    gathering._lines = Interrupted()
    log.addHandler(gathering)
    log.info("one")
    log.info("two")
    end = time.monotonic() + PATIENCE
    while stream.getvalue().count("\n") < 3 and time.monotonic() < end:
        time.sleep(0.01)
    assert sorted(line.split(" ", 4)[4] for line in stream.getvalue().splitlines()) == ["in between", "one", "two"]


def test_the_last_lines_are_written_when_the_process_ends() -> None:
    """Those of its last tenth of a second too; where nobody reads them any more, it ends all the same."""
    program = (
        "import logging; from lrs.server.logs import start_logging; start_logging(); logging.getLogger('lrs.access').info('the last line')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE * 6, check=True)
    assert done.stderr.endswith("INFO lrs.access the last line\n")
    reading, writing = os.pipe()
    os.close(reading)
    subprocess.run([sys.executable, "-c", program], stderr=writing, timeout=PATIENCE * 6, check=True)
    os.close(writing)
