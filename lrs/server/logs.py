"""What a server process says of itself, on stderr: the lines of the access log together, ten times a second, all else at once.

A line by itself is a call into the system, during which the thread that answers requests hands the interpreter to others, and waits until it is back.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TextIO

_FORM = "%(asctime)s %(levelname)s %(name)s %(message)s"
_SECONDS = 0.1
_MOST = 10_000
"""Lines that wait: whoever logs one more waits itself until they are written."""


def start_logging() -> None:
    """Send what the package logs to stderr, unless the program has arranged something itself."""
    if not logging.getLogger().handlers:
        logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=_FORM)
        access = logging.getLogger("lrs.access")
        access.addHandler(Gathering(sys.stderr))
        access.propagate = False
        # They cost time with each line, and are in none.
        logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for foreign in ("uvicorn.error", "asyncio", "clickhouse_connect"):
        logging.getLogger(foreign).setLevel(logging.WARNING)


class Gathering(logging.Handler):
    """Write lines together: within a tenth of a second, and what is left when the process ends."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(_FORM))
        self._stream = stream
        self._lines: deque[str] = deque()
        self._some = threading.Event()
        self._writing = threading.Lock()
        threading.Thread(target=self._write_again_and_again, name="lrs-log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line until the next time."""
        self._lines.append(self.format(record))
        if not self._some.is_set():
            self._some.set()
        if len(self._lines) > _MOST:
            self.flush()

    def flush(self) -> None:
        """Write what waits. Whoever should read it may be gone, or the stream closed."""
        with self._writing, suppress(OSError, ValueError):
            self._stream.write("".join([f"{self._lines.popleft()}\n" for _ in range(len(self._lines))]))
            self._stream.flush()

    def _write_again_and_again(self) -> None:
        while self._some.wait():
            self._some.clear()
            time.sleep(_SECONDS)
            self.flush()
