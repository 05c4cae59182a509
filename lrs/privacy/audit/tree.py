"""The Merkle tree over the entries of a chain (RFC 9162 2.1), of which only the roots of its whole subtrees are at hand."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

_sha256 = hashlib.sha256
EMPTY = _sha256(b"").digest()


def leaf(entry: bytes) -> bytes:
    """Entry -> its hash as a leaf."""
    return _sha256(b"\0" + entry).digest()


class Tree:
    """A tree that grows at its end. ``peaks`` are the roots of its whole subtrees, the largest first."""

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size.bit_count() != len(peaks):
            raise ValueError("a tree has as many whole subtrees as its size has bits")
        self.size = size
        self.peaks = list(peaks)

    def add(self, hashed: bytes) -> None:
        """Append a leaf."""
        size, peaks = self.size, self.peaks
        self.size = size + 1
        while size & 1:
            hashed = _sha256(b"\1" + peaks.pop() + hashed).digest()
            size >>= 1
        peaks.append(hashed)

    def root(self) -> bytes:
        """Give the root hash."""
        if not self.peaks:
            return EMPTY
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = _sha256(b"\1" + peak + root).digest()
        return root
