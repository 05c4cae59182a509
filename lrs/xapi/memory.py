"""What was checked already, by its bytes: statements repeat verbs, people, activities and contexts."""

from __future__ import annotations

from typing import Generic, TypeVar

Checked = TypeVar("Checked")

LONGEST = 4096
"""Longer fragments are not kept: they hardly repeat."""
CAPACITY = 8 * 1024 * 1024
"""Bytes of fragments in one memory. A full one starts anew, which costs no more than checking again."""


class Memory(dict[bytes, Checked], Generic[Checked]):
    """Fragments and what checking them gave. Bounded; threads may share it, because a lost entry is only checked again."""

    def __init__(self) -> None:
        super().__init__()
        self._held = 0

    def keep(self, raw: bytes, checked: Checked) -> Checked:
        """Remember a fragment and hand back what it gave."""
        if len(raw) <= LONGEST:
            if self._held > CAPACITY:
                self.clear()
            self._held += len(raw)
            self[raw] = checked
        return checked

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self._held = 0
