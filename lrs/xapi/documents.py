"""The three document resources: where a document stands, what a request for one may say, how two are merged (xAPI 1.0.3 Communication 2.2)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from hashlib import sha1
from typing import Any
from uuid import UUID

import msgspec

from lrs.errors import InvalidRequest
from lrs.xapi import fields, parameters
from lrs.xapi.formats import is_media_type
from lrs.xapi.model import Person
from lrs.xapi.parameters import Reader, Unfit

JSON = "application/json"
_MERGE = "xAPI 1.0.3 Communication 2.2"


class Kind(StrEnum):
    """Which resource a document belongs to."""

    STATE = "state"
    ACTIVITY_PROFILE = "activity profile"
    AGENT_PROFILE = "agent profile"

    @property
    def section(self) -> str:
        """Where the resource is specified."""
        return f"xAPI 1.0.3 Communication {_SECTIONS[self]}"

    @property
    def identifier(self) -> str:
        """The parameter that names one of its documents."""
        return "stateId" if self is Kind.STATE else "profileId"


_SECTIONS = {Kind.STATE: "2.3", Kind.ACTIVITY_PROFILE: "2.7", Kind.AGENT_PROFILE: "2.6"}


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What documents are about: an activity, an agent, or both, perhaps in one registration. Ids are unique in it."""

    kind: Kind
    activity: str | None = None
    agent: Person | None = None
    registration: UUID | None = None

    def __repr__(self) -> str:
        return f"Context({self.kind})"


def etag(content: bytes) -> str:
    """Content -> its entity tag: the SHA-1 in lower case, which clients may calculate themselves (xAPI 1.0.3 Communication 3.1)."""
    return sha1(content, usedforsecurity=False).hexdigest()


class Content(msgspec.Struct, frozen=True):
    """What a document holds: any bytes, and their media type."""

    content: bytes
    content_type: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.content)} bytes)"


class Document(Content, frozen=True):
    """A document as it was stored; ``updated`` is when, in microseconds since 1970 UTC."""

    updated: int

    @property
    def etag(self) -> str:
        """Its entity tag, without quotes."""
        return etag(self.content)


class Asked(msgspec.Struct, frozen=True):
    """A checked request: a context, and the id of one document in it, or None for all of them; ``since`` (exclusive) in microseconds."""

    context: Context
    id: str | None
    since: int | None

    def __repr__(self) -> str:
        return f"Asked({self.context.kind})"


def identifier(text: str) -> str:
    """Read the id of a document: any text."""
    if not text:
        raise Unfit("must not be empty")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unfit("must be text") from None
    return text


_CONTEXTS: dict[Kind, dict[str, Reader]] = {
    Kind.STATE: {"activityId": parameters.iri, "agent": parameters.agent, "registration": parameters.uuid},
    Kind.ACTIVITY_PROFILE: {"activityId": parameters.iri},
    Kind.AGENT_PROFILE: {"agent": parameters.agent},
}
_OPTIONAL = frozenset({"registration"})


def parse(kind: Kind, method: str, pairs: Iterable[tuple[str, str]]) -> Asked:
    """Parameters of a request, in order -> what it asks for; raises :class:`lrs.errors.InvalidRequest`, which names the parameter and no value.

    ``since`` is for reading; beside an id it has no effect. Only reading, and deleting states, can do without an id.
    """
    known = {**_CONTEXTS[kind], kind.identifier: identifier}
    if method in ("GET", "HEAD"):
        known["since"] = parameters.timestamp
    found = parameters.read(pairs, known, kind.section)
    needed = _CONTEXTS[kind].keys() - _OPTIONAL
    if not _many(kind, method):
        needed |= {kind.identifier}
    if needed - found.keys():
        missing = min(needed - found.keys())
        raise parameters.refusal(missing, "is missing", kind.section)
    return Asked(_context(kind, found), found.get(kind.identifier), found.get("since"))


def context(kind: Kind, **arguments: object) -> Context:
    """Python's spelling of a context -> context; ``activityId``, ``agent`` (a dict or its JSON), ``registration``; None means: not given."""
    found = {}
    for name, value in arguments.items():
        if value is not None or name not in _OPTIONAL:
            found[name] = argument(kind, name, _CONTEXTS[kind][name], value)
    return _context(kind, found)


def argument(kind: Kind, name: str, reader: Reader, value: object) -> Any:
    """Read Python's spelling of a parameter; raises :class:`lrs.errors.InvalidRequest`."""
    try:
        return reader(parameters.spelled(value))
    except Unfit as error:
        raise parameters.refusal(name, str(error), kind.section) from None


def _many(kind: Kind, method: str) -> bool:
    return method in ("GET", "HEAD") or (method == "DELETE" and kind is Kind.STATE)


def _context(kind: Kind, found: dict[str, Any]) -> Context:
    return Context(kind=kind, activity=found.get("activityId"), agent=found.get("agent"), registration=found.get("registration"))


def check_content_type(text: str) -> str:
    """Give the media type back if it is one and can stand in a header."""
    if not (is_media_type(text) and text.isascii() and text.isprintable()):
        raise InvalidRequest("Content-Type must be a media type", parameter="Content-Type", section="RFC 9110 8.3")
    return text


def merged(old: Content | None, new: Content) -> Content:
    """Set the properties of one JSON object in another, each wholly, the order and spelling of values kept (xAPI 1.0.3 Communication 2.2).

    Where there is no document yet the new one is kept as it is; if it says that it is JSON it must be an object all the same. Raises
    :class:`lrs.errors.InvalidRequest` when either isn't one.
    """
    if old is None:
        if _is_json(new):
            _members(new, "posted")
        return new
    return Content(fields.written(_members(old, "existing") | _members(new, "posted")), new.content_type)


def _is_json(document: Content) -> bool:
    return document.content_type.partition(";")[0].strip().lower() == JSON


def _members(document: Content, whose: str) -> dict[str, bytes]:
    hint = "POST merges JSON objects; PUT replaces a document by any other."
    if not _is_json(document):
        raise InvalidRequest(f"the {whose} document is not application/json, so it can't be merged", section=_MERGE, hint=hint)
    try:
        str(document.content, "utf-8")
        return fields.free_members(document.content)
    except fields.UNREADABLE:
        raise InvalidRequest(f"the {whose} document is not a JSON object", section=_MERGE, hint=hint) from None
