"""What stands between two record stores in a bad network: it passes requests on, or does something else to them, as it is told."""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

Fault = Callable[["Handler"], None] | None


class Handler(BaseHTTPRequestHandler):
    """Pass one request on, unless a fault is next."""

    protocol_version = "HTTP/1.1"
    server: Proxy
    body = b""

    def _pass(self) -> None:
        body = self.body = self._body()
        self.server.seen.append((self.command, self.path, body))
        fault = self.server.faults.popleft() if self.server.faults else None
        if fault is None:
            fault = self.server.always
        if fault is not None:
            fault(self)
            return
        status, headers, answer = self.fetched(body)
        self.answer(status, headers, answer)

    do_GET = do_POST = do_PUT = do_DELETE = _pass  # noqa: N815 -- the names that http.server looks for

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def fetched(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Ask the store behind."""
        behind = urlsplit(self.server.behind)
        connection = http.client.HTTPConnection(behind.hostname or "", behind.port, timeout=30)
        kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection", "transfer-encoding")}
        try:
            connection.request(self.command, self.path, body or None, kept)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Give an answer."""
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Stay quiet."""


class Proxy(ThreadingHTTPServer):
    """A server in front of a store. ``faults`` are for the next requests, one each; ``always`` for all others."""

    daemon_threads = True

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behind = behind
        self.faults: deque[Fault] = deque()
        self.always: Fault = None
        self.seen: list[tuple[str, str, bytes]] = []

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def proxy(behind: str) -> Iterator[Proxy]:
    """Run one."""
    with Proxy(behind) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield running
        finally:
            running.shutdown()
            thread.join()


def answers(status: int, **headers: str) -> Callable[[Handler], None]:
    """Answer with a status in place of the store."""
    return lambda handler: handler.answer(status, [(name.replace("_", "-"), value) for name, value in headers.items()], b"")


def closes(handler: Handler) -> None:
    """Close the connection without an answer."""
    handler.close_connection = True


def resets(handler: Handler) -> None:
    """Reset the connection."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def late(seconds: float) -> Callable[[Handler], None]:
    """Pass the request on after a while, and the answer too, should anybody wait for it still."""

    def fault(handler: Handler) -> None:
        time.sleep(seconds)
        with contextlib.suppress(OSError):
            handler.answer(*handler.fetched(handler.body))
        handler.close_connection = True

    return fault


def half(handler: Handler) -> None:
    """Have the store do it, and give half of its answer."""
    body = handler.body
    status, _headers, answer = handler.fetched(body)
    handler.send_response_only(status)
    handler.send_header("Content-Length", str(len(answer) + 10))
    handler.end_headers()
    handler.wfile.write(answer[: len(answer) // 2])
    handler.close_connection = True


def unheard(handler: Handler) -> None:
    """Have the store do it, and say nothing."""
    handler.fetched(handler.body)
    handler.close_connection = True
