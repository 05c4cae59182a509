"""Deleting statements physically: what is one person's own goes, their place in other people's is nobody's, and no part keeps the bytes.

What is to go is put into a table that is in memory alone, so that a mutation, whose text the engine keeps, names nobody and nothing. Each run has a
number of its own in it: several processes may erase on one server at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4

from lrs.storage.contract import ERASED, NO_UUID, Content, TokenisedStatement, Traces
from lrs.storage.warehouse.client import Session, Sessions
from lrs.storage.warehouse.deleting import keeps_coming_back, until_deleted, until_off_disk
from lrs.storage.warehouse.packing import WHOLE, nobody_where, tokenised_statement
from lrs.storage.warehouse.selection import in_parts

_TABLE = """CREATE TABLE IF NOT EXISTS going (run UUID, since DateTime DEFAULT now(), kind String, tenant String, id UUID, number UInt64, text String)
    ENGINE = Memory"""
_COLUMNS = ("run", "kind", "tenant", "id", "number")
_AT_ONCE = 1000
_ATTEMPTS = 3

_MEMBERS = "arrayFilter((sid, role) -> bitAnd(role, 31) = 2, sids, roles)"
_ACTORS = "arrayFilter((sid, role) -> bitAnd(role, 31) = 1, sids, roles)"
_NAMED = "tenant = {tenant:String} AND hasAny(sids, {sids:Array(UInt64)})"
_OWN = f"""(if(empty({_MEMBERS}), hasAny({{sids:Array(UInt64)}}, {_ACTORS}),
    hasAny({{sids:Array(UInt64)}}, {_MEMBERS}) AND hasAll(arrayPushBack({{sids:Array(UInt64)}}, {{erased:UInt64}}), {_MEMBERS})))"""
_OWNED = "has({sids:Array(UInt64)}, arrayFirst(sid -> sid != {erased:UInt64}, sids))"
_FIND_OWN = f"""SELECT stored, id, if(voids, reference, {{nothing:UUID}}), keep_until FROM statements
    WHERE {_NAMED} AND {_OWN}"""
_COUNT_NAMED = f"SELECT count() FROM statements WHERE {_NAMED} AND NOT {_OWN}"
_FIND_VOIDING = """SELECT stored, id, reference FROM statements
    WHERE tenant = {tenant:String} AND voids AND reference IN {ids:Array(UUID)}"""
_COUNT_REFERRING = "SELECT count() FROM statements WHERE tenant = {tenant:String} AND hasAny(references, {ids:Array(UUID)}) AND id NOT IN {ids:Array(UUID)}"
_FIND_CONTENTS = """SELECT stored, statement, number, max(piece) + 1 FROM attachments
    WHERE tenant = {tenant:String} AND statement IN {ids:Array(UUID)} GROUP BY stored, statement, number"""
_FIND_OWNED = f"SELECT {WHOLE} FROM statements WHERE {_NAMED} AND NOT {_OWN} AND {_OWNED}"
_FIND_MOVABLE = f"""SELECT id, arrayFirst(sid -> sid != {{erased:UInt64}}, sids) FROM statements
    WHERE {_NAMED} AND NOT {_OWN} AND {_OWNED}"""
_FIND_COPIES = """SELECT id FROM statements WHERE tenant = {tenant:String} AND id IN {ids:Array(UUID)}
    AND NOT hasAny(sids, {sids:Array(UInt64)})"""

_OF_ALL = "SELECT tenant, id FROM going WHERE kind = 'statement'"
_RUN = "run = {run:UUID}"
_LISTED = f"{_OF_ALL} AND {_RUN}"
_GONE = f"(tenant, id) IN ({_LISTED})"
_MOVED = f"""(tenant, id, arrayFirst(sid -> sid != 18446744073709551615, sids))
    IN (SELECT tenant, id, number FROM going WHERE kind = 'moved' AND {_RUN})"""
_PERSON = f"(tenant, sid) IN (SELECT tenant, number FROM going WHERE kind = 'person' AND {_RUN})"
_REFERRED = f"(tenant, each) IN ({_LISTED})"
_STATEMENTS = f"""ALTER TABLE statements
    DELETE WHERE {_GONE} OR {_MOVED},
    UPDATE people = {nobody_where(_PERSON)} WHERE arrayExists(sid -> {_PERSON}, sids),
    UPDATE reference = if((tenant, reference) IN ({_LISTED}), toUUID('00000000-0000-0000-0000-000000000000'), reference),
        references = arrayMap(each -> if({_REFERRED}, toUUID('00000000-0000-4000-8000-000000000000'), each), references)
        WHERE arrayExists(each -> {_REFERRED}, references)"""
_CONTENTS = f"""ALTER TABLE attachments DELETE WHERE (tenant, statement) IN ({_LISTED})
    OR (tenant, statement, number) IN (SELECT tenant, id, number FROM going WHERE kind = 'content' AND {_RUN})"""
_TENANT = f"tenant IN (SELECT tenant FROM going WHERE {_RUN})"
_MENTIONED = f"SELECT tenant, arrayJoin(arrayPushBack(related, activity)) AS mentioned FROM statements WHERE {_TENANT}"
_THEIRS = f"SELECT tenant, mentioned FROM ({_MENTIONED} AND {_GONE})"
# What nobody else has ever mentioned was known from the person alone; of two who are erased at the same time, neither mentions it for the other.
_ACTIVITIES = f"""INSERT INTO going (run, kind, tenant, text) SELECT DISTINCT {{run:UUID}}, 'activity', tenant, mentioned FROM ({_THEIRS})
    WHERE (tenant, mentioned) NOT IN
        (SELECT tenant, mentioned FROM ({_MENTIONED} AND (tenant, id) NOT IN ({_OF_ALL})) WHERE (tenant, mentioned) IN ({_THEIRS}))"""
_DEFINITIONS = f"""ALTER TABLE definitions
    DELETE WHERE (tenant, activity) IN (SELECT tenant, text FROM going WHERE kind = 'activity' AND {_RUN}),
    UPDATE source = toUUID('00000000-0000-0000-0000-000000000000') WHERE (tenant, source) IN ({_LISTED})"""
_STANDINGS = f"ALTER TABLE standings DELETE WHERE {_PERSON}"
_STORED = f"""INSERT INTO going (run, kind, tenant, number)
    SELECT {{run:UUID}}, 'place', tenant, toUInt64(toUnixTimestamp64Micro(stored)) FROM statements WHERE {_TENANT} AND {_GONE}"""
_THERE = f"""((tenant, toUInt64(toUnixTimestamp64Micro(stored))) IN (SELECT tenant, number FROM going WHERE kind = 'place' AND {_RUN})
    OR (personal AND (tenant, key) IN (SELECT tenant, number FROM going WHERE kind = 'person' AND {_RUN})))"""
_PLACES = f"ALTER TABLE places DELETE WHERE {_THERE}"
_FIRST = (_ACTIVITIES, _STORED, _CONTENTS, _DEFINITIONS, _STANDINGS, _PLACES)
"""Before the statements are gone from which it is known what goes: what a crash interrupts is found again."""
_LEFT = f"""SELECT (SELECT count() FROM statements WHERE {_GONE} OR arrayExists(sid -> {_PERSON}, sids)),
    (SELECT count() FROM attachments WHERE (tenant, statement) IN ({_LISTED})), (SELECT count() FROM standings WHERE {_PERSON}),
    (SELECT count() FROM places WHERE {_THERE})"""
# What a process that died had listed goes with it: whoever resumes the erasure lists it anew.
_EMPTY = f"ALTER TABLE going DELETE WHERE {_RUN} OR since < now() - INTERVAL 1 DAY SETTINGS mutations_sync = 2"


class Erasing:
    """What is done to the tables when somebody is erased. One thread at a time."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        # No migration: a backup leaves it out. A mutation that a crash interrupted looks for it, finds it empty, and does nothing.
        with sessions.writer() as session:
            session.command(_TABLE)

    def traces(self, tenant: str, sids: Sequence[int]) -> Traces:
        """See :class:`lrs.storage.contract.StatementStore`."""
        people = _people(tenant, sids)
        with self._sessions.reader() as session:
            found = [row for part in people for row in session.query(_FIND_OWN, part)]
            own = {each: stored for stored, each, _, _ in found}
            voided = {target: until for _, _, target, until in found if target != NO_UUID}
            voiding = {each: (stored, target) for part in _ids(tenant, own) for stored, each, target in session.query(_FIND_VOIDING, part)}
            gone = own.keys() | voiding.keys()
            return Traces(
                own=tuple((stored, each) for each, stored in own.items()),
                voiding=tuple((stored, each) for each, (stored, _) in voiding.items() if each not in own),
                voided=tuple((target, voided[target]) for target in _still_voided(session, tenant, own, voided.keys() - gone)),
                moved=tuple(each for part in people for each, _ in _moved(session, part)),
                others=sum(_number(session, _COUNT_NAMED, part) for part in people),
                referring=sum(_number(session, _COUNT_REFERRING, part) for part in _ids(tenant, gone)),
                contents=tuple(Content(*row) for part in _ids(tenant, gone) for row in session.query(_FIND_CONTENTS, part)),
            )

    def owned(self, tenant: str, sids: Sequence[int]) -> Iterator[list[TokenisedStatement]]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        for part in _people(tenant, sids):
            with self._sessions.reader() as session:
                known = {each for each, _ in _moved(session, part)}
                rows = [tokenised_statement(values) for values in session.query(_FIND_OWNED, part, texts=False)]
            fresh = [row for row in rows if row.id not in known]
            for start in range(0, len(fresh), _AT_ONCE):
                yield fresh[start : start + _AT_ONCE]

    def contents(self, tenant: str, ids: Sequence[UUID]) -> list[Content]:
        """See :class:`lrs.storage.contract.StatementStore`."""
        with self._sessions.reader() as session:
            return [Content(*row) for part in _ids(tenant, ids) for row in session.query(_FIND_CONTENTS, part)]

    def erase(self, tenant: str, sids: Sequence[int], ids: Iterable[UUID], contents: Iterable[Content]) -> None:
        """See :class:`lrs.storage.contract.StatementStore`."""
        run = uuid4()
        going = [(run, "statement", tenant, each, 0) for each in ids]
        going += [(run, "content", tenant, each.statement, each.number) for each in contents]
        going += [(run, "person", tenant, NO_UUID, sid) for sid in sids]
        with self._sessions.writer() as session:
            going += [(run, "moved", tenant, each, sid) for part in _people(tenant, sids) for each, sid in _moved(session, part)]
            try:
                for _ in range(_ATTEMPTS):
                    _mutate(session, run, going)
                    if not any(session.query(_LEFT, {"run": run})[0]):
                        break
                else:
                    raise keeps_coming_back()
            finally:
                _commands(session, (_EMPTY,), run)
            until_off_disk(session)


def _mutate(session: Session, run: UUID, going: Sequence[tuple[UUID, str, str, UUID, int]]) -> None:
    _commands(session, (_EMPTY,), run)
    session.insert("going", _COLUMNS, [*zip(*going, strict=True)])
    for step in (_FIRST, (_STATEMENTS,)):
        _commands(session, step, run)
        until_deleted(session)


def _moved(session: Session, people: dict[str, Any]) -> list[tuple[UUID, int]]:
    """Give (id, owner) of what was moved, and is still there as it was before."""
    owners: dict[UUID, int] = {each: owner for each, owner in session.query(_FIND_MOVABLE, people)}  # noqa: C416 -- rows have no type
    return [(each, owners[each]) for ids in _ids(people["tenant"], owners) for (each,) in session.query(_FIND_COPIES, people | ids)]


def _people(tenant: str, sids: Sequence[int]) -> list[dict[str, Any]]:
    values = {"tenant": tenant, "erased": ERASED, "nothing": NO_UUID}
    return [values | {"sids": list(sids[start : start + _AT_ONCE])} for start in range(0, len(sids), _AT_ONCE)]


def _ids(tenant: str, ids: Iterable[UUID]) -> Iterator[dict[str, Any]]:
    for part in in_parts(list(ids)):
        yield {"tenant": tenant, "ids": list(part)}


def _number(session: Session, sql: str, values: dict[str, Any]) -> int:
    return int(session.query(sql, values)[0][0])


def _still_voided(session: Session, tenant: str, own: Iterable[UUID], targets: Iterable[UUID]) -> set[UUID]:
    """Of other people's statements that a person has voided, give those that nobody else has: they are to stay voided."""
    mine, found = set(own), set(targets)
    rows = [row for part in _ids(tenant, found) for row in session.query(_FIND_VOIDING, part)]
    return found - {target for _, each, target in rows if each not in mine}


def _commands(session: Session, texts: Iterable[str], run: UUID) -> None:
    for text in texts:
        session.command(text, {"run": run})
