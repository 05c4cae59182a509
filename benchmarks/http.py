"""Ingestion over HTTP: `lrs serve` in one process, a raw asyncio client with ready-made requests in another."""

from __future__ import annotations

import asyncio
import base64
import socket
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import data
from benchmarks.result import Result

TITLE = "lrs serve, POST /xapi/statements"
CASES = ("batches of 100, 8 connections", "single statements, 64 connections", "single statements, 1 connection")
MOST_SINGLES = 8000
LRS = [sys.executable, "-m", "lrs"]


def measure(case: str, statements: list[bytes], directory: Path) -> Result:
    """Time from the first request to the last answer; a request's latency is its own."""
    size, connections = (100, 8) if case == CASES[0] else (1, 64 if case == CASES[1] else 1)
    if size == 1:
        statements = statements[: MOST_SINGLES if connections > 1 else MOST_SINGLES // 8]
    port, server = serve(directory)
    try:
        bodies = data.batches(statements, size) if size > 1 else statements
        requests = [request(port, body) for body in bodies]
        start = time.perf_counter()
        latencies = asyncio.run(send(port, requests, connections))
        seconds = time.perf_counter() - start
    finally:
        server.terminate()
        server.wait(30)
    return Result(statements=len(statements), seconds=seconds, latencies=latencies)


def serve(directory: Path) -> tuple[int, subprocess.Popen]:
    """Start a server on a new store that knows the credential bench:bench."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    store = ["--data", str(directory / "store")]
    log = directory / "server.log"
    quiet = {"stdout": log.open("ab"), "stderr": subprocess.STDOUT}
    subprocess.run(
        [*LRS, "credentials", "add", "bench", *store, "--username", "bench", "--password", "bench", "--scope", "all"], check=True, **quiet
    )
    server = subprocess.Popen([*LRS, "serve", *store, "--port", str(port)], **quiet)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return port, server
    server.kill()
    raise TimeoutError("the server did not listen within 30 s: " + log.read_text()[-1000:])


def request(port: int, body: bytes) -> bytes:
    """Give the bytes of one request."""
    login = base64.b64encode(b"bench:bench").decode()
    head = (
        f"POST /xapi/statements HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Basic {login}\r\nX-Experience-API-Version: 1.0.3\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def send(port: int, requests: list[bytes], connections: int) -> list[float]:
    """Send all requests over so many connections, each as soon as the one before it on its connection was answered."""
    waiting = iter(requests)
    latencies: list[float] = []

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        for each in waiting:
            start = time.perf_counter()
            writer.write(each)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            body = await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{head.splitlines()[0]!r}: {body[:300]!r}")
            latencies.append(time.perf_counter() - start)
        writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(work())
    return latencies
