"""Every place of a statement where a person can stand: one list, which the checking of statements follows.

A person is cut out of the statement's text as a :class:`lrs.xapi.model.Person`; the bytes part after it closes the object: with ``}``, or, for an
identified group with members, with ``,"member":[`` the members ``]}``. An anonymous group stays in the text, its name a
:class:`lrs.xapi.model.Text` and its members persons.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from lrs.xapi.model import Role

SHORTEST_KNOWN = 3
"""Shorter names and accounts are not looked for elsewhere: they would be found everywhere."""


class Place(NamedTuple):
    """Who may stand at a place, and in which role."""

    role: Role
    member_role: Role
    agent: bool
    group: bool


PLACES = {
    "actor": Place(Role.ACTOR, Role.ACTOR_MEMBER, agent=True, group=True),
    "object": Place(Role.OBJECT, Role.OBJECT_MEMBER, agent=True, group=True),
    "context.instructor": Place(Role.INSTRUCTOR, Role.INSTRUCTOR_MEMBER, agent=True, group=True),
    "context.team": Place(Role.TEAM, Role.TEAM_MEMBER, agent=False, group=True),
    "context.contextAgents": Place(Role.CONTEXT_AGENT, Role.CONTEXT_AGENT, agent=True, group=False),
    "context.contextGroups": Place(Role.CONTEXT_GROUP, Role.CONTEXT_GROUP_MEMBER, agent=False, group=True),
    "authority": Place(Role.AUTHORITY, Role.AUTHORITY_MEMBER, agent=True, group=True),
}
"""All but ``authority`` occur inside a SubStatement too, in ``object``."""


def canonical_ifi(kind: str, *values: str) -> bytes:
    """Identifier -> bytes that are equal for all spellings of the same one, and for nothing else.

    The domain of a mailbox and the digits of a hash have no case (xAPI 1.0.3 Data 2.3.1 and 2.4.2.3); all else is compared as it is.
    """
    if kind == "mbox":
        local, _, domain = values[0].rpartition("@")
        values = (f"{local}@{domain.lower()}",)
    elif kind == "mbox_sha1sum":
        values = (values[0].lower(),)
    encoded = [part.encode() for part in (kind, *values)]
    return b"".join(b"%d:%b," % (len(part), part) for part in encoded)


def known_strings(kind: str, identifier: str, name: str | None) -> tuple[str, ...]:
    """Give what the rest of the statement must not repeat: the name, the mailbox, the account name, the hash, the OpenID."""
    found = [identifier.removeprefix("mailto:") if kind == "mbox" else identifier]
    if name:
        found.append(name)
    folded = (fold(text.strip()) for text in found)
    return tuple(dict.fromkeys(text for text in folded if len(text) >= SHORTEST_KNOWN))


def fold(text: str) -> str:
    """Bring a text to the form in which mentions are compared: compatibility-composed and case-folded."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
