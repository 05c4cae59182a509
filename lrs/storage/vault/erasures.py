"""Forgetting people: the ledger of erasures, what goes with a person, and what is not taken in again for a while."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, update

from lrs.errors import KeyUnavailable, StoreUnavailable
from lrs.storage.contract import Erasure, ErasureState
from lrs.storage.vault import schema
from lrs.storage.vault.connection import answering
from lrs.storage.vault.database import Database
from lrs.storage.vault.subjects import chunks

PERSONAL = (
    schema.consent,
    schema.document,
    schema.presence,
    schema.variant,
    schema.correction,
    schema.joined,
    schema.identifier,
    schema.subject,
)
"""Every table that names a person by number, in the order in which its rows may go."""
_ERASURE, _ERASED, _SUPPRESSED, _TENANT = schema.erasure, schema.erased, schema.suppressed, schema.tenant
# Made once: every group of statements asks this.
_ENDED = select(_TENANT.c.ended).where(_TENANT.c.name == bindparam("of")).scalar_subquery()
_SUPPRESSION = select(func.count(), func.coalesce(func.max(_ERASURE.c.seq), 0), _ENDED).where(
    _ERASURE.c.tenant == bindparam("of"), _ERASURE.c.until > bindparam("now")
)
_PATIENCE = 30.0
_VACUUM = tuple("VACUUM " + table.name for table in (*PERSONAL, schema.credential, schema.dead_letter))


class Erasures(Database):
    """Implements ``ErasureStore`` of :mod:`lrs.storage.contract`."""

    def request_erasure(
        self, tenant: str, sids: Sequence[int], keys: Sequence[bytes], *, at: int, until: int, counts: Mapping[str, int]
    ) -> Erasure:
        """See :class:`lrs.storage.contract.ErasureStore`."""
        with self._write() as connection:
            seq = (connection.scalar(select(func.max(_ERASURE.c.seq))) or 0) + 1
            entry = Erasure(seq=seq, tenant=tenant, at=at, until=until, state=ErasureState.REQUESTED, sids=tuple(sids), counts=counts)
            _add(connection, entry)
            _suppress(connection, tenant, keys, until)
        return entry

    def erasures(self) -> list[Erasure]:
        """See :class:`lrs.storage.contract.ErasureStore`."""
        with self._read() as connection:
            return _ledger(connection)

    def note_erasure(self, erasure: Erasure) -> None:
        """See :class:`lrs.storage.contract.ErasureStore`."""
        with self._write() as connection:
            connection.execute(update(_ERASURE).where(_ERASURE.c.seq == erasure.seq).values(**_said(erasure)))

    def kept(self, tenant: str, sids: Sequence[int]) -> Mapping[str, int]:
        """See :class:`lrs.storage.contract.ErasureStore`."""
        found: Counter[str] = Counter()
        with self._read() as connection:
            for table in PERSONAL:
                for chunk in chunks(sids):
                    rows = select(func.count()).select_from(table).where(table.c.tenant == tenant, table.c.sid.in_(chunk))
                    found[table.name] += connection.scalar(rows) or 0
        return found

    def shred(self, tenant: str, sids: Sequence[int], credentials: Sequence[str]) -> None:
        """See :class:`lrs.storage.contract.ErasureStore`."""
        with self._write() as connection:
            delete_people(connection, tenant, sids)
            theirs = delete(schema.credential).where(schema.credential.c.tenant == tenant)
            for ids in chunks(credentials):
                connection.execute(theirs.where(schema.credential.c.id.in_(ids)))

    def scrub(self) -> None:
        """See :class:`lrs.storage.contract.ErasureStore`."""
        if self._sqlite:
            self._truncate_log()
        else:
            with answering(), self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                for statement in _VACUUM:
                    connection.execute(text(statement))

    def suppress(self, tenant: str, keys: Sequence[bytes], *, until: int) -> None:
        """See :class:`lrs.storage.contract.ErasureStore`."""
        with self._write() as connection:
            _suppress(connection, tenant, keys, until)

    def suppressed(self, tenant: str, keys: Sequence[bytes], *, now: int) -> set[bytes]:
        """See :class:`lrs.storage.contract.ErasureStore`."""
        query = select(_SUPPRESSED.c.key).where(_SUPPRESSED.c.tenant == tenant, _SUPPRESSED.c.until > now)
        with self._read() as connection:
            return {key for chunk in chunks(keys) for key in connection.scalars(query.where(_SUPPRESSED.c.key.in_(chunk)))}

    def suppression(self, tenant: str, *, now: int) -> tuple[int, int]:
        """See :class:`lrs.storage.contract.ErasureStore`."""
        with self._read() as connection:
            live, last, ended = connection.execute(_SUPPRESSION, {"of": tenant, "now": now}).one()
        if ended is not None:
            raise KeyUnavailable("this tenant has ended: its keys are destroyed", hint="Nothing can be stored for it any more.")
        return live, last

    def end_suppression(self, *, now: int) -> None:
        """See :class:`lrs.storage.contract.ErasureStore`."""
        with self._write() as connection:
            connection.execute(delete(_SUPPRESSED).where(_SUPPRESSED.c.until <= now))

    def suppressions(self) -> list[tuple[str, bytes, int]]:
        """See :class:`lrs.storage.contract.ErasureStore`."""
        with self._read() as connection:
            return [(tenant, key, until) for tenant, key, until in connection.execute(select(_SUPPRESSED))]

    def restore_ledger(self, erasures: Sequence[Erasure], suppressions: Sequence[tuple[str, bytes, int]]) -> int:
        """See :class:`lrs.storage.contract.ErasureStore`."""
        with self._write() as connection:
            known = {each.seq: each for each in _ledger(connection)}
            there = set(map(_what, known.values()))
            missing = [each for each in erasures if _what(each) not in there]
            last = max(known.keys() | {each.seq for each in missing}, default=0)
            # Numbers of a tenant that has ended are given out again. Receipts say those of the newer ledger.
            for number, each in enumerate((known[each.seq] for each in missing if each.seq in known), last + 1):
                _renumber(connection, each, number)
            for each in missing:
                _add(connection, each)
            for tenant, key, until in suppressions:
                _suppress(connection, tenant, [key], until)
            connection.execute(update(_ERASURE).values(state=ErasureState.REQUESTED.value))
            return len(known) + len(missing)

    def drop_letters_at(self, tenant: str, stored: Sequence[int]) -> None:
        """See :class:`lrs.storage.contract.ErasureStore`."""
        letter = schema.dead_letter
        with self._write() as connection:
            for chunk in chunks(stored):
                connection.execute(delete(letter).where(letter.c.tenant == tenant, letter.c.stored.in_(chunk)))

    def _truncate_log(self) -> None:
        """Empty SQLite's log, which a reader can keep from being emptied for a moment."""
        given_up = time.monotonic() + _PATIENCE
        while self.checkpoint():
            if time.monotonic() > given_up:
                raise StoreUnavailable(
                    "the vault's log can't be emptied: somebody keeps reading", hint="Call it again: it goes on where it was."
                )
            time.sleep(0.05)


def delete_people(connection: Connection, tenant: str, sids: Sequence[int]) -> Counter[str]:
    """Delete subjects and all that is about them -> table: how many rows of it."""
    gone: Counter[str] = Counter()
    for chunk in chunks(sids):
        for table in PERSONAL:
            gone[table.name] += connection.execute(delete(table).where(table.c.tenant == tenant, table.c.sid.in_(chunk))).rowcount
        asked = schema.request
        connection.execute(update(asked).where(asked.c.tenant == tenant, asked.c.sid.in_(chunk)).values(sid=None))
    return gone


def _add(connection: Connection, entry: Erasure) -> None:
    place = {"seq": entry.seq, "tenant": entry.tenant, "at": entry.at, "until": entry.until}
    connection.execute(insert(_ERASURE), place | _said(entry))
    if entry.sids:
        connection.execute(insert(_ERASED), [{"seq": entry.seq, "sid": sid} for sid in entry.sids])


def _renumber(connection: Connection, entry: Erasure, seq: int) -> None:
    connection.execute(delete(_ERASED).where(_ERASED.c.seq == entry.seq))
    connection.execute(delete(_ERASURE).where(_ERASURE.c.seq == entry.seq))
    _add(connection, msgspec.structs.replace(entry, seq=seq))


def _what(entry: Erasure) -> tuple[str, int, frozenset[int]]:
    """Tell by what an entry is recognised."""
    return entry.tenant, entry.at, frozenset(entry.sids)


def _said(entry: Erasure) -> dict[str, str]:
    return {"state": entry.state.value, "counts": msgspec.json.encode(entry.counts, order="sorted").decode(), "receipt": entry.receipt}


def _ledger(connection: Connection) -> list[Erasure]:
    sids: dict[int, list[int]] = {}
    for seq, sid in connection.execute(select(_ERASED)):
        sids.setdefault(seq, []).append(sid)
    columns = [_ERASURE.c[name] for name in ("seq", "tenant", "at", "until", "state", "counts", "receipt")]
    return [
        Erasure(
            seq=seq,
            tenant=tenant,
            at=at,
            until=until,
            state=ErasureState(state),
            sids=tuple(sids.get(seq, ())),
            counts=msgspec.json.decode(counts),
            receipt=receipt,
        )
        for seq, tenant, at, until, state, counts, receipt in connection.execute(select(*columns).order_by(_ERASURE.c.seq))
    ]


def _suppress(connection: Connection, tenant: str, keys: Sequence[bytes], until: int) -> None:
    table = _SUPPRESSED
    for chunk in chunks(list(set(keys))):
        ours = (table.c.tenant == tenant, table.c.key.in_(chunk))
        kept = set(connection.scalars(select(table.c.key).where(*ours, table.c.until >= until)))
        connection.execute(delete(table).where(*ours, table.c.until < until))
        new = [{"tenant": tenant, "key": key, "until": until} for key in chunk if key not in kept]
        if new:
            connection.execute(insert(table), new)
