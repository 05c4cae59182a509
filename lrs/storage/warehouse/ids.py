"""Which statement ids this process has surely not stored: an answer from memory in front of every look-up.

A Bloom filter over all ids of the table: 3 bytes an id (at most 6, just after it grew), and at most one new id in 10,000 is looked up in vain, as a rule
one in 100,000. It is exact in the direction that counts: an id that was added is never called new. Filling it takes 0.35 s a million.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BITS = 24
_PROBES = 14
"""With 24 bits an id a full piece is wrong about 1.1 new ids in 100,000; each piece doubles the capacity, so there are few."""
_FIRST = 1 << 17
_AT_ONCE = 1 << 13
"""Ids that are hashed together: their positions stay in the processor's cache."""


class SeenIds:
    """The ids that were seen. One thread at a time may add; any may ask. ``expected``: how many are about to be added."""

    def __init__(self, expected: int = 0) -> None:
        import numpy as np

        self._np = np
        # Secret numbers, so that nobody can choose ids that collide.
        self._secrets = [np.uint64(secrets.randbits(64) | 1) for _ in range(4)]
        self._pieces: list[_Piece] = [_Piece(np, max(_FIRST, expected + expected // 4))]

    @property
    def size(self) -> int:
        """The memory that it takes, in bytes."""
        return sum(piece.capacity for piece in self._pieces) * _BITS // 8

    def add(self, ids: bytes) -> None:
        """Note ids, 16 bytes each as ``UUID.bytes`` has them."""
        self._add(self._halves(ids, ">u8"))

    def add_stored(self, pieces: Iterable[bytes]) -> None:
        """Note ids as ClickHouse's RowBinary writes them: two little-endian halves each."""
        rest = b""
        for piece in pieces:
            whole = rest + piece
            end = len(whole) - len(whole) % 16
            rest = whole[end:]
            self._add(self._halves(whole[:end], "<u8"))

    def maybe(self, ids: Sequence[UUID]) -> list[UUID]:
        """Of these ids, those that may have been seen; all others surely were not."""
        first, second = self._hashes(self._halves(b"".join([each.int.to_bytes(16) for each in ids]), ">u8"))
        found = self._np.zeros(len(ids), dtype=bool)
        for piece in self._pieces:
            found |= piece.maybe(first, second)
        return [ids[int(n)] for n in found.nonzero()[0]]

    def _halves(self, raw: bytes, kind: str) -> NDArray[np.uint64]:
        return self._np.frombuffer(raw, dtype=kind).astype(self._np.uint64).reshape(-1, 2)

    def _hashes(self, halves: NDArray[np.uint64]) -> tuple[Any, Any]:
        a, b, c, d = self._secrets
        shift = self._np.uint64(32)
        mixed = (halves[:, 0] ^ a) * b
        mixed = ((mixed ^ (mixed >> shift)) + halves[:, 1]) * c
        first = (mixed ^ (mixed >> shift)) * d
        second = (first ^ (first >> shift)) * b
        return first ^ (first >> shift), second ^ (second >> shift) | self._np.uint64(1)

    def _add(self, halves: NDArray[np.uint64]) -> None:
        first, second = self._hashes(halves)
        while len(first):
            piece = self._pieces[-1]
            if not piece.room:
                self._pieces.append(_Piece(self._np, sum(piece.capacity for piece in self._pieces)))
                continue
            taken = piece.room
            piece.add(first[:taken], second[:taken])
            first, second = first[taken:], second[taken:]


class _Piece:
    """A filter of fixed capacity."""

    def __init__(self, np: Any, capacity: int) -> None:
        self.capacity = capacity
        self.room = capacity
        self._np = np
        self._size = np.uint64(capacity * _BITS)
        self._bits = np.zeros(capacity * _BITS // 8, dtype=np.uint8)
        self._probes = np.arange(_PROBES, dtype=np.uint64)

    def add(self, first: Any, second: Any) -> None:
        for _, place, bit in self._places(first, second):
            self._np.bitwise_or.at(self._bits, place.ravel(), bit.ravel())
        # Last: whoever asks meanwhile asks for ids that are not being added.
        self.room -= len(first)

    def maybe(self, first: Any, second: Any) -> Any:
        found = self._np.empty(len(first), dtype=bool)
        for part, place, bit in self._places(first, second):
            found[part] = ((self._bits[place] & bit) != 0).all(axis=1)
        return found

    def _places(self, first: Any, second: Any) -> Iterator[tuple[slice, Any, Any]]:
        """For each part of the ids: which it is, and the byte and the bit of every probe."""
        np = self._np
        for start in range(0, len(first), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            position = (first[part, None] + second[part, None] * self._probes) % self._size
            yield part, (position >> np.uint64(3)).astype(np.intp), np.left_shift(np.uint8(1), (position & np.uint64(7)).astype(np.uint8))
