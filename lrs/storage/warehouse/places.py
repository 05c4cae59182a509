"""Where to look: for each person, registration, verb and activity the times of the statements that have it, in order.

Rows of ``statements`` stand in order of time, so those of one person are scattered over all of it. The table ``places`` has one narrow row for each
thing that a statement can be found by. It only says where to look: whatever is read there is held against all conditions again, so a row too many
(one that is there twice, or of a statement that was not stored after all, or has ended) shows nothing. None may be missing: places are durable before their
statements. The engine makes them, of the same block of rows, when that is inserted into ``arriving``, which keeps nothing itself.

A key is a number of 64 bits: of a person their own, of anything else a hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lrs.storage.contract import ERASED, Selection
from lrs.storage.warehouse.selection import Query

NAMES = ("tenant", "stored", "verb", "activity", "related", "registration", "sids", "roles", "identity_until", "keep_until")
"""The columns of ``statements`` that places are made of."""

_DIRECT_ROLES = 4
_ROLE_BITS = 31
_NOBODY = (0,)
_KEYS = {
    "registration": ("UUID", "cityHash64('registration', %s)"),
    "person": ("UInt64", "%s"),
    "activity": ("String", "cityHash64('activity', %s)"),
    "verb": ("String", "cityHash64('verb', %s)"),
}
_KEY = {kind: text for kind, (_, text) in _KEYS.items()}
_NO_REGISTRATION = "registration = toUUID('00000000-0000-0000-0000-000000000000')"
# In this order: people and the registration, which end with the people of the statement; the verb and the activity; what is related to it.
_LISTED = f"""arrayConcat(sids, [if({_NO_REGISTRATION}, {ERASED}, {_KEY["registration"] % "registration"}), {_KEY["verb"] % "verb"},
    {_KEY["activity"] % "activity"}], arrayMap(iri -> {_KEY["activity"] % "iri"}, related)) AS keys"""
_DIRECT = f"""arrayConcat(arrayMap(role -> bitAnd(role, {_ROLE_BITS}) <= {_DIRECT_ROLES}, roles), [1, 1, 1], arrayMap(iri -> 0, related)) AS directs"""
_PERSONAL = "arrayMap(n -> n <= length(sids) + 1, arrayEnumerate(keys)) AS personals"
_EACH = "SELECT tenant, key, stored, direct, personal, if(personal, least(named, kept), kept) AS until"
OF_STATEMENTS = f"{_EACH} FROM (SELECT tenant, stored, {_LISTED}, {_DIRECT}, {_PERSONAL}, %s AS named, %s AS kept FROM %s)"
"""The places of rows like those of ``statements``, to be filled in: when their people end, when they end themselves, and the table."""
JOINED = f" ARRAY JOIN keys AS key, directs AS direct, personals AS personal WHERE key != {ERASED}"
"""What comes after :data:`OF_STATEMENTS`: one row for each key; nobody, and no registration, is none."""

_FRAME = """ AND stored > fromUnixTimestamp64Micro({low:Int64}, 'UTC') AND stored < fromUnixTimestamp64Micro({high:Int64}, 'UTC')
    AND until > fromUnixTimestamp64Micro({now:Int64}, 'UTC')"""
_IN_ORDER = "SELECT stored FROM places WHERE tenant = {tenant:String} AND key = %s" + _FRAME
_AMONG = " AND stored IN (SELECT stored FROM places WHERE tenant = {tenant:String} AND key IN (%s)" + _FRAME
_EVER = -1, 10**16
_SOME = " LIMIT {limit:UInt32} OFFSET {skipped:UInt64}"
_ORDERS = {
    True: (" ORDER BY tenant, key, stored" + _SOME, " ORDER BY at LIMIT {limit:UInt32}"),
    False: (" ORDER BY tenant DESC, key DESC, stored DESC" + _SOME, " ORDER BY at DESC LIMIT {limit:UInt32}"),
}


class Filter(NamedTuple):
    """What a statement must have: one of some things of a kind; ``direct``: where the filter of the same name matches it by itself."""

    kind: str
    alternatives: Sequence[object]
    direct: bool


def filters(selection: Selection) -> list[Filter]:
    """Give what a statement must have to match by itself; what is rare in most stores comes first."""
    found: list[Filter] = []
    if selection.registration is not None:
        found.append(Filter("registration", (selection.registration,), direct=True))
    if selection.sids is not None:
        found.append(Filter("person", selection.sids or _NOBODY, direct=not selection.related_agents))
    if selection.activities:
        found.append(Filter("activity", selection.activities, direct=not selection.related_activities))
    found += [Filter("person", (sid,), direct=False) for sid in selection.authority_sids or ()]
    if selection.verbs:
        found.append(Filter("verb", selection.verbs, direct=True))
    return found


def times(
    tenant: str, selection: Selection, wanted: Sequence[Filter], *, now: int, limit: int, edge: int | None = None, skipped: int = 0
) -> Query:
    """Give the query of the first times, up to ``edge``, at which a statement has all that is ``wanted``; a time may come more than once.

    The keys of the last filter are read in order, as far as needed; what the others leave of them is a set. ``skipped``: of each
    alternative of the last filter so many are passed over.
    """
    direct, others = _direct(wanted[-1]), "".join(_among(each, number) for number, each in enumerate(wanted[:-1]))
    inner, outer = _ORDERS[selection.ascending]
    ways = " UNION ALL ".join(f"({_IN_ORDER % key}{direct}{others}{inner})" for key in _keys(wanted[-1], len(wanted) - 1))
    low, high = _bounds(selection, edge)
    values = {"tenant": tenant, "now": now, "low": low, "high": high, "limit": limit, "skipped": skipped}
    for number, each in enumerate(wanted):
        values |= {f"key{number}_{n}": value for n, value in enumerate(each.alternatives)}
    return Query("SELECT toUnixTimestamp64Micro(stored) AS at FROM (" + ways + ")" + outer, values)


def _among(wanted: Filter, number: int) -> str:
    keys = _keys(wanted, number)
    return _AMONG % ", ".join(keys) + _direct(wanted) + ")"


def _keys(wanted: Filter, number: int) -> list[str]:
    kind, text = _KEYS[wanted.kind]
    return [text % f"{{key{number}_{n}:{kind}}}" for n in range(len(wanted.alternatives))]


def _direct(wanted: Filter) -> str:
    return " AND direct" if wanted.direct else ""


def _bounds(selection: Selection, edge: int | None) -> tuple[int, int]:
    """Give the times between which to look; both are outside."""
    first, last = _EVER
    low = [first if selection.since is None else selection.since]
    high = [last if selection.until is None else selection.until + 1]
    towards, onwards = (low, high) if selection.ascending else (high, low)
    if selection.after is not None:
        towards.append(selection.after)
    if edge is not None:
        onwards.append(edge + 1 if selection.ascending else edge - 1)
    return max(low), min(high)
