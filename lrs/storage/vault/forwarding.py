"""What other record stores were given: how far each is, what it refused, and which erasures it has still to be told."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Table, delete, insert, select

from lrs.storage.contract import DeadLetter, ErasureNotice
from lrs.storage.vault import schema
from lrs.storage.vault.database import Database

_LETTER = schema.dead_letter
_NOTICE = schema.erasure_notice


class Forwarding(Database):
    """Implements ``ForwardStore`` of :mod:`lrs.storage.contract`."""

    def forwarded_through(self, tenant: str, target: str) -> int | None:
        """See :class:`lrs.storage.contract.ForwardStore`."""
        with self._read() as connection:
            return connection.scalar(select(schema.forwarded.c.through).where(*_of(schema.forwarded, tenant, target)))

    def advance(self, tenant: str, target: str, through: int, letters: Sequence[DeadLetter] = ()) -> None:
        """See :class:`lrs.storage.contract.ForwardStore`."""
        place = {"tenant": tenant, "target": target}
        with self._write() as connection:
            connection.execute(delete(schema.forwarded).where(*_of(schema.forwarded, tenant, target)))
            connection.execute(insert(schema.forwarded), place | {"through": through})
            for letter in letters:
                # One that was refused before is refused anew.
                connection.execute(delete(_LETTER).where(*_of(_LETTER, tenant, target), _LETTER.c.stored == letter.stored))
                connection.execute(insert(_LETTER), place | {"stored": letter.stored, "code": letter.code, "tried": letter.tried})

    def heard_through(self, tenant: str, target: str) -> int:
        """See :class:`lrs.storage.contract.ForwardStore`."""
        with self._read() as connection:
            return connection.scalar(select(schema.heard.c.number).where(*_of(schema.heard, tenant, target))) or 0

    def hear(self, tenant: str, target: str, number: int) -> None:
        """See :class:`lrs.storage.contract.ForwardStore`."""
        with self._write() as connection:
            connection.execute(delete(schema.heard).where(*_of(schema.heard, tenant, target)))
            connection.execute(insert(schema.heard), {"tenant": tenant, "target": target, "number": number})

    def dead_letters(self, tenant: str, target: str) -> list[DeadLetter]:
        """See :class:`lrs.storage.contract.ForwardStore`."""
        query = select(_LETTER.c.stored, _LETTER.c.code, _LETTER.c.tried).where(*_of(_LETTER, tenant, target)).order_by(_LETTER.c.stored)
        with self._read() as connection:
            return [DeadLetter(*row) for row in connection.execute(query)]

    def drop_letters(self, tenant: str, target: str, letters: Sequence[DeadLetter]) -> None:
        """See :class:`lrs.storage.contract.ForwardStore`."""
        with self._write() as connection:
            for letter in letters:
                connection.execute(delete(_LETTER).where(*_of(_LETTER, tenant, target), _LETTER.c.stored == letter.stored))

    def add_notices(self, tenant: str, target: str, notices: Sequence[ErasureNotice]) -> None:
        """See :class:`lrs.storage.contract.ForwardStore`."""
        with self._write() as connection:
            for notice in notices:
                connection.execute(delete(_NOTICE).where(*_of(_NOTICE, tenant, target), _NOTICE.c.key == notice.key))
                connection.execute(insert(_NOTICE), {"tenant": tenant, "target": target, "key": notice.key, "sealed": notice.sealed})

    def notices(self, tenant: str, target: str) -> list[ErasureNotice]:
        """See :class:`lrs.storage.contract.ForwardStore`."""
        with self._read() as connection:
            query = select(_NOTICE.c.key, _NOTICE.c.sealed).where(*_of(_NOTICE, tenant, target)).order_by(_NOTICE.c.key)
            return [ErasureNotice(*row) for row in connection.execute(query)]

    def drop_notices(self, tenant: str, target: str, notices: Sequence[ErasureNotice]) -> None:
        """See :class:`lrs.storage.contract.ForwardStore`."""
        with self._write() as connection:
            for notice in notices:
                connection.execute(delete(_NOTICE).where(*_of(_NOTICE, tenant, target), _NOTICE.c.key == notice.key))


def _of(table: Table, tenant: str, target: str) -> tuple[ColumnElement[bool], ...]:
    return table.c.tenant == tenant, table.c.target == target
