"""Where to look: for each person, registration, verb and activity the times of the statements that have it, in order.

Rows of ``statements`` stand in order of time, so those of one person are scattered over all of it. The table ``places`` has one narrow row for each
thing that a statement can be found by. It only says where to look: whatever is read there is held against all conditions again, so a row too many
(one that is there twice, or of a statement that was not stored after all, or has ended) shows nothing. None may be missing: places are durable before their
statements. The engine makes them, of the same block of rows, when that is inserted into ``arriving``, which keeps nothing itself.

A key is a number of 64 bits: of a person their own, of anything else a hash. So that of several filters only one has to be gone through, each row says in
some bits what else the statement is about: the last 16 of the hash of its verb, and where the key is of people or a registration the last 16 of that of its
activity, and of all that is related to it 64 together, of which each key sets four (a Bloom filter: of statements with three such keys one in 800 passes
for what it is not). There are no such bits for people: they would remain after
somebody was erased.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from lrs.storage.contract import DIRECT_ROLES, ERASED, ROLE_BITS, Selection
from lrs.storage.warehouse.selection import NOW, ORDER, Query, seconds

NAMES = ("tenant", "stored", "verb", "activity", "related", "registration", "sids", "roles", "identity_until", "keep_until")
"""The columns of ``statements`` that places are made of."""

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
_LISTED = f"""arrayConcat(sids, [if({_NO_REGISTRATION}, {ERASED}, {_KEY["registration"] % "registration"}), verb_key, activity_key],
    related_keys) AS keys"""
_HASHED = f"""{_KEY["verb"] % "verb"} AS verb_key, {_KEY["activity"] % "activity"} AS activity_key,
    arrayMap(iri -> {_KEY["activity"] % "iri"}, related) AS related_keys"""
_DIRECT = f"""arrayConcat(arrayMap(role -> bitAnd(role, {ROLE_BITS}) <= {DIRECT_ROLES}, roles), [1, 1, 1], arrayMap(each -> 0, related_keys)) AS directs"""
_PERSONAL = "arrayMap(n -> n <= length(sids) + 1, arrayEnumerate(keys)) AS personals"
_BIT = "bitShiftLeft(toUInt64(1), bitAnd(%s, 63))"
_BITS = "bitOr(bitOr({}, {}), bitOr({}, {}))".format(*(_BIT % f"bitShiftRight({{0}}, {6 * n})" for n in range(4)))
_LAST = "toUInt16(bitAnd({0}, 65535))"
_ELSE = f"""{_LAST.format("verb_key")} AS of_verb, {_LAST.format("activity_key")} AS of_activity,
    arrayReduce('groupBitOr', arrayMap(each -> {_BITS.format("each")}, arrayPushBack(related_keys, activity_key))) AS of_related"""
_EACH = """SELECT tenant, key, stored, direct, personal, if(personal, least(named, kept), kept) AS until,
    of_verb AS verb, if(personal, of_activity, 0) AS activity, if(personal, of_related, 0) AS related"""
OF_STATEMENTS = f"""{_EACH} FROM (SELECT *, {_LISTED}, {_DIRECT}, {_PERSONAL}, {_ELSE}
    FROM (SELECT tenant, stored, sids, roles, registration, {_HASHED}, %s AS named, %s AS kept FROM %s))"""
"""The places of rows like those of ``statements``, to be filled in: when their people end, when they end themselves, and the table."""
JOINED = f" ARRAY JOIN keys AS key, directs AS direct, personals AS personal WHERE key != {ERASED}"
"""What comes after :data:`OF_STATEMENTS`: one row for each key; nobody, and no registration, is none."""

_OF = " FROM places WHERE tenant = {tenant:String} AND key = %s"
_IN_ORDER = "SELECT stored" + _OF + " AND until > " + NOW
_ANY = "SELECT 1" + _OF + " LIMIT 1"
_AFTER = " AND stored > fromUnixTimestamp64Micro({low:Int64}, 'UTC')"
_BEFORE = " AND stored < fromUnixTimestamp64Micro({high:Int64}, 'UTC')"
_IS = {"activity": " AND activity IN (%s)", "verb": " AND verb IN (%s)"}
_RELATED = "bitAnd(related, {0}) = {0}"


class Filter(NamedTuple):
    """What a statement must have: one of some things of a kind; ``direct``: where the filter of the same name matches it by itself."""

    kind: str
    alternatives: Sequence[object]
    direct: bool


def filters(selection: Selection) -> list[Filter]:
    """Give what a statement must have to match by itself; what is rare in most stores comes first, and people before what says nothing of them."""
    found: list[Filter] = []
    if selection.registration is not None:
        found.append(Filter("registration", (selection.registration,), direct=True))
    if selection.sids is not None:
        found.append(Filter("person", selection.sids or _NOBODY, direct=not selection.related_agents))
    found += [Filter("person", (sid,), direct=False) for sid in selection.authority_sids or ()]
    if selection.activities:
        found.append(Filter("activity", selection.activities, direct=not selection.related_activities))
    if selection.verbs:
        found.append(Filter("verb", selection.verbs, direct=True))
    return found


def has_any(tenant: str, kind: str, thing: object) -> Query:
    """Give the query that has a row if anything was ever stored of a thing of a kind."""
    (key,) = _keys(Filter(kind, (thing,), direct=False), 0)
    return Query(_ANY % key, {"tenant": tenant, "key0_0": thing})


def times(tenant: str, selection: Selection, wanted: Sequence[Filter], *, now: int, limit: int) -> Query:
    """Give the query of the first times at which a statement may have all that is ``wanted``; a time may come more than once.

    The keys of the first filter are read in order, as far as needed, and of them what the bits for the others leave.
    """
    first, *others = wanted
    frame, values = _frame(selection)
    values |= {"tenant": tenant, "now": seconds(now), "limit": limit}
    for number, each in enumerate(wanted):
        values |= {f"key{number}_{n}": value for n, value in enumerate(each.alternatives)}
    conditions = frame + (" AND direct" if first.direct else "") + "".join(_has_bits(each, n) for n, each in enumerate(others, 1))
    order = ORDER[selection.ascending]
    ways = [_IN_ORDER % key + conditions + order for key in _keys(first, 0)]
    return Query(
        ways[0] if len(ways) == 1 else "SELECT stored FROM (" + " UNION ALL ".join(f"({way})" for way in ways) + ")" + order, values
    )


def _keys(wanted: Filter, number: int) -> list[str]:
    kind, text = _KEYS[wanted.kind]
    return [text % f"{{key{number}_{n}:{kind}}}" for n in range(len(wanted.alternatives))]


def _has_bits(wanted: Filter, number: int) -> str:
    """Give the condition that the bits of a place are those of one of the alternatives; of people there are none."""
    keys = _keys(wanted, number)
    if wanted.kind == "person":
        return ""
    if wanted.kind == "activity" and not wanted.direct:
        return " AND (" + " OR ".join(_RELATED.format(_BITS.format(key)) for key in keys) + ")"
    return _IS[wanted.kind] % ", ".join(_LAST.format(key) for key in keys)


def _frame(selection: Selection) -> tuple[str, dict[str, Any]]:
    """Give the conditions on the time, where there are any, and their values: times between which to look, themselves outside."""
    low = [] if selection.since is None else [selection.since]
    high = [] if selection.until is None else [selection.until + 1]
    if selection.after is not None:
        (low if selection.ascending else high).append(selection.after)
    text = (_AFTER if low else "") + (_BEFORE if high else "")
    return text, ({"low": max(low)} if low else {}) | ({"high": min(high)} if high else {})
