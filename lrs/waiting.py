"""What waits to be stored, in a queue of bounded size that no tenant has for itself alone."""

from __future__ import annotations

import heapq
from collections import deque
from concurrent.futures import Future
from typing import Any, Protocol


class Batch(Protocol):
    """What waits: something with a size and a tenant, for which so many requests wait, and a future that is settled when it is stored."""

    done: Future[Any]

    @property
    def tenant(self) -> str:
        """Whose it is."""

    @property
    def requests(self) -> int:
        """How many wait for it."""

    def apart(self) -> list[Any]:
        """Give a batch for each who waits for it."""

    def __len__(self) -> int: ...


class Waiting:
    """Batches of each tenant, in the order in which they came. One thread at a time.

    ``most`` is how many statements may wait. A tenant may have half of the room that the others leave: however much one of them sends, there is
    room for the next one. ``size`` counts statements, ``len`` requests.
    """

    def __init__(self, most: int) -> None:
        self.size = 0
        self._most = most
        self._number = 0
        self._batches: dict[str, deque[Batch]] = {}
        self._sizes: dict[str, int] = {}

    def __len__(self) -> int:
        return self._number

    def has_room(self, tenant: str, size: int) -> bool:
        """Tell whether so many statements of a tenant may wait; whatever the size, where nothing waits."""
        return not self.size or self._sizes.get(tenant, 0) + size <= self._most - self.size

    def put(self, batch: Batch) -> None:
        """Add a batch."""
        self._batches.setdefault(batch.tenant, deque()).append(batch)
        self._count(batch.tenant, batch.requests, len(batch))

    def take(self, most: int) -> list[Batch]:
        """Take batches of ``most`` statements in all, at least one batch; in turn from the tenant that has got the fewest statements of these.

        A tenant that waits for longer than the others comes first, so that each has its turn.
        """
        taken: list[Batch] = []
        room = most
        turns = [(0, place, tenant) for place, tenant in enumerate(self._batches)]
        while turns:
            given, place, tenant = heapq.heappop(turns)
            size = len(self._batches[tenant][0])
            if taken and size > room:
                continue
            taken.append(self._pop(tenant))
            room -= size
            if tenant in self._batches:
                heapq.heappush(turns, (given + size, place, tenant))
        for tenant in {batch.tenant for batch in taken} & self._batches.keys():
            self._batches[tenant] = self._batches.pop(tenant)
        return taken

    def _pop(self, tenant: str) -> Batch:
        own = self._batches[tenant]
        batch = own.popleft()
        if not own:
            del self._batches[tenant]
        self._count(tenant, -batch.requests, -len(batch))
        return batch

    def _count(self, tenant: str, number: int, size: int) -> None:
        self._number += number
        self.size += size
        left = self._sizes.get(tenant, 0) + size
        if left:
            self._sizes[tenant] = left
        else:
            self._sizes.pop(tenant, None)
