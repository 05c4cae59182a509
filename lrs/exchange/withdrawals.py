"""What a target was given for a purpose that rests on consent, of people who have withdrawn theirs since (GDPR art. 7(3) and 19)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import msgspec

from lrs.exchange.targets import Target
from lrs.privacy.consent.entry import lapsed
from lrs.storage.contract import ConsentRow, ConsentStore, PersonStore, StoredStatement
from lrs.xapi.model import Role

AT_ONCE = 20_000
"""Entries of the ledger that are looked at together."""
_ACTING = (Role.ACTOR, Role.ACTOR_MEMBER)
"""Where a person's consent decides whether a statement is seen at all; elsewhere they are left out of it."""
Naming = Callable[[str, Sequence[int], int], Iterator[list[tuple[StoredStatement, bool]]]]
"""(tenant, people, time) -> every statement in which one of them stands, stored through then, in pages; each with whether it is voided."""
Times = tuple[tuple[int, int], ...]


class Ledger(ConsentStore, PersonStore, Protocol):
    """The ledger of consents, and who is one person."""


class Withdrawn(NamedTuple):
    """A person, by all their numbers, and the times of events that their consent covered until it was withdrawn."""

    sids: frozenset[int]
    times: Times


def withdrawn(ledger: Ledger, tenant: str, purpose: str, *, after: int) -> Iterator[tuple[list[Withdrawn], int]]:
    """Give the people who have withdrawn their consent to a purpose by an entry after a number, in parts, each with the number through which it goes."""
    last = ledger.last_consent(tenant)
    while after < last:
        changed, after = ledger.consenting(tenant, after=after, limit=AT_ONCE)
        yield list(_people(ledger, tenant, purpose, changed)), after


def given(people: Iterable[Withdrawn], target: Target, purpose: str, naming: Naming, *, through: int) -> Iterator[list[UUID]]:
    """Give the ids of what a target was given of these people by this time, in pages; of one that is given by activity perhaps some that it was not."""
    for person in people:
        for page in naming(target.tenant, sorted(person.sids), through):
            yield [row.id for row, _ in page if _was_given(row, person, target, purpose)]


def _people(ledger: Ledger, tenant: str, purpose: str, sids: Collection[int]) -> Iterator[Withdrawn]:
    persons = set(ledger.persons(tenant, sids).values())
    said: dict[int, list[ConsentRow]] = {}
    for row in ledger.consents(tenant, frozenset().union(*persons)):
        if row.purpose == purpose:
            said.setdefault(row.sid, []).append(row)
    for person in persons:
        rows = [row for sid in person for row in said.get(sid, ())]
        if times := lapsed(sorted(rows, key=lambda row: (row.at, row.number))):
            yield Withdrawn(person, times)


def _was_given(row: StoredStatement, person: Withdrawn, target: Target, purpose: str) -> bool:
    acts = any(sid in person.sids and role in _ACTING for sid, role in zip(row.sids, row.roles, strict=True))
    then = any(since <= row.timestamp < until for since, until in person.times)
    return acts and then and (not row.purposes or purpose in row.purposes) and _is_wanted(row.body, target)


def _is_wanted(body: bytes, target: Target) -> bool:
    found: dict[str, Any] = msgspec.json.decode(body)
    return target.verb in (None, found["verb"].get("id"))
