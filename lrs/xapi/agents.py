"""Agents, groups and authorities: checked, and cut into parts (xAPI 1.0.3 Data 2.4.2)."""

from __future__ import annotations

import msgspec

from lrs.xapi import fields, walk
from lrs.xapi.fields import refuse
from lrs.xapi.model import SUB, Authority, Part, Person, Text
from lrs.xapi.walk import Place

_IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")
_AGENT = frozenset({"objectType", "name", *_IDENTIFIERS})
_GROUP = _AGENT | {"member"}
_ACCOUNT = frozenset({"homePage", "name"})
_S_AGENT = "xAPI 1.0.3 Data 2.4.2.1"
_S_GROUP = "xAPI 1.0.3 Data 2.4.2.2"
_S_IDENTIFIER = "xAPI 1.0.3 Data 2.4.2.3"
_S_ACCOUNT = "xAPI 1.0.3 Data 2.4.2.4"
_S_AUTHORITY = "xAPI 1.0.3 Data 2.4.9"


class Actors(msgspec.Struct, gc=False):
    """The parts of an agent or group, and the role of each person in them."""

    parts: list[Part]
    roles: list[int]


def check_actor(raw: bytes, path: str, place: Place, *, sub: bool = False) -> Actors:
    """Check an Agent or Group at a place and cut it into parts."""
    found = fields.members(raw, path, _GROUP, section=_S_AGENT)
    kind = _object_type(found, path)
    if kind == "Group" and not place.group:
        refuse(path, "must be an Agent", _S_AGENT)
    if kind == "Agent" and not place.agent:
        refuse(path, "must be a Group", _S_GROUP)
    shift = SUB if sub else 0
    if kind == "Agent":
        _members(found, path, kind)
        return Actors([_person(found, raw, path, is_group=False), b"}"], [place.role + shift])
    return _group(found, raw, path, place, shift)


def check_identified(raw: bytes, path: str = "$") -> Person:
    """Check an Agent or identified Group on its own, as in the ``agent`` parameter of a query."""
    found = fields.members(raw, path, _GROUP, section=_S_AGENT)
    kind = _object_type(found, path)
    for n, member in enumerate(_members(found, path, kind)):
        _member(member, f"{path}.member[{n}]")
    return _person(found, raw, path, is_group=kind == "Group")


def check_authority(raw: bytes, path: str = "$.authority") -> Authority:
    """Check an authority: an Agent, or the anonymous Group of an application and its user."""
    actors = check_actor(raw, path, walk.PLACES["authority"])
    if not isinstance(actors.parts[0], Person) and len(actors.roles) == 2:
        return Authority(tuple(actors.parts), tuple(actors.roles))
    if not isinstance(actors.parts[0], Person) or actors.parts[0].is_group:
        refuse(path, "must be an Agent, or a Group of exactly two Agents without an identifier of its own", _S_AUTHORITY)
    return Authority(tuple(actors.parts), tuple(actors.roles))


def _object_type(found: dict[str, bytes], path: str) -> str:
    kind = fields.string(found["objectType"], f"{path}.objectType") if "objectType" in found else "Agent"
    if kind not in ("Agent", "Group"):
        refuse(f"{path}.objectType", "must be Agent or Group", "xAPI 1.0.3 Data 2.4.2")
    return kind


def _group(found: dict[str, bytes], raw: bytes, path: str, place: Place, shift: int) -> Actors:
    inner = _members(found, path, "Group")
    people = [_member(member, f"{path}.member[{n}]") for n, member in enumerate(inner)]
    roles = [place.member_role + shift] * len(people)
    listed: list[Part] = []
    for n, person in enumerate(people):
        listed += [b"," if n else b"", person, b"}"]
    if any(key in found for key in _IDENTIFIERS):
        group = _person(found, raw, path, is_group=True)
        tail: list[Part] = [b',"member":[', *listed, b"]}"] if "member" in found else [b"}"]
        return Actors([group, *tail], [place.role + shift, *roles])
    if "member" not in found:
        refuse(path, "must have either an identifier or members", _S_GROUP)
    head: list[Part] = [b'{"objectType":"Group"']
    if "name" in found:
        fields.string(found["name"], f"{path}.name", _S_GROUP)
        head += [b',"name":', Text(found["name"], "group-name", "")]
    return Actors([*head, b',"member":[', *listed, b"]}"], roles)


def _members(found: dict[str, bytes], path: str, kind: str) -> list[bytes]:
    if "member" not in found:
        return []
    if kind != "Group":
        refuse(f"{path}.member", "is only for a Group", _S_GROUP)
    return fields.items(found["member"], f"{path}.member", _S_GROUP)


def _member(raw: bytes, path: str) -> Person:
    found = fields.members(raw, path, _AGENT, section=_S_GROUP)
    if _object_type(found, path) != "Agent":
        refuse(path, "must be an Agent: a Group has no Group among its members", _S_GROUP)
    return _person(found, raw, path, is_group=False)


def _person(found: dict[str, bytes], raw: bytes, path: str, *, is_group: bool) -> Person:
    kinds = [kind for kind in _IDENTIFIERS if kind in found]
    if len(kinds) != 1:
        refuse(path, f"must have exactly one of {', '.join(_IDENTIFIERS)}", _S_IDENTIFIER)
    kind = kinds[0]
    name = fields.string(found["name"], f"{path}.name", _S_AGENT) if "name" in found else None
    if kind == "account":
        account = fields.members(found["account"], f"{path}.account", _ACCOUNT, ("homePage", "name"), _S_ACCOUNT)
        page = fields.iri(account["homePage"], f"{path}.account.homePage", _S_ACCOUNT)
        identifier = fields.string(account["name"], f"{path}.account.name", _S_ACCOUNT)
        ifi = walk.canonical_ifi(kind, page, identifier)
    else:
        read = {"mbox": fields.mailto, "mbox_sha1sum": fields.sha1, "openid": fields.iri}[kind]
        identifier = read(found[kind], f"{path}.{kind}", _S_IDENTIFIER)
        ifi = walk.canonical_ifi(kind, identifier)
    json = raw
    if "member" in found:
        json = b"{" + b",".join(b'"%b":%b' % (key.encode(), value) for key, value in found.items() if key != "member") + b"}"
    return Person(json, ifi, walk.known_strings(kind, identifier, name), is_group)
