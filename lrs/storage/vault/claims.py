"""The times of storing that are given out, one process after another or several at once, and which statements each of several is storing."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import Connection, delete, func, insert, select, update

from lrs.storage.contract import Claim, IdsClaimed
from lrs.storage.vault import schema
from lrs.storage.vault.database import Database

HASH_BYTES = 16
_CLAIM, _CLOCK = schema.claim, schema.clock


class Claims(Database):
    """Implements ``ClaimStore`` and ``LeaseStore`` of :mod:`lrs.storage.contract`."""

    def leased(self) -> int:
        """See :class:`lrs.storage.contract.LeaseStore`."""
        with self._read() as connection:
            return int(connection.scalars(select(_CLOCK.c.last)).one())

    def lease(self, until: int) -> None:
        """See :class:`lrs.storage.contract.LeaseStore`."""
        with self._write() as connection:
            connection.execute(update(_CLOCK).values(last=until))

    def claim(self, process: str, ids: bytes, *, first: Callable[[int], int]) -> int:
        """See :class:`lrs.storage.contract.ClaimStore`."""
        count = max(len(ids) // HASH_BYTES, 1)
        with self._write() as connection:
            start = first(_last(connection))
            others = connection.scalars(select(_CLAIM.c.ids).where(_CLAIM.c.process != process))
            wanted = _parts(ids)
            if any(not wanted.isdisjoint(_parts(each)) for each in others):
                raise IdsClaimed
            connection.execute(update(_CLOCK).values(last=start + count - 1))
            connection.execute(insert(_CLAIM), {"first": start, "process": process, "beat": 0, "ids": ids})
        return start

    def settle(self, process: str, firsts: Collection[int]) -> None:
        """See :class:`lrs.storage.contract.ClaimStore`."""
        with self._write() as connection:
            connection.execute(delete(_CLAIM).where(_CLAIM.c.process == process, _CLAIM.c.first.in_(firsts)))

    def through(self, now: int) -> int:
        """See :class:`lrs.storage.contract.ClaimStore`."""
        with self._write() as connection:
            last = _last(connection)
            oldest = connection.scalar(select(func.min(_CLAIM.c.first)))
            if oldest is not None:
                return int(oldest) - 1
            if now > last:
                connection.execute(update(_CLOCK).values(last=now))
            return max(now, last)

    def claims(self) -> list[Claim]:
        """See :class:`lrs.storage.contract.ClaimStore`."""
        with self._read() as connection:
            return [Claim(*row) for row in connection.execute(select(_CLAIM.c.first, _CLAIM.c.process, _CLAIM.c.beat))]

    def beat(self, process: str) -> None:
        """See :class:`lrs.storage.contract.ClaimStore`."""
        with self._write() as connection:
            connection.execute(update(_CLAIM).where(_CLAIM.c.process == process).values(beat=_CLAIM.c.beat + 1))

    def drop(self, claims: Collection[Claim]) -> None:
        """See :class:`lrs.storage.contract.ClaimStore`."""
        with self._write() as connection:
            for claim in claims:
                connection.execute(delete(_CLAIM).where(_CLAIM.c.first == claim.first, _CLAIM.c.beat == claim.beat))


def _last(connection: Connection) -> int:
    """Give the last time that was given out; nobody else gives one out until the transaction is over."""
    return int(connection.scalars(select(_CLOCK.c.last).with_for_update()).one())


def _parts(ids: bytes) -> set[bytes]:
    return {ids[start : start + HASH_BYTES] for start in range(0, len(ids), HASH_BYTES)}
