"""What a checked statement is: the vocabulary that every later step speaks.

Bytes become a :class:`Statement` in :mod:`lrs.xapi.rules` and nowhere else, so that holding one means that every rule
of the specification was applied. A statement is kept as the *parts* of its own JSON text: runs of bytes that are
stored as they came, between the places where a person or a free text stands. Joining the parts (see ``Person.json``,
``Text.json``) gives the statement back exactly.
"""

from __future__ import annotations

from enum import IntEnum
from uuid import UUID

import msgspec

VOIDED = "http://adlnet.gov/expapi/verbs/voided"


class Role(IntEnum):
    """Where in a statement a person stands. Add ``SUB`` (16) for the same place inside a SubStatement.

    Values up to ``OBJECT_MEMBER`` are those that the ``agent`` filter matches without ``related_agents``
    (xAPI 1.0.3 Communication 2.1.3).
    """

    ACTOR = 1
    ACTOR_MEMBER = 2
    OBJECT = 3
    OBJECT_MEMBER = 4
    INSTRUCTOR = 5
    INSTRUCTOR_MEMBER = 6
    TEAM = 7
    TEAM_MEMBER = 8
    CONTEXT_AGENT = 9
    CONTEXT_GROUP = 10
    CONTEXT_GROUP_MEMBER = 11
    AUTHORITY = 12
    AUTHORITY_MEMBER = 13


SUB = 16
GROUP = 32
"""Added to a role in the warehouse when an identified Group stands there, so that a view without identities can still write a valid one."""


class Person(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """An identified Agent or Group as it was sent, at one place of a statement.

    ``json`` is the object's exact JSON without its ``member`` property; it starts with ``{`` and ends with ``}``.
    ``ifi`` is the canonical identifier (:func:`lrs.xapi.walk.canonical_ifi`): equal for two spellings of the same
    person, input of the blind index, never stored. ``known`` are the strings (casefolded, NFKC, at least 3
    characters) that the rest of the statement must not repeat in the clear: name, mailbox, account name, openid, sha1sum.
    A repr never shows any of it.

    The part that follows is bytes and closes the object: ``}``, or ``,"member":[`` and so on for an identified group with members
    (:mod:`lrs.xapi.walk`).
    """

    json: bytes
    ifi: bytes
    known: tuple[str, ...]
    is_group: bool

    def __repr__(self) -> str:
        return "Person(<identity>)"


class Text(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """A JSON value that may carry free text; policy decides whether it is kept, sealed or dropped.

    ``place`` is ``response`` (``detail``: the interaction type of the activity, or ``""``), ``extension`` (``detail``: its IRI),
    ``group-name``, or ``reserved``, which is never kept as it is, whatever policy says: an extension value with an object key that starts
    with a dollar and could pass for a placeholder (``detail``: its IRI), the registration of a SubStatement (``detail``:
    ``registration``), and the hash of an attachment (``detail``: ``sha2``).
    """

    json: bytes
    place: str
    detail: str

    def __repr__(self) -> str:
        return f"Text({self.place})"


class Reference(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Stands in the parts where the id of another statement is (StatementRef as object, in a SubStatement, ``context.statement``)."""

    id: UUID


Part = bytes | Person | Text | Reference

REGISTRATION = b'{"$r":0}'
"""Stands in the bytes where ``context.registration`` is: the value itself is ``Statement.registration``. Nothing that was sent can look like it."""


class Definition(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An activity definition seen in a statement: ``json`` are its exact bytes, without the extensions that the statement has as a Text.

    ``whole`` are the bytes with them, or nothing where none were left out.
    """

    activity: str
    json: bytes
    whole: bytes = b""

    def __repr__(self) -> str:
        return f"Definition(activity={self.activity!r})"


class Statement(msgspec.Struct, gc=False, array_like=True):
    """One checked statement.

    ``parts`` is the JSON object without ``id``, ``stored`` and ``authority``: the first part starts with ``{``, the last ends with ``}``;
    bytes and others alternate. ``roles`` has one :class:`Role` (plus ``SUB``) for each Person in ``parts``, in order. ``timestamp`` is
    microseconds since 1970 UTC, or None when the sender gave none. ``related`` are the further activity ids that
    ``related_activities`` matches (context activities, SubStatement), without ``activity``. ``reference`` is the id when the object is a
    StatementRef. ``attachments`` are the statement's own, then those of its SubStatement. ``authority`` are the sender's own parts for
    it, checked, or None; the store decides whether to use them.
    """

    id: UUID | None
    parts: list[Part]
    roles: list[int]
    version: str
    timestamp: int | None
    verb: str
    activity: str
    related: tuple[str, ...]
    registration: UUID | None
    reference: UUID | None
    voids: bool
    definitions: tuple[Definition, ...]
    attachments: tuple[Attachment, ...]
    authority: Authority | None

    def __repr__(self) -> str:
        return "Statement(...)"


class Attachment(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What an attachment's metadata promises about its content; ``sha2`` in lower case. ``sub``: it belongs to the SubStatement."""

    sha2: str
    content_type: str
    length: int
    usage_type: str
    file_url: str | None
    sub: bool = False


class Authority(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Parts and roles of an authority, ready to be appended to a statement."""

    parts: tuple[Part, ...]
    roles: tuple[int, ...]

    def __repr__(self) -> str:
        return "Authority(<identity>)"


def text_of(statement: Statement) -> bytes:
    """Join the parts back into the JSON of the statement, without ``id``, ``stored`` and ``authority``."""
    registration = _quoted(statement.registration)
    return b"".join(part.replace(REGISTRATION, registration) if isinstance(part, bytes) else _text(part) for part in statement.parts)


def _text(part: Person | Text | Reference) -> bytes:
    if isinstance(part, Person):
        return part.json[:-1]
    return part.json if isinstance(part, Text) else _quoted(part.id)


def _quoted(value: UUID | None) -> bytes:
    return b'"%b"' % str(value).encode()
