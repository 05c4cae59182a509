"""People of whom nothing is heard any more, and whatever else of the vault is past its time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, case, delete, exists, func, insert, or_, select, update

from lrs.storage.contract import Leaving
from lrs.storage.vault import schema
from lrs.storage.vault.database import Database
from lrs.storage.vault.erasures import delete_people
from lrs.storage.vault.subjects import chunks, numbered
from lrs.xapi.formats import month_of

_SUBJECT, _DOCUMENT, _JOINED = schema.subject, schema.document, schema.joined
_APPROVAL, _LETTER, _CREDENTIAL = schema.elimination_approval, schema.dead_letter, schema.credential
_DAY = 86_400_000_000
# Keys of projects are kept as a person's are, and nobody came under them; so does what the tenant itself wrote, which the caller leaves out.
_SOMEBODY = exists().where(schema.identifier.c.sid == _SUBJECT.c.sid)
_SEEN = case((_SUBJECT.c.last_seen > 0, _SUBJECT.c.last_seen), else_=_SUBJECT.c.created_month)
"""Who was never seen, since a process died in between, counts from the month in which they were made."""
_other = _SUBJECT.alias("other")
_mine = _JOINED.alias("mine")


class Inactive(Database):
    """Implements ``InactiveStore`` of :mod:`lrs.storage.contract`."""

    def leaving(self, tenant: str, leaving: Leaving, *, after: int | None, limit: int) -> list[int]:
        """See :class:`lrs.storage.contract.InactiveStore`."""
        query = select(_SUBJECT.c.sid).where(*_may_leave(tenant, leaving)).order_by(_SUBJECT.c.sid).limit(limit)
        with self._read() as connection:
            return list(connection.scalars(query if after is None else query.where(_SUBJECT.c.sid > after)))

    def leave(self, tenant: str, sids: Sequence[int], leaving: Leaving) -> tuple[int, int]:
        """See :class:`lrs.storage.contract.InactiveStore`."""
        people = documents = 0
        with self._write() as connection:
            for chunk in chunks(sids):
                query = select(_SUBJECT.c.sid).where(*_may_leave(tenant, leaving), _SUBJECT.c.sid.in_(chunk)).with_for_update()
                gone = delete_people(connection, tenant, list(connection.scalars(query)))
                people += gone[_SUBJECT.name]
                documents += gone[_DOCUMENT.name]
        return people, documents

    def unwarned(self, tenant: str, *, seen_through: int, after: int | None, limit: int) -> list[tuple[int, int]]:
        """See :class:`lrs.storage.contract.InactiveStore`."""
        query = select(_SUBJECT.c.sid, _SEEN).where(*_inactive(tenant, seen_through), _SUBJECT.c.warned.is_(None))
        with self._read() as connection:
            rows = connection.execute(
                (query if after is None else query.where(_SUBJECT.c.sid > after)).order_by(_SUBJECT.c.sid).limit(limit)
            )
            return [(sid, month) for sid, month in rows]

    def warn(self, tenant: str, sids: Sequence[int], *, at: int) -> None:
        """See :class:`lrs.storage.contract.InactiveStore`."""
        with self._write() as connection:
            for chunk in chunks(sids):
                # Months tell who is seen again: not before the month is over in which somebody was seen.
                still = (_SUBJECT.c.warned.is_(None), _SUBJECT.c.last_seen < month_of(at))
                connection.execute(update(_SUBJECT).where(*numbered(tenant, chunk), *still).values(warned=at))

    def seen_counts(self, tenant: str, *, but: int) -> list[tuple[int, bool, int]]:
        """See :class:`lrs.storage.contract.InactiveStore`."""
        warned = case((_SUBJECT.c.warned.is_(None), 0), else_=1)
        query = select(_SEEN, warned, func.count()).where(_SUBJECT.c.tenant == tenant, _SOMEBODY, _SUBJECT.c.sid != but)
        with self._read() as connection:
            return [(month, bool(told), number) for month, told, number in connection.execute(query.group_by(_SEEN, warned))]

    def end_documents(self, tenant: str, *, through: int, limit: int) -> int:
        """See :class:`lrs.storage.contract.InactiveStore`."""
        ended = (_DOCUMENT.c.tenant == tenant, _DOCUMENT.c.updated <= through)
        with self._write() as connection:
            keys = list(connection.scalars(select(_DOCUMENT.c.key).where(*ended).limit(limit)))
            # Who writes a document meanwhile has it kept.
            return sum(connection.execute(delete(_DOCUMENT).where(*ended, _DOCUMENT.c.key.in_(chunk))).rowcount for chunk in chunks(keys))

    def document_days(self, tenant: str) -> list[tuple[int, int]]:
        """See :class:`lrs.storage.contract.InactiveStore`."""
        day = _DOCUMENT.c.updated.op("/")(_DAY)
        query = select(day, func.count()).where(_DOCUMENT.c.tenant == tenant).group_by(day)
        with self._read() as connection:
            return [(int(each), number) for each, number in connection.execute(query)]

    def drop_credentials(self, tenant: str, *, revoked_through: int) -> int:
        """See :class:`lrs.storage.contract.InactiveStore`."""
        with self._write() as connection:
            gone = delete(_CREDENTIAL).where(_CREDENTIAL.c.tenant == tenant, _CREDENTIAL.c.revoked <= revoked_through)
            return connection.execute(gone).rowcount

    def drop_old_letters(self, tenant: str, *, tried_through: int) -> int:
        """See :class:`lrs.storage.contract.InactiveStore`."""
        with self._write() as connection:
            return connection.execute(delete(_LETTER).where(_LETTER.c.tenant == tenant, _LETTER.c.tried <= tried_through)).rowcount

    def approve(self, tenant: str, visa: str, *, through: int, at: int) -> None:
        """See :class:`lrs.storage.contract.InactiveStore`."""
        with self._write() as connection:
            known = select(_APPROVAL.c.through).where(_APPROVAL.c.tenant == tenant, _APPROVAL.c.visa == visa)
            if connection.scalar(known) is None:
                connection.execute(insert(_APPROVAL), {"tenant": tenant, "visa": visa, "through": through, "granted": at})

    def approval(self, tenant: str) -> tuple[str, int] | None:
        """See :class:`lrs.storage.contract.InactiveStore`."""
        query = select(_APPROVAL.c.visa, _APPROVAL.c.through).where(_APPROVAL.c.tenant == tenant).order_by(_APPROVAL.c.through.desc())
        with self._read() as connection:
            found = connection.execute(query.limit(1)).first()
        return None if found is None else (found[0], found[1])


def _may_leave(tenant: str, leaving: Leaving) -> list[ColumnElement[bool]]:
    conditions = [
        _SUBJECT.c.tenant == tenant,
        _SOMEBODY,
        _SUBJECT.c.met_month < leaving.met_before,
        _SUBJECT.c.created_month < leaving.met_before,
    ]
    if leaving.seen_through is not None:
        conditions += _inactive(tenant, leaving.seen_through)
    if leaving.warned_through is not None:
        conditions.append(_SUBJECT.c.warned <= leaving.warned_through)
    if not leaving.documents:
        conditions.append(~exists().where(_DOCUMENT.c.sid == _SUBJECT.c.sid))
        silent = ~exists().where(schema.consent.c.sid == _SUBJECT.c.sid)
        conditions.append(or_(silent, leaving.spoken_through >= _SEEN))
    return conditions


def _inactive(tenant: str, seen_through: int) -> list[ColumnElement[bool]]:
    """Who was not seen since, nor anybody who is the same person."""
    seen_as_another = exists().where(
        _mine.c.sid == _SUBJECT.c.sid,
        _JOINED.c.person == _mine.c.person,
        _other.c.sid == _JOINED.c.sid,
        or_(_other.c.last_seen > seen_through, and_(_other.c.last_seen == 0, _other.c.created_month > seen_through)),
    )
    return [_SUBJECT.c.tenant == tenant, _SOMEBODY, seen_through >= _SEEN, ~seen_as_another]
