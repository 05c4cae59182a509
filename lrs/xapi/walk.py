"""Every place of a statement where an identity or a free text can stand: one list, which the checking of statements follows.

A person is cut out of the statement's text as a :class:`lrs.xapi.model.Person`. What stands for it in a stored body is ``{"$p":n``,
and the bytes part after it closes that object: it starts with ``}``, or, for an identified group with members, with
``,"member":[``, and then come the members, each a person, and ``]}``. ``person.json[:-1]`` plus the following bytes is therefore the
object that was sent, its ``member`` property moved to the end. An anonymous group stays in the text, its name a
:class:`lrs.xapi.model.Text` and its members persons.

A body can't be made to hold a placeholder that is none: ``{"$`` begins an object whose first key starts with a dollar, and all keys
are properties of the specification, language tags or IRIs except inside the values of extensions, where such an object makes the
value ``reserved``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from hashlib import sha1
from typing import Any, NamedTuple

from lrs.xapi.model import SUB, Role

IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")
"""The inverse functional identifiers (xAPI 1.0.3 Data 2.4.2.3); whoever is identified has exactly one."""

_MAILBOX = b"4:mbox,"

SHORTEST_KNOWN = 3
"""Shorter names and accounts are not looked for elsewhere: they would be found everywhere."""


class Place(NamedTuple):
    """Where a person can stand, and as what. ``[*]`` in ``path`` is every item of an array; roles include ``SUB`` where ``sub`` is."""

    path: str
    role: int
    member_role: int
    agent: bool
    group: bool
    sub: bool = False
    since: str = "1.0.3"


_OUTSIDE = (
    Place("$.actor", Role.ACTOR, Role.ACTOR_MEMBER, agent=True, group=True),
    Place("$.object", Role.OBJECT, Role.OBJECT_MEMBER, agent=True, group=True),
    Place("$.context.instructor", Role.INSTRUCTOR, Role.INSTRUCTOR_MEMBER, agent=True, group=True),
    Place("$.context.team", Role.TEAM, Role.TEAM_MEMBER, agent=False, group=True),
    Place("$.context.contextAgents[*].agent", Role.CONTEXT_AGENT, Role.CONTEXT_AGENT, agent=True, group=False, since="2.0.0"),
    Place("$.context.contextGroups[*].group", Role.CONTEXT_GROUP, Role.CONTEXT_GROUP_MEMBER, agent=False, group=True, since="2.0.0"),
    Place("$.authority", Role.AUTHORITY, Role.AUTHORITY_MEMBER, agent=True, group=True),
)
_INSIDE = tuple(
    place._replace(path=f"$.object{place.path[1:]}", role=place.role + SUB, member_role=place.member_role + SUB, sub=True)
    for place in _OUTSIDE
    if place.path != "$.authority"
)
PLACES = _OUTSIDE + _INSIDE
"""Every place of a person. Members of a group stand at the place's path and ``.member[*]``, with ``member_role``."""

TEXT_PLACES = tuple(
    f"${sub}{path}"
    for sub in ("", ".object")
    for path in (
        ".result.response",
        ".result.extensions.*",
        ".context.extensions.*",
        ".object.definition.extensions.*",
        ".context.contextActivities.parent[*].definition.extensions.*",
        ".context.contextActivities.grouping[*].definition.extensions.*",
        ".context.contextActivities.category[*].definition.extensions.*",
        ".context.contextActivities.other[*].definition.extensions.*",
    )
) + tuple(f"{place.path}.name" for place in PLACES if place.group and place.path != "$.authority")
"""Every place of a free text; names are those of anonymous groups."""

_BY_PATH = {place.path: place for place in PLACES}


def place(path: str, *, sub: bool = False) -> Place:
    """Give the place at a path, which is written as outside a SubStatement."""
    return _BY_PATH[f"$.object{path[1:]}" if sub else path]


def canonical_ifi(kind: str, *values: str) -> bytes:
    """Give bytes that are equal for all spellings of the same identifier, and for nothing else.

    ``values`` is one string, for an account its homePage and its name. The domain of a mailbox and the digits of a hash have no
    case (xAPI 1.0.3 Data 2.3.1 and 2.4.2.3); all else is compared as it is.
    """
    if kind == "mbox":
        local, _, domain = values[0].rpartition("@")
        values = (f"{local}@{domain.lower()}",)
    elif kind == "mbox_sha1sum":
        values = (values[0].lower(),)
    return b"".join([_framed(part.encode()) for part in (kind, *values)])


def _framed(part: bytes) -> bytes:
    return b"%d:%b," % (len(part), part)


def is_account(ifi: bytes) -> bool:
    """Tell whether a canonical identifier is an account."""
    return ifi.startswith(b"7:account,")


def kin(ifi: bytes) -> tuple[bytes, ...]:
    """Of the canonical identifier of a mailbox, give that of its SHA-1, and one that all its spellings in capitals or not share; of any other, nothing.

    The SHA-1 names the same person (xAPI 1.0.3 Data 2.4.2.3). Mailboxes that differ in case mostly do, but the standard that defines them does not
    say so (RFC 5321 2.4).
    """
    if not ifi.startswith(_MAILBOX):
        return ()
    mailbox = ifi[len(_MAILBOX) : -1].partition(b":")[2].decode()
    digest = sha1(mailbox.encode(), usedforsecurity=False).hexdigest()
    return canonical_ifi("mbox_sha1sum", digest), canonical_ifi("mbox without case", fold(mailbox))


def ifi_of(agent: Mapping[str, Any]) -> bytes:
    """Give the canonical identifier of a checked Agent or identified Group."""
    kind = next(kind for kind in IDENTIFIERS if kind in agent)
    identifier = agent[kind]
    if kind == "account":
        return canonical_ifi(kind, identifier["homePage"], identifier["name"])
    return canonical_ifi(kind, identifier)


def known_strings(kind: str, identifier: str, name: str | None) -> tuple[str, ...]:
    """Give what the rest of the statement must not repeat: the name, the mailbox, the account name, the hash, the OpenID."""
    known = fold((identifier.removeprefix("mailto:") if kind == "mbox" else identifier).strip())
    called = fold(name.strip()) if name else known
    return tuple([text for text in ((known,) if called == known else (known, called)) if len(text) >= SHORTEST_KNOWN])


def fold(text: str) -> str:
    """Bring a text to the form in which mentions are compared: compatibility-composed and case-folded."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
