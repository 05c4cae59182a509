"""Room in memory for the bodies of requests, of all that are under way together."""

from __future__ import annotations

from lrs.errors import StoreBusy


class Room:
    """So many bytes. For the thread of the event loop alone."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken = 0

    def check(self, size: int) -> None:
        """Raise :class:`lrs.errors.StoreBusy` when so much is not left."""
        if size > self._size - self._taken:
            raise StoreBusy("the bodies of the requests under way are larger together than the settings allow (max_bodies_bytes)")

    def take(self, size: int) -> None:
        """Take some of it; raises as :meth:`check` does."""
        self.check(size)
        self._taken += size

    def give_back(self, size: int) -> None:
        """Give back what was taken."""
        self._taken -= size
