"""The server as a process: how it starts, what it refuses, how it ends."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

import lrs
from tests.certificates import certificate
from tests.server.process import BOTH, PATIENCE, PATIENT, VERSION, Server, add_credentials

STATEMENT = {
    "id": "6f1c3c1e-6d0f-4bb8-8f0a-2f3d0a1f8a11",
    "actor": {"mbox": "mailto:a@example.fr"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
    "object": {"id": "https://lms.example.fr/course"},
}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run([sys.executable, "-m", "lrs", *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_a_request_under_way_is_answered_and_durable(tmp_path: Path) -> None:
    """SIGTERM in the middle of a body: the rest is read, stored and answered; then the process ends with 0."""
    (tmp_path / "data").mkdir()
    add_credentials(tmp_path / "data")
    server = Server(tmp_path)
    port = int(server.address.rpartition(":")[2])
    body = json.dumps(STATEMENT).encode()
    request = httpx.Request(
        "POST",
        f"{server.address}/xapi/statements",
        headers=VERSION | {"Content-Type": "application/json", "Expect": "100-continue"},
        content=body,
    )
    request = next(httpx.BasicAuth(*BOTH).auth_flow(request))
    head = b"POST /xapi/statements HTTP/1.1\r\n" + b"".join(b"%b: %b\r\n" % pair for pair in request.headers.raw) + b"\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head + body[:20])
        # The server asks for the body once the request is under way.
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        server.terminate()
        wait_until_refused(port)
        assert server.process.poll() is None
        connection.sendall(body[20:])
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert STATEMENT["id"].encode() in answer
    assert server.stop() == 0
    with lrs.open(tmp_path / "data") as store:
        assert [found["id"] for found in store.query().statements] == [STATEMENT["id"]]


def wait_until_refused(port: int) -> None:
    """Wait until nobody listens there any more."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.02)
    pytest.fail("the server still listens")


def test_what_was_acknowledged_until_the_end_is_there(tmp_path: Path) -> None:
    """Clients that write while the server is told to stop find every acknowledged statement afterwards."""
    (tmp_path / "data").mkdir()
    add_credentials(tmp_path / "data")
    server = Server(tmp_path)
    acknowledged: list[str] = []

    def write() -> None:
        without_id = {key: value for key, value in STATEMENT.items() if key != "id"}
        with server.client() as client:
            while True:
                try:
                    reply = client.post("/xapi/statements", json=without_id)
                except httpx.TransportError:
                    return
                if reply.status_code == 200:
                    acknowledged.extend(reply.json())

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    end = time.monotonic() + PATIENCE
    while len(acknowledged) < 20:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert server.stop() == 0
    for writer in writers:
        writer.join(30)
    assert acknowledged
    with lrs.open(tmp_path / "data") as store:
        stored = set()
        page = store.query(limit=1000)
        while True:
            stored |= {found["id"] for found in page.statements}
            if page.more is None:
                break
            page = store.query(more=page.more)
    assert set(acknowledged) <= stored


def test_it_speaks_tls(tmp_path: Path) -> None:
    """With a certificate the address is https, and a client that checks it is content."""
    cert, key = certificate(tmp_path)
    (tmp_path / "data").mkdir()
    server = Server(tmp_path, "--tls-cert", str(cert), "--tls-key", str(key))
    try:
        assert server.address.startswith("https://")
        with httpx.Client(verify=ssl.create_default_context(cafile=cert)) as client:
            assert client.get(f"{server.address}/healthz").status_code == 200
        assert "lrs credentials add NAME --data" in server.printed()
        limit = Path(f"/proc/{server.process.pid}/limits").read_text()
        assert "Max core file size        0                    0" in limit
    finally:
        assert server.stop() == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "lrs.example"])
def test_plain_http_is_for_this_machine_alone(host: str, tmp_path: Path) -> None:
    """Anything but loopback needs TLS or a proxy that is vouched for; nothing is made before that is clear."""
    done = run("serve", "--data", str(tmp_path / "data"), "--host", host)
    assert done.returncode == 1
    assert "--tls-cert" in done.stderr
    assert "--behind-proxy" in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_proxy_may_be_vouched_for(tmp_path: Path) -> None:
    """``--behind-proxy`` allows plain HTTP on every address."""
    server = Server(tmp_path, "--host", "0.0.0.0", "--behind-proxy")
    try:
        assert httpx.get(f"http://127.0.0.1:{server.address.rpartition(':')[2]}/healthz", **PATIENT).status_code == 200
    finally:
        assert server.stop() == 0


def test_half_a_certificate_is_refused(tmp_path: Path) -> None:
    """A certificate without its key, or a file that is not there."""
    cert, _ = certificate(tmp_path)
    assert "belong together" in run("serve", "--tls-cert", str(cert)).stderr
    assert "not there" in run("serve", "--tls-cert", str(cert), "--tls-key", str(tmp_path / "none.pem")).stderr


def test_a_port_in_use_is_said_so(tmp_path: Path) -> None:
    """In words, with exit status 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("serve", "--data", str(tmp_path / "data"), "--port", str(taken.getsockname()[1]))
    assert (done.returncode, "in use" in done.stderr, "Traceback" in done.stderr) == (1, True, False)


def test_a_directory_in_use_is_said_so(server: Server) -> None:
    """A second server on the same data is told whose it is."""
    done = run("serve", "--data", str(server.data), "--port", "0")
    assert done.returncode == 1
    assert str(server.data) in done.stderr
    assert "stop the other one" in done.stderr
