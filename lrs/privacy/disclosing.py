"""Statements as one of their people may see them: that person as they are, everybody else under a mask (GDPR art. 15(4)).

A statement of what the person did is shown with its texts, but for names of groups, and for those that name somebody else who stands in it. Of a
statement of what others did, alone or in a group with the person, no text is shown: it may be theirs. Of somebody else's nothing is shown either by
which they could be recognised: the registration, and an id that was made from a name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import msgspec

from lrs.privacy import mentions
from lrs.privacy.body import KIND, PSEUDONYM, Shown, written
from lrs.privacy.identity import owner_of
from lrs.privacy.reveal import People, spelled, texts_of
from lrs.storage.contract import NO_UUID, Place, StoredStatement
from lrs.xapi.model import Role
from lrs.xapi.rules import check_identified

if TYPE_CHECKING:
    from lrs.crypto.pseudonyms import Pseudonyms
    from lrs.privacy.reveal import Revealer

_ROLE = 31
_ACTING = (Role.ACTOR, Role.ACTOR_MEMBER)
_GROUP_NAME = re.compile(rb'"name":\{"\$b":([0-9]+)\},"member":')
_MADE_FROM_NAMES = (3, 5)
"""Versions of UUID that whoever guesses the name can compute (RFC 9562)."""


class Disclosed(NamedTuple):
    """A statement as the person sees it: its JSON, and as what they stand in it.

    ``own``: it is of what they did; ``alone``: and nobody else; ``roles`` are as what they stand in it.
    """

    row: StoredStatement
    body: bytes
    own: bool
    alone: bool
    voided: bool
    roles: tuple[int, ...]

    @property
    def place(self) -> Place:
        """Where it is stored."""
        return self.row.stored, self.row.id

    @property
    def owner(self) -> int | None:
        """Under whose key its texts and contents are sealed."""
        return owner_of(self.row.sids)


def disclose(
    revealer: Revealer, page: Sequence[tuple[StoredStatement, bool]], mine: Collection[int], others: Pseudonyms
) -> list[Disclosed]:
    """Rows, each with whether it is voided -> what the person whose subjects are ``mine`` is shown of them."""
    people = revealer.open([row for row, _ in page])
    return [_disclosed(row, people, mine, others, voided=voided) for row, voided in page]


def _disclosed(row: StoredStatement, people: People, mine: Collection[int], others: Pseudonyms, *, voided: bool) -> Disclosed:
    places = [(sid in mine, role & _ROLE) for sid, role in zip(row.sids, row.roles, strict=True)]
    acting = [is_mine for is_mine, role in places if role in _ACTING]
    own = any(acting)
    alone = own and all(acting)
    texts = _innocent(row, people, mine) if alone else ()
    body = written(row if own else _loosened(row, others), _masked(people, mine, others), texts)
    return Disclosed(row, body, own, alone, voided, tuple(role for is_mine, role in places if is_mine))


def _masked(people: People, mine: Collection[int], others: Pseudonyms) -> Shown:
    as_sent = spelled(people)

    def show(row: StoredStatement, n: int, group: bool) -> bytes:  # noqa: FBT001 -- the shape of Shown
        if row.sids[n] in mine:
            return as_sent(row, n, group)
        return KIND[group] + PSEUDONYM % others.person(row.sids[n]).encode()

    return show


def _innocent(row: StoredStatement, people: People, mine: Collection[int]) -> list[bytes | None]:
    """Open the texts of a row, but for names of groups, and those that name one of its people who is not ``mine``."""
    named = mentions.of(_known(row, people, mine))
    groups = {int(n) for n in _GROUP_NAME.findall(row.body)}
    return [None if n in groups or (named and named.may_be_in(text)) else text for n, text in enumerate(texts_of(row, people))]


def _known(row: StoredStatement, people: People, mine: Collection[int]) -> tuple[str, ...]:
    """Give what the others in a row are called: the strings that ingest looked for too."""
    spellings = [
        people[sid].spellings[vid]
        for sid, vid in zip(row.sids, row.vids, strict=True)
        if row.sealed and sid not in mine and sid in people and vid in people[sid].spellings
    ]
    return tuple(dict.fromkeys(text for spelling in spellings for text in check_identified(spelling).known))


def _loosened(row: StoredStatement, others: Pseudonyms) -> StoredStatement:
    """Cut what ties somebody else's statement to them."""
    registration = row.registration if row.registration == NO_UUID else others.uuid(row.registration)
    references = [_renamed(each, others) for each in row.references]
    return msgspec.structs.replace(row, id=_renamed(row.id, others), registration=registration, references=references)


def _renamed(identifier: UUID, others: Pseudonyms) -> UUID:
    return others.uuid(identifier) if identifier.version in _MADE_FROM_NAMES else identifier
