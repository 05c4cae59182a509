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
from lrs.privacy.body import KIND, PSEUDONYM, written
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
    discloser = _Discloser(revealer.open([row for row, _ in page]), mine, others)
    return [discloser.disclosed(row, voided=voided) for row, voided in page]


class _Discloser:
    """Shows the rows of one page; what their other people are called is worked out once for each."""

    def __init__(self, people: People, mine: Collection[int], others: Pseudonyms) -> None:
        self._people = people
        self._mine = mine
        self._others = others
        self._as_sent = spelled(people)
        self._known: dict[tuple[int, int], tuple[str, ...]] = {}

    def disclosed(self, row: StoredStatement, *, voided: bool) -> Disclosed:
        places = [(sid in self._mine, role & _ROLE) for sid, role in zip(row.sids, row.roles, strict=True)]
        acting = [is_mine for is_mine, role in places if role in _ACTING]
        own = any(acting)
        alone = own and all(acting)
        texts = self._innocent(row) if alone and row.sealed else ()
        body = written(row if own else _loosened(row, self._others), self._masked, texts)
        return Disclosed(row, body, own, alone, voided, tuple(role for is_mine, role in places if is_mine))

    def _masked(self, row: StoredStatement, n: int, group: bool) -> bytes:  # noqa: FBT001 -- the shape of Shown
        if row.sids[n] in self._mine:
            return self._as_sent(row, n, group)
        return KIND[group] + PSEUDONYM % self._others.person(row.sids[n]).encode()

    def _innocent(self, row: StoredStatement) -> list[bytes | None]:
        """Open the texts of a row, but for names of groups, and those that name one of its other people."""
        pairs = dict.fromkeys(zip(row.sids, row.vids, strict=True))
        named = mentions.of(tuple(text for pair in pairs if pair[0] not in self._mine for text in self._known_of(*pair)))
        groups = {int(n) for n in _GROUP_NAME.findall(row.body)}
        opened = texts_of(row, self._people)
        return [None if n in groups or (named and named.may_be_in(text)) else text for n, text in enumerate(opened)]

    def _known_of(self, sid: int, vid: int) -> tuple[str, ...]:
        """Give what somebody is called: the strings that were looked for when the statement came."""
        if (sid, vid) not in self._known:
            spelling = self._people[sid].spellings.get(vid) if sid in self._people else None
            self._known[sid, vid] = () if spelling is None else check_identified(spelling).known
        return self._known[sid, vid]


def _loosened(row: StoredStatement, others: Pseudonyms) -> StoredStatement:
    """Cut what ties somebody else's statement to them."""
    registration = row.registration if row.registration == NO_UUID else others.uuid(row.registration)
    references = [_renamed(each, others) for each in row.references]
    return msgspec.structs.replace(row, id=_renamed(row.id, others), registration=registration, references=references)


def _renamed(identifier: UUID, others: Pseudonyms) -> UUID:
    return others.uuid(identifier) if identifier.version in _MADE_FROM_NAMES else identifier
