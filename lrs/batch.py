"""What is on its way into the store: batches, the groups that they enter, and what becomes of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from uuid import UUID

import msgspec

from lrs.access import Principal
from lrs.errors import LRSError
from lrs.privacy.drafts import Drafts
from lrs.privacy.identity import Tokenised
from lrs.storage.contract import Record, TokenisedStatements
from lrs.xapi.model import Authority, Person
from lrs.xapi.multipart import Contents

NO_CONTENTS: Contents = {}


class Receipt(msgspec.Struct, frozen=True):
    """What became of a batch: the id of each statement in order; by index, which were stored before and which were refused."""

    ids: list[UUID]
    replayed: frozenset[int]
    refused: dict[int, LRSError]


class Batch(msgspec.Struct, eq=False):
    """Checked statements that are stored together as ``drafts`` under ``ids`` with ``contents`` of their attachments, and the future of who waits for them.

    ``defines``: the activity definitions in them enter the store's own. ``independent`` statements do not fail together: a conflict is one
    statement's own. ``purposes`` are, for each statement, the ids of those that it serves; none: it is stored without identity.
    ``withheld`` are the places of statements that are not stored, as they were erased, or are somebody's who was. ``counts`` are what the audit trail says
    of it beside its size: which repairs were made how often, and which profiles were not kept to. ``received``: when it was acknowledged, if it waited in
    the spool since.
    """

    principal: Principal
    ids: list[UUID]
    drafts: Drafts
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
        return len(self.drafts)


class Share(msgspec.Struct, eq=False):
    """What a batch has in a group: its statements, tokenised, and which of them are new: number of the id -> place in the batch, in order."""

    batch: Batch
    tokenised: Tokenised
    new: dict[int, int]

    @property
    def places(self) -> list[int]:
        """The places of what is new."""
        return [*self.new.values()]

    def is_new(self, place: int) -> bool:
        """Tell whether what is at a place of the batch is new."""
        return self.new.get(self.batch.ids[place].int) == place


Earlier = tuple[Share, int]
"""A statement that came before: in which share, and its place there."""


class Group(msgspec.Struct, eq=False):
    """Batches that share one insert, at times from ``first`` on: what is new in each of them, and the receipt of each.

    ``rows`` are what is new, ``record`` has them as they are stored, and ``definitions`` are the keys of what is new in it of activities
    (:class:`lrs.definitions.Notebook`).

    ``leans_on`` are the groups before it that were on their way still and have statements which this one repeats. ``stored`` tells how it ended.
    """

    batches: Sequence[Batch]
    first: int
    receipts: list[Receipt] = []
    shares: list[Share] = []
    rows: TokenisedStatements = msgspec.field(default_factory=TokenisedStatements)
    record: Record | None = None
    definitions: Collection[int] = ()
    leans_on: set[Group] = set()
    stored: bool = False
    _ids: dict[str, dict[int, Share]] = {}

    def add(self, share: Share, receipt: Receipt) -> None:
        """Take up what a batch has."""
        self._ids.setdefault(share.batch.tenant, {}).update(dict.fromkeys(share.new, share))
        self.shares.append(share)
        self.receipts.append(receipt)

    def has_any(self, tenant: str, ids: Mapping[int, int]) -> bool:
        """Tell whether a statement with one of these ids is new here too; goes through whichever are fewer."""
        return tenant in self._ids and not self._ids[tenant].keys().isdisjoint(ids.keys())

    def find(self, tenant: str, number: int) -> Earlier | None:
        """Find what is new here, by the number of its id."""
        share = self._ids.get(tenant, {}).get(number)
        return None if share is None else (share, share.new[number])

    def __len__(self) -> int:
        return sum(len(share.new) for share in self.shares)

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
    """Give everybody who stands in some batches."""
    found = [part for batch in batches for part in batch.authority.parts if type(part) is Person]
    return found + [person for batch in batches for person in batch.drafts.people]


def settle(batch: Batch, outcome: Receipt) -> None:
    """Tell who waits for a batch what became of it."""
    if outcome.refused and not batch.independent:
        batch.done.set_exception(outcome.refused[min(outcome.refused)])
    else:
        batch.done.set_result(outcome)
