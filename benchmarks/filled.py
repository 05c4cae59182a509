"""A store with any number of statements in it, as a year of courses leaves it: 100,000 people, courses and videos by Zipf's law.

Some thousand statements are taken in by the store itself; what it made of them is inserted again and again straight into the warehouse, each time
under another id, with another of the people, in another course, at another time.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import numpy as np

import lrs
from benchmarks import data
from lrs.storage.contract import Record, TokenisedStatement

PEOPLE = 100_000
COURSES = 2_000
COURSES_OF_A_PERSON = 3
TEMPLATES = 20_000
END = datetime(2026, 6, 30, tzinfo=UTC)
DAYS = 365
AT_ONCE = 25_000
_COURSE = "https://campus.example/courses/course-v1:campus+%05d+session01"
_SEED = 5
_ODD = 0x9E3779B97F4A7C15F39CC0605CEDC835
_UUID = (1 << 128) - 1
_FOUR = 0x4000_8000_0000_0000_0000
_NOT_FOUR = ~0xF000_C000_0000_0000_0000


def filled(folder: Path, number: int) -> None:
    """Fill a new store in ``folder``, and let its merges end."""
    with lrs.open(folder) as store:
        people, templates = _taken_in(store)
        first = int(END.timestamp() * 1e6) - DAYS * 86_400 * 1_000_000
        step = DAYS * 86_400 * 1_000_000 // number
        with ThreadPoolExecutor(1) as writer:
            under_way = None
            for group in _groups(people, templates, number, first, step):
                if under_way is not None:
                    under_way.result()
                under_way = writer.submit(store._warehouse.insert, group)  # noqa: SLF001 -- only what is read is to be slow
            under_way.result()
        settle(store)


def settle(store: lrs.LRS) -> None:
    """Wait until the engine merges nothing for some seconds."""
    quiet = 0
    while quiet < 5:
        with store._warehouse._sessions.reader() as session:  # noqa: SLF001 -- nobody else asks
            merging = session.query("SELECT count() FROM system.merges", {})[0][0]
        quiet = 0 if merging else quiet + 1
        time.sleep(1)


def person(n: int) -> dict[str, object]:
    """Give the person of a rank, from 0: the first one has the most statements."""
    return data._person(random.Random(f"{_SEED} {n}"), n)  # noqa: SLF001 -- the same kind of people


def course(n: int) -> str:
    """Give the course of a rank, from 0."""
    return _COURSE % n


def registration(who: int, where: int) -> UUID:
    """Give the registration of a person in a course."""
    mixed = (who * COURSES + where + 1) * _ODD & _UUID
    mixed = ((mixed ^ mixed >> 61) * _ODD) & _UUID
    return UUID(int=mixed & _NOT_FOUR | _FOUR)


def courses_of() -> np.ndarray:
    """Give the courses of every person, as ranks: PEOPLE x COURSES_OF_A_PERSON."""
    return _zipf(np.random.default_rng(_SEED), COURSES, PEOPLE * COURSES_OF_A_PERSON).reshape(PEOPLE, COURSES_OF_A_PERSON)


def _taken_in(store: lrs.LRS) -> tuple[list[tuple[int, int]], list[TokenisedStatement]]:
    """Let the store meet everybody and take in some statements -> (sid, vid) of people by rank, the rows of the statements."""
    rows: list[TokenisedStatement] = []
    record = store._warehouse.record  # noqa: SLF001 -- to see what is made of statements

    def keep(group: Sequence[TokenisedStatement], _definitions: object) -> Record:
        rows.extend(group)
        return record([])

    store._warehouse.record = keep  # type: ignore[method-assign, assignment]  # noqa: SLF001
    try:
        verb = {"id": "http://adlnet.gov/expapi/verbs/registered"}
        met = ({"actor": person(n), "verb": verb, "object": {"id": "https://campus.example/courses"}} for n in range(PEOPLE))
        store.ingest(met)
        people = [(row.sids[0], row.vids[0]) for row in rows]
        rows.clear()
        store.ingest(iter(data.batches(data.made(TEMPLATES, seed=_SEED), 1000)))
        return people, list(rows)
    finally:
        store._warehouse.record = record  # type: ignore[method-assign]  # noqa: SLF001


def _groups(
    people: list[tuple[int, int]], templates: list[TokenisedStatement], number: int, first: int, step: int
) -> Iterator[list[TokenisedStatement]]:
    chance = np.random.default_rng(_SEED)
    enrolled = courses_of()
    cut = [_cut(row) for row in templates]
    for start in range(0, number, AT_ONCE):
        size = min(AT_ONCE, number - start)
        who = _zipf(chance, PEOPLE, size)
        where = enrolled[who, _zipf(chance, COURSES_OF_A_PERSON, size)].tolist()
        which = chance.integers(0, len(templates), size).tolist()
        fingerprints = chance.integers(0, 1 << 63, size).tolist()
        ids = chance.bytes(16 * size)
        group = []
        for n, (p, c, t) in enumerate(zip(who.tolist(), where, which, strict=True)):
            row, pieces = templates[t], cut[t]
            body, activity, *related = (course(c).join(piece) for piece in pieces)
            stored = first + (start + n) * step
            group.append(
                TokenisedStatement(
                    tenant=row.tenant,
                    id=UUID(bytes=ids[16 * n : 16 * n + 16], version=4),
                    stored=stored,
                    timestamp=stored - 3_000_000 - fingerprints[n] % 1_000_000,
                    verb=row.verb,
                    activity=activity,
                    related=related,
                    registration=registration(p, c),
                    reference=row.reference,
                    references=row.references,
                    voids=row.voids,
                    sids=(people[p][0], *row.sids[1:]),
                    vids=(people[p][1], *row.vids[1:]),
                    roles=row.roles,
                    sealed=row.sealed,
                    fingerprint=fingerprints[n],
                    body=body.encode(),
                    purposes=row.purposes,
                    identity_until=row.identity_until,
                    keep_until=row.keep_until,
                    held=row.held,
                )
            )
        yield group


def _cut(row: TokenisedStatement) -> list[list[str]]:
    """Cut body, activity and related ones where the number of the course stands."""
    if row.sealed:
        raise ValueError("sealed texts belong to one statement: they can't be stored again under another id")
    course = row.activity[: len(_COURSE % 0)]
    return [text.split(course) for text in (row.body.decode(), row.activity, *row.related)]


def _zipf(chance: np.random.Generator, size: int, count: int) -> np.ndarray:
    weights = np.cumsum(1 / np.arange(1, size + 1))
    return np.searchsorted(weights, chance.random(count) * weights[-1], side="right")


if __name__ == "__main__":
    started = time.monotonic()
    filled(Path(sys.argv[1]), int(sys.argv[2]))
    size = sum(path.stat().st_size for path in Path(sys.argv[1]).rglob("*") if path.is_file())
    print(f"{int(sys.argv[2]):,} statements, {size / 1e6:,.0f} MB, {time.monotonic() - started:,.0f} s, {os.getpid()}")
