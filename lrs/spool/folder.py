"""The folder of the spool: files that are whole on the disk or not there, each sealed under the key of one tenant and bound to its own name.

A name says since when it waits (microseconds since 1970) and how many statements it has; its ending says where it stands: it waits, or it
can't be used and is kept for somebody to look at.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import msgspec

from lrs.errors import DataDirectoryInUse, StoreBusy, StoreUnavailable
from lrs.spool.record import Record
from lrs.storage.lock import DirectoryLock, turn

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.settings import Settings

_KIND = "spool"
_WAITS, _ASIDE, _HALF = ".sealed", ".unreadable", ".new"
_NAMED = re.compile(r"(\d+)-[0-9a-f]+-(\d+)" + re.escape(_WAITS))
"""What waits, by its name."""
_ABANDONED = 60.0
"""Seconds after which a file that is half written is nobody's any more."""
_File = tuple[str, bytes]
"""(tenant, its records as they are sealed)"""


class Waiting(msgspec.Struct, frozen=True):
    """How much waits: statements, since when (microseconds since 1970; 0: nothing does), files that can't be used, and bytes on the disk of all of it."""

    statements: int = 0
    since: int = 0
    unreadable: int = 0
    size: int = 0


class Folder:
    """The files. Thread-safe; several processes may have the same ones, each of which keeps to the bound of ``most`` bytes by what it finds."""

    def __init__(self, path: Path, keys: Callable[[str], TenantKeys], *, most: int) -> None:
        self._path = path
        self._keys = keys
        self._most = most
        self._lock = threading.Lock()
        path.mkdir(mode=0o700, exist_ok=True)
        _sync(path.parent)

    def waiting(self) -> Waiting:
        """Say how much waits."""
        return waiting_in(self._path)

    @property
    def takes_any(self) -> bool:
        """Whether anything may wait at all."""
        return self._most > 0

    def has_room(self) -> bool:
        """Tell whether anything more may wait."""
        return self.waiting().size < self._most

    def has_waiting(self) -> bool:
        """Tell whether anything waits."""
        return any(_NAMED.fullmatch(name) for name in _names(self._path))

    def names(self) -> list[str]:
        """Name what waits, oldest first."""
        return sorted(name for name in _names(self._path) if _NAMED.fullmatch(name))

    def turn(self) -> AbstractContextManager[None]:
        """Give a block in which nobody else who asks for a turn has one: to add because others wait, or to send those on."""
        return turn(self._path / "turn.lock")

    def add(self, records: Sequence[Record]) -> None:
        """Keep batches of one tenant; durable on return. Raises :class:`lrs.errors.StoreBusy` when there is no room, :class:`lrs.errors.StoreUnavailable`."""
        tenant = records[0].tenant
        stem = f"{records[0].received:020d}-{token_hex(8)}-{sum(len(each.ids) for each in records)}"
        sealed = self._keys(tenant).spool.seal(_KIND, stem.encode(), msgspec.msgpack.encode(records))
        content = msgspec.msgpack.encode((tenant, sealed))
        with self._lock:
            try:
                if self.waiting().size + len(content) > self._most:
                    raise StoreBusy("the warehouse is away, and what waits for it has taken all room (spool_bytes)")
                _write(self._path, stem, content)
            except OSError as error:
                raise StoreUnavailable(
                    f"the warehouse is away, and what waits for it can't be written: {error.strerror}",
                    hint="Check the disk of the data directory.",
                ) from None

    def read(self, name: str) -> list[Record]:
        """Give what is in a file. Raises :class:`lrs.errors.TamperedData`, :class:`lrs.errors.KeyUnavailable`, ``MsgspecError``, ``OSError``."""
        tenant, sealed = msgspec.msgpack.decode((self._path / name).read_bytes(), type=_File)
        content = self._keys(tenant).spool.open(_KIND, _stem(name).encode(), sealed)
        return msgspec.msgpack.decode(content, type=list[Record])

    def put_aside(self, name: str) -> None:
        """Keep a file that can't be used out of the way of the others."""
        (self._path / name).rename(self._path / (_stem(name) + _ASIDE))

    def drop(self, names: Sequence[str]) -> None:
        """Let go of files; they are gone from the disk on return."""
        for name in names:
            (self._path / name).unlink(missing_ok=True)
        _sync(self._path)

    def sweep(self) -> None:
        """Let go of what processes that died had half written: nobody was told that it is kept."""
        for half in self._path.glob(f"*{_HALF}"):
            with suppress(FileNotFoundError):
                if time.time() - half.stat().st_mtime > _ABANDONED:
                    half.unlink()

    def hold(self) -> DirectoryLock | None:
        """Be the one process that empties it, until the lock is released; None: another one is."""
        try:
            return DirectoryLock(self._path)
        except DataDirectoryInUse:
            return None


def folder_of(settings: Settings) -> Path:
    """Give the folder of a store's spool."""
    return settings.data / "spool"


def waiting_in(path: Path) -> Waiting:
    """Say how much waits in a folder, without a key; nothing where there is none."""
    statements = unreadable = size = 0
    times = []
    for entry in _entries(path):
        if found := _NAMED.fullmatch(entry.name):
            times.append(int(found[1]))
            statements += int(found[2])
        unreadable += entry.name.endswith(_ASIDE)
        with suppress(FileNotFoundError):
            size += entry.stat().st_size
    return Waiting(statements, min(times, default=0), unreadable, size)


def check_empty(settings: Settings) -> None:
    """Raise :class:`lrs.errors.StoreUnavailable` while anything waits, where nobody can be found."""
    if waiting_in(folder_of(settings)).statements:
        raise StoreUnavailable(
            "statements wait in the spool, and whose they are can't be told before the warehouse has them",
            hint="Try again when it has: they go on by themselves within seconds. `lrs doctor` says how many wait.",
        )


def drop_tenant(settings: Settings, tenant: str) -> None:
    """Let go of all that waits of a tenant; it is gone from the disk on return."""
    path = folder_of(settings)
    for name in _names(path):
        with suppress(FileNotFoundError, msgspec.MsgspecError):
            if msgspec.msgpack.decode((path / name).read_bytes(), type=_File)[0] == tenant:
                (path / name).unlink()
    if path.exists():
        _sync(path)


def _entries(path: Path) -> Iterator[os.DirEntry[str]]:
    with suppress(FileNotFoundError), os.scandir(path) as entries:
        yield from entries


def _names(path: Path) -> list[str]:
    return [entry.name for entry in _entries(path)]


def _stem(name: str) -> str:
    return name.partition(".")[0]


def _write(folder: Path, stem: str, content: bytes) -> None:
    """Write a file that is there whole, or not at all."""
    made, there = folder / (stem + _HALF), folder / (stem + _WAITS)
    try:
        with open(made, "xb", opener=_private) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        made.rename(there)
        _sync(folder)
    except OSError:
        for left in (made, there):
            left.unlink(missing_ok=True)
        raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
