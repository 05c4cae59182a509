"""A place for backups: a folder in which each backup has one of its own, with a signed manifest of its files.

A folder has its name only once all of it is on the disk. Its manifest says of every file how large it is and its SHA-256; the receipt beside it is
signed with the key of the audit trail and holds the SHA-256 of the manifest.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from lrs.backup import words
from lrs.errors import ConfigurationError, TamperedData
from lrs.privacy.receipts import facts_of, signed

if TYPE_CHECKING:
    from lrs.crypto.notes import NoteKey, NoteSigner

FORMAT = 1
_MANIFEST = "manifest.json"
_RECEIPT = "receipt.txt"
_UNFINISHED = ".part"


class Part(StrEnum):
    """What a place holds."""

    STATEMENTS = "statements"
    VAULT = "vault"
    KEYS = "keys"


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one folder of a backup holds.

    ``backup`` is a random text that the three folders of a backup share; ``base`` names the backup whose statements this one adds to; ``server`` is the
    folder on the machine of a ClickHouse server where the statements themselves are. ``at`` is in microseconds since 1970 UTC. ``files``: path within
    the folder -> (bytes, SHA-256).
    """

    format: int = FORMAT
    part: Part
    name: str
    backup: str
    at: int
    base: str = ""
    server: str = ""
    files: dict[str, tuple[int, str]] = {}

    @property
    def size(self) -> int:
        """How many bytes its files have."""
        return sum(size for size, _ in self.files.values())


@contextmanager
def making(root: Path, name: str) -> Iterator[Path]:
    """Give a new folder of a place to fill, which gets its name when all went well; what a run that was killed has left goes first.

    Raises :class:`lrs.errors.ConfigurationError` when it can't be made, or another backup is being made.
    """
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(root):
            for left in root.glob("*" + _UNFINISHED):
                shutil.rmtree(left)
            folder = root / (name + _UNFINISHED)
            folder.mkdir(mode=0o700)
            try:
                yield folder
            except BaseException:
                shutil.rmtree(folder)
                raise
            folder.rename(root / name)
            sync(root)
    except OSError as error:
        raise ConfigurationError(f"the folder {root} can't be used for backups: {error.strerror}") from None


def seal(folder: Path, manifest: Manifest, signer: NoteSigner) -> Manifest:
    """Write the manifest of a folder, with the files that are in it, and its receipt; all of it is on the disk on return."""
    whole = msgspec.structs.replace(manifest, files={str(path.relative_to(folder)): _measured(path) for path in _files(folder)})
    text = msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n"
    write(folder / _MANIFEST, text)
    write(folder / _RECEIPT, signed(words.receipt(whole, hashlib.sha256(text).hexdigest()), signer).encode())
    for inner in {folder, *(path.parent for path in _files(folder))}:
        sync(inner)
    return whole


def names(root: Path) -> list[str]:
    """Name the backups that are whole in a place, oldest first."""
    return sorted(path.parent.name for path in root.glob(f"*/{_RECEIPT}") if not path.parent.name.endswith(_UNFINISHED))


def read(root: Path, name: str, key: NoteKey) -> Manifest:
    """Read the manifest of a backup; raises :class:`lrs.errors.TamperedData` unless this key signed exactly this."""
    folder = root / name
    try:
        text = (folder / _MANIFEST).read_bytes()
        facts = facts_of((folder / _RECEIPT).read_text("utf-8"), key)
        manifest = msgspec.json.decode(text, type=Manifest)
    except (OSError, UnicodeDecodeError, msgspec.DecodeError):
        raise TamperedData(f"the manifest of the backup {folder} is missing or damaged") from None
    if not hmac.compare_digest(str(facts.get("manifest")), hashlib.sha256(text).hexdigest()):
        raise _altered(folder, _MANIFEST)
    return manifest


def ours(root: Path, key: NoteKey) -> list[Manifest]:
    """Give the manifests in a place that this key signed, oldest first: others may be of another store."""
    found = []
    for name in names(root):
        with suppress(TamperedData):
            found.append(read(root, name, key))
    return found


def verified(root: Path, name: str, part: Part, key: NoteKey) -> Manifest:
    """Read the manifest of a backup, and every file that it names.

    Raises :class:`lrs.errors.TamperedData` unless this key signed exactly this, under this name and for this part.
    """
    manifest, folder = read(root, name, key), root / name
    there = {str(path.relative_to(folder)) for path in _files(folder)} - {_MANIFEST, _RECEIPT}
    for file in sorted(there ^ manifest.files.keys()):
        raise _altered(folder, file)
    try:
        for file, measured in manifest.files.items():
            if _measured(folder / file) != measured:
                raise _altered(folder, file)
    except OSError:
        raise TamperedData(f"the backup {folder} can't be read") from None
    if (manifest.part, manifest.name, manifest.format) != (part, name, FORMAT):
        raise TamperedData(f"{folder} is not a backup of {part.value} of this name")
    return manifest


def sync(folder: Path) -> None:
    """Have what a folder lists on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _altered(folder: Path, file: str) -> TamperedData:
    return TamperedData(
        f"the backup {folder} was altered: {file} is not as its manifest says", hint="Take another backup; this one proves nothing."
    )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def _measured(path: Path) -> tuple[int, str]:
    """Say how large a file is and its SHA-256, and have it on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), digest


def write(path: Path, text: bytes) -> None:
    """Write a new file that its owner alone can read; it is on the disk on return."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    descriptor = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise ConfigurationError(f"another backup is being made into {root}", hint="Wait until it is done.") from None
    finally:
        os.close(descriptor)
