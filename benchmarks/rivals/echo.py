"""The client's own ceiling: a server that looks at nothing but the length of a request, in as little Python as will do.

Where a row comes near it, the client was measured and not the server. `python -m benchmarks.rivals.echo PORT` is the server.
"""

from __future__ import annotations

import re
import select
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import process
from benchmarks.process import Server

TITLE = "the client's ceiling"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"
_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)\r\n")


def ready() -> None:
    """Be there already."""


def python() -> str:
    """Name the interpreter to be measured with."""
    return sys.executable


@contextmanager
def served(directory: Path, _filled: Path | None, _known: list[bytes]) -> Iterator[Server]:
    """Run the server on a core of its own."""
    port = process.free_port()
    with process.started([python(), "-m", __name__, str(port)], directory, port, cores=process.server_core()) as server:
        yield server


def main(port: str) -> None:
    """Answer until somebody ends it."""
    listening = socket.create_server(("127.0.0.1", int(port)), backlog=1024)
    poll = select.epoll()
    poll.register(listening, select.EPOLLIN)
    lines: dict[int, socket.socket] = {}
    missing: dict[int, int] = {}
    while True:
        for number, _ in poll.poll():
            if number == listening.fileno():
                line = listening.accept()[0]
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                lines[line.fileno()], missing[line.fileno()] = line, 0
                poll.register(line, select.EPOLLIN)
            elif received := lines[number].recv(1 << 18):
                missing[number] = missing[number] or _length(received)
                missing[number] -= len(received)
                if missing[number] == 0:
                    lines[number].send(ANSWER)
            else:
                lines.pop(number).close()


def _length(start: bytes) -> int:
    """Tell from its start how long a request is."""
    found = _LENGTH.search(start)
    if found is None:
        raise ValueError("this server is for requests whose head comes in one piece")
    return start.index(b"\r\n\r\n") + 4 + int(found[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
