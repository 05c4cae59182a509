"""The end of what is stored: how much ends when, and taking it out of the tables, a month after another.

The engine deletes by itself what is past its limit, when it merges and as the clock of its machine says. This takes it out now, by the clock of the
store, so that it can be said that it is gone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from lrs.errors import StoreUnavailable
from lrs.storage.contract import FOREVER, NO_UUID, Ending, Held, Limit, StoredStatement
from lrs.storage.warehouse.client import Sessions
from lrs.storage.warehouse.deleting import until_mutated
from lrs.storage.warehouse.packing import FIELDS, stored_statement
from lrs.storage.warehouse.places import JOINED, OF_STATEMENTS
from lrs.storage.warehouse.selection import NOW, seconds

_MINE = "tenant = {tenant:String} AND "
_NAMED = "(notEmpty(people) OR notEmpty(sealed) OR registration != {nothing:UUID} OR fingerprint != 0)"
_IDENTITY = _MINE + _NAMED + " AND identity_until <= " + NOW
_STATEMENT = _MINE + "NOT held AND keep_until <= " + NOW
_CONTENT = _MINE + "until <= " + NOW
# What comes meanwhile is left for the next time: all of what is done is to be done to the same statements.
_THROUGH = "stored <= fromUnixTimestamp64Micro({through:Int64}, 'UTC')"
_HELD = _MINE + _THROUGH + " AND held AND keep_until <= " + NOW
_HERE = " WHERE toYYYYMM(stored) IN {months:Array(UInt32)} AND "
# The engine begins a mutation seconds after it was asked to, so several are asked for at once.
_DONE = " SETTINGS mutations_sync = 2"
_BLANK = "people = [], sealed = '', registration = {nothing:UUID}, fingerprint = 0"
_SERVED = "arrayJoin(if(empty(purposes), [''], CAST(purposes AS Array(String)))) AS purpose"

_ENDINGS = (
    ("SELECT 'identity', " + _SERVED + ", toYYYYMM(identity_until) AS month, count(), countIf(identity_until <= " + NOW + "), 0")
    + (" FROM statements WHERE " + _MINE + _NAMED + " AND identity_until < toDateTime({forever:UInt32}, 'UTC') GROUP BY purpose, month")
    + (
        " UNION ALL SELECT 'statement', "
        + _SERVED
        + ", toYYYYMM(keep_until) AS month, count(), countIf(keep_until <= "
        + NOW
        + "), countIf(held)"
    )
    + (" FROM statements WHERE " + _MINE + "keep_until < toDateTime({forever:UInt32}, 'UTC') GROUP BY purpose, month")
    + (" UNION ALL SELECT 'attachment', '', toYYYYMM(until) AS month, count(), countIf(until <= " + NOW + "), 0")
    + (" FROM attachments WHERE " + _MINE + "piece = 0 AND until < toDateTime({forever:UInt32}, 'UTC') GROUP BY month")
)
_RETIRING = (
    "SELECT toYYYYMM(timestamp + toIntervalDay({days:UInt32})) AS month, count() FROM statements WHERE "
    + (_MINE + "has(purposes, {purpose:String}) AND keep_until > " + NOW + " AND timestamp + toIntervalDay({days:UInt32}) > " + NOW)
    + " GROUP BY month ORDER BY month"
)
_COUNT = "SELECT toYYYYMM(stored) AS month, count() FROM "
_GROUPED = " GROUP BY month ORDER BY month"
_ENDED = {
    Limit.IDENTITY: _COUNT + "statements WHERE " + _IDENTITY + _GROUPED,
    Limit.CONTENT: _COUNT + "attachments WHERE piece = 0 AND " + _CONTENT + _GROUPED,
    Limit.STATEMENT: _COUNT + "statements WHERE " + _STATEMENT + _GROUPED,
}
_END_PLACES = "ALTER TABLE places DELETE" + _HERE + _CONTENT
_END = {
    Limit.IDENTITY: ("ALTER TABLE statements UPDATE " + _BLANK + _HERE + _IDENTITY, _END_PLACES),
    Limit.CONTENT: ("ALTER TABLE attachments DELETE" + _HERE + _CONTENT,),
    Limit.STATEMENT: ("ALTER TABLE statements DELETE" + _HERE + _STATEMENT, _END_PLACES),
}
# A statement that voids another goes after it, or the other one would be back.
_ALONE = "(NOT voids OR reference NOT IN (SELECT id FROM statements WHERE tenant = {tenant:String}))"
_HELD_NOW = "SELECT purposes, count(), sum(length(content)), min(timestamp), max(timestamp), voids FROM statements WHERE " + (
    _HELD + " AND " + _ALONE + " GROUP BY purposes, voids ORDER BY voids, purposes"
)
_OF_A_KIND = _HELD + " AND CAST(purposes AS Array(String)) = {purposes:Array(String)} AND voids = {voiding:Bool} AND " + _ALONE
_RELEASE = ("ALTER TABLE places DELETE WHERE " + _CONTENT + _DONE, "ALTER TABLE statements DELETE WHERE " + _OF_A_KIND + _DONE)
_ROWS = (
    "SELECT "
    + FIELDS
    + " FROM statements WHERE "
    + _OF_A_KIND
    + " AND stored > fromUnixTimestamp64Micro({after:Int64}, 'UTC') ORDER BY stored LIMIT {limit:UInt32}"
)
_TALLY = (
    "SELECT toYYYYMM(timestamp) AS month, verb, activity, count(), uniqExactIf(sids[1], notEmpty(sids)) FROM statements WHERE "
    + _OF_A_KIND
    + " GROUP BY month, verb, activity ORDER BY month, verb, activity"
)
_KINDS = "SELECT DISTINCT purposes FROM statements WHERE tenant = {tenant:String}"
_SECONDS = "least(intDiv(toUnixTimestamp64Micro(timestamp), 1000000) + {%s:Int64}, {forever:Int64})"
_IDENTITY_END = "toDateTime(greatest(" + _SECONDS.replace("%s", "identity") + ", 0), 'UTC')"
_STATEMENT_END = "toDateTime(greatest(" + _SECONDS.replace("%s", "statement") + ", 0), 'UTC')"
_LATER = (
    _MINE
    + _THROUGH
    + " AND CAST(purposes AS Array(String)) = {purposes:Array(String)}"
    + (" AND (identity_until > " + _IDENTITY_END + " OR keep_until > " + _STATEMENT_END + " OR (NOT held AND {held:Bool}))")
)
_COUNT_LATER = "SELECT count() FROM statements WHERE " + _LATER
# In this order: nothing that can be found is ever not to be found, and what was interrupted is done again, as statements still end later.
_PLACE_ANEW = (
    "INSERT INTO places (tenant, key, stored, direct, personal, until, verb, activity, related, turn) SELECT *, {turn:UInt32} FROM ("
    + OF_STATEMENTS % (f"least(identity_until, {_IDENTITY_END})", f"least(keep_until, {_STATEMENT_END})", f"statements WHERE {_LATER}")
    + (JOINED + ") SETTINGS async_insert = 0")
)
_UNPLACE = (
    "ALTER TABLE places DELETE WHERE tenant = {tenant:String} AND turn < {turn:UInt32} AND stored IN (SELECT stored FROM statements WHERE "
    + (_LATER + ")" + _DONE)
)
_ALIGN = "ALTER TABLE statements UPDATE identity_until = least(identity_until, " + (
    _IDENTITY_END + "), keep_until = least(keep_until, " + _STATEMENT_END + "), held = held OR {held:Bool} WHERE " + _LATER + _DONE
)
_NOBODYS = (
    "tenant = {tenant:String} AND stored < fromUnixTimestamp64Micro({before:Int64}, 'UTC')"
    " AND (stored, statement) NOT IN (SELECT stored, id FROM statements WHERE tenant = {tenant:String} AND notEmpty(sids))"
)
_COUNT_NOBODYS = "SELECT count() FROM attachments WHERE piece = 0 AND " + _NOBODYS
_DROP_NOBODYS = "ALTER TABLE attachments DELETE WHERE " + _NOBODYS + _DONE
_STALE = (
    _MINE
    + "source != {nothing:UUID} AND first < fromUnixTimestamp64Micro({before:Int64}, 'UTC')"
    + " AND source NOT IN (SELECT id FROM statements WHERE tenant = {tenant:String})"
)
_SOURCES = "SELECT count() FROM definitions WHERE " + _STALE
_FORGET_SOURCES = "ALTER TABLE definitions UPDATE source = {nothing:UUID} WHERE " + _STALE + _DONE
_LIVING = """SELECT DISTINCT arrayJoin(sids) AS sid FROM statements
    WHERE tenant = {tenant:String} AND reinterpretAsInt64(sid) >= {low:Int64} AND reinterpretAsInt64(sid) <= {high:Int64}"""
_PENDING = """SELECT count(), countIf(latest_fail_reason != '') FROM system.mutations WHERE database = currentDatabase() AND NOT is_done"""
_LEFT = """SELECT (SELECT count() FROM system.parts WHERE database = currentDatabase() AND NOT active)
    + (SELECT count() FROM system.mutations WHERE database = currentDatabase() AND NOT is_done)"""


class Endings:
    """What ends in the tables. Implements ``EndingStore`` of :mod:`lrs.storage.contract`. Thread-safe."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def endings(self, tenant: str, *, now: int) -> list[Ending]:
        """See :class:`lrs.storage.contract.EndingStore`."""
        return [Ending(*row) for row in self._asked(_ENDINGS, tenant, now=seconds(now), forever=FOREVER)]

    def retiring(self, tenant: str, purpose: str, days: int, *, now: int) -> list[Ending]:
        """See :class:`lrs.storage.contract.EndingStore`."""
        found = self._asked(_RETIRING, tenant, now=seconds(now), purpose=purpose, days=days)
        return [Ending("active", purpose, month, number) for month, number in found]

    def ended(self, tenant: str, limit: Limit, *, now: int) -> Mapping[int, int]:
        """See :class:`lrs.storage.contract.EndingStore`."""
        return dict(self._asked(_ENDED[limit], tenant, now=seconds(now)))

    def end(self, tenant: str, limit: Limit, months: Sequence[int], *, now: int) -> None:
        """See :class:`lrs.storage.contract.EndingStore`."""
        self._change(*_END[limit], tenant=tenant, now=seconds(now), months=list(months))

    def finish(self) -> None:
        """See :class:`lrs.storage.contract.EndingStore`."""
        failure = StoreUnavailable("the engine can't take out what has ended", hint="Its log says why; it tries again by itself.")
        until_mutated(lambda: self._asked(_PENDING, "")[0], failure)

    def held(self, tenant: str, *, now: int, through: int) -> list[Held]:
        """See :class:`lrs.storage.contract.EndingStore`."""
        rows = self._asked(_HELD_NOW, tenant, now=seconds(now), through=through)
        return [Held(through, tuple(purposes), *rest) for purposes, *rest in rows]

    def release(self, tenant: str, held: Held, *, now: int) -> None:
        """See :class:`lrs.storage.contract.EndingStore`."""
        self._change(*_RELEASE, tenant=tenant, now=seconds(now), **_kind(held))

    def rows(self, tenant: str, held: Held, *, after: int, limit: int, now: int) -> list[StoredStatement]:
        """See :class:`lrs.storage.contract.EndingStore`."""
        values = {"tenant": tenant, "nothing": NO_UUID, "now": seconds(now), "after": after, "limit": limit}
        with self._sessions.reader() as session:
            found = session.query(_ROWS, values | _kind(held), texts=False)
        return [stored_statement(row, seconds(now)) for row in found]

    def tally(self, tenant: str, held: Held, *, now: int) -> list[tuple[int, str, str, int, int]]:
        """See :class:`lrs.storage.contract.EndingStore`."""
        return [tuple(row) for row in self._asked(_TALLY, tenant, now=seconds(now), **_kind(held))]

    def kinds(self, tenant: str) -> list[tuple[str, ...]]:
        """See :class:`lrs.storage.contract.EndingStore`."""
        return [tuple(purposes) for (purposes,) in self._asked(_KINDS, tenant)]

    def align(
        self, tenant: str, purposes: tuple[str, ...], *, identity_days: int | None, statement_days: int | None, held: bool, through: int
    ) -> int:
        """See :class:`lrs.storage.contract.EndingStore`."""
        ends = {"identity": _seconds(identity_days), "statement": _seconds(statement_days)}
        values = ends | {"purposes": list(purposes), "held": held, "forever": FOREVER, "through": through}
        ((number,),) = self._asked(_COUNT_LATER, tenant, **values)
        if number:
            self._change(_PLACE_ANEW, _UNPLACE, _ALIGN, tenant=tenant, turn=time.time_ns() // 1_000_000_000, **values)
        return int(number)

    def loose(self, tenant: str, *, before: int) -> int:
        """See :class:`lrs.storage.contract.EndingStore`."""
        ((number,),) = self._asked(_COUNT_NOBODYS, tenant, before=before)
        if number:
            self._change(_DROP_NOBODYS, tenant=tenant, before=before)
        return int(number)

    def forget_sources(self, tenant: str, *, before: int) -> int:
        """See :class:`lrs.storage.contract.EndingStore`."""
        ((number,),) = self._asked(_SOURCES, tenant, before=before)
        if number:
            self._change(_FORGET_SOURCES, tenant=tenant, before=before)
        return int(number)

    def living(self, tenant: str, low: int, high: int) -> set[int]:
        """See :class:`lrs.storage.contract.EndingStore`."""
        return {sid for (sid,) in self._asked(_LIVING, tenant, low=low, high=high)}

    def settled(self) -> bool:
        """See :class:`lrs.storage.contract.EndingStore`."""
        ((left,),) = self._asked(_LEFT, "")
        return not left

    def _asked(self, sql: str, tenant: str, **values: Any) -> list[Any]:
        with self._sessions.reader() as session:
            return list(session.query(sql, {"tenant": tenant, "nothing": NO_UUID, **values}))

    def _change(self, *texts: str, **values: Any) -> None:
        with self._sessions.writer() as session:
            for text in texts:
                session.command(text, {"nothing": NO_UUID, **values})


def _seconds(days: int | None) -> int:
    return FOREVER if days is None else days * 86_400


def _kind(held: Held) -> dict[str, Any]:
    return {"purposes": list(held.purposes), "voiding": held.voiding, "through": held.through}
