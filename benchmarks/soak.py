"""Hours of mixed load on one server, its memory watched: does it stay level?

./dev run python -m benchmarks.soak [--minutes 60] [--people 100000] [--filled DIR] [--every 60] [--most 1536] [--rest 0]

Two connections send batches of 100, two single statements, two read pages by one filter after another. Prints what the server holds each minute, and a
verdict at the end: the slope of a line through all but the first third, and the most that it ever held. A store that takes in ten million statements
an hour grows, and so does what the server holds to find them again: that much is allowed for. The exit status is 1 where the rest is not level, or where
the server holds more than ``--most`` MiB.
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
EACH = 8
"""Bytes that may come with each statement that is stored: what they are is on the page for operators."""
WARM = 1 / 3
_ID = b'{"id":"%b"'
_AFTER = len(_ID % (b"-" * 36))
_VERSION = {"X-Experience-API-Version": "1.0.3"}
PATH = "/xapi/statements"
Step = Callable[[httpx.Client, int], Iterator[tuple[httpx.Response, int]]]
"""Gives answers, each with how many statements were stored before it."""


class Sample(NamedTuple):
    """What the server held, so many seconds after the beginning, when it had stored so many statements since."""

    seconds: float
    memory: int
    stored: int = 0


@dataclass
class Course:
    """What happened: samples of the memory, how many requests were answered with what, how many statements each thread has had stored."""

    samples: list[Sample] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    stored: Counter[int] = field(default_factory=Counter)

    @property
    def statements(self) -> int:
        """How many statements were stored."""
        return sum(list(self.stored.values()))

    def level(self) -> Level:
        """Draw a line through the samples, the first third left out."""
        late = [each for each in self.samples if each.seconds >= self.samples[-1].seconds * WARM]
        held = statistics.median(each.memory for each in late) / MIB
        if len(late) < 2:
            return Level(held, 0.0, 0.0)
        seconds = [each.seconds for each in late]
        memory, stored = (statistics.linear_regression(seconds, [each[n] for each in late]).slope * 3600 for n in (1, 2))
        return Level(held, memory / MIB, stored)


class Level(NamedTuple):
    """What the server held, in MiB, what that grew by in an hour, and how many statements it stored in an hour."""

    held: float
    growth: float
    stored: float

    @property
    def is_flat(self) -> bool:
        """Whether it grew by no more than the store, and did not shrink either: then it had not been level before."""
        room = self.held * LEVEL
        return -room <= self.growth <= room + EACH * self.stored / MIB


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
    level = course.level()
    verdict = "level" if level.is_flat else "NOT LEVEL"
    each = level.growth * MIB / (level.stored or 1)
    print(f"{verdict}: {level.held:,.0f} MiB, {level.growth:+,.1f} MiB an hour, {each:.1f} bytes a statement; at most {most:,.0f} MiB")
    print(f"{course.statements:,} statements; {dict(sorted(course.answers.items()))}")
    sys.exit(0 if level.is_flat and most <= options.most else 1)


def soak(server: Server, statements: list[bytes], seconds: float, every: float, rest: float) -> Course:
    """Send and read for so long -> what happened."""
    course, over = Course(), threading.Event()
    work = [partial(_write, statements, 100), partial(_write, statements, 1), partial(_read, statements)] * 2
    with ThreadPoolExecutor(len(work)) as threads:
        workers = [threads.submit(_work, server, each, over, course, rest) for each in work]
        start = told = time.monotonic()
        while time.monotonic() - start < seconds and not any(worker.done() for worker in workers):
            time.sleep(min(1.0, every))
            course.samples.append(Sample(time.monotonic() - start, server.memory(), course.statements))
            if time.monotonic() - told >= every:
                told = time.monotonic()
                number = sum(course.answers.values())
                print(f"{(told - start) / 60:7.1f} min  {course.samples[-1].memory / MIB:8,.0f} MiB  {number:10,} answers", flush=True)
        over.set()
        for worker in workers:
            worker.result()
    return course


def _work(server: Server, work: Step, over: threading.Event, course: Course, rest: float) -> None:
    """Do the same again and again over one connection, and count the answers."""
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", auth=LOGIN, headers=_VERSION, timeout=120) as client:
        for number in itertools.count():
            if over.is_set():
                return
            for answer, stored in work(client, number):
                course.answers[f"{answer.request.method} {answer.status_code}"] += 1
                course.stored[threading.get_ident()] += stored
            time.sleep(rest)


def _write(statements: list[bytes], size: int, client: httpx.Client, number: int) -> Iterator[tuple[httpx.Response, int]]:
    """Send statements, each under a new id."""
    first = number * size % len(statements)
    body = b",".join(_ID % str(uuid4()).encode() + each[_AFTER:] for each in statements[first : first + size])
    answer = client.post(PATH, content=b"[%b]" % body, headers={"Content-Type": "application/json"})
    yield answer, size if answer.is_success else 0


def _read(statements: list[bytes], client: httpx.Client, number: int) -> Iterator[tuple[httpx.Response, int]]:
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
    yield answer, 0
    if more := answer.json().get("more"):
        yield client.get(more), 0


if __name__ == "__main__":
    main()
