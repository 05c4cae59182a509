"""A rotation in a process of its own, in batches of a few keys, so that there is time to kill it: ``python -m tests.privacy.rotating DATA``."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from unittest import mock

from lrs.crypto.providers import open_keyring
from lrs.privacy import rotation
from lrs.settings import Settings
from lrs.storage.contract import NewSubject, WrappedKey
from lrs.storage.vault import Vault

CHUNK = 10_000


def people(settings: Settings, vault: Vault, sids: list[int], *, tenant: str = "default") -> None:
    """Take people in, known by their numbers alone."""
    keys = open_keyring(settings, create=False).tenant(tenant)
    for start in range(0, len(sids), CHUNK):
        chunk = sids[start : start + CHUNK]
        made = keys.new_deks(chunk)
        new = [
            NewSubject(sid, os.urandom(16), WrappedKey(each.epoch, each.wrapped, each.check)) for sid, each in zip(chunk, made, strict=True)
        ]
        vault.add(tenant, new, [], month=202611)


def main(data: str) -> None:
    with mock.patch.object(rotation, "_BATCH", 20), rotation.open_rotations(Settings(data=Path(data))) as rotations:
        turning = rotations["default"]
        turning.begin()
        print("begun", flush=True)
        for _ in turning.rewrap():
            time.sleep(0.01)


if __name__ == "__main__":
    main(sys.argv[1])
