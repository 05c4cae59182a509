"""What goes with the keys: the keyring, the policies, the settings and the audit trail of a store."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from lrs.crypto.providers import key_file, open_keyring
from lrs.privacy.audit.trail import folder_of

if TYPE_CHECKING:
    from lrs.crypto.keyring import Keyring
    from lrs.settings import Settings

KEY_FILE = "keys.json"
SETTINGS_FILES = ("lrs.toml", "forward.toml")
"""Kept, and not put back by themselves: they name databases and record stores that a drill must not reach."""


def copy(settings: Settings, folder: Path) -> None:
    """Copy it all into a folder, each file readable by its owner alone."""
    for name, path in _files(settings):
        target = folder / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        copied(path, target)


def put_back(folder: Path, settings: Settings) -> None:
    """Put a copy into an empty data directory, the settings apart; a keyring that is kept elsewhere and is there already stays."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and name.parts[0] in {KEY_FILE, "policy.toml", "policies", "audit"}:
            target = key_file(settings) if str(name) == KEY_FILE else settings.data / name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not target.exists():
                copied(path, target)


def keyring(settings: Settings, folder: Path) -> Keyring:
    """Open the keyring that a copy holds; that of the settings where it is no file."""
    kept = folder / KEY_FILE
    return open_keyring(attrs.evolve(settings, key_file=kept) if kept.exists() else settings, create=False)


def suits(keys: Keyring, needed: dict[str, set[int]]) -> bool:
    """Tell whether a keyring has every epoch that a vault needs: tenant -> epochs."""
    return all(name in keys.tenants and epochs <= keys.tenant(name).keks.epochs().keys() for name, epochs in needed.items())


def copied(source: Path, target: Path) -> None:
    """Copy a file as its owner's own; it is on the disk on return."""
    with source.open("rb") as reading, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as writing:
        shutil.copyfileobj(reading, writing)
        writing.flush()
        os.fsync(writing.fileno())


def _files(settings: Settings) -> Iterator[tuple[Path, Path]]:
    """Yield each file, under the name that it has in a backup."""
    named = {
        Path(KEY_FILE): key_file(settings) if settings.keyring is None else None,
        Path("policy.toml"): settings.policy,
        Path("forward.toml"): settings.forward_targets,
    }
    for top in (Path("policies"), Path("audit")):
        root = folder_of(settings) if top.name == "audit" else settings.data / top
        named |= {top / path.relative_to(root): path for path in root.rglob("*") if path.is_file()}
    for name in ("policy.toml", *SETTINGS_FILES):
        if named.get(Path(name)) is None:
            named[Path(name)] = settings.data / name
    yield from ((name, path) for name, path in named.items() if path is not None and path.is_file())
