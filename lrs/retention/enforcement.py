"""Carrying it out: what is past its limit leaves the disk, step by step. Whatever stops it, it goes on where it was when it is called again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lrs.errors import StoreUnavailable
from lrs.privacy.policy.model import Fate
from lrs.retention import fates, months
from lrs.retention.inactivity import letting_go
from lrs.storage.contract import Held, Limit

if TYPE_CHECKING:
    from lrs.retention.desk import Desk

_MONTHS_AT_ONCE = 12
_DOCUMENTS_AT_ONCE = 1000
_HOUR = 3_600_000_000
_PATIENCE = 120.0
"""Seconds that old files may take to leave the disk; they take a few."""
_BETWEEN = 0.2


class Step(NamedTuple):
    """What was just done: how many of what, or how many have to wait for somebody."""

    what: str
    number: int


class Enforcement:
    """One run. ``transfers`` is the folder for what the archives take over, None: that waits. ``on_step`` is told of each step as it is done."""

    def __init__(self, desk: Desk, *, transfers: Path | None, on_step: Callable[[Step], object]) -> None:
        self._desk = desk
        self._transfers = transfers
        self._on_step = on_step
        self._now = desk.clock()
        self._stored_through = desk.through()
        self._approval = desk.vault.approval(desk.tenant)
        self.visa = ""

    def run(self, seconds: float | None) -> tuple[Counter[str], bool]:
        """Do what is due, and begin no step after so many seconds -> (how many of what, whether all is done)."""
        counts: Counter[str] = Counter()
        given_up = None if seconds is None else time.monotonic() + seconds
        for step in self._steps():
            counts[step.what] += step.number
            self._desk.record("apply retention", thing=step.what, number=step.number)
            self._on_step(step)
            if given_up is not None and time.monotonic() > given_up:
                return counts, False
        self._desk.forget()
        self._desk.vault.scrub()
        return counts, True

    def _steps(self) -> Iterator[Step]:
        # People last: who is left is known only when everything else is gone.
        steps = (
            self._align(),
            self._limits(),
            self._loose(),
            self._held(),
            self._sources(),
            self._documents(),
            letting_go(self._desk, self._now),
            self._rest(),
        )
        for several in steps:
            yield from (Step(what, number) for what, number in several if number)

    def _align(self) -> Iterator[tuple[str, int]]:
        """Let what was stored under another policy end as the one in force says, unless it ends earlier."""
        desk = self._desk
        for purposes in desk.endings.kinds(desk.tenant):
            kept = desk.force.retention(purposes)
            number = desk.endings.align(
                desk.tenant,
                purposes,
                identity_days=kept.identity_days,
                statement_days=kept.statement_days,
                held=desk.force.holds(purposes),
                through=self._stored_through,
            )
            yield "aligned", number

    def _loose(self) -> Iterator[tuple[str, int]]:
        # What is on its way now may have its contents stored first.
        yield "attachment", self._desk.endings.loose(self._desk.tenant, before=self._now - _HOUR)

    def _limits(self) -> Iterator[tuple[str, int]]:
        """Take out what has ended, some months of storing after another."""
        desk = self._desk
        ended = {limit: desk.endings.ended(desk.tenant, limit, now=self._now) for limit in Limit}
        months_due = sorted({month for found in ended.values() for month in found})
        for start in range(0, len(months_due), _MONTHS_AT_ONCE):
            some = months_due[start : start + _MONTHS_AT_ONCE]
            for limit, found in ended.items():
                if found.keys() & set(some):
                    desk.endings.end(desk.tenant, limit, some, now=self._now)
            desk.endings.finish()
            yield from ((limit.value, sum(found.get(month, 0) for month in some)) for limit, found in ended.items())

    def _held(self) -> Iterator[tuple[str, int]]:
        """See to what the engine leaves alone: as its purposes say, and not without the archives where it is theirs."""
        yield from self._released({Fate.TRANSFER}, None if self._transfers is None else self._now, "waiting for a folder")
        yield from self._released({Fate.ELIMINATE, Fate.ANONYMISE}, self._allowed(), "waiting for approval")

    def _released(self, wanted: set[Fate], through: int | None, waiting: str) -> Iterator[tuple[str, int]]:
        # Once more, until there is none: what voids another statement may go only then.
        while through is not None and (found := self._kinds(wanted, through)):
            for fate, kind in found:
                fates.keep(self._desk, fate, kind, self._transfers, now=through)
                self._desk.endings.release(self._desk.tenant, kind, now=through)
                yield fates.DONE[fate], kind.number
        yield waiting, sum(kind.number for _, kind in self._kinds(wanted, self._now))

    def _kinds(self, wanted: set[Fate], through: int) -> list[tuple[Fate, Held]]:
        desk = self._desk
        held = desk.endings.held(desk.tenant, now=through, through=self._stored_through)
        kinds = [(desk.force.retention(kind.purposes).fate, kind) for kind in held]
        return [(fate, kind) for fate, kind in kinds if fate in wanted]

    def _allowed(self) -> int | None:
        """Say what may be eliminated: all that had ended through this time; None: nothing."""
        if not self._desk.force.policy.public_archive:
            return self._now
        if self._approval is None:
            return None
        self.visa = self._approval[0]
        return min(self._now, self._approval[1])

    def _sources(self) -> Iterator[tuple[str, int]]:
        # What is on its way now may have its definitions stored first.
        yield "source", self._desk.endings.forget_sources(self._desk.tenant, before=self._now - _HOUR)

    def _documents(self) -> Iterator[tuple[str, int]]:
        days, through = self._desk.force.policy.document_days, self._allowed()
        if days is None or through is None:
            return
        last = through - days * months.DAY
        while number := self._desk.vault.end_documents(self._desk.tenant, through=last, limit=_DOCUMENTS_AT_ONCE):
            yield "document", number

    def _rest(self) -> Iterator[tuple[str, int]]:
        """Let go of what served accountability alone, as long as the audit trail tells of it."""
        desk, through = self._desk, self._now - self._desk.settings.audit_days * months.DAY
        yield "credential", desk.vault.drop_credentials(desk.tenant, revoked_through=through)
        yield "quarantine", desk.vault.prune_quarantine(now=self._now, tenant=desk.tenant)
        yield "presence", desk.vault.prune_presences(now=self._now, tenant=desk.tenant)
        yield "dead letter", desk.vault.drop_old_letters(desk.tenant, tried_through=through)
        desk.vault.end_suppression(now=self._now)
        yield "audit segment", desk.audit.prune()

    def settle(self) -> None:
        """Return when the old bytes are off the disk."""
        given_up = time.monotonic() + _PATIENCE
        while not self._desk.endings.settled():
            if time.monotonic() > given_up:
                raise StoreUnavailable("the engine has not let go of old files yet", hint="Call it again: it goes on where it was.")
            time.sleep(_BETWEEN)
