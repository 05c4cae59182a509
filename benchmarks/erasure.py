"""How long an erasure takes: the person has 1,000 statements of a million, in parts as they come about. Prints the machine, the steps and the sizes.

python -m benchmarks.erasure [STATEMENTS]
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import lrs
from lrs.storage.contract import NO_UUID, TokenisedStatement

_PEOPLE = 10_000
_AT_ONCE = 50_000
_OWN = 1000
_ANA = {"mbox": "mailto:ana@example.fr"}
_BODY = b'{"actor":{"$p":0},"verb":{"id":"https://w3id.org/xapi/video/verbs/played"},"object":{"id":"%b"},"context":{"platform":"%b"}}'


def main(number: int) -> None:
    """Fill a store in a temporary folder, erase somebody, and print what it took."""
    with tempfile.TemporaryDirectory() as folder, lrs.open(folder) as store:
        start = time.time_ns() // 1000 - number
        for first in range(0, number, _AT_ONCE):
            store._warehouse.insert(list(_rows(start + first, min(_AT_ONCE, number - first))))  # noqa: SLF001 -- only what is erased is to be slow
        store._times.consistent_through()  # noqa: SLF001 -- as above
        for n in range(10):
            store.ingest([_statement(n * 100 + each) for each in range(_OWN // 10)])
        print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
        print(f"{number:,} statements, {_OWN:,} of them the person's, {_size(Path(folder)) / 1e6:,.0f} MB on the disk")
        started = time.monotonic()
        store.erase(_ANA, step=lambda state: print(f"{time.monotonic() - started:8.2f} s  {state.value}", flush=True))


def _rows(start: int, number: int) -> Iterator[TokenisedStatement]:
    for n in range(number):
        stored, activity = start + n, f"https://lms.example.fr/activity/{n % 2000}"
        yield TokenisedStatement(
            tenant="default",
            id=uuid4(),
            stored=stored,
            timestamp=stored,
            verb="https://w3id.org/xapi/video/verbs/played",
            activity=activity,
            related=(),
            registration=NO_UUID,
            reference=NO_UUID,
            references=(),
            voids=False,
            sids=(1 + n % _PEOPLE, 2**40),
            vids=(1, 1),
            roles=(1, 12),
            sealed=(),
            fingerprint=n,
            body=_BODY % (activity.encode(), os.urandom(250).hex().encode()),
        )


def _statement(n: int) -> dict[str, object]:
    return {
        "actor": _ANA,
        "verb": {"id": "https://w3id.org/xapi/video/verbs/played"},
        "object": {"id": f"https://lms.example.fr/activity/{n}"},
        "result": {"response": "an answer"},
    }


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
