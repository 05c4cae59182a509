"""Agents and groups: checked, and cut into parts (xAPI 1.0.3 Data 2.4.2)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lrs.xapi import fields, walk
from lrs.xapi.fields import refuse
from lrs.xapi.model import Authority, Part, Person, Text
from lrs.xapi.versions import Section
from lrs.xapi.walk import IDENTIFIERS, Place

_AGENT = frozenset({"objectType", "name", *IDENTIFIERS})
_GROUP = _AGENT | {"member"}
_ACCOUNT = frozenset({"homePage", "name"})
_APPLICATION_AND_USER = 2
_READERS = {"mbox": fields.mailto, "mbox_sha1sum": fields.sha1, "openid": fields.iri}


class Actors(msgspec.Struct, frozen=True, gc=False):
    """An agent or group: its parts, and the role of each person in them."""

    parts: tuple[Part, ...]
    roles: tuple[int, ...]

    def __repr__(self) -> str:
        return "Actors(<identity>)"

    def persons(self) -> tuple[Person, ...]:
        """Give the persons among the parts."""
        return tuple(part for part in self.parts if isinstance(part, Person))


def check_actor(raw: bytes, path: str, place: Place) -> Actors:
    """Check an Agent or Group at a place and cut it into parts."""
    found = fields.members(raw, path, _GROUP, section=Section.ACTOR)
    kind = _object_type(found, path)
    if kind == "Group":
        if not place.group:
            refuse(path, "must be an Agent", Section.AGENT)
        return _group(found, raw, path, place)
    if not place.agent:
        refuse(path, "must be a Group, and say so by its objectType", Section.GROUP)
    if "member" in found:
        refuse(f"{path}.member", "is only for a Group", Section.GROUP)
    return Actors((b"", _person(found, raw, path, is_group=False), b"}"), (place.role,))


def check_authority(raw: bytes, path: str) -> Authority:
    """Check an authority: an Agent, or the anonymous Group of an application and its user (xAPI 1.0.3 Data 2.4.9)."""
    actors = check_actor(raw, path, walk.place("$.authority"))
    persons = actors.persons()
    identified = actors.parts[0] == b""
    if persons[0].is_group if identified else len(persons) != _APPLICATION_AND_USER:
        refuse(path, "must be an Agent, or a Group of exactly two Agents without an identifier of its own", Section.AUTHORITY)
    if not identified and not any(walk.is_account(person.ifi) for person in persons):
        refuse(path, "must have among its members an application, which is identified by its account", Section.AUTHORITY)
    return Authority(actors.parts, actors.roles)


def _object_type(found: dict[str, bytes], path: str) -> str:
    kind = fields.string(found["objectType"], f"{path}.objectType", Section.ACTOR) if "objectType" in found else "Agent"
    if kind not in ("Agent", "Group"):
        refuse(f"{path}.objectType", "must be Agent or Group", Section.ACTOR)
    return kind


def _group(found: dict[str, bytes], raw: bytes, path: str, place: Place) -> Actors:
    people = _members(found, path)
    roles = (place.member_role,) * len(people)
    if not any(key in found for key in IDENTIFIERS):
        return Actors(_anonymous(found, path, people), roles)
    if "member" not in found:
        return Actors((b"", _person(found, raw, path, is_group=True), b"}"), (place.role,))
    rest = {key: value for key, value in found.items() if key != "member"}
    json = fields.written(rest)
    group = _person(found, json, path, is_group=True)
    return Actors(tuple(fields.merged([b"", group, b',"member":[', *_listed(people), b"]}"])), (place.role, *roles))


def _anonymous(found: dict[str, bytes], path: str, people: list[Person]) -> tuple[Part, ...]:
    if not people:
        refuse(path, "must have an identifier, or members", Section.GROUP)
    name: tuple[Part, ...] = ()
    if "name" in found:
        fields.string(found["name"], f"{path}.name", Section.GROUP)
        name = (b',"name":', Text(found["name"], "group-name", ""))
    return tuple(fields.merged([b'{"objectType":"Group"', *name, b',"member":[', *_listed(people), b"]}"]))


def _listed(people: Iterable[Person]) -> list[Part]:
    listed: list[Part] = []
    for n, person in enumerate(people):
        listed += [b"," if n else b"", person, b"}"]
    return listed


def _members(found: dict[str, bytes], path: str) -> list[Person]:
    if "member" not in found:
        return []
    path = f"{path}.member"
    return [_member(member, f"{path}[{n}]") for n, member in enumerate(fields.items(found["member"], path, Section.GROUP))]


def _member(raw: bytes, path: str) -> Person:
    found = fields.members(raw, path, _GROUP, section=Section.GROUP)
    if _object_type(found, path) != "Agent":
        refuse(path, "must be an Agent: a Group is no member of a Group", Section.GROUP)
    if "member" in found:
        refuse(f"{path}.member", "is only for a Group", Section.GROUP)
    return _person(found, raw, path, is_group=False)


def _person(found: dict[str, bytes], json: bytes, path: str, *, is_group: bool) -> Person:
    kinds = [kind for kind in IDENTIFIERS if kind in found]
    if len(kinds) != 1:
        refuse(path, f"must have exactly one of {', '.join(IDENTIFIERS)}", Section.IDENTIFIER)
    kind = kinds[0]
    name = fields.string(found["name"], f"{path}.name", Section.AGENT) if "name" in found else None
    if kind == "account":
        path = f"{path}.account"
        account = fields.members(found["account"], path, _ACCOUNT, ("homePage", "name"), Section.ACCOUNT)
        page = fields.iri(account["homePage"], f"{path}.homePage", Section.ACCOUNT)
        identifier = fields.string(account["name"], f"{path}.name", Section.ACCOUNT)
        ifi = walk.canonical_ifi(kind, page, identifier)
    else:
        identifier = _READERS[kind](found[kind], f"{path}.{kind}", Section.IDENTIFIER)
        ifi = walk.canonical_ifi(kind, identifier)
    return Person(json, ifi, walk.known_strings(kind, identifier, name), is_group)
