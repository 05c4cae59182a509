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
from lrs.xapi import agents, fields
from lrs.xapi.activities import check_activity, check_verb
from lrs.xapi.agents import Actors, check_actor
from lrs.xapi.attachments import check_attachments
from lrs.xapi.contexts import Context, Contexts
from lrs.xapi.extensions import Extensions, Keeps
from lrs.xapi.fields import Refusal, refuse
from lrs.xapi.formats import parse_timestamp
from lrs.xapi.memory import Memory
from lrs.xapi.model import VOIDED, Attachment, Authority, Definition, Part, Person, Statement
from lrs.xapi.references import check_reference
from lrs.xapi.results import check_result
from lrs.xapi.versions import DEFAULT_STATEMENT_VERSION, V1, V2, Section, takes
from lrs.xapi.walk import place

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Checker", "check_agent", "check_authority", "check_identified"]

_STATEMENT = frozenset(
    {"id", "actor", "verb", "object", "result", "context", "timestamp", "stored", "authority", "version", "attachments"}
)
_SUBSTATEMENT = frozenset({"objectType", "actor", "verb", "object", "result", "context", "timestamp", "attachments"})
_REQUIRED = ("actor", "verb", "object")
_NO_CONTEXT = Context()


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

    ``keeps`` names the extensions whose values stay readable whatever they are; all others become :class:`lrs.xapi.model.Text`.
    """

    def __init__(self, version: str = V1, *, keeps: Keeps = lambda _iri: False) -> None:
        self._version = version
        self._default_version = DEFAULT_STATEMENT_VERSION[version]
        self._extensions = Extensions(keeps)
        self._contexts = Contexts(version, self._extensions)
        self._verbs: Memory[str] = Memory()
        self._actors: Memory[Actors] = Memory()
        self._objects: Memory[_Object] = Memory()

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
        found = fields.members(raw, "$", _STATEMENT, _REQUIRED, Section.STATEMENT)
        verb_raw = found["verb"]
        verb = self._verbs.get(verb_raw) or self._verbs.keep(verb_raw, check_verb(verb_raw, "$.verb"))
        actor_raw = found["actor"]
        actor = self._actors.get(actor_raw) or self._actors.keep(actor_raw, check_actor(actor_raw, "$.actor", place("$.actor")))
        object_raw = found["object"]
        thing = self._objects.get(object_raw) or self._objects.keep(object_raw, self._object(object_raw, "$.object", sub=False))
        if verb == VOIDED and thing.reference is None:
            refuse("$.object", "must be a StatementRef where the verb is voided", Section.VOIDING)
        parts = _Parts()
        parts.add(b'{"actor":', actor.parts)
        parts.add(b',"verb":' + verb_raw + b',"object":', thing.parts)
        if "result" in found:
            parts.add(b',"result":', check_result(found["result"], "$.result", thing.interaction, self._extensions))
        context = _NO_CONTEXT
        if "context" in found:
            context = self._contexts.check(found["context"], "$.context", about_activity=thing.activity != "", sub=False)
            parts.add(b',"context":', context.parts)
        timestamp = None
        if "timestamp" in found:
            timestamp = self._timestamp(found["timestamp"], "$.timestamp")
            parts.run.append(b',"timestamp":' + found["timestamp"])
        if "stored" in found:
            self._timestamp(found["stored"], "$.stored")
        version = self._statement_version(found["version"]) if "version" in found else self._default_version
        parts.run.append(b',"version":"%b"' % version.encode())
        attachments = thing.attachments
        if "attachments" in found:
            attachments = check_attachments(found["attachments"], "$.attachments") + attachments
            parts.run.append(b',"attachments":' + found["attachments"])
        related = thing.related + context.related
        if thing.activity in related:
            related = tuple(iri for iri in related if iri != thing.activity)
        return Statement(
            UUID(fields.uuid(found["id"], "$.id", Section.ID)) if "id" in found else None,
            parts.finish(b"}"),
            [*actor.roles, *thing.roles, *context.roles],
            version,
            timestamp,
            verb,
            thing.activity,
            related,
            context.registration,
            thing.reference,
            verb == VOIDED,
            thing.definitions + context.definitions,
            attachments,
            agents.check_authority(found["authority"], "$.authority") if "authority" in found else None,
        )

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
        if kind == "SubStatement" and not sub:
            return self._substatement(raw, path)
        kinds = "Activity, Agent, Group or StatementRef" if sub else "Activity, Agent, Group, StatementRef or SubStatement"
        refuse(f"{path}.objectType", f"must be {kinds}", Section.REFERENCE if sub else Section.OBJECT)

    def _substatement(self, raw: bytes, path: str) -> _Object:
        """Check a SubStatement, as a Statement of its own with fewer properties (xAPI 1.0.3 Data 2.4.4.3)."""
        found = fields.members(raw, path, _SUBSTATEMENT, _REQUIRED, Section.REFERENCE)
        verb = check_verb(found["verb"], f"{path}.verb")
        actor = check_actor(found["actor"], f"{path}.actor", place("$.actor", sub=True))
        thing = self._object(found["object"], f"{path}.object", sub=True)
        if verb == VOIDED and thing.reference is None:
            refuse(f"{path}.object", "must be a StatementRef where the verb is voided", Section.VOIDING)
        parts = _Parts()
        parts.add(b'{"objectType":"SubStatement","actor":', actor.parts)
        parts.add(b',"verb":' + found["verb"] + b',"object":', thing.parts)
        context = _NO_CONTEXT
        if "result" in found:
            parts.add(b',"result":', check_result(found["result"], f"{path}.result", thing.interaction, self._extensions))
        if "context" in found:
            context = self._contexts.check(found["context"], f"{path}.context", about_activity=thing.activity != "", sub=True)
            parts.add(b',"context":', context.parts)
        if "timestamp" in found:
            self._timestamp(found["timestamp"], f"{path}.timestamp")
            parts.run.append(b',"timestamp":' + found["timestamp"])
        attachments: tuple[Attachment, ...] = ()
        if "attachments" in found:
            attachments = check_attachments(found["attachments"], f"{path}.attachments", sub=True)
            parts.run.append(b',"attachments":' + found["attachments"])
        related = dict.fromkeys((thing.activity, *context.related) if thing.activity else context.related)
        return _Object(
            tuple(parts.finish(b"}")),
            actor.roles + thing.roles + context.roles,
            related=tuple(related),
            definitions=thing.definitions + context.definitions,
            attachments=attachments,
        )

    def _timestamp(self, raw: bytes, path: str) -> int:
        text = fields.string(raw, path, Section.TIMESTAMP)
        try:
            return parse_timestamp(text, version=self._version)
        except ValueError:
            form = "RFC 3339" if self._version == V2 else "ISO 8601 with date, time and, if any, a known offset"
            refuse(path, f"must be a timestamp of {form}", Section.TIMESTAMP)

    def _statement_version(self, raw: bytes) -> str:
        version = fields.string(raw, "$.version", Section.VERSION)
        if not takes(self._version, version):
            refuse("$.version", "must be 1.0.x" + (" or 2.0.x" if self._version == V2 else ""), Section.VERSION)
        return version


class _Parts:
    """Parts being gathered: bytes run together until something else stands between."""

    __slots__ = ("out", "run")

    def __init__(self) -> None:
        self.out: list[Part] = []
        self.run: list[bytes] = []

    def add(self, head: bytes, parts: tuple[Part, ...]) -> None:
        """Append a property: its key, and the parts of its value, of which the first and last are bytes."""
        run = self.run
        run.append(head)
        run.append(parts[0])  # type: ignore[arg-type]
        if len(parts) > 1:
            self.out.append(b"".join(run))
            self.out += parts[1:-1]
            self.run = [parts[-1]]  # type: ignore[list-item]

    def finish(self, tail: bytes) -> list[Part]:
        """Close the object and give its parts."""
        self.run.append(tail)
        self.out.append(b"".join(self.run))
        return self.out


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
