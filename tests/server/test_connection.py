"""What comes over a socket before it is a request: bounded, and refused in the shape of all errors."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import re
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest

from lrs.errors import LimitExceeded
from lrs.server import frontend
from lrs.server.backend import Backend
from lrs.server.request import Receive, Scope, Send, decompress
from tests.server.process import BOTH, WATCHER, Server

BASIC = b"Authorization: Basic " + base64.b64encode(":".join(BOTH).encode()) + b"\r\nX-Experience-API-Version: 1.0.3\r\nHost: lrs\r\n"
ENDLESS = 4 * 1024 * 1024
HEAD = b"GET /xapi/about HTTP/1.1\r\nHost: lrs\r\n"
CHUNKED = b"POST /xapi/about HTTP/1.1\r\nHost: lrs\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def connection(server: Server) -> Iterator[socket.socket]:
    """A connection to the server, without a client that keeps to the rules."""
    with connected(int(server.address.rpartition(":")[2])) as opened:
        yield opened


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=60)


async def slow(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer after a second."""
    await asyncio.sleep(1)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@contextmanager
def serving(application: Callable[[Scope, Receive, Send], Awaitable[None]], refused: list[int] | None = None) -> Iterator[int]:
    """Serve an application in this process, each side of the server in a thread -> its port; ``refused`` gets what is refused in front."""
    its, ours = socket.socketpair()
    front = frontend.server(its, lost=lambda: None)
    with socket.create_server(("127.0.0.1", 0)) as opened:
        threads = [
            threading.Thread(target=front.run, args=([opened],)),
            threading.Thread(target=asyncio.run, args=(behind(application, ours, [] if refused is None else refused),)),
        ]
        for thread in threads:
            thread.start()
        try:
            yield opened.getsockname()[1]
        finally:
            front.should_exit = True
            for thread in threads:
                thread.join()


async def behind(application: Callable[[Scope, Receive, Send], Awaitable[None]], ours: socket.socket, refused: list[int]) -> None:
    """Answer until the other side has ended."""
    lost = asyncio.Event()
    backend = Backend(application, "", ready=lambda: None, lost=lost.set, refused=lambda each: refused.append(each.status))
    await asyncio.get_running_loop().create_connection(lambda: backend.link, sock=ours)
    await lost.wait()


def answer(connection: socket.socket) -> tuple[bytes, bytes]:
    """Read what is answered until the server hangs up -> (head, body)."""
    answered = b""
    try:
        while piece := connection.recv(65536):
            answered += piece
    except ConnectionResetError:
        pass
    head, _, body = answered.partition(b"\r\n\r\n")
    return head, body


def flood(connection: socket.socket, start: bytes, piece: bytes) -> None:
    """Send ``piece`` again and again, four million bytes in all."""
    connection.sendall(start)
    for _ in range(ENDLESS // len(piece)):
        connection.sendall(piece)


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"GET /xapi/about?", b"a" * 1024),
        (HEAD, b"a" * 1024),
        (HEAD + b"X-A: ", b"a" * 1024),
        (HEAD, b"X-A: b\r\n" * 128),
        (CHUNKED + b"0\r\n", b"X-A: b\r\n" * 128),
        (CHUNKED + b"1;", b"a" * 1024),
    ],
    ids=["address", "name", "value", "headers", "trailer", "extension of a chunk"],
)
def test_a_head_without_end_is_cut_off(connection: socket.socket, start: bytes, piece: bytes) -> None:
    """Nobody, known or not, makes the server keep what never becomes a request: it hangs up after some hundred kilobytes."""
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        flood(connection, start, piece)


def test_a_large_head_is_told(connection: socket.socket) -> None:
    """Who sends a head of 70,000 bytes is told so with 431."""
    connection.sendall(HEAD + b"X-A: " + b"a" * 70_000)
    head, body = answer(connection)
    assert head.startswith(b"HTTP/1.1 431 ")
    assert json.loads(body)["error"]["code"] == "invalid-request"


def test_what_is_refused_in_front_is_counted_and_logged(server: Server) -> None:
    """In the metrics and the access log of the server, though it never was a request."""
    with server.client(WATCHER) as client:
        before = refusals(client.get("/metrics").text)
        told = []
        for sent in (HEAD + b"X-A: " + b"a" * 70_000, b"NO HTTP AT ALL\r\n\r\n"):
            with connected(int(server.address.rpartition(":")[2])) as opened:
                opened.sendall(sent)
                told.append(json.loads(answer(opened)[1])["error"]["request_id"])
        after = refusals(client.get("/metrics").text)
    assert {name: after[name] - before.get(name, 0) for name in ("400", "431", "invalid-request")} == {
        "400": 1,
        "431": 1,
        "invalid-request": 2,
    }
    lines = [line for line in server.printed().splitlines() if line.endswith(tuple(told))]
    assert [line.partition(" (no request) ")[2][:3] for line in lines] == ["431", "400"]


def refusals(metrics: str) -> dict[str, int]:
    """Read how often what was answered with which status though it was no request, and how often with which code of an error anything was."""
    found = re.findall(r'^lrs_answers_total\{resource="\(no request\)",method="\?",status="(\d+)"\} (\d+)', metrics, re.MULTILINE)
    codes = re.findall(r'^lrs_errors_total\{code="([a-z-]+)"\} (\d+)', metrics, re.MULTILINE)
    return {name: int(number) for name, number in found + codes}


def test_large_bodies_and_many_requests_are_no_large_head(server: Server) -> None:
    """A connection may carry far more than a head may, in requests one after the other and in their bodies."""
    with server.client(None) as client:
        for _ in range(20):
            assert client.get("/xapi/about", headers={"X-A": "a" * 10_000}).status_code == 200
        assert client.put("/xapi/statements", content=b"a" * 200_000).status_code == 401


@pytest.mark.parametrize("start", [b"", HEAD], ids=["nothing", "half a head"])
def test_who_does_not_finish_a_head_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, start: bytes) -> None:
    """A connection without a whole head is closed after a while; one that is answering is not."""
    monkeypatch.setattr("lrs.server.connection._PATIENCE", 0.3)
    with serving(slow) as port, connected(port) as silent, connected(port) as asking:
        silent.sendall(start)
        asking.sendall(HEAD + b"\r\n")
        assert answer(silent) == (b"", b"")
        assert asking.recv(65536).startswith(b"HTTP/1.1 204 ")


def test_what_follows_an_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection on which something comes that never becomes a request is closed after a while, too."""
    monkeypatch.setattr("lrs.server.connection._PATIENCE", 0.5)

    async def at_once(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with serving(at_once) as port, connected(port) as connection:
        connection.sendall(HEAD + b"\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 204")
        connection.sendall(b"\r\n")
        assert connection.recv(65536) == b""


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
STATE = (
    b"/xapi/activities/state?activityId=https%3A%2F%2Fa.example%2Fx&stateId=upgrade&agent=%7B%22mbox%22%3A%22mailto%3Aup%40example.fr%22%7D"
)


@pytest.mark.parametrize("pause", [0.0, 0.1], ids=["together", "apart"])
@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "whole"])
def test_an_offer_of_another_protocol_is_passed_over(connection: socket.socket, pause: float, *, chunked: bool) -> None:
    """As Java's own client makes one with every request: the body is this request's, and the connection goes on."""
    content = json.dumps({"page": pause, "chunked": chunked}).encode()
    length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(content)
    head = b"PUT " + STATE + b" HTTP/1.1\r\nContent-Type: application/json\r\n" + BASIC + OFFER + length + b"\r\n\r\n"
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content) if chunked else content
    for piece in (head, body) if pause else (head + body,):
        connection.sendall(piece)
        time.sleep(pause)
    assert connection.recv(65536).startswith(b"HTTP/1.1 204 ")
    connection.sendall(b"GET " + STATE + b" HTTP/1.1\r\n" + BASIC + OFFER + b"Connection: close\r\n\r\n")
    answered, found = answer(connection)
    assert (answered[:12], found) == (b"HTTP/1.1 200", content)


def test_an_offer_that_comes_in_pieces_is_refused(server: Server, connection: socket.socket) -> None:
    """Then what follows can't be told from the other protocol: nothing is stored of it, and nothing taken for another request."""
    with server.client() as client:
        client.put(STATE.decode(), json={"page": 0})
        connection.sendall(b"PUT " + STATE + b" HTTP/1.1\r\nContent-Type: application/json\r\n" + BASIC + OFFER[:60])
        time.sleep(0.2)
        connection.sendall(OFFER[60:] + b"Content-Length: 2\r\n\r\n{}")
        head, body = answer(connection)
        assert head.startswith(b"HTTP/1.1 400 ")
        assert json.loads(body)["error"]["code"] == "invalid-request"
        assert client.get(STATE.decode()).json() == {"page": 0}


@pytest.mark.parametrize("line", [b"CONNECT lrs:80 HTTP/1.1", "GET /é HTTP/1.1".encode()])
def test_a_head_that_is_no_request_leaves_no_traceback(server: Server, connection: socket.socket, line: bytes) -> None:
    """It is refused, and the connection ends."""
    connection.sendall(line + b"\r\nHost: lrs\r\n\r\n")
    assert answer(connection)[0].startswith(b"HTTP/1.1 400 ")
    assert "Traceback" not in server.printed()


def test_what_is_no_http_is_refused_as_everything_is(connection: socket.socket) -> None:
    """400 with the JSON of all errors, for what can't be parsed at all."""
    connection.sendall(b"\0\1\2 nonsense\r\n\r\n")
    head, body = answer(connection)
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["error"].keys() == {"code", "message", "request_id"}


def test_gzip_of_many_members_is_refused() -> None:
    """Each member costs a copy of the rest: a million empty ones would take minutes."""
    with pytest.raises(LimitExceeded):
        decompress(gzip.compress(b"") * 257, 1000)
    assert decompress(gzip.compress(b"a") * 256, 1000) == b"a" * 256
