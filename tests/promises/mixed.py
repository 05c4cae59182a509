"""All that changes a store, at once, until the process is ended: ``python -m tests.promises.mixed load DATA FIRST`` stores batches from number FIRST on.

Meanwhile parts are merged, people are erased and keys rotate. What is done is said on stdout, and in the journal of a disk where there is one (LRS_JOURNAL):

    open
    storing BATCH             it is on its way
    stored BATCH              acknowledged
    erasing BATCH             the person of the batch who leaves is about to be erased
    erased BATCH              they are
    merging NUMBER            all parts are about to become one
    merged NUMBER             they did
    rotating NUMBER           a new epoch is about to begin, and everything to be wrapped under it
    rotated EPOCH             this epoch was destroyed

``python -m tests.promises.mixed list DATA`` prints (id, name of the actor) of all that is there.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import lrs
from lrs.privacy import rotation

BATCH = 20
LEAVES = 3
"""One batch in so many has somebody who leaves."""
WORKS = {"storing": "stored", "erasing": "erased", "merging": "merged", "rotating": "rotated"}
"""What is said when a work begins: what is said when it ends."""
NAMESPACE = uuid.UUID("b4f4b4f3-27f1-44a4-9a53-5b7c3a1d7f10")


def statement_id(batch: int, n: int) -> str:
    """The id that statement ``n`` of a batch always has."""
    return str(uuid.uuid5(NAMESPACE, f"{batch}/{n}"))


def name_of(batch: int, n: int) -> str:
    """Who did it: the first one of each batch is in no other."""
    return f"leaver-{batch}" if n == 0 else f"learner-{(batch * BATCH + n) % 97}"


def agent(name: str) -> dict[str, Any]:
    return {"account": {"homePage": "https://lms.example.fr", "name": name}}


def batch_of(batch: int) -> list[dict[str, Any]]:
    """The statements that a batch always holds."""
    return [
        {
            "id": statement_id(batch, n),
            "actor": agent(name_of(batch, n)),
            "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
            "object": {"id": f"https://lms.example.fr/activity/{n}", "definition": {"description": {"fr": "x" * 200}}},
            "timestamp": "2026-11-24T10:00:00Z",
        }
        for n in range(BATCH)
    ]


def all_of(data: Path) -> Counter[tuple[str, str]]:
    """Count (id, name) of all that is there, in a process of its own."""
    command = [sys.executable, "-m", "tests.promises.mixed", "list", str(data)]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120, check=True).stdout
    return Counter((each, name) for each, name in json.loads(out.splitlines()[-1]))


def expect(said: Iterable[str], there: Counter[tuple[str, str]], *, following: int) -> None:
    """Fail unless what is there, as (id, name), is what was said; batch ``following`` was perhaps on its way."""
    done: dict[str, set[int]] = {"stored": set(), "erasing": set(), "erased": set()}
    for line in said:
        what, _, batch = line.partition(" ")
        done.setdefault(what, set()).add(int(batch or 0))
    assert set(there.values()) <= {1}
    for batch in done["stored"]:
        for n in range(BATCH):
            once = there[statement_id(batch, n), name_of(batch, n)] == 1
            if n or batch not in done["erasing"]:
                assert once, f"statement {n} of batch {batch} is lost, or somebody else's"
            elif batch in done["erased"]:
                assert not once, f"who was erased of batch {batch} is back"
    more = set(there) - {(statement_id(batch, n), name_of(batch, n)) for batch in done["stored"] for n in range(BATCH)}
    assert more in (set(), {(statement_id(following, n), name_of(following, n)) for n in range(BATCH)})


def under_way(said: Iterable[str]) -> set[str]:
    """Tell what had begun and not ended when a process had said this much, as it says when each begins."""
    begun: set[str] = set()
    for line in said:
        what = line.split()[0]
        begun = {each for each in {*begun, what} & WORKS.keys() if WORKS[each] != what}
    return begun


def _say(text: str) -> None:
    if journal := os.environ.get("LRS_JOURNAL"):
        with Path(journal).open("a") as file:
            file.write(f"mark\t{text}\n")
    # At once with its end: several threads say something.
    print(f"{text}\n", end="", flush=True)


def load(data: str, first: str) -> None:
    """Do all of it."""
    leaving: queue.Queue[int] = queue.Queue()
    with lrs.open(data) as store:
        _say("open")
        for work in (_merge, _erase, _rotate):
            threading.Thread(target=_for_ever, args=(work, store, leaving), daemon=True).start()
        for batch in range(int(first), sys.maxsize):
            _say(f"storing {batch}")
            store.ingest(batch_of(batch))
            _say(f"stored {batch}")
            if batch % LEAVES == 0:
                leaving.put(batch)


def _for_ever(work: Any, store: lrs.LRS, leaving: queue.Queue[int]) -> None:
    try:
        while True:
            work(store, leaving)
    except BaseException:
        _say("broken 0")
        raise


def _merge(store: lrs.LRS, _leaving: queue.Queue[int]) -> None:
    _say("merging 0")
    with store._warehouse._sessions.writer() as session:
        session.command("OPTIMIZE TABLE statements FINAL")
    _say("merged 0")
    time.sleep(0.3)


def _erase(store: lrs.LRS, leaving: queue.Queue[int]) -> None:
    batch = leaving.get()
    _say(f"erasing {batch}")
    store.erase(agent(name_of(batch, 0)))
    _say(f"erased {batch}")


def _rotate(store: lrs.LRS, _leaving: queue.Queue[int]) -> None:
    with rotation.open_rotations(store.settings) as rotations:
        turning = rotations["default"]
        _destroy(turning)  # What a process that was killed has left.
        _say("rotating 0")
        turning.begin()
        for _ in turning.rewrap():
            time.sleep(0.01)
        _destroy(turning)
    time.sleep(0.2)


def _destroy(turning: rotation.Rotation) -> None:
    for state in turning.states():
        if not state.keys and not state.current:
            turning.destroy(state.epoch)
            _say(f"rotated {state.epoch}")


def list_all(data: str) -> None:
    with lrs.open(data) as store:
        page = store.query(limit=1000)
        found = list(page.statements)
        while page.more is not None:
            page = store.query(more=page.more)
            found += page.statements
    print(json.dumps([(each["id"], each["actor"]["account"]["name"]) for each in found]))


if __name__ == "__main__":
    {"load": load, "list": list_all}[sys.argv[1]](*sys.argv[2:])
