"""Who sends the requests: ready-made bytes over plain sockets on one core, so that what is measured is the server.

Closed loop: each connection sends its next request as soon as it has the answer to the one before.
"""

from __future__ import annotations

import base64
import re
import select
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from benchmarks import process
from benchmarks.process import LOGIN, Server

PATIENCE = 120
_ANSWER = re.compile(rb"HTTP/1\.1 (\d+).*?\r\ncontent-length: *(\d+)(?=\r\n).*?\r\n\r\n", re.DOTALL | re.IGNORECASE)


@dataclass
class Load:
    """What came of it: how many requests were answered in how many seconds, each one's latency, and the client's own processor time."""

    seconds: float = 0.0
    processor: float = 0.0
    latencies: list[float] = field(default_factory=list)


def request(server: Server, body: bytes = b"", *, method: str = "POST", query: str = "") -> bytes:
    """Give the bytes of one request about statements, as a rule one that stores them."""
    login = base64.b64encode(":".join(LOGIN).encode()).decode()
    head = (
        f"{method} {server.path}{query} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Basic {login}\r\nX-Experience-API-Version: 1.0.3\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def send(server: Server, requests: Iterable[bytes], connections: int, *, seconds: float = float("inf")) -> Load:
    """Send all requests over so many connections, or those for which there is time; any answer but 200 is an error."""
    load = Load()
    with process.pinned(process.client_core()):
        lines = [_Line(server.port) for _ in range(connections)]
        start, processor = time.perf_counter(), time.process_time()
        waiting = _until(iter(requests), start + seconds)
        _work({line.fileno(): line for line in lines if line.begin(waiting)}, waiting, load)
        load.seconds, load.processor = time.perf_counter() - start, time.process_time() - processor
    for line in lines:
        line.close()
    return load


def settle(server: Server) -> float:
    """Read a statement, which shows those that were taken before -> the seconds that it took."""
    return send(server, [request(server, method="GET", query="?limit=1")], 1).seconds


def _until(requests: Iterator[bytes], end: float) -> Iterator[bytes]:
    for each in requests:
        if time.perf_counter() > end:
            return
        yield each


def _work(busy: dict[int, _Line], waiting: Iterator[bytes], load: Load) -> None:
    poll = select.epoll()
    for number, line in busy.items():
        poll.register(number, line.awaits())
    while busy:
        ready = poll.poll(PATIENCE)
        if not ready:
            raise TimeoutError(f"{len(busy)} requests were not answered within {PATIENCE} s")
        for number, _ in ready:
            line = busy[number]
            before = line.awaits()
            if line.go_on():
                load.latencies.append(time.perf_counter() - line.began)
                if not line.begin(waiting):
                    poll.unregister(number)
                    del busy[number]
                    continue
            if line.awaits() != before:
                poll.modify(number, line.awaits())
    poll.close()


class _Line:
    """One connection, and the request that is on its way."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)  # noqa: FBT003 -- the socket's own way to say it
        self._unsent = memoryview(b"")
        self._answer = b""
        self.began = 0.0

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def awaits(self) -> int:
        """Say what the connection has to be ready for."""
        return select.EPOLLOUT if self._unsent else select.EPOLLIN

    def begin(self, waiting: Iterator[bytes]) -> bool:
        """Send the next request, as far as it goes at once; False: there is none."""
        body = next(waiting, None)
        if body is None:
            return False
        self._unsent, self._answer, self.began = memoryview(body), b"", time.perf_counter()
        self._send()
        return True

    def go_on(self) -> bool:
        """Send more, or receive more; True: the answer is complete."""
        if self._unsent:
            self._send()
            return False
        received = self._socket.recv(1 << 18)
        self._answer += received
        found = _ANSWER.match(self._answer)
        if found is None or len(self._answer) < found.end() + int(found[2]):
            if not received:
                raise ConnectionError("the server closed a connection")
            return False
        if found[1] != b"200":
            raise RuntimeError(f"answered: {self._answer[:600]!r}")
        return True

    def _send(self) -> None:
        try:
            self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            return
