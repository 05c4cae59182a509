"""What BigBlueButton's own xAPI gets wrong."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec

from lrs.sources.repair.place import at, everywhere, found, text
from lrs.sources.repair.rule import Opaque
from lrs.xapi import fields

__all__ = ["display_name", "named_activity", "no_id", "number_as_time", "verb_as_text"]

_SESSION = ("context", "extensions", "https://w3id.org/xapi/cmi5/context/extensions/sessionid")
_MILLISECONDS = re.compile(rb"[0-9]{12,13}")  # 1973 to 2286
_NOBODY = "<unknown>"
_ITSELF = "platform-itself"
_NAMES = (("object", "definition", "name"), ("object", "definition", "description"))


def display_name(statement: bytes, opaque: Opaque) -> bytes:
    """Make a guest of an account that is but a display name: a pseudonym, the same within one sitting and no one outside it; ``<unknown>`` is the platform.

    Two people may be called the same, and one person differently tomorrow: a name is no identity.

    Before: ``{"actor": {"account": {"homePage": "https://bbb.example.org", "name": "Zoé Martin"}}, "context": {"extensions":
    {"https://w3id.org/xapi/cmi5/context/extensions/sessionid": "8c2a"}}}``

    After: the same with ``{"account": {"homePage": "https://bbb.example.org", "name": "guest-6f1c6b7e-…"}}``
    """
    sitting = found(statement, _SESSION)
    if sitting is None:
        return statement

    def guest(raw: bytes) -> bytes:
        name = text(raw)
        if name is None:
            return raw
        return msgspec.json.encode(_ITSELF if name == _NOBODY else f"guest-{opaque(b'guest', sitting.encode(), name.encode())}")

    repaired = at(statement, ("actor", "account", "name"), guest)
    return repaired if repaired == statement else at(repaired, ("actor", "name"), lambda _name: None)


def named_activity(statement: bytes, _opaque: Opaque) -> bytes:
    """Leave out what an activity of a sitting is called, since it is called after a person or is what somebody wrote.

    Before: ``{"object": {"id": "https://bbb.example.org/xapi/activities/5e1f", "definition": {"name": {"en": "Zoé Martin's micro"}}}}``

    After: ``{"object": {"id": "https://bbb.example.org/xapi/activities/5e1f", "definition": {}}}``
    """
    return everywhere(statement, _NAMES, lambda _name: None) if found(statement, _SESSION) is not None else statement


def verb_as_text(statement: bytes, _opaque: Opaque) -> bytes:
    """Make a verb of the id of one that stands in its place, as for a hand that is raised or lowered.

    Before: ``{"verb": "https://w3id.org/xapi/virtual-classroom/verbs/reacted"}``

    After: ``{"verb": {"id": "https://w3id.org/xapi/virtual-classroom/verbs/reacted"}}``
    """
    return at(statement, ("verb",), lambda verb: b'{"id":%b}' % verb if text(verb) is not None else verb)


def number_as_time(statement: bytes, _opaque: Opaque) -> bytes:
    """Make a timestamp of milliseconds since 1970, which the first versions write where somebody posted a message.

    Before: ``{"timestamp": 1772443815250}``

    After: ``{"timestamp": "2026-03-02T09:30:15.250Z"}``
    """
    return at(statement, ("timestamp",), _written)


def no_id(statement: bytes, opaque: Opaque) -> bytes:
    """Give a statement without an id one that follows from its content, with a key, so that one which is sent again is recognised.

    Before: ``{"actor": …, "verb": …, "object": …, "timestamp": "2026-03-02T09:30:15.250Z"}``

    After: ``{"id": "3b1e0a7c-…", "actor": …, "verb": …, "object": …, "timestamp": "2026-03-02T09:30:15.250Z"}``
    """
    try:
        members = fields.free_members(statement)
    except fields.UNREADABLE:
        return statement
    if "id" in members or "timestamp" not in members:
        return statement
    content = [part for key in sorted(members) for part in (key.encode(), members[key])]
    return fields.written({"id": msgspec.json.encode(opaque(b"id", *content)), **members})


def _written(raw: bytes) -> bytes:
    if not _MILLISECONDS.fullmatch(raw.strip()):
        return raw
    return msgspec.json.encode(datetime.fromtimestamp(int(raw) / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"))
