"""The process in front that speaks HTTP: what it and the one that has the store say to each other, and what happens when one of them is gone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lrs
from lrs.beside import environ
from lrs.server import frontend
from lrs.server.backend import Backend
from lrs.server.link import Answer, Asked, Body, Broken, FromBackend, FromFrontend, Gone, Link, Message, Piece, Read, Ready, Taken
from lrs.server.request import Receive, Scope, Send
from tests.certificates import certificate
from tests.server.process import BOTH, PATIENCE, PATIENT, Server, add_credentials
from tests.server.test_connection import answer, connected, serving
from tests.server.test_process import STATEMENT, run, wait_until_refused

NAMED = b'{"mbox":"mailto:somebody@example.fr"}'
SAID = [Ready(0), Asked(1, "POST", "/xapi/statements", b"a=1", [(b"host", b"lrs")], NAMED), Body(2, NAMED, True), Gone(3), Taken(4)]  # noqa: FBT003
ANSWERED = [Read(1), Answer(2, 200, [(b"etag", b'"1"')], NAMED, True), Piece(2, NAMED, False), Broken(3)]  # noqa: FBT003


class Carrier(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False


def carried(kind: type[list[Message]], groups: list[list[Message]], cuts: list[int]) -> list[Message]:
    """Send messages, those of a group in one turn of the loop; hand over what was written in pieces -> what came."""

    async def send() -> list[Message]:
        came: list[Message] = []
        sending, receiving = Link(kind, lambda _: None, lambda: None), Link(kind, came.extend, lambda: None)
        carrier = Carrier()
        sending.connection_made(carrier)
        for group in groups:
            for message in group:
                sending.put(message)
            await asyncio.sleep(0)
        ends = sorted({min(cut, len(carrier.written)) for cut in cuts} | {len(carrier.written)})
        for start, end in zip([0, *ends], ends, strict=False):
            receiving.data_received(carrier.written[start:end])
        return came

    return asyncio.run(send())


@given(st.lists(st.lists(st.sampled_from(SAID), max_size=3), max_size=4), st.lists(st.integers(0, 500), max_size=20))
def test_messages_arrive_as_they_were_sent(groups: list[list[Message]], cuts: list[int]) -> None:
    """In order and whole, wherever what is written is cut on its way."""
    assert carried(list[FromFrontend], groups, cuts) == [message for group in groups for message in group]


def test_answers_arrive_as_they_were_sent() -> None:
    """The other way, byte by byte."""
    assert carried(list[FromBackend], [ANSWERED], [*range(1000)]) == ANSWERED


def test_messages_show_nobody() -> None:
    """Of a message only the kind and the number can get into a log."""
    for message in SAID + ANSWERED:
        assert repr(message) == f"{type(message).__name__}({message.number})"


START = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]}
GET = b"GET / HTTP/1.1\r\nHost: lrs\r\nConnection: close\r\n\r\n"


def piece(text: bytes, *, more: bool) -> dict[str, object]:
    return {"type": "http.response.body", "body": text, "more_body": more}


def test_an_answer_in_pieces_arrives_whole() -> None:
    """Piece after piece, in order."""

    async def streaming(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(START)
        for text in (b"ab", b"cd"):
            await send(piece(text, more=True))
        await send(piece(b"ef", more=False))

    with serving(streaming) as port, connected(port) as connection:
        connection.sendall(GET)
        head, body = answer(connection)
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert body == b"abcdef"


LONG = START | {"headers": [(b"content-length", b"1000000000")]}


@pytest.mark.parametrize("leaves", [False, True])
def test_an_answer_is_not_made_for_nobody(leaves: bool) -> None:  # noqa: FBT001
    """Of an answer that a client does not take only so much is made as buffers hold; when it goes away, its making ends."""
    made = 0
    ended = threading.Event()

    async def streaming(_scope: Scope, _receive: Receive, send: Send) -> None:
        nonlocal made
        try:
            await send(LONG)
            for _ in range(10_000):
                await send(piece(bytes(100_000), more=True))
                made += 1
        finally:
            ended.set()

    with serving(streaming) as port:
        with connected(port) as connection:
            connection.sendall(GET)
            connection.recv(1000)
            before = -1
            while made > before:
                before = made
                time.sleep(0.3)
            assert 0 < made < 1000
            if not leaves:
                # What is there already, and with it the rest.
                while len(connection.recv(1 << 20)) > 0 and made < before + 100:
                    pass
                assert made >= before + 100
        assert ended.wait(PATIENCE)
    assert made < 10_000


def test_an_answer_that_is_longer_than_it_says_is_not_waited_for() -> None:
    """The connection ends, and so does who makes the answer."""
    ended = threading.Event()

    async def streaming(_scope: Scope, _receive: Receive, send: Send) -> None:
        try:
            await send(START)
            for _ in range(4):
                await send(piece(b"abcd", more=True))
        finally:
            ended.set()

    with serving(streaming) as port, connected(port) as connection:
        connection.sendall(GET)
        assert len(answer(connection)[1]) < 6
        assert ended.wait(PATIENCE)


def test_more_requests_than_can_be_under_way_are_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with Retry-After, as errors are told; whoever is under way is answered, also where clients have gone."""
    monkeypatch.setattr(frontend, "_MOST", 3)
    go_on = threading.Event()

    async def waiting(_scope: Scope, _receive: Receive, send: Send) -> None:
        await asyncio.to_thread(go_on.wait, PATIENCE)
        await send(START)
        await send(piece(b"abcdef", more=False))

    refused: list[int] = []
    with serving(waiting, refused) as port:
        under_way = [connected(port) for _ in range(3)]
        for connection in under_way:
            connection.sendall(GET)
        under_way.pop().close()
        time.sleep(0.2)
        with connected(port) as connection:
            connection.sendall(GET)
            head, body = answer(connection)
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after" in head.lower()
        assert json.loads(body)["error"]["code"] == "store-busy"
        go_on.set()
        for connection in under_way:
            assert answer(connection)[1] == b"abcdef"
            connection.close()
        with connected(port) as connection:
            connection.sendall(GET)
            assert answer(connection)[1] == b"abcdef"
    assert refused == [503]


def test_the_process_in_front_is_given_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither keys nor addresses with passwords, whoever put them into the environment."""
    for name in ("LRS_KEYRING", "LRS_WAREHOUSE", "VAULT_TOKEN", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "secret")
    assert "secret" not in environ().values()


def test_an_answer_that_breaks_off_does_not_look_whole(caplog: pytest.LogCaptureFixture) -> None:
    """The connection ends before the length that was promised; the log says what kind of failure it was, and nothing that it said."""

    async def failing(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(START)
        await send(piece(b"ab", more=True))
        raise RuntimeError(NAMED.decode())

    with serving(failing) as port, connected(port) as connection:
        connection.sendall(GET)
        head, body = answer(connection)
    assert b"content-length: 6" in head
    assert body == b"ab"
    assert "an answer broke off (RuntimeError)" in caplog.text
    assert "somebody" not in caplog.text


def test_what_fails_before_it_answers_is_500() -> None:
    """Whoever asked is told that it went wrong."""

    async def failing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError

    with serving(failing) as port, connected(port) as connection:
        connection.sendall(GET)
        assert answer(connection)[0].startswith(b"HTTP/1.1 500 ")


@pytest.mark.parametrize("length", [20, 200_000])
def test_a_body_comes_as_it_was_sent(length: int) -> None:
    """Small ones at once, large ones piece by piece as they are read, and those that come a byte at a time."""

    async def echoing(_scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message["body"]
            more = message["more_body"]
        await send(START | {"headers": [(b"content-length", b"%d" % len(body))]})
        await send(piece(body, more=False))

    sent = os.urandom(length)
    head = b"POST / HTTP/1.1\r\nHost: lrs\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % length
    with serving(echoing) as port:
        for first in (len(head + sent), len(head), len(head) + 7):
            with connected(port) as connection:
                connection.sendall((head + sent)[:first])
                time.sleep(0.05)
                connection.sendall((head + sent)[first:])
                assert answer(connection)[1] == sent


def test_who_goes_away_before_the_end_of_a_body_is_not_waited_for() -> None:
    """The application is told that nobody is there any more."""
    told: list[str] = []
    was_told = threading.Event()

    async def reading(_scope: Scope, receive: Receive, _send: Send) -> None:
        while not told or told[-1] == "http.request":
            told.append((await receive())["type"])
        was_told.set()

    with serving(reading) as port:
        with connected(port) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: lrs\r\nContent-Length: 10\r\n\r\nabc")
            time.sleep(0.1)
        assert was_told.wait(PATIENCE)
    assert told == ["http.request", "http.disconnect"]


@pytest.mark.parametrize("streams", [False, True])
def test_without_the_process_in_front_no_request_waits(streams: bool) -> None:  # noqa: FBT001
    """Who reads a body is told that the client is gone, who sends an answer too; nothing that they hold is held for longer."""
    told: list[str] = []
    ended = asyncio.Event()

    async def application(_scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if streams:
                await send(START)
                await send(piece(b"ab", more=True))
            told.append((await receive())["type"])
        except OSError as error:
            told.append(type(error).__name__)
        ended.set()

    async def ask() -> None:
        ours, its = socket.socketpair()
        lost, loop = asyncio.Event(), asyncio.get_running_loop()
        backend = Backend(application, "", ready=lambda: None, lost=lost.set, refused=lambda _: None)
        came = asyncio.Event()
        front = Link(list[FromBackend], lambda _: came.set(), lambda: None)
        await loop.create_connection(lambda: backend.link, sock=ours)
        transport, _ = await loop.create_connection(lambda: front, sock=its)
        front.put(Asked(1, "POST", "/", b"", [], None))
        await came.wait()
        transport.close()
        await lost.wait()
        async with asyncio.timeout(PATIENCE):
            await ended.wait()

    asyncio.run(ask())
    assert told == (["ClientGone"] if streams else ["http.disconnect"])


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server that may be harmed."""
    (tmp_path / "data").mkdir()
    add_credentials(tmp_path / "data")
    server = Server(tmp_path)
    yield server
    server.stop()


def in_front_of(server: Server) -> int:
    """Give the process that speaks HTTP for a server."""
    for task in Path(f"/proc/{server.process.pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            if b"lrs.server.frontend" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
    raise AssertionError("nobody speaks HTTP for it")


def test_without_the_process_in_front_nothing_is_lost(own: Server) -> None:
    """Killed while clients write, it is started again; what was acknowledged is there once, and whoever repeats what was not is served."""
    acknowledged: list[str] = []
    over = threading.Event()

    def write(number: int) -> None:
        statement = STATEMENT | {"actor": {"mbox": f"mailto:writer-{number}@example.fr"}}
        del statement["id"]
        while not over.is_set():
            try:
                reply = httpx.post(f"{own.address}/xapi/statements", json=statement, auth=BOTH, headers=own.client().headers, **PATIENT)
            except httpx.TransportError:
                continue
            acknowledged.extend(reply.raise_for_status().json())

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for writer in writers:
        writer.start()
    for _ in range(2):
        wait_for_more(acknowledged)
        os.kill(in_front_of(own), signal.SIGKILL)
    wait_for_more(acknowledged)
    over.set()
    for writer in writers:
        writer.join()
    assert own.printed().count("has ended (status -9), and is started again") == 2
    assert own.stop() == 0
    with lrs.open(own.data) as store:
        stored = [found["id"] for found in every(store)]
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))


def wait_for_more(acknowledged: list[str]) -> None:
    """Wait until ten more statements are acknowledged."""
    enough, end = len(acknowledged) + 10, time.monotonic() + PATIENCE
    while len(acknowledged) < enough:
        assert time.monotonic() < end
        time.sleep(0.01)


def every(store: lrs.LRS) -> Iterator[dict[str, object]]:
    page = store.query(limit=1000)
    while True:
        yield from page.statements
        if page.more is None:
            return
        page = store.query(more=page.more)


def test_without_the_store_nobody_answers(own: Server) -> None:
    """The process in front ends when the other one is killed, and leaves the port to the next."""
    front = in_front_of(own)
    own.process.kill()
    own.process.wait(PATIENCE)
    wait_until_refused(int(own.address.rpartition(":")[2]))
    end = time.monotonic() + PATIENCE
    while Path(f"/proc/{front}").exists() and "zombie" not in Path(f"/proc/{front}/status").read_text():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_told_both_at_once_it_ends_as_ever(own: Server) -> None:
    """As a supervisor does that ends all processes of a service."""
    os.kill(in_front_of(own), signal.SIGTERM)
    assert own.stop() == 0
    assert "started again" not in own._printed()


def test_interrupted_twice_it_waits_for_nobody(own: Server) -> None:
    """A second Ctrl-C ends it at once, a second SIGTERM does not, although a client has not sent all of its body."""
    with connected(int(own.address.rpartition(":")[2])) as connection:
        login = httpx.BasicAuth(*BOTH)
        headers = next(login.auth_flow(httpx.Request("POST", own.address, headers=own.client().headers))).headers
        lines = "".join(f"{name}: {headers[name]}\r\n" for name in ("host", "authorization", "x-experience-api-version"))
        connection.sendall(f"POST /xapi/statements HTTP/1.1\r\n{lines}content-type: application/json\r\nexpect: 100-continue\r\n".encode())
        connection.sendall(b"content-length: 1000\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        own.process.send_signal(signal.SIGINT)
        wait_until_refused(int(own.address.rpartition(":")[2]))
        own.terminate()
        time.sleep(0.5)
        assert own.process.poll() is None
        own.process.send_signal(signal.SIGINT)
        assert own.process.wait(30) == 0


def test_files_for_tls_that_do_not_fit_are_told(tmp_path: Path) -> None:
    """A key of another certificate: in words, with exit status 1."""
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    files = ["--tls-cert", str(certificate(tmp_path / "one")[0]), "--tls-key", str(certificate(tmp_path / "other")[1])]
    done = run("serve", "--data", str(tmp_path / "data"), "--port", "0", *files)
    assert done.returncode == 1
    assert "belong together" in done.stderr
    assert "Traceback" not in done.stderr
