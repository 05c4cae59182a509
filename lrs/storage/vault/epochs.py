"""Which epoch wraps which keys: what rotation reads and writes. Row by row and in small transactions, so that writers go on meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, bindparam, func, select, update

from lrs.storage.contract import EpochRetired, WrappedKey
from lrs.storage.vault import schema
from lrs.storage.vault.database import Database


class Epochs(Database):
    """Implements ``EpochStore`` of :mod:`lrs.storage.contract`."""

    def epoch_counts(self, tenant: str) -> Mapping[int, int]:
        """See :class:`lrs.storage.contract.EpochStore`."""
        table = schema.subject
        query = select(table.c.epoch, func.count()).where(table.c.tenant == tenant).group_by(table.c.epoch)
        with self._read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def begin_epoch(self, tenant: str, epoch: int) -> None:
        """See :class:`lrs.storage.contract.EpochStore`."""
        with self._write() as connection:
            _refuse_before(connection, tenant, epoch)

    def older_keys(self, tenant: str, epoch: int, *, after: int | None, limit: int) -> list[tuple[int, WrappedKey]]:
        """See :class:`lrs.storage.contract.EpochStore`."""
        table = schema.subject
        query = select(table.c.sid, table.c.epoch, table.c.wrapped, table.c.key_check).where(
            table.c.tenant == tenant, table.c.epoch < epoch
        )
        if after is not None:
            query = query.where(table.c.sid > after)
        with self._read() as connection:
            rows = connection.execute(query.order_by(table.c.sid).limit(limit)).all()
        return [(sid, WrappedKey(old, wrapped, check)) for sid, old, wrapped, check in rows]

    def rewrap(self, tenant: str, epoch: int, keys: Sequence[tuple[int, WrappedKey, bytes]]) -> None:
        """See :class:`lrs.storage.contract.EpochStore`."""
        table = schema.subject
        # Who was erased meanwhile has no row any more, and gets none.
        change = update(table).where(table.c.sid == bindparam("of"), table.c.tenant == bindparam("by"), table.c.epoch == bindparam("old"))
        with self._write() as connection:
            connection.execute(
                change.values(epoch=epoch, wrapped=bindparam("new")),
                [{"of": sid, "by": tenant, "old": key.epoch, "new": wrapped} for sid, key, wrapped in keys],
            )

    def retire_epoch(self, tenant: str, epoch: int) -> int:
        """See :class:`lrs.storage.contract.EpochStore`."""
        table = schema.subject
        query = select(func.count()).where(table.c.tenant == tenant, table.c.epoch <= epoch)
        with self._write() as connection:
            # First the refusal, then the count: nobody can add a key in between.
            _refuse_before(connection, tenant, epoch + 1)
            return connection.scalar(query) or 0


def check_epochs(connection: Connection, tenant: str, epochs: Collection[int]) -> None:
    """Raise :class:`lrs.storage.contract.EpochRetired` unless new keys may be wrapped under these; a rotation waits for the transaction's end."""
    table = schema.tenant
    least = connection.scalar(select(table.c.least_epoch).where(table.c.name == tenant).with_for_update(read=True))
    if least is not None and min(epochs) < least:
        raise EpochRetired


def _refuse_before(connection: Connection, tenant: str, epoch: int) -> None:
    table = schema.tenant
    connection.execute(update(table).where(table.c.name == tenant, table.c.least_epoch < epoch).values(least_epoch=epoch))
