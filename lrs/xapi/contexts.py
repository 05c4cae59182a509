"""The context of a statement: checked, and cut into parts where persons, ids and texts stand (xAPI 1.0.3 Data 2.4.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from lrs.xapi import fields
from lrs.xapi.activities import check_activity
from lrs.xapi.agents import Actors, check_actor
from lrs.xapi.extensions import Extensions
from lrs.xapi.fields import ABSENT, Special, refuse
from lrs.xapi.formats import is_language_tag, read_uuid
from lrs.xapi.memory import Memory
from lrs.xapi.model import REGISTRATION, Definition, Part, Text
from lrs.xapi.references import check_reference
from lrs.xapi.versions import V1, V2, Section
from lrs.xapi.walk import place


class _Properties(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A context's properties as they came, texts as what they are."""

    registration: msgspec.Raw = ABSENT
    contextActivities: msgspec.Raw = ABSENT  # noqa: N815 -- the name of the property
    extensions: msgspec.Raw = ABSENT
    platform: str | UnsetType = UNSET
    revision: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    statement: msgspec.Raw = ABSENT
    instructor: msgspec.Raw = ABSENT
    team: msgspec.Raw = ABSENT
    contextAgents: msgspec.Raw = ABSENT  # noqa: N815 -- as above
    contextGroups: msgspec.Raw = ABSENT  # noqa: N815


_decode = msgspec.json.Decoder(_Properties).decode
_SINCE_2 = frozenset({"contextAgents", "contextGroups"})
"""IEEE 9274.1.1 4.2.2.5."""
_ALLOWED = {V1: frozenset(_Properties.__struct_fields__) - _SINCE_2, V2: frozenset(_Properties.__struct_fields__)}
_TEXTS = ("platform", "revision", "language")
_REFERENCES = frozenset({"statement", "instructor", "team", "contextAgents", "contextGroups"})
_ACTIVITIES = frozenset({"parent", "grouping", "category", "other"})
_STRINGS_OF_REFERENCE = 4
_RELATIONS = {
    "contextAgents": ("agent", "contextAgent", frozenset({"objectType", "agent", "relevantTypes"})),
    "contextGroups": ("group", "contextGroup", frozenset({"objectType", "group", "relevantTypes"})),
}


class Context(msgspec.Struct, frozen=True, gc=False):
    """What a context holds: parts, the role of each person in them, number of strings, registration, and the activities it names."""

    parts: Sequence[Part] = ()
    roles: tuple[int, ...] = ()
    strings: int = 0
    registration: UUID | None = None
    related: tuple[str, ...] = ()
    definitions: tuple[Definition, ...] = ()


class _Activities(msgspec.Struct, frozen=True, gc=False):
    parts: Sequence[Part] | None
    related: tuple[str, ...]
    definitions: tuple[Definition, ...]


_NO_ACTIVITIES = _Activities(None, (), ())


class Contexts:
    """Check contexts by the rules of one version, remembering the context activities and people that come again. Thread-safe."""

    def __init__(self, version: str, extensions: Extensions, capacity: int) -> None:
        self._allowed = _ALLOWED[version]
        self._extensions = extensions
        self._activities: Memory[_Activities] = Memory(capacity)
        self._people: dict[tuple[str, bool], Memory[Actors]] = {
            (key, sub): Memory(capacity) for key in ("instructor", "team", *_RELATIONS) for sub in (False, True)
        }

    def forget(self) -> None:
        """Drop everything remembered."""
        self._activities.clear()
        for memory in self._people.values():
            memory.clear()

    def check(self, raw: bytes, path: str, *, about_activity: bool, sub: bool) -> Context:
        """Check a context; ``about_activity`` tells whether the object of the statement is an Activity."""
        try:
            found = _decode(raw)
        except fields.UNREADABLE:
            self._refuse_types(raw, path)
        special: Special = {}
        strings = _check_texts(found, path)
        if not about_activity:
            _refuse_texts(found, path)
        registration = None
        if found.registration:
            json = bytes(found.registration)
            registration = read_uuid(json) or fields.refuse_uuid(f"{path}.registration", Section.ID)
            strings += 2
            if sub:
                special["registration"] = json, (_apart(registration),)
            else:
                raw = fields.replaced(raw, "registration", json, REGISTRATION)
        activities = _NO_ACTIVITIES
        if found.contextActivities:
            json = bytes(found.contextActivities)
            activities, count = self._activities.get(json) or self._new_activities(json, path)
            strings += count + 1
            if activities.parts is not None:
                special["contextActivities"] = json, activities.parts
        if found.extensions:
            parts, count = self._extensions.check(found.extensions, path)
            strings += count + 1
            if parts is not None:
                special["extensions"] = found.extensions, parts
        roles: tuple[int, ...] = ()
        if found.statement or found.instructor or found.team or found.contextAgents or found.contextGroups:
            roles, count = self._check_references(raw, path, special, sub=sub)
            strings += count
        whole = fields.cut(raw, special) if special else (raw,)
        return Context(whole, roles, strings, registration, activities.related, activities.definitions)

    def _check_references(self, raw: bytes, path: str, special: Special, *, sub: bool) -> tuple[tuple[int, ...], int]:
        """Check the properties that point to persons or to a statement, in the order in which they stand.

        -> (the role of each person in them, the number of their strings).
        """
        roles: tuple[int, ...] = ()
        total = 0
        for key, value in fields.slices(raw, path, self._allowed, Section.CONTEXT).items():
            if key == "statement":
                special[key] = value, check_reference(bytes(value), f"{path}.{key}")[1]
                total += _STRINGS_OF_REFERENCE + 1
            elif key in _REFERENCES:
                people, strings = self._check_people(key, bytes(value), f"{path}.{key}", sub=sub)
                special[key] = value, people.parts
                roles += people.roles
                total += strings + 1
        return roles, total

    def _check_people(self, key: str, raw: bytes, path: str, *, sub: bool) -> tuple[Actors, int]:
        memory = self._people[key, sub]
        check = _check_relations if key in _RELATIONS else _check_person
        return memory.get(raw) or memory.keep(raw, path, check(key, raw, path, sub=sub))

    def _refuse_types(self, raw: bytes, path: str) -> NoReturn:
        """Say which property is not of its type."""
        for key, value in fields.slices(raw, path, self._allowed, Section.CONTEXT).items():
            if key in _TEXTS:
                fields.string(value, f"{path}.{key}", Section.CONTEXT)
        # Each text that is left is one, so one that was dropped for it is not.
        fields.refuse_repetition(path)

    def _new_activities(self, raw: bytes, path: str) -> tuple[_Activities, int]:
        path = f"{path}.contextActivities"
        return self._activities.keep(raw, path, self._check_activities(raw, path))

    def _check_activities(self, raw: bytes, path: str) -> _Activities:
        found = fields.members(raw, path, _ACTIVITIES, section=Section.CONTEXT_ACTIVITIES)
        special: dict[str, tuple[Part, ...]] = {}
        related: list[str] = []
        definitions: list[Definition] = []
        for key, value in found.items():
            single = value.startswith(b"{")
            listed = [value] if single else fields.items(value, f"{path}.{key}", Section.CONTEXT_ACTIVITIES)
            parts: list[Part] = [b"["]
            for n, item in enumerate(listed):
                activity = check_activity(item, f"{path}.{key}" if single else f"{path}.{key}[{n}]", self._extensions)
                related.append(activity.id)
                definitions += [activity.definition] if activity.definition else []
                parts += (b"," if n else b"", *activity.parts)
            if single or any(part.__class__ is not bytes for part in parts):
                special[key] = (*parts, b"]")
        own = fields.merged(fields.rebuilt(found, special)) if special else None
        return _Activities(own, tuple(dict.fromkeys(related)), tuple(dict.fromkeys(definitions)))


def _check_texts(found: _Properties, path: str) -> int:
    """Check the properties that are texts -> the number of their strings."""
    strings = 0
    if found.language is not UNSET:
        if not is_language_tag(found.language):
            refuse(f"{path}.language", "must be a language tag of RFC 5646", Section.CONTEXT)
        strings = 2
    if found.platform is not UNSET:
        strings += 2
    if found.revision is not UNSET:
        strings += 2
    return strings


def _refuse_texts(found: _Properties, path: str) -> None:
    """Refuse what only a statement about an activity may have."""
    for key in ("platform", "revision"):
        if getattr(found, key) is not UNSET:
            refuse(f"{path}.{key}", "is only for statements whose object is an Activity", Section.CONTEXT)


def _apart(registration: UUID) -> Text:
    """Give what stands for the registration of a SubStatement: it is personal, and only the statement's own has a column that expires."""
    return Text(b'"%b"' % str(registration).encode(), "reserved", "registration")


def _check_person(key: str, raw: bytes, path: str, *, sub: bool) -> Actors:
    return check_actor(raw, path, place(f"$.context.{key}", sub=sub))


def _check_relations(key: str, raw: bytes, path: str, *, sub: bool) -> Actors:
    """Check ``contextAgents`` or ``contextGroups`` (IEEE 9274.1.1 4.2.2.5)."""
    name, kind, allowed = _RELATIONS[key]
    stand = place(f"$.context.{key}[*].{name}", sub=sub)
    parts: list[Part] = [b"["]
    roles: tuple[int, ...] = ()
    for n, item in enumerate(fields.items(raw, path, Section.CONTEXT_AGENTS)):
        here = f"{path}[{n}]"
        found = fields.members(item, here, allowed, ("objectType", name), Section.CONTEXT_AGENTS)
        if fields.string(found["objectType"], f"{here}.objectType", Section.CONTEXT_AGENTS) != kind:
            refuse(f"{here}.objectType", f"must be {kind}", Section.CONTEXT_AGENTS)
        if "relevantTypes" in found:
            _check_types(found["relevantTypes"], f"{here}.relevantTypes")
        actors = check_actor(found[name], f"{here}.{name}", stand)
        roles += actors.roles
        parts += (b"," if n else b"", *fields.rebuilt(found, {name: actors.parts}))
    return Actors(tuple(fields.merged([*parts, b"]"])), roles)


def _check_types(raw: bytes, path: str) -> None:
    types = fields.items(raw, path, Section.CONTEXT_AGENTS)
    if not types:
        refuse(path, "must not be empty", Section.CONTEXT_AGENTS)
    for n, relevant in enumerate(types):
        fields.iri(relevant, f"{path}[{n}]", Section.CONTEXT_AGENTS)
