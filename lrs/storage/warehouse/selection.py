"""From a selection to SQL: fixed texts chosen by what is asked for, every value a server-side parameter. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from lrs.storage.contract import NO_UUID, Selection

_DIRECT_ROLES = 4
_ROLE_BITS = 31
_AUTHORITY_ROLES = [12, 13]

VISIBLE = "tenant = {tenant:String} AND keep_until > fromUnixTimestamp64Micro({now:Int64}, 'UTC')"
"""What a tenant may see at all: rows within their limit."""
_PERSONAL = "identity_until > fromUnixTimestamp64Micro({now:Int64}, 'UTC')"
_ANY_ROLE = "hasAny(sids, {sids:Array(UInt64)})"
_DIRECT = "arrayExists((sid, role) -> has({sids:Array(UInt64)}, sid) AND bitAnd(role, {role_bits:UInt8}) <= {direct:UInt8}, sids, roles)"
_MINE = "arrayExists((sid, role) -> has({authority:Array(UInt64)}, sid) AND has({authority_roles:Array(UInt8)}, bitAnd(role, {role_bits:UInt8})), sids, roles)"
_NOT_VOIDED = "(voids OR id NOT IN (SELECT reference FROM statements WHERE tenant = {tenant:String} AND voids))"
_FIELDS = """id, toUnixTimestamp64Micro(stored), toUnixTimestamp64Micro(timestamp), if(personal, registration, {nothing:UUID}),
    references, if(personal, sids, []), if(personal, vids, []), if(personal, roles, []), if(personal, sealed, []), body"""
COLUMNS = "WITH " + _PERSONAL + " AS personal SELECT " + _FIELDS


class Query(NamedTuple):
    """A text and its parameters."""

    sql: str
    parameters: dict[str, Any]


def filters(selection: Selection) -> tuple[list[str], dict[str, Any]]:
    """Give the conditions on who and what, which a statement or one that it refers to must meet."""
    conditions: list[str] = []
    values: dict[str, Any] = {}
    if selection.sids is not None:
        conditions += [_PERSONAL, _ANY_ROLE] if selection.related_agents else [_PERSONAL, _ANY_ROLE, _DIRECT]
        values |= {"sids": list(selection.sids), "role_bits": _ROLE_BITS, "direct": _DIRECT_ROLES}
    if selection.verbs:
        conditions.append("verb IN {verbs:Array(String)}")
        values["verbs"] = list(selection.verbs)
    if selection.activities:
        related = "(has({activities:Array(String)}, activity) OR hasAny(related, {activities:Array(String)}))"
        conditions.append(related if selection.related_activities else "activity IN {activities:Array(String)}")
        values["activities"] = list(selection.activities)
    if selection.registration is not None:
        conditions += [_PERSONAL, "registration = {registration:UUID}"]
        values["registration"] = selection.registration
    return conditions, values


def scope(tenant: str, now: int) -> dict[str, Any]:
    """Give the parameters that every query has."""
    return {"tenant": tenant, "now": now, "nothing": NO_UUID}


def window(selection: Selection) -> tuple[list[str], dict[str, Any]]:
    """Give the conditions on the statement itself, whatever it refers to: time, page, and whose it is."""
    conditions = [_NOT_VOIDED]
    values: dict[str, Any] = {}
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
        conditions += [_PERSONAL, _MINE]
        values |= {"authority": list(selection.authority_sids), "authority_roles": _AUTHORITY_ROLES, "role_bits": _ROLE_BITS}
    return conditions, values


def matching(tenant: str, selection: Selection, *, now: int, referring: list[Any]) -> tuple[str, dict[str, Any]]:
    """Give the whole WHERE of a selection; ``referring`` are the ids that match through what they refer to."""
    own, own_values = filters(selection)
    frame, frame_values = window(selection)
    values = scope(tenant, now) | own_values | frame_values
    if own and referring:
        match = "((" + " AND ".join(own) + ") OR id IN {referring:Array(UUID)})"
        values["referring"] = referring
        return " AND ".join([VISIBLE, *frame, match]), values
    return " AND ".join([VISIBLE, *frame, *own]), values


def page(tenant: str, selection: Selection, *, now: int, referring: list[Any]) -> Query:
    """Give the query of one page."""
    where, values = matching(tenant, selection, now=now, referring=referring)
    order = "ORDER BY tenant, stored LIMIT 1 BY id" if selection.ascending else "ORDER BY tenant DESC, stored DESC LIMIT 1 BY id"
    text = COLUMNS + " FROM statements WHERE " + where + " " + order + " LIMIT {limit:UInt32}"
    return Query(text, values | {"limit": selection.limit})


_GROUPS = {
    "verb": "verb",
    "activity": "activity",
    "actor": "sids[indexOf(arrayMap(role -> bitAnd(role, 31), roles), 1)]",
    "day": "toString(toDate(stored))",
}
GROUPS = tuple(_GROUPS)


def counts(tenant: str, selection: Selection, by: str, *, now: int, referring: list[Any]) -> Query:
    """Give the query that counts matches by verb, activity, actor or day."""
    where, values = matching(tenant, selection, now=now, referring=referring)
    personal = " AND " + _PERSONAL if by == "actor" else ""
    text = "SELECT " + _GROUPS[by] + " AS what, uniqExact(id) AS number FROM statements WHERE " + where + personal
    return Query(text + " GROUP BY what ORDER BY number DESC, what LIMIT {limit:UInt32}", values | {"limit": selection.limit})
