"""Who there is: subjects with their keys, identifiers and spellings, all of them blind or sealed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import BindParameter, ColumnElement, Connection, Select, bindparam, case, func, insert, null, select, update
from sqlalchemy.exc import IntegrityError

from lrs.storage.contract import IndexTaken, KnownSubject, NewSubject, NewVariant, WrappedKey
from lrs.storage.vault import schema
from lrs.storage.vault.database import Database
from lrs.storage.vault.epochs import check_epochs


def numbered(tenant: str | BindParameter[str], sids: Sequence[int] | BindParameter[Any]) -> tuple[ColumnElement[bool], ...]:
    """Give the conditions under which a subject of a tenant is one of these.

    The tenant is held against an expression: SQLite, for which one index is as good as another, would look through all people of the
    tenant in order of when they were seen, 33 ms among 100,000, in place of looking these up in 0.5 ms.
    """
    table = schema.subject
    return table.c.sid.in_(sids), func.coalesce(table.c.tenant, "") == tenant


T = TypeVar("T")
_CHUNK = 500
"""Values in one IN list: below every engine's limit on parameters."""
_KEY = (schema.subject.c.epoch, schema.subject.c.wrapped, schema.subject.c.key_check, schema.subject.c.revision)
_KNOWN = (schema.subject.c.revision, schema.subject.c.met_month, schema.subject.c.last_seen)
# Made once: every group of statements asks these, and making such a query takes as long as asking it.
_IDENTIFIED = (
    select(schema.identifier.c.blind_index, schema.subject.c.sid)
    .join_from(schema.identifier, schema.subject)
    .where(schema.identifier.c.tenant == bindparam("of"), schema.identifier.c.blind_index.in_(bindparam("wanted", expanding=True)))
)
_KNOWN_SUBJECTS, _WITH_KEYS = _IDENTIFIED.add_columns(*_KNOWN), _IDENTIFIED.add_columns(*_KEY)
_KEYS = select(schema.subject.c.sid, *_KEY).where(*numbered(bindparam("of"), bindparam("wanted", expanding=True)))
_THERE = select(func.count()).select_from(schema.subject).where(*numbered(bindparam("of"), bindparam("wanted", expanding=True)))
_NEWER = schema.subject.c.last_seen < bindparam("seen")
# Who is seen again need not be warned any more.
_MEET = (
    update(schema.subject)
    .where(schema.subject.c.sid == bindparam("number"), schema.subject.c.tenant == bindparam("of"))
    .values(
        met_month=bindparam("month"),
        last_seen=case((_NEWER, bindparam("seen")), else_=schema.subject.c.last_seen),
        warned=case((_NEWER, null()), else_=schema.subject.c.warned),
    )
)
_SPELLINGS = select(schema.variant.c.sid, schema.variant.c.vid, schema.variant.c.fingerprint, schema.variant.c.sealed).where(
    schema.variant.c.tenant == bindparam("of"), schema.variant.c.sid.in_(bindparam("wanted", expanding=True))
)
_VARIANT_IDS = select(schema.variant.c.fingerprint, schema.variant.c.sid, schema.variant.c.vid).where(
    schema.variant.c.tenant == bindparam("of"), schema.variant.c.fingerprint.in_(bindparam("wanted", expanding=True))
)


class Subjects(Database):
    """Implements ``SubjectStore`` of :mod:`lrs.storage.contract`."""

    def subjects(self, tenant: str, indexes: Sequence[bytes]) -> Mapping[bytes, tuple[int, WrappedKey]]:
        """See :class:`lrs.storage.contract.SubjectStore`."""
        return {index: (sid, WrappedKey(*key)) for index, sid, *key in self._identified(_WITH_KEYS, tenant, indexes)}

    def known_subjects(self, tenant: str, indexes: Sequence[bytes]) -> Mapping[bytes, KnownSubject]:
        """See :class:`lrs.storage.contract.SubjectStore`."""
        return {index: KnownSubject(*subject) for index, *subject in self._identified(_KNOWN_SUBJECTS, tenant, indexes)}

    def variant_ids(self, tenant: str, fingerprints: Sequence[bytes]) -> Mapping[bytes, tuple[int, int]]:
        """See :class:`lrs.storage.contract.SubjectStore`."""
        with self._read() as connection:
            return _variant_ids(connection, tenant, fingerprints)

    def add(
        self, tenant: str, subjects: Sequence[NewSubject], variants: Sequence[NewVariant], *, month: int
    ) -> Mapping[bytes, tuple[int, int]]:
        """See :class:`lrs.storage.contract.SubjectStore`."""
        try:
            with self._write() as connection:
                if subjects:
                    check_epochs(connection, tenant, {new.key.epoch for new in subjects})
                    _check_numbers(connection, [new.sid for new in subjects])
                    connection.execute(insert(schema.subject), [_subject_row(tenant, new, month) for new in subjects])
                    connection.execute(insert(schema.identifier), [_identifier_row(tenant, new) for new in subjects])
                found = dict(_variant_ids(connection, tenant, [new.fingerprint for new in variants]))
                rows = _numbered(connection, tenant, [new for new in variants if new.fingerprint not in found])
                if rows:
                    _check_revisions(connection, variants)
                    connection.execute(insert(schema.variant), rows)
        except IntegrityError:
            raise IndexTaken from None
        return found | {row["fingerprint"]: (row["sid"], row["vid"]) for row in rows}

    def meet(self, tenant: str, seen: Mapping[int, int], *, month: int) -> bool:
        """See :class:`lrs.storage.contract.SubjectStore`."""
        with self._write() as connection:
            there = (connection.scalar(_THERE, {"of": tenant, "wanted": chunk}) or 0 for chunk in chunks(list(seen)))
            if sum(there) < len(seen):
                return False
            connection.execute(_MEET, [{"of": tenant, "number": sid, "month": month, "seen": last} for sid, last in seen.items()])
        return True

    def keys(self, tenant: str, sids: Sequence[int]) -> Mapping[int, WrappedKey]:
        """See :class:`lrs.storage.contract.SubjectStore`."""
        with self._read() as connection:
            return {
                sid: WrappedKey(*key)
                for chunk in chunks(sids)
                for sid, *key in connection.execute(_KEYS, {"of": tenant, "wanted": chunk}).all()
            }

    def variants(self, tenant: str, pairs: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], tuple[bytes, bytes]]:
        """See :class:`lrs.storage.contract.SubjectStore`."""
        wanted = set(pairs)
        # By subject alone: a person has few spellings, and a list of pairs is slow in SQLite.
        with self._read() as connection:
            return {
                (sid, vid): (fingerprint, sealed)
                for chunk in chunks(list({sid for sid, _ in wanted}))
                for sid, vid, fingerprint, sealed in connection.execute(_SPELLINGS, {"of": tenant, "wanted": chunk}).all()
                if (sid, vid) in wanted
            }

    def spellings(self, tenant: str, sid: int) -> list[tuple[bytes, bytes]]:
        """See :class:`lrs.storage.contract.SubjectStore`."""
        table = schema.variant
        query = select(table.c.fingerprint, table.c.sealed).where(table.c.tenant == tenant, table.c.sid == sid)
        with self._read() as connection:
            return [(fingerprint, sealed) for fingerprint, sealed in connection.execute(query.order_by(table.c.vid))]

    def _identified(self, query: Select[Any], tenant: str, indexes: Sequence[bytes]) -> Sequence[Sequence[Any]]:
        """Give the blind index, the number and what else is asked for of those subjects who are known."""
        with self._read() as connection:
            return [row for chunk in chunks(indexes) for row in connection.execute(query, {"of": tenant, "wanted": chunk}).all()]


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut a list so that each part fits in an IN."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def see(connection: Connection, tenant: str, sid: int, month: int) -> None:
    """Note that somebody was seen in a month otherwise than in a statement, and need not be warned any more."""
    table = schema.subject
    later = update(table).where(table.c.sid == sid, table.c.tenant == tenant, table.c.last_seen < month)
    connection.execute(later.values(last_seen=month, warned=None))


def _check_numbers(connection: Connection, sids: Sequence[int]) -> None:
    """Raise :class:`IndexTaken` where a number stood for somebody who was erased: other numbers are made then."""
    for chunk in chunks(sids):
        if connection.scalar(select(schema.erased.c.sid).where(schema.erased.c.sid.in_(chunk)).limit(1)) is not None:
            raise IndexTaken


def _check_revisions(connection: Connection, variants: Sequence[NewVariant]) -> None:
    """Raise :class:`IndexTaken` where a person was corrected since corrections were looked up; a correction waits for the transaction's end."""
    table, seen = schema.subject, {new.sid: new.revision for new in variants}
    query = select(table.c.sid, table.c.revision).with_for_update(read=True)
    for chunk in chunks(list(seen)):
        if any(seen[sid] != revision for sid, revision in connection.execute(query.where(table.c.sid.in_(chunk)))):
            raise IndexTaken


def _subject_row(tenant: str, new: NewSubject, month: int) -> dict[str, Any]:
    key = new.key
    return {
        "sid": new.sid,
        "tenant": tenant,
        "epoch": key.epoch,
        "wrapped": key.wrapped,
        "key_check": key.check,
        "created_month": month,
        "met_month": month,
        "last_seen": 0,
    }


def _identifier_row(tenant: str, new: NewSubject) -> dict[str, Any]:
    return {"tenant": tenant, "blind_index": new.index, "sid": new.sid, "sha1": new.sha1, "folded": new.folded}


def _variant_ids(connection: Connection, tenant: str, fingerprints: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
    return {
        fingerprint: (sid, vid)
        for chunk in chunks(fingerprints)
        for fingerprint, sid, vid in connection.execute(_VARIANT_IDS, {"of": tenant, "wanted": chunk}).all()
    }


def _numbered(connection: Connection, tenant: str, variants: Sequence[NewVariant]) -> list[dict[str, Any]]:
    """Give each new spelling the next number of its subject."""
    table = schema.variant
    last: dict[int, int] = {}
    for chunk in chunks(list({new.sid for new in variants})):
        query = select(table.c.sid, func.max(table.c.vid)).where(table.c.sid.in_(chunk)).group_by(table.c.sid)
        last.update((sid, vid) for sid, vid in connection.execute(query))
    rows = []
    for new in variants:
        last[new.sid] = last.get(new.sid, 0) + 1
        rows.append({"sid": new.sid, "vid": last[new.sid], "tenant": tenant, "fingerprint": new.fingerprint, "sealed": new.sealed})
    return rows
