"""The archive in which a tenant gets everything back: a ZIP whose last members list the others with their SHA-256, signed."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

MANIFEST = "manifest.json"
RECEIPT = "receipt.txt"


class Sink(Protocol):
    """What an archive is written into, from its beginning to its end."""

    def write(self, content: bytes, /) -> int:
        """Add to it."""

    def flush(self) -> None:
        """Write what is held back, if it can be."""

    def close(self) -> None:
        """End it; never called here."""


class Archive:
    """An archive in the making; members come one after the other, in bounded memory."""

    def __init__(self, file: Sink) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self.files: dict[str, tuple[int, str]] = {}

    def add(self, name: str, pieces: Iterable[bytes]) -> None:
        """Add a member."""
        digest, size = hashlib.sha256(), 0
        with self._zip.open(zipfile.ZipInfo(name), "w", force_zip64=True) as member:
            for piece in pieces:
                member.write(piece)
                digest.update(piece)
                size += len(piece)
        self.files[name] = (size, digest.hexdigest())

    def close(self, receipt: Callable[[str], str]) -> str:
        """Add the manifest, and what ``receipt`` makes of its SHA-256 -> the receipt."""
        self.add(MANIFEST, [msgspec.json.format(msgspec.json.encode(self.files), indent=1) + b"\n"])
        note = receipt(self.files[MANIFEST][1])
        self.add(RECEIPT, [note.encode()])
        self._zip.close()
        return note
