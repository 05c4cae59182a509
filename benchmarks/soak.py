"""Hours of mixed load on one server, its memory watched: does it stay level?

./dev run python -m benchmarks.soak [--minutes 60] [--people 100000] [--filled DIR] [--every 60] [--most 1536] [--rest 0]

Two connections send batches of 100, two single statements, two read pages by one filter after another. Prints what the server holds each minute, and a
verdict at the end: the slope of a line through all but the first third, and the most that it ever held. The exit status is 1 where that is not level,
or more than ``--most`` MiB.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import httpx
import msgspec

from benchmarks import data
from benchmarks.machine import machine
from benchmarks.process import LOGIN, Server
from benchmarks.rivals.lrs import served

MIB = 1 << 20
LEVEL = 0.05
"""What the memory may grow by in an hour, as a share of itself."""
WARM = 1 / 3
_ID = b'{"id":"%b"'
_AFTER = len(_ID % (b"-" * 36))
_VERSION = {"X-Experience-API-Version": "1.0.3"}
PATH = "/xapi/statements"
Step = Callable[[httpx.Client, int], Iterator[httpx.Response]]


class Sample(NamedTuple):
    """What the server held, so many seconds after the beginning."""

    seconds: float
    memory: int


@dataclass
class Course:
    """What happened: samples of the memory, and how many requests were answered with what."""

    samples: list[Sample] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    def level(self) -> tuple[float, float]:
        """Give (MiB, MiB that it grew by in an hour) of a line through the samples, the first third left out."""
        late = [each for each in self.samples if each.seconds >= self.samples[-1].seconds * WARM]
        if len(late) < 2:
            return self.samples[-1].memory / MIB, 0.0
        slope, _ = statistics.linear_regression([each.seconds for each in late], [each.memory for each in late])
        return statistics.median(each.memory for each in late) / MIB, slope * 3600 / MIB


def main() -> None:
    """Load a server, and judge."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description="Watch the memory of a server under mixed load.")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--filled", type=Path, help="data directory of a store that holds much already; it is copied")
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two lines")
    parser.add_argument("--most", type=int, default=1536, help="MiB that the server may hold")
    parser.add_argument("--rest", type=float, default=0.0, help="seconds that each connection rests after each answer")
    options = parser.parse_args()
    print(json.dumps(machine()))
    statements = data.made(options.people, people=options.people)
    known = data.batches(data.one_for_each_person(statements), 1000)
    with tempfile.TemporaryDirectory(prefix="lrs-soak-") as folder, served(Path(folder), options.filled, known) as server:
        course = soak(server, statements, options.minutes * 60, options.every, options.rest)
        most = server.memory("VmHWM") / MIB
    held, growth = course.level()
    flat = abs(growth) <= held * LEVEL
    verdict = "level" if flat else "NOT LEVEL"
    print(f"{verdict}: {held:,.0f} MiB, {growth:+,.1f} MiB an hour; at most {most:,.0f} MiB; {dict(sorted(course.answers.items()))}")
    sys.exit(0 if flat and most <= options.most else 1)


def soak(server: Server, statements: list[bytes], seconds: float, every: float, rest: float) -> Course:
    """Send and read for so long -> what happened."""
    course, over = Course(), threading.Event()
    work = [partial(_write, statements, 100), partial(_write, statements, 1), partial(_read, statements)] * 2
    with ThreadPoolExecutor(len(work)) as threads:
        workers = [threads.submit(_work, server, each, over, course.answers, rest) for each in work]
        start = told = time.monotonic()
        while time.monotonic() - start < seconds and not any(worker.done() for worker in workers):
            time.sleep(min(1.0, every))
            course.samples.append(Sample(time.monotonic() - start, server.memory()))
            if time.monotonic() - told >= every:
                told = time.monotonic()
                number = sum(course.answers.values())
                print(f"{(told - start) / 60:7.1f} min  {course.samples[-1].memory / MIB:8,.0f} MiB  {number:10,} answers", flush=True)
        over.set()
        for worker in workers:
            worker.result()
    return course


def _work(server: Server, work: Step, over: threading.Event, answers: Counter[str], rest: float) -> None:
    """Do the same again and again over one connection, and count the answers."""
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", auth=LOGIN, headers=_VERSION, timeout=120) as client:
        for number in itertools.count():
            if over.is_set():
                return
            for answer in work(client, number):
                answers[f"{answer.request.method} {answer.status_code}"] += 1
            time.sleep(rest)


def _write(statements: list[bytes], size: int, client: httpx.Client, number: int) -> Iterator[httpx.Response]:
    """Send statements, each under a new id."""
    first = number * size % len(statements)
    body = b",".join(_ID % str(uuid4()).encode() + each[_AFTER:] for each in statements[first : first + size])
    yield client.post(PATH, content=b"[%b]" % body, headers={"Content-Type": "application/json"})


def _read(statements: list[bytes], client: httpx.Client, number: int) -> Iterator[httpx.Response]:
    """Read a page by one filter after another, and the next one."""
    chosen = msgspec.json.decode(random.choice(statements))
    filters = [
        {"agent": msgspec.json.encode(chosen["actor"]).decode()},
        {"agent": msgspec.json.encode(chosen["actor"]).decode(), "related_agents": "true"},
        {"verb": chosen["verb"]["id"]},
        {"activity": chosen["object"]["id"]},
        {"registration": chosen["context"]["registration"]},
        {"since": datetime.now(UTC).isoformat(), "ascending": "true"},
        {},
    ]
    answer = client.get(PATH, params={**filters[number % len(filters)], "limit": "50"})
    yield answer
    if more := answer.json().get("more"):
        yield client.get(more)


if __name__ == "__main__":
    main()
