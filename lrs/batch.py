"""What is on its way into the store: batches, the groups that they enter, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar, cast
from uuid import UUID

import msgspec

from lrs.access import Principal
from lrs.errors import LRSError
from lrs.privacy.drafts import Drafts
from lrs.privacy.identity import Tokenised
from lrs.storage.contract import Record, TokenisedStatements
from lrs.xapi.model import Authority, Person, Statement
from lrs.xapi.multipart import Contents

if TYPE_CHECKING:
    from lrs.crypto.seal import Dek

NO_CONTENTS: Contents = {}


class Receipt(msgspec.Struct, frozen=True):
    """What became of a batch: the id of each statement in order; by index, which were stored before and which were refused."""

    ids: list[UUID]
    replayed: frozenset[int]
    refused: dict[int, LRSError]


class Batch(msgspec.Struct, eq=False):
    """Checked statements that are stored together under ``ids`` with ``contents`` of their attachments, and the future of who waits for them.

    People are cut out of them already, or not. ``defines``: the activity definitions in them enter the store's own. ``independent`` statements do not fail
    together: a conflict is one statement's own. ``purposes`` are, for each statement, the ids of those that it serves; none: it is stored without identity.
    ``withheld`` are the places of statements that are not stored, as they were erased, or are somebody's who was. ``counts`` are what the audit trail says
    of it beside its size: which repairs were made how often, and which profiles were not kept to. ``received``: when it was acknowledged, if it waited in
    the spool since. ``alone`` are the futures of who waits for each of its statements, where they came one by one.
    """

    principal: Principal
    ids: list[UUID]
    statements: Sequence[Statement] | Drafts
    authority: Authority
    done: Future[Receipt]
    defines: bool
    purposes: Sequence[tuple[str, ...]]
    independent: bool = False
    contents: Contents = NO_CONTENTS
    withheld: set[int] = msgspec.field(default_factory=set)
    counts: Mapping[str, int] = {}
    received: int | None = None
    alone: Sequence[Future[Receipt]] = ()

    @property
    def tenant(self) -> str:
        """Whose the statements are."""
        return self.principal.tenant

    @property
    def requests(self) -> int:
        """How many wait for it."""
        return len(self.alone) or 1

    def apart(self) -> list[Batch]:
        """Give a batch for each who waits for it: itself, or one for each statement that came alone."""
        if not self.alone:
            return [self]
        drafts = cast("Drafts", self.statements)  # What is put together was checked together.
        return [
            Batch(
                self.principal,
                [self.ids[n]],
                drafts.picked([n]),
                self.authority,
                done,
                self.defines,
                [self.purposes[n]],
                withheld={0} if n in self.withheld else set(),
                received=self.received,
            )
            for n, done in enumerate(self.alone)
        ]

    def __len__(self) -> int:
        return len(self.statements)


class Share(msgspec.Struct, eq=False):
    """What batches that have the same authority have in a group, put together, and which of it is new.

    It is ``tokenised`` next, and then :meth:`Group.add` notes what is ``new``: number of the id -> place in the share, in order. ``keys`` seal texts and
    contents of what is new, by place. What is true of all of its batches, the first one tells.
    """

    batches: Sequence[Batch]
    drafts: Drafts
    ids: list[UUID]
    purposes: list[tuple[str, ...]]
    tokenised: Tokenised = msgspec.field(default_factory=Tokenised)
    new: dict[int, int] = {}
    keys: Mapping[int, Dek] = {}

    @property
    def tenant(self) -> str:
        """Whose the statements are."""
        return self.batches[0].tenant

    @property
    def people(self) -> list[Person]:
        """Everybody who stands in the statements, and in their authority."""
        return [part for part in self.batches[0].authority.parts if type(part) is Person] + self.drafts.people

    def is_new(self, place: int) -> bool:
        """Tell whether what is at a place is new."""
        return self.new.get(self.ids[place].int) == place


Tenants = TypeVar("Tenants", Batch, Share)
Earlier = tuple[Share, int]
"""A statement that came before: in which share, and its place there."""


class Group(msgspec.Struct, eq=False):
    """Batches that share one insert, at times from ``first`` on: what is new in each of them, and the receipt of each.

    ``rows`` are what is new, ``record`` has them as they are stored, and ``definitions`` are the keys of what is new in it of activities
    (:class:`lrs.definitions.Notebook`).

    ``leans_on`` are the groups before it that were on their way still and have statements which this one repeats. ``stored`` tells how it ended.
    """

    first: int
    shares: Sequence[Share] = ()
    receipts: list[Receipt] = []
    rows: TokenisedStatements = msgspec.field(default_factory=TokenisedStatements)
    record: Record | None = None
    definitions: Collection[int] = ()
    leans_on: set[Group] = set()
    stored: bool = False
    _ids: dict[str, dict[int, Share]] = {}

    @property
    def stands(self) -> bool:
        """Whether all that it repeats is stored."""
        return all(earlier.stored for earlier in self.leans_on)

    @property
    def batches(self) -> list[Batch]:
        """The batches, in the order of their receipts."""
        return [batch for share in self.shares for batch in share.batches]

    def add(self, share: Share, new: Mapping[int, int], receipt: Receipt) -> None:
        """Take up what is new of the next batch of a share."""
        share.new.update(new)
        self._ids.setdefault(share.tenant, {}).update(dict.fromkeys(new, share))
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


def shares(batches: Sequence[Batch], cut_out: Callable[[Sequence[Statement], str], Drafts]) -> list[Share]:
    """Put together what can be worked on at once; a batch with contents stands alone, so that no other one's statements have them.

    Nobody in a group has been answered yet, so its batches may be reordered: one authority's are stored after another's.
    ``cut_out`` makes drafts of statements of a tenant.
    """
    found: dict[tuple[object, ...], list[Batch]] = {}
    for batch in batches:
        key = batch.tenant, id(batch.authority), batch.defines, batch.received, id(batch) if batch.contents else None
        found.setdefault(key, []).append(batch)
    return [
        Share(
            own, drafts_of(own, cut_out), [each for batch in own for each in batch.ids], [each for batch in own for each in batch.purposes]
        )
        for own in found.values()
    ]


def drafts_of(batches: Sequence[Batch], cut_out: Callable[[Sequence[Statement], str], Drafts]) -> Drafts:
    """Put the drafts of batches together, in order; of statements that are none yet they are made of as many at once as follow each other."""
    made = Drafts()
    waiting: list[Statement] = []
    for batch in batches:
        if isinstance(batch.statements, Drafts):
            if waiting:
                made.add(cut_out(waiting, batch.tenant))
                waiting = []
            made.add(batch.statements)
        else:
            waiting += batch.statements
    if waiting:
        made.add(cut_out(waiting, batches[0].tenant))
    return made


def by_tenant(batches: Iterable[Tenants]) -> dict[str, list[Tenants]]:
    """Sort batches, or shares, by tenant."""
    own: dict[str, list[Tenants]] = {}
    for batch in batches:
        own.setdefault(batch.tenant, []).append(batch)
    return own


def settle(batch: Batch, outcome: Receipt) -> None:
    """Tell who waits for a batch what became of it."""
    if outcome.refused and not batch.independent:
        batch.done.set_exception(outcome.refused[min(outcome.refused)])
    else:
        batch.done.set_result(outcome)
