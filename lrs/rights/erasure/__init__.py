"""Erasing a person: at once unreadable, then deleted physically, and never brought back by a restore (GDPR art. 17).

    requested   in the ledger; identifiers are suppressed, so that nothing of the person is taken in any more
    shredded    other people's texts are moved to another key; the person's key, identifiers, spellings, documents and credentials are gone
    told        ids of the deleted statements are suppressed, and the stores that they were forwarded to are told
    deleted     statements and contents are off the disk, stubs stand in other people's, the receipt is signed

Each state is durable before the next step begins, and each step can be done again: what was interrupted goes on when the store is opened next. A restore from
a backup uses the same: ``restore_ledger`` of :class:`lrs.storage.contract.ErasureStore` puts the newest ledger (``erasures()`` and ``suppressions()``, which
a backup keeps apart) into the vault that was put back, and :meth:`Erasures.resume`, which every opening of a store calls before anything is
served, erases whoever came back.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING
from uuid import UUID

import attrs
import msgspec

from lrs.access import LOCAL
from lrs.errors import LRSError
from lrs.privacy.audit import Event
from lrs.rights.erasure.ledger import PLAN, Ledger, Step
from lrs.rights.erasure.receipt import receipt
from lrs.rights.erasure.staying import Move, move, outdated, voiding
from lrs.rights.erasure.whom import Whom
from lrs.rounds import Stopped, rounds
from lrs.storage.contract import Erasure, ErasureState, StatementStore, Traces

if TYPE_CHECKING:
    from lrs.crypto.notes import NoteSigner
    from lrs.stored import Times
    from lrs.xapi.model import Person

RESUME = "resume erasures"
_LOOK_AGAIN = 1.0
_RECENT = 1_800_000_000
_log = logging.getLogger("lrs.erasure")


@attrs.frozen
class Place:
    """The store in which people are erased.

    ``quiet`` keeps writers waiting while it is entered, ``forget`` empties caches, ``tell`` has other stores told of deleted ids of a tenant -> how many
    notices that makes, ``policy`` gives the digest of a tenant's policy in force. ``alone``: no other process can open the same warehouse.
    """

    ledger: Ledger
    warehouse: StatementStore
    signer: Callable[[], NoteSigner]
    quiet: Callable[[], AbstractContextManager[object]]
    forget: Callable[[], None]
    tell: Callable[[Sequence[UUID], str], int]
    times: Times
    policy: Callable[[str], str]
    alone: bool


class Outcome(msgspec.Struct, frozen=True):
    """What an erasure deletes and leaves: ``counts`` of each, and the signed ``receipt``, which is empty as long as nothing was done."""

    counts: dict[str, int]
    receipt: str = ""


class Erasures:
    """Erase people, one after the other. Thread-safe."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.Lock()

    def plan(self, person: Person, tenant: str) -> Outcome:
        """Say what :meth:`erase` would do, and do nothing."""
        found = self._place.ledger.whom(person, tenant)
        counts = self._counts(found, tenant)
        self._place.ledger.audit.record(Event(action=PLAN, tenant=tenant, credential=LOCAL, counts=counts, sids=found.sids))
        return Outcome(counts)

    def erase(self, person: Person, tenant: str, *, step: Step = lambda _: None, despite_restriction: bool = False) -> Outcome:
        """Erase a person and give the signed receipt; of somebody who is not known it says so, and suppresses what may still come.

        Raises :class:`lrs.InvalidRequest` for an agent that stands for a credential, :class:`lrs.Conflict` for a restricted person.
        Whatever is raised later: call it again, or open the store anew, and it goes on where it was.
        """
        with self._lock:
            started = time.monotonic()
            # Before anything is put down: whether everybody can be told who has to be.
            self._place.tell((), tenant)
            with self._place.quiet():
                found = self._place.ledger.whom(person, tenant)
                if not despite_restriction:
                    self._place.ledger.check_restriction(found, tenant)
                entry = self._place.ledger.request(found, tenant, self._counts(found, tenant))
                step(entry.state)
            self._shred([entry], found)
            done = self._finish([entry], started, step)
            left = self._place.ledger.whom(person, tenant).sids
            if left:
                # Another process took the person in before it heard of the erasure.
                vault = self._place.ledger.vault
                self._resume([vault.request_erasure(tenant, left, (), at=entry.at, until=entry.until, counts=entry.counts)])
            return Outcome(dict(done.counts), done.receipt)

    def resume(self) -> int:
        """Go on with what was interrupted, and do again what a restore brought back -> how many entries of the ledger that were."""
        with self._lock:
            self._place.ledger.vault.end_suppression(now=self._place.ledger.clock())
            waiting = [each for each in self._place.ledger.waiting() if self._is_ours(each)]
            for entries in _runs(waiting):
                self._resume(entries)
                tenant, sids = entries[0].tenant, {sid for each in entries for sid in each.sids}
                self._place.ledger.audit.record(Event(action=RESUME, tenant=tenant, counts={"erasures": len(entries)}, sids=sids))
            return len(waiting)

    def following(self) -> AbstractContextManager[None]:
        """Take up what others put into the ledger while the block runs, within a second; what goes wrong is logged, and tried again."""
        return rounds("lrs-erasures", self._take_up, every=_LOOK_AGAIN, failed=_log_error)

    def _take_up(self, _stopped: Stopped) -> None:
        if self._place.ledger.waiting():
            self.resume()

    def _is_ours(self, entry: Erasure) -> bool:
        """Tell what another process, where there can be one, is probably doing right now: what was put down a short while ago."""
        ledger = self._place.ledger
        return self._place.alone or bool(entry.receipt) or entry.at + _RECENT < ledger.clock()

    def receipts(self, tenant: str) -> list[Erasure]:
        """Give the ledger of a tenant, oldest first, each entry with its receipt."""
        return [each for each in self._place.ledger.vault.erasures() if each.tenant == tenant]

    def _counts(self, found: Whom, tenant: str) -> dict[str, int]:
        return self._place.ledger.counts(found, tenant) | _counted(self._place.warehouse.traces(tenant, found.sids))

    def _resume(self, entries: Sequence[Erasure]) -> None:
        started = time.monotonic()
        tenant, sids = entries[0].tenant, _sids(entries)
        if any(each.state is ErasureState.REQUESTED for each in entries):
            ledger = self._place.ledger
            found = ledger.known(sids, tenant)
            self._suppress(entries, ledger.suppressing(found, tenant))
            self._shred(entries, found)
        self._finish(entries, started, lambda _: None)

    def _shred(self, entries: Sequence[Erasure], found: Whom) -> None:
        """Destroy the keys, after what others need of them was moved; whatever is cached of the person goes too."""
        place, tenant = self._place, entries[0].tenant
        # What is on its way was sealed before the entry was put down, and may need the person's key. What comes from now on does without.
        place.times.outlast()
        with place.quiet():
            move(Move(tenant, found.sids, place.ledger.keys(tenant), place.ledger.vault, place.warehouse))
            place.ledger.vault.shred(tenant, found.sids, found.credentials)
            place.ledger.vault.scrub()
            place.forget()
            self._note(entries, ErasureState.SHREDDED)

    def _finish(self, entries: Sequence[Erasure], started: float, step: Step) -> Erasure:
        """Go from shredded to deleted -> the last entry as it is now."""
        tenant, sids = entries[0].tenant, _sids(entries)
        step(ErasureState.SHREDDED)
        traces = self._place.warehouse.traces(tenant, sids)
        entries = self._told(entries, traces)
        step(ErasureState.TOLD)
        self._delete(tenant, sids, traces)
        # What was noted meanwhile may be gone with it; nobody is in the middle of using it.
        with self._place.quiet():
            self._place.forget()
        entries = [self._signed(each, time.monotonic() - started) for each in entries]
        self._note(entries, ErasureState.DELETED)
        step(ErasureState.DELETED)
        return entries[-1]

    def _told(self, entries: Sequence[Erasure], traces: Traces) -> list[Erasure]:
        """Suppress the ids of what is to be deleted, and have those told who were given it."""
        place, tenant = self._place, entries[0].tenant
        suppression = place.ledger.suppression(tenant)
        ids = [each for _, each in traces.gone]
        self._suppress(entries, [suppression.statement_key(each) for each in ids])
        told = place.tell(ids, tenant) if ids else 0
        place.ledger.vault.drop_letters_at(tenant, [stored for stored, _ in traces.gone])
        counted = _counted(traces) | {"told": told}
        # What was deleted before it was interrupted was counted then.
        noted = [msgspec.structs.replace(each, counts={**each.counts, **_larger(counted, each.counts)}) for each in entries]
        return self._note(noted, ErasureState.TOLD)

    def _delete(self, tenant: str, sids: Sequence[int], traces: Traces) -> None:
        place = self._place
        if traces.voided:
            first = place.times.claim([(tenant, each) for each, _ in traces.voided])
            try:
                place.warehouse.insert([voiding(tenant, each, first + n, until) for n, (each, until) in enumerate(traces.voided)])
            finally:
                place.times.settle(first)
        if sids:
            old = outdated(place.warehouse.contents(tenant, traces.moved))
            place.warehouse.erase(tenant, sids, [each for _, each in traces.gone], old)

    def _signed(self, entry: Erasure, seconds: float) -> Erasure:
        """Sign the receipt; an entry that has one keeps it."""
        if entry.receipt:
            return entry
        place, epochs = self._place, self._place.ledger.keys(entry.tenant).keks.epochs()
        note = receipt(entry, place.signer(), at=place.ledger.clock(), seconds=seconds, epochs=epochs, policy=place.policy(entry.tenant))
        return msgspec.structs.replace(entry, receipt=note)

    def _note(self, entries: Iterable[Erasure], state: ErasureState) -> list[Erasure]:
        noted = [msgspec.structs.replace(each, state=state) for each in entries]
        for each in noted:
            self._place.ledger.vault.note_erasure(each)
        return noted

    def _suppress(self, entries: Sequence[Erasure], keys: Sequence[bytes]) -> None:
        until = max(each.until for each in entries)
        if until > self._place.ledger.clock():
            self._place.ledger.vault.suppress(entries[0].tenant, keys, until=until)


def _runs(waiting: Sequence[Erasure]) -> list[list[Erasure]]:
    """Put together what can be done at once: all of a tenant that have a receipt already; each other one has one of its own."""
    again: dict[str, list[Erasure]] = {}
    for each in waiting:
        if each.receipt:
            again.setdefault(each.tenant, []).append(each)
    return [*again.values(), *([each] for each in waiting if not each.receipt)]


def _sids(entries: Iterable[Erasure]) -> tuple[int, ...]:
    return tuple(sorted({sid for each in entries for sid in each.sids}))


def _counted(traces: Traces) -> dict[str, int]:
    return {
        "statements": len(traces.own),
        "voiding": len(traces.voiding),
        "contents": len(traces.contents),
        "others": traces.others,
        "referring": traces.referring,
    }


def _larger(counted: dict[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {name: max(number, before.get(name, 0)) for name, number in counted.items()}


def _log_error(error: LRSError) -> None:
    _log.error("an erasure could not be finished: %s", error.code)
