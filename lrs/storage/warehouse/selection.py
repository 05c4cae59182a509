"""From a selection to SQL: fixed texts chosen by what is asked for, every value a server-side parameter. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from lrs.storage.contract import AUTHORITY_ROLES, DIRECT_ROLES, NO_UUID, ROLE_BITS, Selection, StoredStatement
from lrs.storage.warehouse.client import Session
from lrs.storage.warehouse.packing import FIELDS
from lrs.storage.warehouse.standings import COVERED, HIDDEN

_PARAMETER_BYTES = 100_000
"""A server takes 128 KiB in one parameter (its setting http_max_field_value_size)."""
IDS_AT_ONCE = Session.most_ids
"""Ids in one parameter that any engine takes."""

NOW = "{now:DateTime('UTC')}"
"""The time that limits are held against, in whole seconds as they are: see :func:`seconds`."""
VISIBLE = "tenant = {tenant:String} AND keep_until > " + NOW
"""What a tenant may see at all: rows within their limit."""
PERSONAL = "identity_until > " + NOW
_STILL_IDENTIFIED = "timestamp > fromUnixTimestamp64Micro({identified_since:Int64}, 'UTC')"
_ACTS = "has({acting:Array(UInt8)}, role)"
"""Whether somebody acts: as the actor, unless that is a group, or as one of its members."""
_ACTING = [1, 2]
_NOT_HIDDEN = f"NOT ({PERSONAL} AND arrayExists((sid, role) -> {_ACTS} AND sid IN ({HIDDEN}), sids, roles))"
_COVERED = f"""({PERSONAL} AND arrayExists(role -> {_ACTS}, roles)
    AND arrayAll((sid, role) -> NOT {_ACTS} OR {COVERED}, sids, roles))"""
_ANY_ROLE = "hasAny(sids, {sids:Array(UInt64)})"
_DIRECT = "arrayExists((sid, role) -> has({sids:Array(UInt64)}, sid) AND bitAnd(role, {role_bits:UInt8}) <= {direct:UInt8}, sids, roles)"
_AUTHORITY = "arraySort(arrayFilter((sid, role) -> has({authority_roles:Array(UInt8)}, bitAnd(role, {role_bits:UInt8})), sids, roles))"
_MINE = _AUTHORITY + " = {authority:Array(UInt64)}"
_NOT_VOIDED = "(voids OR id NOT IN (SELECT reference FROM statements WHERE tenant = {tenant:String} AND voids))"
_AT = " AND stored IN (SELECT fromUnixTimestamp64Micro(arrayJoin({stored:Array(Int64)}), 'UTC'))"

ANY_AT = "SELECT 1 FROM statements WHERE true" + _AT + " LIMIT 1"
KNOWN = """SELECT id, min(stored), argMin(fingerprint, stored) FROM statements
    WHERE id IN {ids:Array(UUID)} AND tenant = {tenant:String} AND stored > fromUnixTimestamp64Micro({since:Int64}, 'UTC') GROUP BY id"""
"""Of several rows of an id the first one counts."""
_READ = "SELECT " + FIELDS
_FIRST = """ AND stored IN (SELECT min(stored) FROM statements WHERE tenant = {tenant:String} AND id IN {ids:Array(UUID)} GROUP BY id)
    AND id IN {ids:Array(UUID)}"""
VOIDED = """SELECT DISTINCT reference FROM statements WHERE tenant = {tenant:String} AND voids AND reference IN {ids:Array(UUID)}
    AND reference NOT IN (SELECT id FROM statements WHERE tenant = {tenant:String} AND voids)"""
"""Of these ids, those that are voided: a voiding statement can't be (xAPI 1.0.3 Data 2.3.2)."""
REFERS = "SELECT 1 FROM statements WHERE tenant = {tenant:String} AND reference != {nothing:UUID} LIMIT 1"
REFERRING_TENANTS = "SELECT DISTINCT tenant FROM statements WHERE reference != {nothing:UUID}"
_REFERRING = "SELECT DISTINCT id FROM statements WHERE reference != {nothing:UUID} AND reference IN {ids:Array(UUID)}"
_TARGETS = "SELECT DISTINCT id FROM statements WHERE " + VISIBLE
_REFERRED_TO = " AND id IN (SELECT reference FROM statements WHERE tenant = {tenant:String} AND reference != {nothing:UUID}) AND "


ORDER = {True: " ORDER BY stored LIMIT {limit:UInt32}", False: " ORDER BY stored DESC LIMIT {limit:UInt32}"}
"""The first of what is found, ascending or not."""


class Query(NamedTuple):
    """A text and its parameters."""

    sql: str
    parameters: dict[str, Any]


def scope(tenant: str, now: int) -> dict[str, Any]:
    """Give the parameters that every query has; ``now`` in microseconds."""
    return {"tenant": tenant, "now": seconds(now), "nothing": NO_UUID}


def seconds(now: int) -> int:
    """Microseconds -> seconds. Limits are whole seconds, so rounding down changes no comparison. At least 10,000, the least that the engine takes."""
    return max(now // 1_000_000, 10_000)


def in_parts(ids: Sequence[UUID], most: int = IDS_AT_ONCE) -> Iterator[Sequence[UUID]]:
    """Cut a list of ids so that each part fits in a parameter, as a rule one that is sent to a server."""
    for start in range(0, len(ids), most):
        yield ids[start : start + most]


def in_portions(texts: Iterable[str]) -> Iterator[list[str]]:
    """Cut a list of texts so that each part fits in a parameter; a longer text than that stands alone."""
    portion: list[str] = []
    size = 0
    for text in texts:
        # Quotes, a comma, and every character escaped at worst.
        more = 2 * len(text.encode()) + 3
        if portion and size + more > _PARAMETER_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(text)
        size += more
    if portion:
        yield portion


def is_filtered(selection: Selection) -> bool:
    """Tell whether it asks for some statements only, apart from time: else what a statement refers to changes nothing."""
    return bool(filters(selection)[0])


def filters(selection: Selection) -> tuple[list[str], dict[str, Any]]:
    """Give the conditions on who and what, which a statement or one that it refers to must meet."""
    conditions: list[str] = []
    values: dict[str, Any] = {}
    if selection.sids is not None:
        conditions += [*personal(selection), _ANY_ROLE] if selection.related_agents else [*personal(selection), _ANY_ROLE, _DIRECT]
        values |= {"sids": list(selection.sids), "role_bits": ROLE_BITS, "direct": DIRECT_ROLES}
    if selection.verbs:
        conditions.append("verb IN {verbs:Array(String)}")
        values["verbs"] = list(selection.verbs)
    if selection.activities:
        related = "(has({activities:Array(String)}, activity) OR hasAny(related, {activities:Array(String)}))"
        conditions.append(related if selection.related_activities else "activity IN {activities:Array(String)}")
        values["activities"] = list(selection.activities)
    if selection.registration is not None:
        conditions += [*personal(selection), "registration = {registration:UUID}"]
        values["registration"] = selection.registration
    return conditions, values


def personal(selection: Selection) -> list[str]:
    """Give the conditions under which people may be looked at; the value of the second one comes with :func:`served`."""
    return [PERSONAL] if selection.identified_since is None else [PERSONAL, _STILL_IDENTIFIED]


def of_anybody(selection: Selection) -> Selection:
    """Leave out of a selection who is asked for."""
    return msgspec.structs.replace(selection, sids=None, registration=None, authority_sids=None)


def has_people(row: StoredStatement, selection: Selection) -> bool:
    """Tell whether a row has the people who are asked for where they have to be, as the conditions of :func:`matches` do."""
    if selection.sids is None and selection.registration is None and selection.authority_sids is None:
        return True
    places = [(sid, role & ROLE_BITS) for sid, role in zip(row.sids, row.roles, strict=True)]
    return (
        (selection.identified_since is None or row.timestamp > selection.identified_since)
        and (
            selection.sids is None
            or any(sid in selection.sids and (selection.related_agents or role <= DIRECT_ROLES) for sid, role in places)
        )
        and (selection.registration is None or row.registration == selection.registration)
        and (selection.authority_sids is None or row.authority == tuple(sorted(selection.authority_sids)))
    )


def served(selection: Selection) -> tuple[list[str], dict[str, Any]]:
    """Give the conditions on the purpose that statements serve, those too that are matched through a reference."""
    conditions: list[str] = []
    values: dict[str, Any] = {}
    if selection.purpose is not None:
        conditions.append("(has(purposes, {purpose:String}) OR empty(purposes))")
        values["purpose"] = selection.purpose
    if selection.kept_since is not None:
        conditions.append("timestamp > fromUnixTimestamp64Micro({kept_since:Int64}, 'UTC')")
        values["kept_since"] = selection.kept_since
    if selection.identified_since is not None:
        values["identified_since"] = selection.identified_since
    if selection.hidden_for:
        conditions.append(_NOT_HIDDEN)
        values |= {"hidden_for": list(selection.hidden_for), "acting": _ACTING}
    if selection.covered_by is not None:
        conditions.append(_COVERED)
        values |= {"covered_by": selection.covered_by, "acting": _ACTING}
    return conditions, values


def window(selection: Selection, *, voiding: bool) -> tuple[list[str], dict[str, Any]]:
    """Give the conditions on the statement itself, whatever it refers to: time, page, whose it is; ``voiding``: some may be voided."""
    conditions, values = served(selection)
    conditions += [_NOT_VOIDED] if voiding else []
    if selection.since is not None:
        conditions.append("stored > fromUnixTimestamp64Micro({since:Int64}, 'UTC')")
        values["since"] = selection.since
    if selection.until is not None:
        conditions.append("stored <= fromUnixTimestamp64Micro({until:Int64}, 'UTC')")
        values["until"] = selection.until
    if selection.after is not None:
        later = "stored > fromUnixTimestamp64Micro({after:Int64}, 'UTC')"
        earlier = "stored < fromUnixTimestamp64Micro({after:Int64}, 'UTC')"
        conditions.append(later if selection.ascending else earlier)
        values["after"] = selection.after
    if selection.authority_sids is not None:
        conditions += [*personal(selection), _MINE]
        values |= {"authority": sorted(selection.authority_sids), "authority_roles": [*AUTHORITY_ROLES], "role_bits": ROLE_BITS}
    return conditions, values


def targets(tenant: str, selection: Selection, *, now: int) -> Query:
    """Give the query of what matches by itself and is referred to; a voided one too (xAPI 1.0.3 Communication 2.1.4)."""
    conditions, values = filters(selection)
    purpose, purpose_values = served(selection)
    return Query(_TARGETS + _REFERRED_TO + " AND ".join([*conditions, *purpose]), scope(tenant, now) | values | purpose_values)


def referring_to(tenant: str, selection: Selection, ids: Sequence[UUID], *, now: int) -> Query:
    """Give the query of the ids that refer to one of ``ids`` and serve the purpose: what does not is no way from one to another."""
    conditions, values = served(selection)
    return Query(" AND ".join([_REFERRING, VISIBLE, *conditions]), scope(tenant, now) | values | {"ids": list(ids)})


def by_id(tenant: str, ids: Sequence[UUID], within: Selection | None, *, now: int) -> Query:
    """Give the query of whole rows by id, of several rows of an id the first one; ``within``: only those that serve its purpose."""
    conditions, values = served(within) if within else ([], {})
    return Query(
        " AND ".join([_READ + " FROM statements WHERE " + VISIBLE + _FIRST, *conditions]), scope(tenant, now) | values | {"ids": list(ids)}
    )


def at(matching: Query) -> Query:
    """Give the query of whole rows that match, at the times of a parameter ``stored``."""
    return Query(_READ + matching.sql + _AT, matching.parameters)


def matches(tenant: str, selection: Selection, *, now: int, voiding: bool) -> Query:
    """Give the WHERE of what matches by itself."""
    conditions, values = filters(selection)
    frame, frame_values = window(selection, voiding=voiding)
    return Query(" FROM statements WHERE " + " AND ".join([VISIBLE, *frame, *conditions]), scope(tenant, now) | values | frame_values)


def referring(tenant: str, selection: Selection, ids: Sequence[UUID], *, now: int) -> Query:
    """Give the WHERE of those of ``ids``, which match through what they refer to, that do not match by themselves."""
    conditions, values = filters(selection)
    frame, frame_values = window(selection, voiding=True)
    text = " FROM statements WHERE " + " AND ".join([VISIBLE, *frame, "id IN {ids:Array(UUID)}", "NOT (" + " AND ".join(conditions) + ")"])
    return Query(text, scope(tenant, now) | values | frame_values | {"ids": list(ids)})


def page(matching: Query, *, ascending: bool, limit: int) -> Query:
    """Give the query of the first whole rows that match."""
    return Query(_READ + matching.sql + ORDER[ascending], matching.parameters | {"limit": limit})


def times(matching: Query, *, ascending: bool, limit: int) -> Query:
    """Give the query of the first times of what matches."""
    return Query("SELECT stored" + matching.sql + ORDER[ascending], matching.parameters | {"limit": limit})


_GROUPS = {
    "verb": "verb",
    "activity": "activity",
    "actor": "sids[indexOf(arrayMap(role -> bitAnd(role, 31), roles), 1)]",
    "day": "toString(toDate(stored))",
}
GROUPS = tuple(_GROUPS)


def counts(matching: Query, selection: Selection, by: str, *, alone: bool) -> Query:
    """Give the query that counts matches by verb, activity, actor or day; ``alone``: no id can have two rows."""
    people = " AND " + " AND ".join(personal(selection)) if by == "actor" else ""
    number = "count()" if alone else "uniqExact(id)"
    return Query("SELECT " + _GROUPS[by] + " AS what, " + number + matching.sql + people + " GROUP BY what", matching.parameters)
