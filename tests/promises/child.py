"""What the tests of broken machines run in a process of its own: ``python -m tests.promises.child ACTION DATA [...]``.

``ingest DATA FIRST``  stores batches for ever, and prints the number of each one once it is acknowledged
``list DATA``          prints the id of every stored statement, as often as it is there
``once DATA``          stores one statement and prints ``stored``, or the code of the error
``hold DATA``          opens the store, prints ``open`` and waits for a line
``merge DATA FIRST``   like ``ingest``, while the engine merges all the time
``through DATA``       like ``ingest``; prints errors too, goes on after them, and stops once something is stored after one
``fill DATA LIMIT``    like ``ingest`` with files limited to LIMIT bytes; prints the error's code and stops
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import lrs

BATCH = 50
NAMESPACE = uuid.UUID("6f1c3c1e-6d0f-4bb8-8f0a-2f3d0a1f8a11")


def statement_id(batch: int, n: int) -> uuid.UUID:
    """The id that statement ``n`` of a batch always has."""
    return uuid.uuid5(NAMESPACE, f"{batch}/{n}")


def batch_of(batch: int) -> list[dict[str, Any]]:
    """The statements that a batch always holds."""
    return [
        {
            "id": str(statement_id(batch, n)),
            "actor": {"account": {"homePage": "https://lms.example.fr", "name": f"learner-{(batch * BATCH + n) % 997}"}},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
            "object": {"id": f"https://lms.example.fr/activity/{n}", "definition": {"description": {"fr": "x" * 400}}},
            "timestamp": "2026-11-24T10:00:00Z",
        }
        for n in range(BATCH)
    ]


def ingest(data: str, first: str) -> None:
    with lrs.open(data) as store:
        print("open", flush=True)
        for batch in range(int(first), sys.maxsize):
            store.ingest(batch_of(batch))
            print(batch, flush=True)


def merge(data: str, first: str) -> None:
    with lrs.open(data) as store:
        print("open", flush=True)
        threading.Thread(target=_merge_for_ever, args=(store,), daemon=True).start()
        for batch in range(int(first), sys.maxsize):
            store.ingest(batch_of(batch))
            print(batch, flush=True)


def _merge_for_ever(store: lrs.LRS) -> None:
    while True:
        with store._warehouse._sessions.writer() as session:
            session.command("OPTIMIZE TABLE statements FINAL")


def through(data: str) -> None:
    failed = 0
    with lrs.open(data) as store:
        batch = 0
        while batch < 10_000 and failed < 300:
            try:
                store.ingest(batch_of(batch))
            except lrs.LRSError as error:
                failed += 1
                print(json.dumps({"code": error.code, "message": str(error), "hint": error.hint}), flush=True)
                time.sleep(0.1)
                continue
            print(batch, flush=True)
            if failed:
                return
            batch += 1


def stored_ids(store: lrs.LRS) -> Iterator[str]:
    page = store.query(limit=1000)
    while True:
        for statement in page.statements:
            yield statement["id"]
        if page.more is None:
            return
        page = store.query(more=page.more)


def list_ids(data: str) -> None:
    with lrs.open(data) as store:
        print(json.dumps(list(stored_ids(store))))


def once(data: str) -> None:
    try:
        with lrs.open(data) as store:
            store.ingest(batch_of(0)[:1])
    except lrs.LRSError as error:
        print(json.dumps({"code": error.code, "message": str(error), "hint": error.hint}))
    else:
        print(json.dumps({"code": "stored"}))


def hold(data: str) -> None:
    with lrs.open(data):
        print("open", flush=True)
        sys.stdin.readline()


def fill(data: str, limit: str) -> None:
    batch = 0
    try:
        with lrs.open(data) as store:
            store.ingest(batch_of(batch))
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
            print(batch, flush=True)
            for batch in range(1, 10_000):
                store.ingest(batch_of(batch))
                print(batch, flush=True)
    except lrs.LRSError as error:
        print(json.dumps({"code": error.code, "message": str(error), "hint": error.hint}), flush=True)


if __name__ == "__main__":
    {"ingest": ingest, "merge": merge, "through": through, "list": list_ids, "once": once, "hold": hold, "fill": fill}[sys.argv[1]](
        *sys.argv[2:]
    )
