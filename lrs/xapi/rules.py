"""The one place where raw JSON becomes a checked statement.

Statements repeat themselves: the same verbs, actors, activities and contexts come again and again. Each of these parts is checked once and
remembered by its bytes, so that most of a statement costs a look-up and what is new is checked by the same rules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import msgspec

from lrs.errors import InvalidStatement
from lrs.xapi import fields
from lrs.xapi.activities import Keeps, check_activity, check_attachments, check_extensions, check_verb
from lrs.xapi.agents import Actors, check_actor, check_authority, check_identified
from lrs.xapi.codec import find_duplicate
from lrs.xapi.fields import refuse
from lrs.xapi.formats import parse_timestamp, parse_uuid
from lrs.xapi.model import VOIDED, Attachment, Authority, Definition, Part, Reference, Registration, Statement, Text
from lrs.xapi.walk import PLACES

__all__ = ["Checker", "check_authority", "check_identified"]

_MAX_REMEMBERED = 200_000
_LONGEST_REMEMBERED = 8192
_ABSENT = msgspec.Raw()
_NO_ATTACHMENTS: tuple[Attachment, ...] = ()


class _Statement(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    actor: msgspec.Raw
    verb: msgspec.Raw
    object: msgspec.Raw
    id: msgspec.Raw = _ABSENT
    result: msgspec.Raw = _ABSENT
    context: msgspec.Raw = _ABSENT
    timestamp: msgspec.Raw = _ABSENT
    stored: msgspec.Raw = _ABSENT
    authority: msgspec.Raw = _ABSENT
    version: msgspec.Raw = _ABSENT
    attachments: msgspec.Raw = _ABSENT


_decode = msgspec.json.Decoder(_Statement).decode
_STATEMENT = frozenset(_Statement.__struct_fields__)
_SUBSTATEMENT = frozenset({"objectType", "actor", "verb", "object", "result", "context", "timestamp", "attachments"})
_RESULT = frozenset({"score", "success", "completion", "response", "duration", "extensions"})
_SCORE = frozenset({"scaled", "raw", "min", "max"})
_CONTEXT_1 = frozenset(
    {"registration", "instructor", "team", "contextActivities", "revision", "platform", "language", "statement", "extensions"}
)
_CONTEXT_2 = _CONTEXT_1 | {"contextAgents", "contextGroups"}
_CONTEXT_ACTIVITIES = frozenset({"parent", "grouping", "category", "other"})
_REFERENCE = frozenset({"objectType", "id"})
_S_STATEMENT = "xAPI 1.0.3 Data 2.4"
_S_REFERENCE = "xAPI 1.0.3 Data 2.4.4.3"
_S_RESULT = "xAPI 1.0.3 Data 2.4.5"
_S_CONTEXT = "xAPI 1.0.3 Data 2.4.6"
_S_CONTEXT_2 = "IEEE 9274.1.1 Context"
_S_TIMESTAMP = "xAPI 1.0.3 Data 4.5"
_S_VERSION = "xAPI 1.0.3 Data 2.4.10"


class Object(msgspec.Struct, gc=False):
    """The object of a statement, or of a SubStatement."""

    parts: list[Part]
    roles: list[int]
    activity: str = ""
    related: tuple[str, ...] = ()
    definitions: tuple[Definition, ...] = ()
    interaction: str = ""
    reference: UUID | None = None
    is_activity: bool = False


class Activities(msgspec.Struct, gc=False):
    """The context activities of a statement."""

    parts: list[Part]
    related: tuple[str, ...]
    definitions: tuple[Definition, ...]


class Context(msgspec.Struct, gc=False):
    """The context of a statement."""

    parts: list[Part]
    roles: list[int]
    registration: UUID | None = None
    related: tuple[str, ...] = ()
    definitions: tuple[Definition, ...] = ()


_NO_CONTEXT = Context([], [])
Found = TypeVar("Found")


class Checker:
    """Check statements by the rules of one version of the specification, ``1.0.3`` or ``2.0.0``. Thread-safe.

    ``keeps`` names the extensions whose values need no attention; all others become :class:`lrs.xapi.model.Text`.
    """

    def __init__(self, version: str = "1.0.3", *, keeps: Keeps = lambda _iri: False) -> None:
        self._two = version.startswith("2.")
        self._keeps = keeps
        self._verbs: dict[bytes, str] = {}
        self._actors: dict[bytes, Actors] = {}
        self._objects: dict[bytes, Object] = {}
        self._activities: dict[bytes, Activities] = {}
        self._extension_keys: dict[tuple[str, ...], bool] = {}

    def forget(self) -> None:
        """Drop everything remembered."""
        for memory in (self._verbs, self._actors, self._objects, self._activities):
            memory.clear()

    def check(self, raw: bytes, *, index: int = 0) -> Statement:
        """Raw JSON of one statement -> :class:`lrs.xapi.model.Statement`; raises :class:`lrs.errors.InvalidStatement` with ``index``."""
        try:
            return self._check(raw)
        except InvalidStatement as error:
            error.index = index
            raise
        except msgspec.DecodeError:
            raise InvalidStatement("holds a value that can't be read", section=fields.TYPES, index=index) from None
        except RecursionError:
            raise InvalidStatement("values are nested too deeply", section=fields.TYPES, index=index) from None

    def _check(self, raw: bytes) -> Statement:
        try:
            found = _decode(raw)
        except msgspec.ValidationError:
            fields.members(raw, "$", _STATEMENT, ("actor", "verb", "object"), _S_STATEMENT)
            raise
        _check_unique(raw)
        actor = self._remember(self._actors, bytes(found.actor), self._actor)
        verb_raw = bytes(found.verb)
        verb = self._remember(self._verbs, verb_raw, lambda verb: check_verb(verb, "$.verb"))
        thing = self._remember(self._objects, bytes(found.object), self._object)
        parts: list[Part] = [b'{"actor":', *actor.parts, b',"verb":' + verb_raw + b',"object":', *thing.parts]
        roles = actor.roles + thing.roles if thing.roles else actor.roles
        if (result := bytes(found.result)) != b"":
            parts += (b',"result":', *self._result(result, "$.result", thing.interaction))
        context = _NO_CONTEXT
        if (context_raw := bytes(found.context)) != b"":
            context = self._context(context_raw, "$.context", thing, sub=False)
            parts += (b',"context":', *context.parts)
            roles = roles + context.roles if context.roles else roles
        timestamp = None
        if (stamp := bytes(found.timestamp)) != b"":
            timestamp = self._timestamp(stamp, "$.timestamp")
            parts.append(b',"timestamp":' + stamp)
        if (stored := bytes(found.stored)) != b"":
            self._timestamp(stored, "$.stored")
        version = self._version(bytes(found.version))
        parts.append(b',"version":"' + version.encode() + b'"')
        attachments = _NO_ATTACHMENTS
        if (attached := bytes(found.attachments)) != b"":
            attachments = check_attachments(attached, "$.attachments")
            parts.append(b',"attachments":' + attached)
        parts.append(b"}")
        voids = verb == VOIDED
        if voids and thing.reference is None:
            refuse("$.object", "must be a StatementRef when the verb is voided", "xAPI 1.0.3 Data 2.3.2")
        identifier = bytes(found.id)
        authority = bytes(found.authority)
        return Statement(
            id=parse_uuid(fields.uuid(identifier, "$.id", _S_STATEMENT)) if identifier else None,
            parts=parts,
            roles=roles,
            version=version,
            timestamp=timestamp,
            verb=verb,
            activity=thing.activity,
            related=thing.related + context.related,
            registration=context.registration,
            reference=thing.reference,
            voids=voids,
            definitions=thing.definitions + context.definitions,
            attachments=attachments,
            authority=check_authority(authority) if authority else None,
        )

    def _remember(self, memory: dict[bytes, Found], raw: bytes, check: Callable[[bytes], Found]) -> Found:
        known = memory.get(raw)
        if known is None:
            known = check(raw)
            if len(raw) <= _LONGEST_REMEMBERED:
                if len(memory) >= _MAX_REMEMBERED:
                    memory.clear()
                memory[raw] = known
        return known

    def _actor(self, raw: bytes) -> Actors:
        return check_actor(raw, "$.actor", PLACES["actor"])

    def _object(self, raw: bytes) -> Object:
        return self._any_object(raw, "$.object", sub=False)

    def _any_object(self, raw: bytes, path: str, *, sub: bool) -> Object:
        kind = fields.free_members(raw, path).get("objectType")
        name = "Activity" if kind is None else fields.string(bytes(kind), f"{path}.objectType")
        if name == "Activity":
            activity = check_activity(raw, path, self._keeps)
            definitions = (activity.definition,) if activity.definition else ()
            return Object(activity.parts, [], activity.id, (), definitions, activity.interaction, is_activity=True)
        if name in ("Agent", "Group"):
            actors = check_actor(raw, path, PLACES["object"], sub=sub)
            return Object(actors.parts, actors.roles)
        if name == "StatementRef":
            reference = _reference(raw, path)
            return Object(_reference_parts(reference), [], reference=reference)
        if name == "SubStatement" and not sub:
            return self._substatement(raw, path)
        refuse(f"{path}.objectType", "must be Activity, Agent, Group or StatementRef" + ("" if sub else " or SubStatement"), "xAPI 1.0.3 Data 2.4.4")

    def _substatement(self, raw: bytes, path: str) -> Object:
        found = fields.members(raw, path, _SUBSTATEMENT, ("actor", "verb", "object"), _S_REFERENCE)
        actor = check_actor(found["actor"], f"{path}.actor", PLACES["actor"], sub=True)
        verb = check_verb(found["verb"], f"{path}.verb")
        thing = self._any_object(found["object"], f"{path}.object", sub=True)
        parts: list[Part] = [b'{"objectType":"SubStatement","actor":', *actor.parts, b',"verb":', found["verb"], b',"object":', *thing.parts]
        context = _NO_CONTEXT
        if "result" in found:
            parts += (b',"result":', *self._result(found["result"], f"{path}.result", thing.interaction))
        if "context" in found:
            context = self._context(found["context"], f"{path}.context", thing, sub=True)
            parts += (b',"context":', *context.parts)
        if "timestamp" in found:
            self._timestamp(found["timestamp"], f"{path}.timestamp")
            parts.append(b',"timestamp":' + found["timestamp"])
        if "attachments" in found:
            check_attachments(found["attachments"], f"{path}.attachments")
            parts.append(b',"attachments":' + found["attachments"])
        if verb == VOIDED and thing.reference is None:
            refuse(f"{path}.object", "must be a StatementRef when the verb is voided", "xAPI 1.0.3 Data 2.3.2")
        related = ((thing.activity,) if thing.activity else ()) + context.related
        return Object([*parts, b"}"], actor.roles + thing.roles + context.roles, "", related, thing.definitions + context.definitions)

    def _result(self, raw: bytes, path: str, interaction: str) -> list[Part]:
        found = fields.members(raw, path, _RESULT, section=_S_RESULT)
        if "score" in found:
            _check_score(found["score"], f"{path}.score")
        for key in ("success", "completion"):
            if key in found:
                fields.boolean(found[key], f"{path}.{key}", _S_RESULT)
        if "duration" in found:
            fields.duration(found["duration"], f"{path}.duration", "xAPI 1.0.3 Data 4.6")
        special: dict[str, list[Part]] = {}
        if "response" in found:
            fields.string(found["response"], f"{path}.response", _S_RESULT)
            special["response"] = [Text(found["response"], "response", interaction)]
        if "extensions" in found:
            extensions = self._extensions(found["extensions"], f"{path}.extensions")
            if len(extensions) > 1:
                special["extensions"] = extensions
        return _rebuilt(found, special) if special else [raw]

    def _context(self, raw: bytes, path: str, thing: Object, *, sub: bool) -> Context:
        found = fields.members(raw, path, _CONTEXT_2 if self._two else _CONTEXT_1, section=_S_CONTEXT)
        context = Context([], [])
        special: dict[str, list[Part]] = {}
        for key, value in found.items():
            parts = self._context_member(key, value, f"{path}.{key}", thing, context, sub=sub)
            if parts is not None:
                special[key] = parts
        context.parts = _rebuilt(found, special) if special else [raw]
        return context

    def _context_member(self, key: str, raw: bytes, path: str, thing: Object, context: Context, *, sub: bool) -> list[Part] | None:
        """Check one property of a context; give its parts where they differ from its bytes."""
        if key == "extensions":
            extensions = self._extensions(raw, path)
            return extensions if len(extensions) > 1 else None
        if key == "contextActivities":
            activities = self._remember(self._activities, raw, lambda value: self._context_activities(value, path))
            context.related += activities.related
            context.definitions += activities.definitions
            return None if activities.parts == [raw] else activities.parts
        if key == "registration":
            context.registration = parse_uuid(fields.uuid(raw, path, _S_CONTEXT))
            return [Registration()] if not sub else None
        if key in ("instructor", "team"):
            actors = check_actor(raw, path, PLACES[f"context.{key}"], sub=sub)
            context.roles += actors.roles
            return actors.parts
        if key in ("contextAgents", "contextGroups"):
            return _context_people(key, raw, path, context, sub=sub)
        if key == "statement":
            return _reference_parts(_reference(raw, path))
        if key == "language":
            fields.language_tag(raw, path, _S_CONTEXT)
        else:
            fields.string(raw, path, _S_CONTEXT)
            if not thing.is_activity:
                refuse(path, "is only for statements whose object is an Activity", _S_CONTEXT)
        return None

    def _context_activities(self, raw: bytes, path: str) -> Activities:
        found = fields.members(raw, path, _CONTEXT_ACTIVITIES, section="xAPI 1.0.3 Data 2.4.6.2")
        special: dict[str, list[Part]] = {}
        related: list[str] = []
        definitions: list[Definition] = []
        for key, value in found.items():
            single = value[:1] == b"{"
            places = [value] if single else fields.items(value, f"{path}.{key}", "xAPI 1.0.3 Data 2.4.6.2")
            parts: list[Part] = [b"["]
            plain = not single
            for n, item in enumerate(places):
                activity = check_activity(item, f"{path}.{key}" if single else f"{path}.{key}[{n}]", self._keeps)
                related.append(activity.id)
                definitions += [activity.definition] if activity.definition else []
                plain = plain and len(activity.parts) == 1
                parts += (b"," if n else b"", *activity.parts)
            if not plain:
                special[key] = [*parts, b"]"]
        return Activities(_rebuilt(found, special) if special else [raw], tuple(related), tuple(definitions))

    def _extensions(self, raw: bytes, path: str) -> list[Part]:
        return check_extensions(raw, path, self._keeps)

    def _timestamp(self, raw: bytes, path: str) -> int:
        text = fields.string(raw, path, _S_TIMESTAMP)
        try:
            return parse_timestamp(text, version="2.0.0" if self._two else "1.0.3")
        except ValueError:
            refuse(path, "must be a timestamp of " + ("RFC 3339" if self._two else "ISO 8601, with a known offset if any"), _S_TIMESTAMP)

    def _version(self, raw: bytes) -> str:
        if raw == b"":
            return "2.0.0" if self._two else "1.0.0"
        version = fields.string(raw, "$.version", _S_VERSION)
        allowed = ("1.0.", "2.0.") if self._two else ("1.0.",)
        if not version.startswith(allowed) or not version[4:].isdecimal() or not version.isascii():
            refuse("$.version", f"must start with {' or '.join(allowed)} and a number", _S_VERSION)
        return version


def _check_unique(raw: bytes) -> None:
    """Refuse a property that stands twice in one object (xAPI 1.0.3 Data 2.2): decoding would silently keep the last."""
    if find_duplicate(raw):
        refuse("$", "has an object with the same property twice")


def _check_score(raw: bytes, path: str) -> None:
    section = "xAPI 1.0.3 Data 2.4.5.1"
    found = {key: fields.number(value, f"{path}.{key}", section) for key, value in fields.members(raw, path, _SCORE, section=section).items()}
    if not -1 <= found.get("scaled", 0) <= 1:
        refuse(f"{path}.scaled", "must be from -1 to 1", section)
    low, high = found.get("min", float("-inf")), found.get("max", float("inf"))
    if not low < high:
        refuse(f"{path}.max", "must be greater than min", section)
    if "raw" in found and not low <= found["raw"] <= high:
        refuse(f"{path}.raw", "must be from min to max", section)


def _context_people(key: str, raw: bytes, path: str, context: Context, *, sub: bool) -> list[Part]:
    name, kind = ("agent", "contextAgent") if key == "contextAgents" else ("group", "contextGroup")
    parts: list[Part] = [b"["]
    for n, item in enumerate(fields.items(raw, path, _S_CONTEXT_2)):
        place = f"{path}[{n}]"
        found = fields.members(item, place, frozenset({"objectType", name, "relevantTypes"}), ("objectType", name), _S_CONTEXT_2)
        if fields.string(found["objectType"], f"{place}.objectType", _S_CONTEXT_2) != kind:
            refuse(f"{place}.objectType", f"must be {kind}", _S_CONTEXT_2)
        if "relevantTypes" in found:
            types = fields.items(found["relevantTypes"], f"{place}.relevantTypes", _S_CONTEXT_2)
            if not types:
                refuse(f"{place}.relevantTypes", "must not be empty", _S_CONTEXT_2)
            for m, relevant in enumerate(types):
                fields.iri(relevant, f"{place}.relevantTypes[{m}]", _S_CONTEXT_2)
        actors = check_actor(found[name], f"{place}.{name}", PLACES[f"context.{key}"], sub=sub)
        context.roles += actors.roles
        parts += (b"," if n else b"", *_rebuilt(found, {name: actors.parts}))
    return [*parts, b"]"]


def _reference(raw: bytes, path: str) -> UUID:
    found = fields.members(raw, path, _REFERENCE, ("objectType", "id"), _S_REFERENCE)
    if fields.string(found["objectType"], f"{path}.objectType", _S_REFERENCE) != "StatementRef":
        refuse(f"{path}.objectType", "must be StatementRef", _S_REFERENCE)
    return parse_uuid(fields.uuid(found["id"], f"{path}.id", _S_REFERENCE))


def _reference_parts(reference: UUID) -> list[Part]:
    return [b'{"objectType":"StatementRef","id":', Reference(reference), b"}"]


def _rebuilt(found: dict[str, bytes], special: dict[str, list[Part]]) -> list[Part]:
    """Write an object again, some of its properties as parts and the others as the bytes that came."""
    parts: list[Part] = []
    run = b"{"
    for n, (key, value) in enumerate(found.items()):
        run += b'%b"%b":' % (b"," if n else b"", key.encode())
        if key in special:
            parts += (run, *special[key])
            run = b""
        else:
            run += value
    return [*parts, run + b"}"]
