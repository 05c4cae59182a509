"""The context of a statement: checked, and cut into parts where persons, ids and texts stand (xAPI 1.0.3 Data 2.4.6)."""

from __future__ import annotations

from uuid import UUID

import msgspec

from lrs.xapi import fields
from lrs.xapi.activities import check_activity
from lrs.xapi.agents import Actors, check_actor
from lrs.xapi.extensions import Extensions
from lrs.xapi.fields import Slice, refuse
from lrs.xapi.memory import Memory
from lrs.xapi.model import Definition, Part, Registration, Text
from lrs.xapi.references import check_reference
from lrs.xapi.versions import V1, V2, Section
from lrs.xapi.walk import place

_CONTEXT = frozenset(
    {"registration", "instructor", "team", "contextActivities", "revision", "platform", "language", "statement", "extensions"}
)
_CONTEXTS = {V1: _CONTEXT, V2: _CONTEXT | {"contextAgents", "contextGroups"}}
_ACTIVITIES = frozenset({"parent", "grouping", "category", "other"})
_STRINGS_OF_REFERENCE = 4
_RELATIONS = {
    "contextAgents": ("agent", "contextAgent", frozenset({"objectType", "agent", "relevantTypes"})),
    "contextGroups": ("group", "contextGroup", frozenset({"objectType", "group", "relevantTypes"})),
}


class Context(msgspec.Struct, gc=False):
    """What a context holds: parts, the role of each person in them, number of strings, registration, and the activities it names."""

    parts: tuple[Part, ...] = ()
    roles: tuple[int, ...] = ()
    strings: int = 0
    registration: UUID | None = None
    related: tuple[str, ...] = ()
    definitions: tuple[Definition, ...] = ()


class _Activities(msgspec.Struct, frozen=True, gc=False):
    parts: tuple[Part, ...] | None
    related: tuple[str, ...]
    definitions: tuple[Definition, ...]


class Contexts:
    """Check contexts by the rules of one version, remembering the context activities and people that come again. Thread-safe."""

    def __init__(self, version: str, extensions: Extensions) -> None:
        self._allowed = _CONTEXTS[version]
        self._extensions = extensions
        self._activities: Memory[_Activities] = Memory()
        self._people: dict[tuple[str, bool], Memory[Actors]] = {
            (key, sub): Memory() for key in ("instructor", "team", *_RELATIONS) for sub in (False, True)
        }

    def forget(self) -> None:
        """Drop everything remembered."""
        self._activities.clear()
        for memory in self._people.values():
            memory.clear()

    def check(self, raw: bytes, path: str, *, about_activity: bool, sub: bool) -> Context:
        """Check a context; ``about_activity`` tells whether the object of the statement is an Activity."""
        found = fields.slices(raw, path, self._allowed, Section.CONTEXT)
        context = Context()
        total = len(found)
        special: dict[str, tuple[Part, ...]] = {}
        for key, value in found.items():
            if key == "extensions":
                parts, strings = self._extensions.check(value, path)
            elif key == "contextActivities":
                json = bytes(value)
                activities, strings = self._activities.get(json) or self._new_activities(json, path)
                context.related = activities.related
                context.definitions = activities.definitions
                parts = activities.parts
            elif key in ("revision", "platform", "language"):
                _check_text(key, value, f"{path}.{key}", about_activity=about_activity)
                parts, strings = None, 1
            else:
                parts, strings = self._check_reference(key, bytes(value), f"{path}.{key}", context, sub=sub)
            total += strings
            if parts is not None:
                special[key] = parts
        context.strings = total
        context.parts = fields.rebuilt(found, special) if special else (raw,)
        return context

    def _check_reference(self, key: str, raw: bytes, path: str, context: Context, *, sub: bool) -> tuple[tuple[Part, ...], int]:
        """Check a property that points to a person, a registration or a statement."""
        if key == "registration":
            return (_check_registration(raw, path, context, sub=sub),), 1
        if key == "statement":
            return check_reference(raw, path)[1], _STRINGS_OF_REFERENCE
        memory = self._people[key, sub]
        check = _check_relations if key in _RELATIONS else _check_person
        people, strings = memory.get(raw) or memory.keep(raw, path, check(key, raw, path, sub=sub))
        context.roles += people.roles
        return people.parts, strings

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


def _check_text(key: str, raw: Slice, path: str, *, about_activity: bool) -> None:
    if key == "language":
        fields.language_tag(raw, path, Section.CONTEXT)
        return
    fields.string(raw, path, Section.CONTEXT)
    if not about_activity:
        refuse(path, "is only for statements whose object is an Activity", Section.CONTEXT)


def _check_registration(raw: bytes, path: str, context: Context, *, sub: bool) -> Part:
    registration = fields.uuid(raw, path, Section.ID)
    if sub:
        # It is personal, and only the statement's own has a column that expires.
        return Text(b'"%b"' % str(registration).encode(), "reserved", "registration")
    context.registration = registration
    return Registration()


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
    return Actors(fields.merged([*parts, b"]"]), roles)


def _check_types(raw: bytes, path: str) -> None:
    types = fields.items(raw, path, Section.CONTEXT_AGENTS)
    if not types:
        refuse(path, "must not be empty", Section.CONTEXT_AGENTS)
    for n, relevant in enumerate(types):
        fields.iri(relevant, f"{path}[{n}]", Section.CONTEXT_AGENTS)
