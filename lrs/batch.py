"""What is on its way into the store: batches, the rows that they become, and what becomes of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from uuid import UUID

import msgspec

from lrs.access import Principal
from lrs.errors import LRSError
from lrs.privacy.identity import Draft
from lrs.storage.contract import Record, TokenisedStatement
from lrs.xapi.model import Authority, Person, Statement
from lrs.xapi.multipart import Contents

NO_CONTENTS: Contents = {}


class Receipt(msgspec.Struct, frozen=True):
    """What became of a batch: the id of each statement in order; by index, which were stored before and which were refused."""

    ids: list[UUID]
    replayed: frozenset[int]
    refused: dict[int, LRSError]


class Batch(msgspec.Struct, eq=False):
    """Checked statements that are stored together under ``ids`` with ``contents`` of their attachments, and the future of who waits for them.

    ``defines``: the activity definitions in them enter the store's own. ``independent`` statements do not fail together: a conflict is one
    statement's own. ``purposes`` are, for each statement, the ids of those that it serves; none: it is stored without identity.
    ``withheld`` are the places of statements that are not stored, as they were erased, or are somebody's who was. ``counts`` are what the audit trail says
    of it beside its size: which repairs were made how often, and which profiles were not kept to. ``received``: when it was acknowledged, if it waited in
    the spool since.
    """

    principal: Principal
    ids: list[UUID]
    statements: list[Statement]
    authority: Authority
    done: Future[Receipt]
    defines: bool
    purposes: Sequence[tuple[str, ...]]
    independent: bool = False
    contents: Contents = NO_CONTENTS
    withheld: set[int] = msgspec.field(default_factory=set)
    counts: Mapping[str, int] = {}
    received: int | None = None

    @property
    def tenant(self) -> str:
        """Whose the statements are."""
        return self.principal.tenant

    def __len__(self) -> int:
        return len(self.statements)


Key = tuple[str, int]
"""(tenant, number of the statement's id)"""


class Row(msgspec.Struct, eq=False, gc=False):
    """One new statement on its way into the warehouse."""

    tenant: str
    id: UUID
    statement: Statement
    draft: Draft
    purposes: tuple[str, ...]
    authority: Authority
    defines: bool
    contents: Contents
    received: int | None = None


class Group(msgspec.Struct, eq=False):
    """Batches that share one insert, at times from ``first`` on: what is new in them as ``rows`` made of ``fresh``, and the receipt of each batch.

    ``record`` has the rows as they are stored, and ``definitions`` are the keys of what is new in it of activities (:class:`lrs.definitions.Notebook`).

    ``leans_on`` are the groups before it that were on their way still and have statements which this one repeats. ``stored`` tells how it ended.
    """

    batches: Sequence[Batch]
    first: int
    receipts: list[Receipt] = []
    own: dict[Key, Row] = {}
    rows: list[TokenisedStatement] = []
    record: Record | None = None
    definitions: Collection[int] = ()
    leans_on: set[Group] = set()
    stored: bool = False

    @property
    def fresh(self) -> list[Row]:
        """What is new, in order."""
        return [*self.own.values()]

    def has_any(self, new: Mapping[Key, Row]) -> bool:
        """Tell whether any of these is new here too; goes through whichever are fewer."""
        return not self.own.keys().isdisjoint(new.keys())

    def __hash__(self) -> int:
        return id(self)


def future() -> Future[Receipt]:
    """Make the future of a batch; a caller that goes away can't cancel what its group is storing."""
    future: Future[Receipt] = Future()
    future.set_running_or_notify_cancel()
    return future


def by_tenant(batches: Sequence[Batch]) -> dict[str, list[Batch]]:
    """Sort batches by tenant."""
    own: dict[str, list[Batch]] = {}
    for batch in batches:
        own.setdefault(batch.tenant, []).append(batch)
    return own


def persons(batches: Sequence[Batch]) -> list[Person]:
    """Give everybody who stands in some batches, as often as they do."""
    found = [part for batch in batches for part in batch.authority.parts if type(part) is Person]
    # Every second part of a statement is bytes.
    found += [part for batch in batches for statement in batch.statements for part in statement.parts[1::2] if type(part) is Person]
    return found


def settle(batch: Batch, outcome: Receipt) -> None:
    """Tell who waits for a batch what became of it."""
    if outcome.refused and not batch.independent:
        batch.done.set_exception(outcome.refused[min(outcome.refused)])
    else:
        batch.done.set_result(outcome)
