"""What a server process says of itself, on stderr: the lines of the access log together, ten times a second, all else at once.

A line by itself is a call into the system, during which the thread that answers requests hands the interpreter to others, and waits until it is back. As a
record of ``logging`` it would cost that thread a tenth of what a request does.
"""

from __future__ import annotations

import atexit
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import TextIO

AccessLog = Callable[[str, str, int, int, float, str, str], None]
"""Takes of each answer: method, resource, status, bytes of the body, milliseconds, who asked, id of the request."""
_FORM = "%(asctime)s %(levelname)s %(name)s %(message)s"
_LINE = "%s %s %d %d bytes %.1f ms %s %s"
_SECONDS = 0.1
_MOST = 10_000
"""Lines that wait: whoever logs one more waits itself until they are written."""

_access = logging.getLogger("lrs.access")


def start_logging() -> AccessLog:
    """Send what the package logs to stderr, unless the program has arranged something itself -> the access log."""
    for foreign in ("asyncio", "clickhouse_connect"):
        logging.getLogger(foreign).setLevel(logging.WARNING)
    if logging.getLogger().handlers:
        return logged
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=_FORM)
    gathering = Gathering(sys.stderr)
    atexit.register(gathering.flush)
    return gathering


def log_warnings() -> None:
    """Send what a process says that answers nothing itself to stderr, if it is a warning."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format=_FORM)


def logged(*answer: str | float) -> None:
    """Hand a line of the access log to the program's own logging, as ``lrs.access``."""
    _access.info(_LINE, *answer)


class Gathering:
    """An access log whose lines are written together: within a tenth of a second, and what is left by :meth:`flush`. Thread-safe."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: deque[tuple[float, tuple[str | float, ...]]] = deque()
        self._some = threading.Event()
        self._writing = threading.Lock()
        threading.Thread(target=self._write_again_and_again, name="lrs-log", daemon=True).start()

    def __call__(self, *answer: str | float) -> None:
        """Keep a line until the next time."""
        self._lines.append((time.time(), answer))
        if not self._some.is_set():
            self._some.set()
        if len(self._lines) > _MOST:
            self.flush()

    def flush(self) -> None:
        """Write what waits. Whoever should read it may be gone, or the stream closed."""
        with self._writing, suppress(OSError, ValueError):
            self._stream.write("".join([_written(*self._lines.popleft()) for _ in range(len(self._lines))]))
            self._stream.flush()

    def _write_again_and_again(self) -> None:
        while self._some.wait():
            self._some.clear()
            time.sleep(_SECONDS)
            self.flush()


def _written(at: float, answer: tuple[str | float, ...]) -> str:
    return f"{_clock(int(at))},{int(at % 1 * 1000):03d} INFO {_access.name} {_LINE % answer}\n"


@lru_cache(maxsize=1)
def _clock(second: int) -> str:
    """Give a second as lines begin with it: most of them share one with the line before."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
