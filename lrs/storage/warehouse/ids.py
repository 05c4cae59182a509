"""Which statement ids this process has surely not stored: an answer from memory in front of every look-up.

A Bloom filter over all ids of the table, in pieces that double as it grows: three bytes an id, and one id in twenty thousand is looked up in vain.
It is exact in the direction that counts: an id that was added is never called new.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BITS = 24
_PROBES = 8
_FIRST = 1 << 17


class SeenIds:
    """The ids that were seen. One thread at a time may add; any may ask."""

    def __init__(self) -> None:
        import numpy as np

        self._np = np
        # The multipliers are secret, so that nobody can choose ids that collide.
        self._multipliers = [np.uint64(secrets.randbits(64) | 1) for _ in range(4)]
        self._pieces: list[_Piece] = [_Piece(np, _FIRST)]

    def add(self, ids: Sequence[UUID]) -> None:
        """Note ids."""
        self._add(self._halves(b"".join(each.bytes for each in ids), ">u8"))

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
        first, second = self._hashes(self._halves(b"".join(each.bytes for each in ids), ">u8"))
        found = self._np.zeros(len(ids), dtype=bool)
        for piece in self._pieces:
            found |= piece.maybe(first, second)
        return [ids[n] for n in found.nonzero()[0]]

    def _halves(self, raw: bytes, kind: str) -> NDArray[np.uint64]:
        return self._np.frombuffer(raw, dtype=kind).astype(self._np.uint64).reshape(-1, 2)

    def _hashes(self, halves: NDArray[np.uint64]) -> tuple[Any, Any]:
        a, b, c, d = self._multipliers
        shift = self._np.uint64(32)
        first = halves[:, 0] * a + halves[:, 1] * b
        first = (first ^ (first >> shift)) * c
        second = (first ^ (first >> shift)) * d
        return first ^ (first >> shift), second ^ (second >> shift) | self._np.uint64(1)

    def _add(self, halves: NDArray[np.uint64]) -> None:
        first, second = self._hashes(halves)
        while len(first):
            piece = self._pieces[-1]
            if not piece.room:
                self._pieces.append(_Piece(self._np, piece.capacity * 2))
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

    def add(self, first: Any, second: Any) -> None:
        for place, bit in self._places(first, second):
            self._np.bitwise_or.at(self._bits, place, bit)
        self.room -= len(first)

    def maybe(self, first: Any, second: Any) -> Any:
        found = self._np.ones(len(first), dtype=bool)
        for place, bit in self._places(first, second):
            found &= (self._bits[place] & bit) != 0
        return found

    def _places(self, first: Any, second: Any) -> Iterable[tuple[Any, Any]]:
        np = self._np
        for probe in range(_PROBES):
            position = (first + second * np.uint64(probe)) % self._size
            yield position >> np.uint64(3), np.left_shift(np.uint8(1), (position & np.uint64(7)).astype(np.uint8))
