"""The Merkle tree over the entries of a chain (RFC 9162 2.1), of which only the roots of its whole subtrees are at hand."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

_sha256 = hashlib.sha256
EMPTY = _sha256(b"").digest()


def leaf(entry: bytes) -> bytes:
    """Entry -> its hash as a leaf."""
    return _sha256(b"\0" + entry).digest()


def parent(left: bytes, right: bytes) -> bytes:
    """Hashes of two neighbouring subtrees -> that of the two together."""
    return _sha256(b"\1" + left + right).digest()


def left_of(size: int) -> int:
    """Say how many leaves the left one of the two subtrees of a tree has: the largest power of two below its size."""
    return 1 << (size - 1).bit_length() - 1


class Tree:
    """A tree that grows at its end. ``peaks`` are the roots of its whole subtrees, the largest first."""

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size.bit_count() != len(peaks):
            raise ValueError("a tree has as many whole subtrees as its size has bits")
        self.size = size
        self.peaks = list(peaks)

    def add(self, *leaves: bytes) -> None:
        """Append leaves."""
        peaks = self.peaks
        for size, added in enumerate(leaves, self.size):
            hashed, subtrees = added, size
            while subtrees & 1:
                hashed = parent(peaks.pop(), hashed)
                subtrees >>= 1
            peaks.append(hashed)
        self.size += len(leaves)

    def root(self) -> bytes:
        """Give the root hash."""
        if not self.peaks:
            return EMPTY
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = parent(peak, root)
        return root

    def whole(self) -> dict[tuple[int, int], bytes]:
        """Give the peaks by the leaves that they are over: from one number up to another."""
        found, first = {}, 0
        for peak in self.peaks:
            end = first + left_of(self.size - first + 1)
            found[first, end] = peak
            first = end
        return found
