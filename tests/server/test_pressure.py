"""More than the server can do, and clients that are slow: each is told so, and nobody else waits for them."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs
import httpx
import pytest

import lrs
from lrs.asgi import create_app
from lrs.credentials import passwords
from lrs.server import connection
from lrs.settings import Settings
from lrs.storage.contract import Record
from tests.server.process import BOTH, NO_TLS, READER, VERSION, add_credentials
from tests.server.test_connection import connected, serving

QUEUE = 10
ESSAY = b"an essay" * 2_000_000
CLIENTS = 12
"""More than there are threads that read."""
BASIC = b"Authorization: Basic " + base64.b64encode(":".join(BOTH).encode()) + b"\r\nX-Experience-API-Version: 1.0.3\r\nHost: lrs\r\n"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrs.LRS]:
    """A store with a short queue, and patience for some seconds: on a busy machine nobody else runs out of it."""
    data = tmp_path_factory.mktemp("pressed")
    add_credentials(data)
    with lrs.open(Settings(data=data, queue_statements=QUEUE, group_statements=5, body_seconds=4)) as opened:
        yield opened


@pytest.fixture(scope="module")
def port(store: lrs.LRS) -> Iterator[int]:
    """The port of a server in this process."""
    with serving(create_app(store)) as listening:
        yield listening


@pytest.fixture
def client(port: int) -> Iterator[httpx.Client]:
    """Somebody who keeps to the rules."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=BOTH, headers=VERSION, timeout=30, verify=NO_TLS) as made:
        yield made


def batch(number: int) -> list[dict[str, Any]]:
    return [
        {
            "id": str(uuid4()),
            "actor": {"mbox": "mailto:a@example.fr"},
            "verb": {"id": "https://v.example/did"},
            "object": {"id": f"https://a.example/{n}"},
        }
        for n in range(number)
    ]


def ids_of(statements: Sequence[dict[str, Any]]) -> set[str]:
    return {statement["id"] for statement in statements}


def there(client: httpx.Client) -> set[str]:
    return ids_of(client.get("/xapi/statements").raise_for_status().json()["statements"])


def test_a_full_queue_takes_nothing(store: lrs.LRS, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its bound a request is answered 503 with Retry-After, none of its statements is stored, and later the same request is 200."""
    opened, put = threading.Event(), store._warehouse.put

    def held(record: Record) -> None:
        assert opened.wait(30)
        put(record)

    monkeypatch.setattr(store._warehouse, "put", held)
    taken: list[list[dict[str, Any]]] = []
    refused: list[list[dict[str, Any]]] = []

    def send(statements: list[dict[str, Any]]) -> None:
        reply = client.post("/xapi/statements", json=statements)
        if reply.status_code == 200:
            taken.append(statements)
            return
        assert (reply.status_code, reply.json()["error"]["code"]) == (503, "store-busy")
        assert reply.json()["error"]["retryable"]
        assert int(reply.headers["retry-after"]) > 0
        refused.append(statements)

    senders = [threading.Thread(target=send, args=(batch(3),)) for _ in range(20)]
    for sender in senders:
        sender.start()
    deadline = time.monotonic() + 20
    while not refused and time.monotonic() < deadline:
        time.sleep(0.01)
    opened.set()
    for sender in senders:
        sender.join()
    assert taken
    assert refused
    found = there(client)
    assert all(ids_of(statements) <= found for statements in taken)
    assert not any(ids_of(statements) & found for statements in refused)
    assert client.post("/xapi/statements", json=refused[0]).status_code == 200
    assert ids_of(refused[0]) <= there(client)


def test_bodies_have_room_together(store: lrs.LRS, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the settings allow of all bodies under way is refused with 503, at its head where that says enough; when others are done it is taken."""
    monkeypatch.setattr(store, "settings", attrs.evolve(store.settings, max_body_bytes=10_000, max_bodies_bytes=20_000, body_seconds=30))
    app = create_app(store)
    padding = b" " * 8_000

    async def post(gate: asyncio.Barrier | None, *, length: bool = True) -> tuple[int, int]:
        """Send a body, the end of it once all have met at the gate for the second time -> (status, messages that were read)."""
        body, read, answer = padding + json.dumps(batch(1)).encode(), 0, []
        headers = [(b"authorization", b"Basic " + base64.b64encode(":".join(BOTH).encode())), (b"content-type", b"application/json")]
        headers += [(name.lower().encode(), value.encode()) for name, value in VERSION.items()]
        headers += [(b"content-length", str(len(body)).encode())] if length else []

        async def receive() -> dict[str, Any]:
            nonlocal read
            read += 1
            if read == 1:
                return {"type": "http.request", "body": body[:7_900], "more_body": True}
            if gate is not None:
                await gate.wait()
                await gate.wait()
            return {"type": "http.request", "body": body[7_900:], "more_body": False}

        async def send(message: Any) -> None:
            answer.append(message)

        scope = {"type": "http", "method": "POST", "path": "/xapi/statements", "query_string": b"", "headers": headers}
        await app(scope, receive, send)
        return answer[0]["status"], read

    async def all_of_them() -> None:
        gate = asyncio.Barrier(3)
        under_way = [asyncio.create_task(post(gate)) for _ in range(2)]
        await gate.wait()
        assert await post(None) == (503, 0)
        assert await post(None, length=False) == (503, 1)
        await gate.wait()
        assert [await each for each in under_way] == [(200, 2), (200, 2)]
        assert await post(None) == (200, 2)

    asyncio.run(all_of_them())


def test_who_sends_slowly_is_not_waited_for(port: int, client: httpx.Client) -> None:
    """A body that does not come whole within ``body_seconds`` is answered 408, nothing of it is stored, and others are served meanwhile."""
    body = json.dumps(batch(1)).encode()
    head = b"POST /xapi/statements HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(body) + BASIC + b"\r\n"
    with contextlib.ExitStack() as slow:
        waiting = [slow.enter_context(connected(port)) for _ in range(CLIENTS)]
        for connection in waiting:
            connection.sendall(head + body[:-1])
        assert client.post("/xapi/statements", json=batch(1)).status_code == 200
        for connection in waiting:
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "request-timeout"
    assert json.loads(body)[0]["id"] not in there(client)


def test_who_reads_slowly_keeps_nobody_waiting(store: lrs.LRS, port: int, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that ask for large contents and then take nothing hold no thread and no query; after a while they are hung up on."""
    monkeypatch.setattr("lrs.server.connection._PATIENCE", 1.0)
    digest = hashlib.sha256(ESSAY).hexdigest()
    attachment = {"usageType": "https://u.example/1", "display": {}, "contentType": "text/plain", "length": len(ESSAY), "sha2": digest}
    (essay,) = store.ingest([batch(1)[0] | {"attachments": [attachment]}], attachments={digest: ESSAY})
    head = b"GET /xapi/statements?attachments=true&statementId=%b HTTP/1.1\r\n" % str(essay).encode() + BASIC + b"Connection: close\r\n\r\n"
    with contextlib.ExitStack() as slow:
        waiting = [slow.enter_context(narrow(port, head)) for _ in range(CLIENTS)]
        for connection in waiting:
            assert connection.recv(12) == b"HTTP/1.1 200"
        assert str(essay) in there(client)
        assert client.post("/xapi/statements", json=batch(1)).status_code == 200
        time.sleep(2.5)
        for connection in waiting:
            assert received(connection) < len(ESSAY)
    # Who takes it slowly, but does, gets all of it.
    with narrow(port, head) as patient:
        assert received(patient, pause=0.01, patience=20) > len(ESSAY)


def test_who_stops_before_the_end_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little of an answer is left that the system has no room for: a connection is not held for it."""
    made: list[connection.Connection] = []
    begin = connection.Connection.connection_made

    def noted(self: connection.Connection, transport: Any) -> None:
        made.append(self)
        begin(self, transport)

    async def large(scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a" * int(scope["path"][1:])})

    def held() -> list[int]:
        return [left for each in made if not each.transport.is_closing() and (left := each.transport.get_write_buffer_size())]

    monkeypatch.setattr(connection.Connection, "connection_made", noted)
    monkeypatch.setattr(connection, "_PATIENCE", 3.0)
    with serving(large) as listening, contextlib.ExitStack() as clients:
        # About as much as the system takes of an answer by itself: of some there is little left.
        most = int(Path("/proc/sys/net/ipv4/tcp_wmem").read_text().split()[2])
        sizes = range(int(0.8 * most), int(1.1 * most), 25_000)
        for size in sizes:
            clients.enter_context(narrow(listening, b"GET /%d HTTP/1.1\r\nHost: lrs\r\n\r\n" % size))
        while len(made) < len(sizes) or not all(each._joining.written for each in made):
            time.sleep(0.05)
        little = [left for left in held() if left < 64 * 1024]
        until = time.monotonic() + 20
        while held() and time.monotonic() < until:
            time.sleep(0.05)
        assert held() == []
    assert little


def test_lookups_stop_no_writing(store: lrs.LRS, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """While as many as you like wait for the engine, bodies that need a thread are taken."""
    opened, read = threading.Event(), store.read_activity

    def held(*arguments: Any, **named: Any) -> bytes:
        assert opened.wait(60)
        return read(*arguments, **named)

    monkeypatch.setattr(store, "read_activity", held)
    with ThreadPoolExecutor(40) as threads:
        waiting = [threads.submit(client.get, "/xapi/activities", params={"activityId": "https://a.example/1"}) for _ in range(40)]
        time.sleep(0.5)
        try:
            packed = {"content-type": "application/json", "content-encoding": "gzip"}
            sent = client.post("/xapi/statements", content=gzip.compress(json.dumps(batch(1)).encode()), headers=packed, timeout=10)
        finally:
            opened.set()
        assert sent.status_code == 200
        assert {each.result(30).status_code for each in waiting} == {200}


def test_wrong_passwords_keep_no_right_one_waiting(store: lrs.LRS, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are looked at, who was known before is let in."""
    opened, verify = threading.Event(), passwords.verify_password
    assert client.get("/xapi/statements").status_code == 200

    def held(*arguments: Any) -> bool:
        assert opened.wait(60)
        return verify(*arguments)

    monkeypatch.setattr(passwords, "verify_password", held)
    with ThreadPoolExecutor(20) as threads:
        waiting = [threads.submit(client.get, "/xapi/statements", auth=(BOTH[0], f"wrong {n}")) for n in range(20)]
        time.sleep(1.2)  # What is remembered in front of the store's own memory is over.
        try:
            known = client.get("/xapi/statements", timeout=10)
        finally:
            opened.set()
        assert known.status_code == 200
        assert {each.result(60).status_code for each in waiting} == {401}


def test_who_may_not_write_is_told_before_the_body_comes(port: int) -> None:
    """What they would send takes no room."""
    login = base64.b64encode(":".join(READER).encode())
    with connected(port) as waiting:
        waiting.sendall(
            b"POST /xapi/statements HTTP/1.1\r\nHost: lrs\r\nX-Experience-API-Version: 1.0.3\r\nContent-Type: application/json\r\n"
            b"Authorization: Basic " + login + b"\r\nContent-Length: 1000\r\n\r\n["
        )
        assert waiting.recv(65536).startswith(b"HTTP/1.1 403 ")


def test_forms_of_nobody_take_no_room_of_others(store: lrs.LRS, port: int, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form is read before it is known who sends it: however many there are, and however slow, bodies of those who are known are taken."""
    head = b"POST /xapi/statements?method=PUT HTTP/1.1\r\nHost: lrs\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 4194304\r\n\r\n"
    with contextlib.ExitStack() as slow:
        waiting = [slow.enter_context(connected(port)) for _ in range(store.settings.max_bodies_bytes // 4_194_304)]
        for each in waiting:
            # Those for which there is no room are hung up on.
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                each.sendall(head + b"a" * 4_194_303)
        answers = {client.post("/xapi/statements", json=batch(1)).status_code for _ in range(5)}
        assert answers == {200}


def narrow(port: int, request: bytes) -> socket.socket:
    """Ask, with room for little that was not read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
    connection.settimeout(60)
    connection.connect(("127.0.0.1", port))
    connection.sendall(request)
    return connection


def received(connection: socket.socket, *, pause: float = 0.0, patience: float = 1) -> int:
    """Count the bytes that come until the server hangs up, or has nothing more to say for some seconds."""
    connection.settimeout(patience)
    size = 0
    with contextlib.suppress(ConnectionResetError, TimeoutError):
        while piece := connection.recv(1 << 18):
            size += len(piece)
            time.sleep(pause)
    return size


def test_long_queries_stop_no_writing(store: lrs.LRS, client: httpx.Client) -> None:
    """While every session that reads is in the middle of a query, new statements and replays are stored, and probes answered."""
    sent = batch(3)
    with contextlib.ExitStack() as busy:
        for _ in range(4):
            busy.enter_context(store._warehouse._sessions.reader())
        for _ in range(2):
            assert client.post("/xapi/statements", json=sent, timeout=60).status_code == 200
        assert client.get("/readyz", timeout=60).status_code == 200
    assert ids_of(sent) <= there(client)


def test_who_asks_for_readiness_keeps_no_thread_busy(store: lrs.LRS, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a store hangs, probes are answered 503 in time, and large bodies, which need threads too, are taken all the same."""
    monkeypatch.setattr("lrs.server.health._PATIENCE", 0.2)
    opened = threading.Event()
    monkeypatch.setattr(store._warehouse, "ping", lambda: opened.wait(90))
    try:
        assert [client.get("/readyz").status_code for _ in range(CLIENTS)] == [503] * CLIENTS
        large = batch(1)[0] | {"result": {"response": "x" * 300_000}}
        assert client.post("/xapi/statements", json=large, timeout=60).status_code == 200
    finally:
        opened.set()
