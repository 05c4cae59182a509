"""Statements: storing them once, finding them again, counting them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from lrs.storage.contract import (
    ERASED,
    NO_UUID,
    KnownStatement,
    Record,
    Selection,
    StoredStatement,
    TokenisedStatement,
    TokenisedStatements,
)
from lrs.storage.warehouse import places
from lrs.storage.warehouse import selection as sql
from lrs.storage.warehouse.client import Session, Sessions
from lrs.storage.warehouse.definitions import Definitions
from lrs.storage.warehouse.ids import SeenIds
from lrs.storage.warehouse.journal import Journal
from lrs.storage.warehouse.packing import stored_statement

_PAGE = 1000
"""Statements of a person that are read at once."""
_MANY = 5000
"""Rows that are better inserted at once than put into the journal first."""
_TIMES = 2000
"""Times in one parameter."""
_WEEKS = 32 * 86_400_000_000
"""Microseconds from where a page begins in which whole rows are looked for first."""
_RECENT = 7 * 86_400_000_000
"""Microseconds back from the newest statement in which a repeated one is looked for first."""
_EVER = -1
_COLUMNS = TokenisedStatements.__struct_fields__
_OFTEN_NONE = frozenset({"registration", "reference"})


class Statements:
    """The table of statements. Thread-safe.

    With a folder for a ``journal`` no other process writes to it or reads it, so that rows can wait there, and memory can say which ids are surely
    new and which tenants have statements that refer to others. Over a network both are asked each time.
    """

    def __init__(self, sessions: Sessions, journal: Path | None, definitions: Definitions) -> None:
        self._sessions = sessions
        self._definitions = definitions
        self._alone = journal is not None
        self._seen: SeenIds | None = None
        self._newest = 0
        self._referring: set[str] = set()
        self._journal: Journal | None = None
        if journal is not None:
            self._journal = Journal(journal, insert=self._insert_records, has_any=self._has_any)
            sessions.settle = self._journal.settle
            with sessions.writer() as session:
                self._remember(session)

    def close(self) -> None:
        """Insert what waits."""
        if self._journal is not None:
            self._journal.close()

    def put(self, record: Record) -> None:
        """See :class:`lrs.storage.contract.StatementStore`."""
        if self._journal is None or not record.rows or record.rows >= _MANY:
            self._insert_records([record])
        else:
            self._journal.put(record)

    def insert(self, rows: Sequence[TokenisedStatement]) -> None:
        """See :class:`lrs.storage.contract.StatementStore`."""
        self._insert_records([self.record(TokenisedStatements.of(rows))])

    def record(self, rows: TokenisedStatements, definitions: bytes | memoryview = b"") -> Record:
        """See :class:`lrs.storage.contract.StatementStore`; ``definitions`` is a block of :class:`lrs.storage.warehouse.definitions.Definitions`."""
        if not len(rows):
            return Record(b"", b"", definitions, b"")
        ids = b"".join([each.int.to_bytes(16) for each in rows.id])
        if self._seen is not None:
            # Before the insert: should it fail half-way, what was noted in vain is looked up.
            self._seen.add(ids)
            self._newest = max(self._newest, rows.stored[-1])
            self._referring.update(tenant for tenant, each in zip(rows.tenant, rows.reference, strict=True) if each.int)
        # The client writes zero faster than a UUID of zeros.
        columns = [[each.int for each in getattr(rows, name)] if name in _OFTEN_NONE else getattr(rows, name) for name in _COLUMNS]
        with self._sessions.inserter() as session:
            return Record(
                ids, b"".join([each.to_bytes(8) for each in rows.stored]), definitions, session.block("placed", _COLUMNS, columns)
            )

    def _insert_records(self, records: Sequence[Record]) -> None:
        # In this order: what was said of an activity is there no later than the statement that said it, and where a statement is that can be seen is known.
        self._definitions.insert([record.definitions for record in records])
        if blocks := [record.block for record in records if record.rows]:
            with self._sessions.inserter() as session:
                session.insert_blocks("arriving", places.NAMES, blocks)
                session.insert_blocks("placed", _COLUMNS, blocks, into="statements")

    def _has_any(self, times: bytes) -> bool:
        asked = [int.from_bytes(times[start : start + 8]) for start in range(0, len(times), 8)]
        parts = (asked[start : start + _TIMES] for start in range(0, len(asked), _TIMES))
        with self._sessions.inserter() as session:
            found = any(session.query(sql.ANY_AT, {"stored": part}) for part in parts)
            if found:
                session.write_parts("statements")
            return found

    def known(self, tenant: str, ids: Sequence[UUID]) -> Mapping[UUID, KnownStatement]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        if self._seen is None or self._journal is None:
            with self._sessions.lookup() as session:
                return _known(session, tenant, ids)
        asked = self._seen.maybe(ids)
        if not asked:
            return {}
        # Some are asked for in vain: whoever stores does not wait for others' rows because of them.
        with self._sessions.lookup(settled=self._journal.holds_any({each.bytes for each in asked})) as session:
            # What comes again mostly came a short while ago: the parts of earlier months are looked through for the rest alone.
            found = _known(session, tenant, asked, since=self._newest - _RECENT)
            found |= _known(session, tenant, [each for each in asked if each not in found])
            if found:
                # Before anybody is told that it is stored: it may be there, and not yet safe.
                session.write_parts("statements")
            return found

    def by_id(
        self, tenant: str, ids: Sequence[UUID], *, now: int, within: Selection | None = None
    ) -> Mapping[UUID, tuple[StoredStatement, bool]]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        with self._sessions.lookup() as session:
            # Asked of the table even where memory knows better: an id that was deleted must take as long as one that never was.
            rows = _unique(row for part in sql.in_parts(ids) for row in _read(session, sql.by_id(tenant, part, within, now=now)))
            voided = self._voided(session, tenant, [row.id for row in rows])
        return {row.id: (row, row.id in voided) for row in rows}

    def find(self, tenant: str, selection: Selection, *, now: int) -> list[StoredStatement]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        found: dict[UUID, StoredStatement] = {}
        with self._sessions.reader() as session:
            while True:
                asked = selection.limit - len(found)
                rows = self._matching_rows(session, tenant, msgspec.structs.replace(selection, limit=asked), now)
                for row in rows if self._alone else _first(session, tenant, rows):
                    found.setdefault(row.id, row)
                if len(rows) < asked or len(found) == selection.limit:
                    return list(found.values())
                selection = msgspec.structs.replace(selection, after=rows[-1].stored)

    def naming(self, tenant: str, sids: Sequence[int], *, until: int, now: int) -> Iterator[list[tuple[StoredStatement, bool]]]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        asked = Selection(sids=tuple(sids), related_agents=True, until=until, ascending=True, limit=_PAGE)
        while True:
            with self._sessions.reader() as session:
                # Voided ones are the person's too, and whatever only refers to them is not.
                rows = self._own(session, tenant, asked, now, voiding=False)
                shown = rows if self._alone else _first(session, tenant, rows)
                voided = self._voided(session, tenant, [row.id for row in shown])
            if not rows:
                return
            yield [(row, row.id in voided) for row in shown]
            asked = msgspec.structs.replace(asked, after=rows[-1].stored)

    def everything(self, tenant: str, *, after: int, limit: int, now: int) -> list[StoredStatement]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        found: list[StoredStatement] = []
        with self._sessions.reader() as session:
            while not found:
                rows = self._own(session, tenant, Selection(after=after, ascending=True, limit=limit), now, voiding=False)
                if not rows:
                    break
                found = rows if self._alone else _first(session, tenant, rows)
                after = rows[-1].stored
        return found

    def count_by(self, tenant: str, selection: Selection, column: str, *, now: int) -> list[tuple[object, int]]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        counted: Counter[object] = Counter()
        with self._sessions.reader() as session:
            for matching in self._matching(session, tenant, selection, now):
                query = sql.counts(matching, selection, column, alone=self._alone)
                counted.update({group[0]: group[1] for group in session.query(query.sql, query.parameters)})
        return sorted(counted.items(), key=lambda group: (-group[1], str(group[0])))[: selection.limit]

    def last_stored(self) -> int:
        """See :class:`lrs.storage.contract.StatementStore`."""
        # Asked when a store opens, while the engine has its tables to load, from a disk that may be busy: that has no limit of time, as reads have.
        with self._sessions.writer() as session:
            return int(session.query("SELECT max(stored) FROM statements", {})[0][0])

    def held(self, tenant: str, until: int) -> int:
        """See :class:`lrs.storage.contract.StatementStore`."""
        query = "SELECT count() FROM statements WHERE tenant = {tenant:String} AND stored <= fromUnixTimestamp64Micro({until:Int64}, 'UTC')"
        with self._sessions.reader() as session:
            return int(session.query(query, {"tenant": tenant, "until": until})[0][0])

    def _remember(self, session: Session) -> None:
        ((number, self._newest),) = session.query("SELECT count(), max(stored) FROM statements", {})
        self._seen = SeenIds(number)
        self._seen.add_stored(session.stream("SELECT id FROM statements"))
        self._referring.update(tenant for (tenant,) in session.query(sql.REFERRING_TENANTS, {"nothing": NO_UUID}))

    def _refers(self, session: Session, tenant: str) -> bool:
        """Tell whether any statement of a tenant refers to another."""
        if self._alone:
            return tenant in self._referring
        return bool(session.query(sql.REFERS, {"tenant": tenant, "nothing": NO_UUID}))

    def _voided(self, session: Session, tenant: str, ids: Sequence[UUID]) -> set[UUID]:
        if not self._refers(session, tenant):
            return set()
        return {each for part in sql.in_parts(ids) for (each,) in session.query(sql.VOIDED, {"tenant": tenant, "ids": list(part)})}

    def _matching(self, session: Session, tenant: str, selection: Selection, now: int) -> list[sql.Query]:
        """Give what to read to see every match once."""
        refers = self._refers(session, tenant)
        own = sql.matches(tenant, selection, now=now, voiding=refers)
        if not refers or not sql.is_filtered(selection):
            return [own]
        found = _referring(session, tenant, selection, now)
        return [own, *(sql.referring(tenant, selection, part, now=now) for part in sql.in_parts(found))]

    def _matching_rows(self, session: Session, tenant: str, selection: Selection, now: int) -> list[StoredStatement]:
        """Give the first rows that match, in their order: by themselves, or through what they refer to."""
        refers = self._refers(session, tenant)
        rows = self._own(session, tenant, selection, now, voiding=refers)
        if not refers or not sql.is_filtered(selection):
            return rows
        for part in sql.in_parts(_referring(session, tenant, selection, now)):
            matching = sql.referring(tenant, selection, part, now=now)
            rows += _at(session, matching, _times(session, sql.times(matching, ascending=selection.ascending, limit=selection.limit)))
        return _ordered(rows, selection)

    def _own(self, session: Session, tenant: str, selection: Selection, now: int, *, voiding: bool) -> list[StoredStatement]:
        """Give the first rows that match by themselves, in their order; fewer than asked for when there are no more."""
        if wanted := places.filters(selection):
            return _placed(session, tenant, selection, wanted, now, voiding=voiding)
        return _in_time(session, tenant, selection, now, voiding=voiding, newest=self._newest if self._alone else now)


def _known(session: Session, tenant: str, ids: Sequence[UUID], *, since: int = _EVER) -> dict[UUID, KnownStatement]:
    return {
        each: KnownStatement(stored, fingerprint)
        for part in sql.in_parts(ids, session.most_ids)
        for each, stored, fingerprint in session.query(sql.KNOWN, {"tenant": tenant, "ids": list(part), "since": since})
    }


def _first(session: Session, tenant: str, rows: Sequence[StoredStatement]) -> list[StoredStatement]:
    """Leave out second rows of an id: two processes that write at once can make them."""
    known = _known(session, tenant, [row.id for row in rows])
    return [row for row in rows if row.id not in known or known[row.id].stored == row.stored]


def _placed(
    session: Session, tenant: str, selection: Selection, wanted: Sequence[places.Filter], now: int, *, voiding: bool
) -> list[StoredStatement]:
    """Give the first rows that match by themselves of a selection that has filters."""
    # Whose the first of them are is seen in the rows themselves, as the engine would take longer to plan it; those after them it does leave out.
    matching = sql.matches(tenant, sql.of_anybody(selection), now=now, voiding=voiding)
    wanted = [_there(session, tenant, wanted[0]), *wanted[1:]]
    rows: list[StoredStatement] = []
    left, size = selection, min(selection.limit, _TIMES)
    while True:
        times = _times(session, places.times(tenant, left, wanted, now=now, limit=size))
        rows += [row for row in _at(session, matching, times) if sql.has_people(row, selection)]
        if len(times) < size or len(rows) >= selection.limit:
            return _ordered(rows, selection)
        # What was found so far may all have been left out: more at once, so that it does not go on for long.
        left, size = msgspec.structs.replace(left, after=times[-1]), min(4 * size, _TIMES)
        matching = sql.matches(tenant, selection, now=now, voiding=voiding)


def _there(session: Session, tenant: str, wanted: places.Filter) -> places.Filter:
    """Drop the hidden form of an IRI from a filter if nothing is stored under it: seeing that takes half of the time that looking for both would."""
    if wanted.kind == "person":
        return wanted
    first, *others = wanted.alternatives
    return wanted._replace(alternatives=(first, *(each for each in others if session.query(*places.has_any(tenant, wanted.kind, each)))))


def _in_time(session: Session, tenant: str, selection: Selection, now: int, *, voiding: bool, newest: int) -> list[StoredStatement]:
    """Give the first rows of a selection that only says from when they are."""
    rows: list[StoredStatement] = []
    for span, short in _spans(selection, newest):
        left, more = span, True
        while more and len(rows) < selection.limit:
            asked = selection.limit - len(rows)
            matching = sql.matches(tenant, left, now=now, voiding=voiding)
            if short:
                read = _read(session, sql.page(matching, ascending=selection.ascending, limit=asked))
                times, found = [row.stored for row in read], _unique(read)
            else:
                times = _times(session, sql.times(matching, ascending=selection.ascending, limit=asked))
                found = _at(session, matching, times)
            rows += found
            more = len(times) == asked
            left = msgspec.structs.replace(left, after=times[-1]) if more else left
    return _ordered(rows, selection)


def _spans(selection: Selection, newest: int) -> Iterator[tuple[Selection, bool]]:
    """Cut a selection in two -> (its first weeks, True), where it is known when they are, and (what is left, False).

    Most pages are in these weeks, and there whole rows are read at once. Of a long time only the times are, first: the engine begins to read each month,
    and all of its columns that are asked for.
    """
    low = [each for each in (selection.after, selection.since) if each is not None]
    high = [each for each in (selection.after, selection.until, newest) if each is not None]
    if selection.ascending and not low:
        yield selection, False
    elif selection.ascending and (selection.until is None or selection.until > max(low) + _WEEKS):
        yield msgspec.structs.replace(selection, until=max(low) + _WEEKS), True
        yield msgspec.structs.replace(selection, since=max(low) + _WEEKS), False
    elif not selection.ascending and (selection.since is None or selection.since < min(high) - _WEEKS):
        yield msgspec.structs.replace(selection, since=min(high) - _WEEKS), True
        yield msgspec.structs.replace(selection, until=min(high) - _WEEKS), False
    else:
        yield selection, True


def _times(session: Session, query: sql.Query) -> list[int]:
    return [stored for (stored,) in session.query(query.sql, query.parameters)]


def _at(session: Session, matching: sql.Query, times: Sequence[int]) -> list[StoredStatement]:
    """Give the rows that match at some times; in no order."""
    query = sql.at(matching)
    unique = list(dict.fromkeys(times))
    parts = (unique[start : start + _TIMES] for start in range(0, len(unique), _TIMES))
    return _unique(row for part in parts for row in _read(session, query, stored=part))


def _read(session: Session, query: sql.Query, **more: Any) -> list[StoredStatement]:
    return [stored_statement(row, query.parameters["now"]) for row in session.query(query.sql, {**query.parameters, **more}, texts=False)]


def _unique(rows: Iterable[StoredStatement]) -> list[StoredStatement]:
    """Leave one row at each place: while an erasure moves a statement there are two."""
    found: dict[tuple[int, UUID], StoredStatement] = {}
    for row in rows:
        place = row.stored, row.id
        found[place] = _moved(found[place], row) if place in found else row
    return list(found.values())


def _ordered(rows: list[StoredStatement], selection: Selection) -> list[StoredStatement]:
    """Put rows into the order of a selection, as many as it asks for."""
    return sorted(rows, key=lambda row: (row.stored, row.id), reverse=not selection.ascending)[: selection.limit]


def _moved(one: StoredStatement, other: StoredStatement) -> StoredStatement:
    """Of two rows at one place give the one that is left when an erasure is over: there more people were erased."""
    return max(one, other, key=lambda row: list(row.sids).count(ERASED))


def _referring(session: Session, tenant: str, selection: Selection, now: int) -> list[UUID]:
    """Give the ids that match through what they refer to, over any number of references."""
    query = sql.targets(tenant, selection, now=now)
    frontier = [each for (each,) in session.query(query.sql, query.parameters)]
    referring: set[UUID] = set()
    while frontier:
        queries = [sql.referring_to(tenant, selection, part, now=now) for part in sql.in_parts(frontier)]
        found = {each for query in queries for (each,) in session.query(query.sql, query.parameters)}
        frontier = list(found - referring)
        referring |= found
    return list(referring)
