"""Stores with three places for their backups, and what is in them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import attrs
import msgspec

import lrs
from lrs.backup import restoring
from lrs.backup.places import Places
from lrs.settings import Settings

VERB = "https://verbs.example.fr/read"
ALL = ("statements", "vault", "keys")


def settings(folder: Path, **more: Any) -> Settings:
    """Settings of an embedded store in ``folder``, with places beside it."""
    places = {f"backup_{part}": folder / "backups" / part for part in ALL}
    return Settings(data=folder / "data", **(places | more))


def statement(name: str, n: int = 0) -> dict[str, Any]:
    """One statement of a person, whose names are nowhere else."""
    return {
        "actor": {"objectType": "Agent", "name": f"{name} canary", "mbox": f"mailto:{name}@canary.example.fr"},
        "verb": {"id": VERB},
        "object": {"id": f"https://lms.example.fr/page/{n}"},
        "result": {"response": f"said by {name}"},
    }


def bodies(store: lrs.LRS, tenant: str = "default") -> list[bytes]:
    """Every statement, byte for byte, oldest first."""
    principal = None if tenant == "default" else attrs.evolve(store.owner, tenant=tenant)
    return [bytes(body) for page in store.export(principal=principal) for body in page.bodies]


def put_back(source: Settings, data: Path, *, name: str | None = None, ledger: Path | None = None, **more: Any) -> Settings:
    """Put a backup of one store back into another data directory -> the settings of what was put back."""
    target = attrs.evolve(source, data=data, **more)
    places = Places.of(target)
    restoring.restore(target, places, restoring.chosen(places, target, name=name, ledger=ledger), clock=lambda: 1_800_000_000_000_000)
    return target


def holding(folder: Path, *texts: str) -> list[str]:
    """Name the files under a folder that hold any of these texts."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            found += [str(path.relative_to(folder)) for text in texts if text.encode() in content]
    return found


def size(folder: Path) -> int:
    """Say how many bytes a folder holds."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def rows(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Make so many statements of 50 people, which don't compress to nothing."""
    return [statement(f"p{n % 50}", n) | {"context": {"platform": os.urandom(32).hex()}} for n in range(start, start + count)]


def receipt_facts(folder: Path) -> dict[str, Any]:
    """Read the facts of a backup's receipt, unverified."""
    lines = (folder / "receipt.txt").read_text("utf-8").splitlines()
    return msgspec.json.decode(next(line for line in lines if line.startswith("facts: ")).removeprefix("facts: "))
