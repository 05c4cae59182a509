"""Ingestion over HTTP: a rival's server in one process, ready-made requests from another; everyone is known before the clock starts.

"batches of 100, 8 connections"          "single statements, 256 connections"        "single statements, 64 connections"
"single statements, 1 connection"        "under load": all of the file in batches, the server's memory watched
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import client, data
from benchmarks.process import Server
from benchmarks.result import Result
from benchmarks.task import Task

LOAD = "under load"
CASES = {
    "batches of 100, 8 connections": (100, 8, 500_000),
    "single statements, 256 connections": (1, 256, 200_000),
    "single statements, 64 connections": (1, 64, 100_000),
    "single statements, 1 connection": (1, 1, 20_000),
    LOAD: (100, 8, 1_000_000),
}
"""Statements a request, connections, and as many statements as nobody sends in ten seconds."""
SECONDS = 10.0
WARM = 0.02
_EVERY = 0.25


def measure(task: Task) -> Result:
    """Time from the first request until all that was taken can be read, for ten seconds and that; the first few requests only warm the server up."""
    size, connections, most = CASES[task.case]
    known = data.batches(data.one_for_each_person(task.statements), 1000)
    whole = task.statements[: min(len(task.statements), most) // size * size]
    bodies = data.batches(whole, size) if size > 1 else whole
    task.statements.clear()
    with task.rival.served(task.directory, task.filled, known) as server:
        warm = min(max(int(len(bodies) * WARM), connections), len(bodies) // 2)
        requests = [client.request(server, body) for body in bodies[:warm]]
        client.send(server, requests[:1], 1)  # alone, so that whoever remembers a verified password verifies it once
        client.send(server, requests[1:], connections)
        requests = [client.request(server, body) for body in bodies[warm:]]
        seconds = float("inf") if task.case == LOAD else SECONDS
        before = server.processor()
        with watched(server) as memory:
            load = client.send(server, requests, connections, seconds=seconds)
            settling = client.settle(server)
        return Result(
            statements=len(load.latencies) * size,
            seconds=load.seconds + settling,
            processor=server.processor() - before,
            client=load.processor,
            latencies=load.latencies,
            peak_memory=server.memory("VmHWM"),
            memory=memory,
        )


@contextmanager
def watched(server: Server) -> Iterator[list[int]]:
    """Sample the server's memory meanwhile."""
    samples: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_EVERY):
            samples.append(server.memory())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield samples
    finally:
        over.set()
        thread.join()
