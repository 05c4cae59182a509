"""Rotation of the keys of many people in SQLite: ./dev run python -m benchmarks.rotation [--people N]."""

from __future__ import annotations

import argparse
import os
import secrets
import tempfile
import time
from pathlib import Path

from lrs.crypto.keyring import TenantKeys
from lrs.crypto.providers import open_keyring
from lrs.privacy.audit import open_trail
from lrs.privacy.rotation import Rotation
from lrs.settings import Settings
from lrs.storage.contract import NewSubject, WrappedKey
from lrs.storage.vault import Vault

_CHUNK = 20_000


def main() -> None:
    """Fill a vault, rotate, destroy the old epoch, and print how long each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    people = parser.parse_args().people
    with tempfile.TemporaryDirectory(prefix="lrs-bench-") as directory:
        settings = Settings(data=Path(directory))
        keys, vault, audit = (
            open_keyring(settings, create=True).tenant("default"),
            Vault.open(settings),
            open_trail(settings, clock=lambda: time.time_ns() // 1000),
        )
        vault.check_keyring("default", keys.check)
        timed(f"{people:,} people taken in", lambda: fill(vault, keys, people))
        turning = Rotation("default", keys, vault, audit)
        timed("a new epoch", turning.begin)
        timed("every key wrapped anew", lambda: sum(turning.rewrap()))
        timed("the old epoch destroyed", lambda: turning.destroy(1))
        audit.close()
        vault.close()


def fill(vault: Vault, keys: TenantKeys, people: int) -> None:
    for start in range(0, people, _CHUNK):
        sids = [secrets.randbits(64) for _ in range(min(_CHUNK, people - start))]
        made = zip(sids, keys.new_deks(sids), strict=True)
        vault.add("default", [NewSubject(sid, os.urandom(16), WrappedKey(*each[1:])) for sid, each in made], [], month=202611)


def timed(what: str, work) -> None:
    start, processor = time.perf_counter(), time.process_time()
    work()
    print(f"{what}: {time.perf_counter() - start:.1f} s ({time.process_time() - processor:.1f} s of processor)", flush=True)


if __name__ == "__main__":
    main()
