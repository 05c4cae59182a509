"""How long reads take in a store with many statements: every filter and pairs of them, the first page and the thousandth, one statement by its id.

python -m benchmarks.reads FOLDER [--statements N] [--calls N] [--only NAME]

fills FOLDER with N statements unless it holds some, and prints for each query the times of `store.query(..., limit=100)` in milliseconds: half and
95 of 100 calls take no longer; the processor time of half of them; the time outside the engine of half of them; and how many statements came. Filters
are drawn from stored statements, so that what comes often is asked for often.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import attrs
import msgspec

import lrs
from benchmarks import data, filled
from benchmarks.machine import machine
from lrs.access import Action, View, decide
from lrs.read import Page, _bound, _Next
from lrs.storage.contract import Selection
from lrs.storage.warehouse.client import Session
from lrs.storage.warehouse.selection import matches

LIMIT = 100
PAGES = 1000
_DRAWN = 40
_SEED = 3
_DAY = 86_400_000_000
Calls = Sequence[Callable[[], object]]


class Timed(msgspec.Struct):
    """Times of calls, in milliseconds; ``rows`` is what the calls gave in all."""

    p50: float
    p95: float
    processor: float
    outside: float
    rows: int


def main() -> None:
    """Measure, print a table, and keep the numbers beside the store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--statements", type=int, default=1_000_000)
    parser.add_argument("--calls", type=int, default=_DRAWN, help="calls of each query")
    parser.add_argument("--only", action="append", default=[], help="measure queries whose name has this; may be repeated")
    options = parser.parse_args()
    if not (options.folder / "keys.json").exists():
        filled.filled(options.folder, options.statements)
    print("\n".join(f"{name}: {value}" for name, value in machine().items()))
    measured = {}
    with lrs.open(options.folder) as store, _Engine() as engine:
        for name, calls in _cases(store, random.Random(_SEED)):
            if not calls or (options.only and not any(part in name for part in options.only)):
                continue
            measured[name] = timed(calls, options.calls, engine)
            each = measured[name]
            print(f"| {name} | {each.p50:.1f} | {each.p95:.1f} | {each.processor:.1f} | {each.outside:.1f} | {each.rows:,} |", flush=True)
    report = {**machine(), "measured": {name: msgspec.to_builtins(each) for name, each in measured.items()}}
    (options.folder / "reads.json").write_text(json.dumps(report, indent=1) + "\n")


def timed(calls: Calls, count: int, engine: _Engine) -> Timed:
    """Call each in turn, once before the clock starts."""
    for call in calls[: min(5, count)]:
        call()
    found = []
    for n in range(count):
        engine.seconds = 0.0
        start, processor = time.perf_counter(), time.process_time()
        page = calls[n % len(calls)]()
        seconds = time.perf_counter() - start
        rows = len(page.bodies) if isinstance(page, Page) else 0
        found.append((seconds, time.process_time() - processor, seconds - engine.seconds, rows))
    clock, processor_, outside, rows_ = (sorted(column) for column in zip(*found, strict=True))
    return Timed(
        1e3 * clock[count // 2], 1e3 * clock[count * 95 // 100], 1e3 * processor_[count // 2], 1e3 * outside[count // 2], sum(rows_)
    )


class _Engine:
    """Counts the seconds that the engine takes."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> Self:
        asked = self._asked = Session.query

        def query(session: Session, *arguments: Any, **more: Any) -> Any:
            start = time.perf_counter()
            try:
                return asked(session, *arguments, **more)
            finally:
                self.seconds += time.perf_counter() - start

        Session.query = query  # type: ignore[method-assign]
        return self

    def __exit__(self, *_exception: object) -> None:
        Session.query = self._asked  # type: ignore[method-assign]


def _cases(store: lrs.LRS, chance: random.Random) -> Iterator[tuple[str, Calls]]:
    drawn = _drawn(store, chance)
    singles = ("agent", "verb", "activity", "registration", "related_agents", "related_activities")
    pairs = (("agent", "verb"), ("agent", "activity"), ("agent", "registration"), ("verb", "activity"), ("verb", "registration"))
    pairs += (("agent", "related_activities"), ("verb", "related_activities"), ("agent", "since"), ("verb", "since"))
    yield "no filter", [partial(store.query, limit=LIMIT)]
    for names in [*((name,) for name in singles), ("since",), *pairs]:
        yield " + ".join(names), [partial(store.query, limit=LIMIT, **_filters(each, names)) for each in drawn]
    yield "since, ascending", [partial(store.query, limit=LIMIT, ascending=True, **_filters(each, ("since",))) for each in drawn]
    for names in (("verb",), ("related_activities",), ("agent",), ("since",), ("agent", "verb")):
        yield f"{' + '.join(names)}, page {PAGES:,}", _deep(store, drawn, names)
    reader = attrs.evolve(store.owner, view=View.PSEUDONYMOUS)
    yield "no filter, pseudonymous", [partial(store.query, limit=LIMIT, principal=reader)]
    yield "statementId", [partial(store.query, statement_id=each["id"]) for each in drawn]
    yield from _replays(store)


def _replays(store: lrs.LRS) -> Iterator[tuple[str, Calls]]:
    batches = [data.batches(data.made(1000, seed=n), 1000)[0] for n in range(50, 60)]
    yield "1,000 statements, new", [lambda batch=batch: store.ingest(_fresh(batch)) for batch in batches]
    for batch in batches:
        store.ingest(batch)
    yield "1,000 statements, replayed", [partial(store.ingest, batch) for batch in batches]


def _fresh(batch: bytes) -> bytes:
    return msgspec.json.encode([each | {"id": str(uuid4())} for each in msgspec.json.decode(batch)])


def _drawn(store: lrs.LRS, chance: random.Random) -> list[dict[str, Any]]:
    """Draw statements, and give of each what it can be found by."""
    found = []
    start = int(filled.END.timestamp() * 1e6) - filled.DAYS * _DAY
    while len(found) < _DRAWN:
        since = _iso(start + int(chance.random() * filled.DAYS * _DAY))
        page = store.query(since=since, ascending=True, limit=1)
        for each in page.statements:
            course = each["context"]["contextActivities"]["parent"][0]["id"]
            found.append(
                {
                    "id": each["id"],
                    "agent": each["actor"],
                    "verb": each["verb"]["id"],
                    "activity": each["object"]["id"],
                    "registration": each["context"]["registration"],
                    "related_agents": each["actor"],
                    "related_activities": course,
                    "since": since,
                }
            )
    return found


def _filters(each: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    filters = {}
    for name in names:
        if name.startswith("related_"):
            filters |= {"agent" if name == "related_agents" else "activity": each[name], name: True}
        else:
            filters[name] = each[name]
    return filters


def _deep(store: lrs.LRS, drawn: Sequence[dict[str, Any]], names: Sequence[str]) -> Calls:
    """Give calls for the page of this number, or the last full one, of what has many pages: tokens as the pages before would have given them."""
    calls = []
    tokens = store._keys(store.owner.tenant).tokens  # noqa: SLF001 -- walking through a thousand pages would take too long
    wanted = [each | {"agent": filled.person(0), "since": _iso(int(filled.END.timestamp() * 1e6) - filled.DAYS * _DAY)} for each in drawn]
    for filters in {str(found): found for found in (_filters(each, names) for each in wanted)}.values():
        page = store.query(limit=LIMIT, **filters)
        if page.more is None:
            continue
        reader = store._reader.narrowed(store.owner)  # noqa: SLF001 -- as above
        bound = _bound(reader, decide(reader, Action.READ_STATEMENTS))
        following = msgspec.msgpack.decode(tokens.open(page.more, bound_to=bound, now=int(time.time())), type=_Next)
        after = _stored_at(store, following.selection)
        if after is None:
            continue
        there = msgspec.structs.replace(following, selection=msgspec.structs.replace(following.selection, after=after))
        until = int(time.time()) + 100_000
        calls.append(partial(store.query, more=tokens.seal(msgspec.msgpack.encode(there), bound_to=bound, until=until)))
    return calls


def _stored_at(store: lrs.LRS, selection: Selection) -> int | None:
    """Give when the last statement before the page was stored."""
    query = matches(store.owner.tenant, msgspec.structs.replace(selection, after=None), now=time.time_ns() // 1000, voiding=False)
    with store._warehouse._sessions.reader() as session:  # noqa: SLF001 -- as above
        ((number,),) = session.query("SELECT count()" + query.sql, query.parameters)
        skipped = min((PAGES - 1) * LIMIT, number // LIMIT * LIMIT - LIMIT)
        if skipped <= 0:
            return None
        found = session.query(
            "SELECT toUnixTimestamp64Micro(stored)" + query.sql + " ORDER BY stored DESC LIMIT 1 OFFSET {skipped:UInt64}",
            query.parameters | {"skipped": skipped - 1},
        )
    return int(found[0][0])


def _iso(moment: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment // 1_000_000)) + "Z"


if __name__ == "__main__":
    main()
