"""A server in a process of its own: started, watched and ended by whoever measures it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LOGIN = ("bench", "bench")
ROOT = Path(__file__).parent.parent
PATIENCE = 120
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A server that listens at ``port`` of this machine, and takes statements at ``path``."""

    port: int
    pids: tuple[int, ...]
    path: str = "/xapi/statements"

    def processor(self) -> float:
        """Give the seconds of processor time that it took so far."""
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split() for pid in self.processes()]
        return sum(int(each[11]) + int(each[12]) for each in fields) / _TICKS

    def processes(self) -> list[int]:
        """Give the numbers of its processes, those that they have started among them."""
        found = list(self.pids)
        for pid in found:
            found += [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
        return found

    def memory(self, name: str = "VmRSS") -> int:
        """Give the bytes that it holds now; ``VmHWM``: the most that it ever held."""
        texts = [Path(f"/proc/{pid}/status").read_text() for pid in self.processes()]
        return sum(int(found[1]) * 1024 for text in texts if (found := re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)))


@contextmanager
def started(
    command: list[str],
    directory: Path,
    port: int,
    *,
    path: str = Server.path,
    environ: Mapping[str, str] | None = None,
    cores: set[int] | None = None,
) -> Iterator[Server]:
    """Run a server until it is no longer needed; ``cores`` are those that it may use, all of them as a rule."""
    log = directory / f"server-{port}.log"
    with log.open("wb") as output, pinned(cores):
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **(environ or {})}, cwd=ROOT)
    try:
        _wait(process, port, log)
        yield Server(port, (process.pid,), path)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the server does not listen: {log.read_text(errors='replace')[-2000:]}")


def free_port() -> int:
    """Find a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def pinned(cores: set[int] | None) -> Iterator[None]:
    """Keep this thread, and what it starts meanwhile, on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def client_core() -> set[int]:
    """Choose the core of who sends the requests."""
    return {min(os.sched_getaffinity(0))}


def server_core() -> set[int]:
    """Choose the core of a server that has one worker: not the client's, where there are two."""
    return {max(os.sched_getaffinity(0))}
