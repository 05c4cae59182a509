"""The one place where raw JSON becomes a checked statement.

Statements repeat themselves: the same verbs, people and activities come again and again. Each of these fragments is checked once and
remembered by its bytes, so that most of a statement costs a look-up, and what is new goes through the same rules.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from lrs.errors import InvalidStatement
from lrs.xapi import agents, codec, fields
from lrs.xapi.activities import check_activity, check_verb
from lrs.xapi.agents import Actors, check_actor
from lrs.xapi.attachments import check_attachments
from lrs.xapi.contexts import Context, Contexts
from lrs.xapi.extensions import Extensions, Keeps
from lrs.xapi.fields import ABSENT, Refusal, refuse
from lrs.xapi.formats import in_utc, read_uuid
from lrs.xapi.memory import CAPACITY, Memory
from lrs.xapi.model import VOIDED, Attachment, Authority, Definition, Part, Person, Statement
from lrs.xapi.references import check_reference
from lrs.xapi.results import check_result
from lrs.xapi.versions import DEFAULT_STATEMENT_VERSION, V1, V2, Section, takes
from lrs.xapi.walk import place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Checker", "check_agent", "check_authority", "check_identified"]


class _Statement(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A statement's properties as they came."""

    actor: msgspec.Raw
    verb: msgspec.Raw
    object: msgspec.Raw
    id: msgspec.Raw = ABSENT
    result: msgspec.Raw = ABSENT
    context: msgspec.Raw = ABSENT
    timestamp: msgspec.Raw = ABSENT
    stored: msgspec.Raw = ABSENT
    authority: msgspec.Raw = ABSENT
    version: msgspec.Raw = ABSENT
    attachments: msgspec.Raw = ABSENT


_decode = msgspec.json.Decoder(_Statement).decode
_STATEMENT = frozenset(_Statement.__struct_fields__)
_SUBSTATEMENT = frozenset({"objectType", "actor", "verb", "object", "result", "context", "timestamp", "attachments"})
_REQUIRED = ("actor", "verb", "object")
_NO_CONTEXT = Context()


class _Rest(msgspec.Struct, frozen=True, gc=False):
    """What follows the timestamp in a statement's parts, the number of its strings, and what it says."""

    parts: tuple[Part, ...]
    strings: int
    version: str
    attachments: tuple[Attachment, ...] = ()
    authority: Authority | None = None


class _Object(msgspec.Struct, frozen=True, gc=False):
    """The object of a statement or of a SubStatement."""

    parts: tuple[Part, ...]
    roles: tuple[int, ...] = ()
    activity: str = ""
    related: tuple[str, ...] = ()
    definitions: tuple[Definition, ...] = ()
    interaction: str = ""
    reference: UUID | None = None
    attachments: tuple[Attachment, ...] = ()


class Checker:
    """Check statements by the rules of one version of the specification, ``1.0.3`` or ``2.0.0``. Thread-safe.

    ``keeps`` names the extensions whose values stay readable whatever they are; all others become :class:`lrs.xapi.model.Text`. ``capacity`` bounds what
    is remembered of each kind of fragment, in bytes. Under 2.0 timestamps are brought to UTC (IEEE 9274.1.1 4.2.7); before, everything stays as it came.
    """

    def __init__(self, version: str = V1, *, keeps: Keeps = lambda _iri: False, capacity: int = CAPACITY) -> None:
        self._version = version
        self._kept: Callable[[bytes], bytes] = in_utc if version == V2 else bytes
        default = DEFAULT_STATEMENT_VERSION[version]
        self._plain = _Rest((b',"version":"%b"}' % default.encode(),), 0, default)
        self._extensions = Extensions(keeps)
        self._contexts = Contexts(version, self._extensions, capacity)
        self._verbs: Memory[str] = Memory(capacity)
        self._actors: Memory[Actors] = Memory(capacity)
        self._objects: Memory[_Object] = Memory(capacity)

    def forget(self) -> None:
        """Drop everything remembered of statements, as erasure requires."""
        for memory in (self._verbs, self._actors, self._objects, self._contexts, self._extensions):
            memory.clear() if isinstance(memory, Memory) else memory.forget()

    def check(self, raw: bytes, *, index: int = 0) -> Statement:
        """Raw JSON of one statement -> :class:`lrs.xapi.model.Statement`; raises :class:`lrs.errors.InvalidStatement` with ``index``."""
        try:
            return self._check(raw)
        except Refusal as refusal:
            raise _invalid(refusal, self._version, index) from None

    def _check(self, raw: bytes) -> Statement:
        try:
            found = _decode(raw)
        except fields.UNREADABLE:
            fields.members(raw, "$", _STATEMENT, _REQUIRED, Section.STATEMENT)
            raise
        json = bytes(found.actor)
        actor, strings = self._actors.get(json) or self._new_actor(json)
        verb_json = bytes(found.verb)
        verb, of_verb = self._verbs.get(verb_json) or self._new_verb(verb_json)
        json = bytes(found.object)
        thing, of_object = self._objects.get(json) or self._new_object(json)
        strings += of_verb + of_object + len(_REQUIRED)
        if verb == VOIDED and thing.reference is None:
            refuse("$.object", "must be a StatementRef where the verb is voided", Section.VOIDING)
        parts: list[Part] = [*actor.parts, verb_json, b',"object":', *thing.parts]
        context = _NO_CONTEXT
        statement_id = timestamp = None
        if found.id:
            statement_id = read_uuid(found.id) or fields.refuse_uuid("$.id", Section.ID)
            strings += 2
        if found.result:
            more, count = check_result(bytes(found.result), "$.result", thing.interaction, self._extensions)
            parts += (b',"result":', *more)
            strings += count + 1
        if found.context:
            context = self._contexts.check(bytes(found.context), "$.context", about_activity=thing.activity != "", sub=False)
            parts += (b',"context":', *context.parts)
            strings += context.strings + 1
        if found.timestamp:
            json = bytes(found.timestamp)
            timestamp = fields.timestamp(json, "$.timestamp", self._version)
            parts += (b',"timestamp":', self._kept(json))
            strings += 2
        rest = self._plain
        if found.version or found.attachments or found.stored or found.authority:
            rest = self._check_rest(found)
        parts += rest.parts
        if strings + rest.strings != codec.count_strings(raw):
            # More was written than was read: somewhere a later property took the place of an earlier one.
            fields.refuse_duplicates(raw, "$")
        related = thing.related + context.related
        if thing.activity in related:
            related = tuple(iri for iri in related if iri != thing.activity)
        return Statement(
            statement_id,
            fields.merged_statement(parts),
            [*actor.roles, *thing.roles, *context.roles],
            rest.version,
            timestamp,
            verb,
            thing.activity,
            related,
            context.registration,
            thing.reference,
            verb == VOIDED,
            thing.definitions + context.definitions,
            rest.attachments + thing.attachments,
            rest.authority,
        )

    def _new_verb(self, raw: bytes) -> tuple[str, int]:
        return self._verbs.keep(raw, "$.verb", check_verb(raw, "$.verb"))

    def _new_actor(self, raw: bytes) -> tuple[Actors, int]:
        actor = check_actor(raw, "$.actor", place("$.actor"))
        before, *between, after = actor.parts
        parts = (b'{"actor":' + before, *between, after + b',"verb":')  # type: ignore[operator] # the outer ones are bytes
        return self._actors.keep(raw, "$.actor", Actors(parts, actor.roles))

    def _new_object(self, raw: bytes) -> tuple[_Object, int]:
        return self._objects.keep(raw, "$.object", self._object(raw, "$.object", sub=False))

    def _check_rest(self, found: _Statement) -> _Rest:
        """Check the properties that few statements have, and close the statement."""
        version = self._statement_version(bytes(found.version)) if found.version else self._plain.version
        attachments: tuple[Attachment, ...] = ()
        authority = None
        tail: list[Part] = [b',"version":"%b"' % version.encode()]
        strings = 2 if found.version else 0
        if found.stored:
            fields.timestamp(bytes(found.stored), "$.stored", self._version)
            strings += 2
        if found.attachments:
            json = bytes(found.attachments)
            attachments, parts = check_attachments(json, "$.attachments")
            tail += (b',"attachments":', *parts)
            strings += fields.refuse_duplicates(json, "$.attachments") + 1
        if found.authority:
            json = bytes(found.authority)
            authority = agents.check_authority(json, "$.authority")
            strings += fields.refuse_duplicates(json, "$.authority") + 1
        return _Rest((*tail, b"}"), strings, version, attachments, authority)

    def _object(self, raw: bytes, path: str, *, sub: bool) -> _Object:
        kind = _object_type(raw, path)
        if kind == "Activity":
            activity = check_activity(raw, path, self._extensions)
            definitions = (activity.definition,) if activity.definition else ()
            return _Object(activity.parts, (), activity.id, (), definitions, activity.interaction)
        if kind in ("Agent", "Group"):
            actors = check_actor(raw, path, place("$.object", sub=sub))
            return _Object(actors.parts, actors.roles)
        if kind == "StatementRef":
            target, parts = check_reference(raw, path)
            return _Object(parts, reference=target)
        if kind != "SubStatement" or sub:
            kinds = "Activity, Agent, Group or StatementRef" if sub else "Activity, Agent, Group, StatementRef or SubStatement"
            refuse(f"{path}.objectType", f"must be {kinds}", Section.REFERENCE if sub else Section.OBJECT)
        return self._substatement(raw, path)

    def _substatement(self, raw: bytes, path: str) -> _Object:
        """Check a SubStatement, as a Statement of its own with fewer properties (xAPI 1.0.3 Data 2.4.4.3)."""
        found = fields.members(raw, path, _SUBSTATEMENT, _REQUIRED, Section.REFERENCE)
        verb = check_verb(found["verb"], f"{path}.verb")
        actor = check_actor(found["actor"], f"{path}.actor", place("$.actor", sub=True))
        thing = self._object(found["object"], f"{path}.object", sub=True)
        if verb == VOIDED and thing.reference is None:
            refuse(f"{path}.object", "must be a StatementRef where the verb is voided", Section.VOIDING)
        parts: list[Part] = [b'{"objectType":"SubStatement","actor":', *actor.parts]
        parts += (b',"verb":', found["verb"], b',"object":', *thing.parts)
        context = _NO_CONTEXT
        attachments: tuple[Attachment, ...] = ()
        if "result" in found:
            more, _ = check_result(found["result"], f"{path}.result", thing.interaction, self._extensions)
            parts += (b',"result":', *more)
        if "context" in found:
            context = self._contexts.check(found["context"], f"{path}.context", about_activity=thing.activity != "", sub=True)
            parts += (b',"context":', *context.parts)
        if "timestamp" in found:
            fields.timestamp(found["timestamp"], f"{path}.timestamp", self._version)
            parts += (b',"timestamp":', self._kept(found["timestamp"]))
        if "attachments" in found:
            attachments, more = check_attachments(found["attachments"], f"{path}.attachments", sub=True)
            parts += (b',"attachments":', *more)
        related = dict.fromkeys((thing.activity, *context.related) if thing.activity else context.related)
        return _Object(
            tuple(fields.merged([*parts, b"}"])),
            actor.roles + thing.roles + context.roles,
            related=tuple(related),
            definitions=thing.definitions + context.definitions,
            attachments=attachments,
        )

    def _statement_version(self, raw: bytes) -> str:
        version = fields.string(raw, "$.version", Section.VERSION)
        if not takes(self._version, version):
            refuse("$.version", "must be 1.0.x" + (" or 2.0.x" if self._version == V2 else ""), Section.VERSION)
        return version


def check_agent(raw: bytes, *, version: str = V1) -> tuple[tuple[Part, ...], tuple[Person, ...]]:
    """Check an Agent or Group on its own -> (its parts, the persons among them)."""
    with _door(version):
        actors = check_actor(raw, "$", place("$.actor"))
    return actors.parts, actors.persons()


def check_identified(raw: bytes, *, version: str = V1) -> Person:
    """Check an Agent or identified Group on its own, as in the ``agent`` parameter of a query (xAPI 1.0.3 Communication 2.1.3)."""
    with _door(version):
        actors = check_actor(raw.strip(b" \t\r\n"), "$", place("$.actor"))
        if actors.parts[0] != b"":
            refuse("$", "must have an identifier", Section.IDENTIFIER)
    return actors.persons()[0]


def check_authority(raw: bytes, *, version: str = V1) -> Authority:
    """Check an authority on its own: an Agent, or the anonymous Group of an application and its user."""
    with _door(version):
        return agents.check_authority(raw, "$")


@contextmanager
def _door(version: str) -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        raise _invalid(refusal, version, 0) from None


def _invalid(refusal: Refusal, version: str, index: int) -> InvalidStatement:
    return InvalidStatement(refusal.rule, path=refusal.path, section=refusal.section.under(version), index=index)


def _object_type(raw: bytes, path: str) -> str:
    try:
        kind = msgspec.json.decode(raw, type=_ObjectType).objectType
    except fields.UNREADABLE:
        if raw[:1] != b"{":
            refuse(path, "must be an object", Section.OBJECT)
        refuse(f"{path}.objectType", "must be a string", Section.OBJECT)
    return kind


class _ObjectType(msgspec.Struct, gc=False):
    objectType: str = "Activity"  # noqa: N815 -- the name of the property
