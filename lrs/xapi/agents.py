"""Agents and groups: checked, and cut into parts (xAPI 1.0.3 Data 2.4.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

import msgspec
from msgspec import UNSET, UnsetType

from lrs.xapi import fields, walk
from lrs.xapi.fields import ABSENT, refuse
from lrs.xapi.model import Authority, Part, Person, Text
from lrs.xapi.versions import Section
from lrs.xapi.walk import IDENTIFIERS, Place


class _Account(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The properties of an account."""

    homePage: str  # noqa: N815 -- the name of the property
    name: str


class _Actor(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The properties of an Agent or Group, as far as their types say what they may be."""

    objectType: str = "Agent"  # noqa: N815 -- the name of the property
    name: str | UnsetType = UNSET
    mbox: str | UnsetType = UNSET
    mbox_sha1sum: str | UnsetType = UNSET
    openid: str | UnsetType = UNSET
    account: _Account | UnsetType = UNSET
    member: msgspec.Raw = ABSENT


_decode = msgspec.json.Decoder(_Actor).decode
_ACTOR = frozenset(_Actor.__struct_fields__)
_ACCOUNT = frozenset(_Account.__struct_fields__)
_SECTIONS = {"objectType": Section.ACTOR, "name": Section.AGENT}
_APPLICATION_AND_USER = 2
_FORMS = {"mbox": fields.mailto_text, "mbox_sha1sum": fields.sha1_text, "openid": fields.iri_text}


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
    found = _read(raw, path, Section.ACTOR)
    if found.objectType == "Group":
        if not place.group:
            refuse(path, "must be an Agent", Section.AGENT)
        return _group(found, raw, path, place)
    if not place.agent:
        refuse(path, "must be a Group, and say so by its objectType", Section.GROUP)
    if found.member:
        refuse(f"{path}.member", "is only for a Group", Section.GROUP)
    return Actors((b"", _person(found, raw, path), b"}"), (place.role,))


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


def _read(raw: bytes, path: str, section: Section) -> _Actor:
    try:
        found = _decode(raw)
    except fields.UNREADABLE:
        _refuse_types(raw, path, section)
    if found.objectType not in ("Agent", "Group"):
        refuse(f"{path}.objectType", "must be Agent or Group", Section.ACTOR)
    return found


def _refuse_types(raw: bytes, path: str, section: Section) -> NoReturn:
    """Say which property is not of its type."""
    for key, value in fields.slices(raw, path, _ACTOR, section).items():
        if key == "account":
            account = fields.members(bytes(value), f"{path}.account", _ACCOUNT, ("homePage", "name"), Section.ACCOUNT)
            for inner, text in account.items():
                fields.string(text, f"{path}.account.{inner}", Section.ACCOUNT)
        elif key != "member":
            fields.string(value, f"{path}.{key}", _SECTIONS.get(key, Section.IDENTIFIER))
    # Each property that is left is of its type, so one that was dropped for it is not.
    fields.refuse_repetition(path)


def _group(found: _Actor, raw: bytes, path: str, place: Place) -> Actors:
    people = _members(found, path)
    roles = (place.member_role,) * len(people)
    if not _identifiers(found):
        return Actors(_anonymous(found, raw, path, people), roles)
    if not found.member:
        return Actors((b"", _person(found, raw, path), b"}"), (place.role,))
    rest = fields.free_members(raw)
    del rest["member"]
    group = _person(found, fields.written(rest), path)
    return Actors(tuple(fields.merged([b"", group, b',"member":[', *_listed(people), b"]}"])), (place.role, *roles))


def _anonymous(found: _Actor, raw: bytes, path: str, people: list[Person]) -> tuple[Part, ...]:
    if not people:
        refuse(path, "must have an identifier, or members", Section.GROUP)
    name: tuple[Part, ...] = ()
    if found.name is not UNSET:
        name = (b',"name":', Text(fields.free_members(raw)["name"], "group-name", ""))
    return tuple(fields.merged([b'{"objectType":"Group"', *name, b',"member":[', *_listed(people), b"]}"]))


def _listed(people: Iterable[Person]) -> list[Part]:
    listed: list[Part] = []
    for n, person in enumerate(people):
        listed += [b"," if n else b"", person, b"}"]
    return listed


def _members(found: _Actor, path: str) -> list[Person]:
    if not found.member:
        return []
    path = f"{path}.member"
    return [_member(member, f"{path}[{n}]") for n, member in enumerate(fields.items(bytes(found.member), path, Section.GROUP))]


def _member(raw: bytes, path: str) -> Person:
    found = _read(raw, path, Section.GROUP)
    if found.objectType != "Agent":
        refuse(path, "must be an Agent: a Group is no member of a Group", Section.GROUP)
    if found.member:
        refuse(f"{path}.member", "is only for a Group", Section.GROUP)
    return _person(found, raw, path)


def _identifiers(found: _Actor) -> list[str]:
    return [kind for kind in IDENTIFIERS if getattr(found, kind) is not UNSET]


def _person(found: _Actor, json: bytes, path: str) -> Person:
    kinds = _identifiers(found)
    if len(kinds) != 1:
        refuse(path, f"must have exactly one of {', '.join(IDENTIFIERS)}", Section.IDENTIFIER)
    kind = kinds[0]
    if found.account is not UNSET:
        page = fields.iri_text(found.account.homePage, f"{path}.account.homePage", Section.ACCOUNT)
        identifier = found.account.name
        ifi = walk.canonical_ifi(kind, page, identifier)
    else:
        identifier = _FORMS[kind](getattr(found, kind), f"{path}.{kind}", Section.IDENTIFIER)
        ifi = walk.canonical_ifi(kind, identifier)
    name = None if found.name is UNSET else found.name
    return Person(json, ifi, walk.known_strings(kind, identifier, name), found.objectType == "Group")
