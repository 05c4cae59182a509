"""What was checked already, by its bytes: statements repeat verbs, people, activities and contexts."""

from __future__ import annotations

from typing import Generic, TypeVar

from lrs.xapi import fields

Checked = TypeVar("Checked")

LONGEST = 4096
"""Longer fragments are not kept: they hardly repeat."""
CAPACITY = 16 * 1024 * 1024
"""Bytes of fragments in one memory: 140,000 people, for whom it takes 110 MB in all."""


class Memory(dict[bytes, tuple[Checked, int]], Generic[Checked]):
    """Fragments -> what checking them gave, and the number of their strings.

    Bounded: a full one starts anew, which costs no more than checking again. Threads may share one: a lost entry is only checked again.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        super().__init__()
        self._capacity = capacity
        self._held = 0

    def keep(self, raw: bytes, path: str, checked: Checked) -> tuple[Checked, int]:
        """Remember a fragment that passed all rules, the last of which is applied here: no property twice."""
        entry = (checked, fields.refuse_duplicates(raw, path))
        if len(raw) <= LONGEST:
            if self._held > self._capacity:
                self.clear()
            self._held += len(raw)
            self[raw] = entry
        return entry

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self._held = 0
