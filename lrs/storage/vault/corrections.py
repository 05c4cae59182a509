"""What was wrong of people: spellings that are put right, and what later ones are corrected by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from lrs.storage.contract import Correct, Corrected, IndexTaken, SealedValues
from lrs.storage.vault import schema
from lrs.storage.vault.database import Database
from lrs.storage.vault.subjects import chunks

_CORRECTION, _VARIANT, _SUBJECT = schema.correction, schema.variant, schema.subject


class Corrections(Database):
    """Implements ``CorrectionStore`` of :mod:`lrs.storage.contract`."""

    def corrections(self, tenant: str, sids: Sequence[int]) -> Mapping[int, SealedValues]:
        """See :class:`lrs.storage.contract.CorrectionStore`."""
        query = select(_CORRECTION.c.sid, _CORRECTION.c.fingerprint, _CORRECTION.c.sealed).where(_CORRECTION.c.tenant == tenant)
        found: dict[int, list[tuple[bytes, bytes]]] = {}
        with self._read() as connection:
            for chunk in chunks(sids):
                for sid, fingerprint, sealed in connection.execute(query.where(_CORRECTION.c.sid.in_(chunk))):
                    found.setdefault(sid, []).append((fingerprint, sealed))
        return found

    def correct(self, tenant: str, sid: int, change: Correct) -> None:
        """See :class:`lrs.storage.contract.CorrectionStore`."""
        try:
            with self._write() as connection:
                # First of all: whoever adds a spelling from now on waits, and then finds another revision.
                mine = (_SUBJECT.c.sid == sid, _SUBJECT.c.tenant == tenant)
                if connection.execute(update(_SUBJECT).where(*mine).values(revision=_SUBJECT.c.revision + 1)).rowcount:
                    _put(connection, tenant, sid, change(*(_values(connection, table, sid) for table in (_VARIANT, _CORRECTION))))
        except IntegrityError:
            raise IndexTaken from None


def _values(connection: Connection, table: Table, sid: int) -> SealedValues:
    query = select(table.c.fingerprint, table.c.sealed).where(table.c.sid == sid)
    return [(fingerprint, sealed) for fingerprint, sealed in connection.execute(query)]


def _put(connection: Connection, tenant: str, sid: int, new: Corrected) -> None:
    for fingerprint, sealed in new.variants:
        connection.execute(update(_VARIANT).where(_VARIANT.c.sid == sid, _VARIANT.c.fingerprint == fingerprint).values(sealed=sealed))
    connection.execute(delete(_CORRECTION).where(_CORRECTION.c.sid == sid))
    for fingerprint, sealed in new.corrections:
        connection.execute(insert(_CORRECTION), {"sid": sid, "fingerprint": fingerprint, "tenant": tenant, "sealed": sealed})
    if new.index:
        row = {"tenant": tenant, "blind_index": new.index, "sid": sid, "sha1": new.sha1, "folded": new.folded}
        connection.execute(insert(schema.identifier), row)
