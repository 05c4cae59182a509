"""``store.retention``: planning and carrying out the end of what is kept, for one tenant after another."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from lrs.errors import ConfigurationError
from lrs.retention import slip
from lrs.retention.certificate import certificate
from lrs.retention.enforcement import Enforcement, Step
from lrs.retention.inactivity import Warned, to_warn
from lrs.retention.mork import Followed, Mork, follow
from lrs.retention.plan import plan

if TYPE_CHECKING:
    from lrs.retention.desk import Desk
    from lrs.storage.contract import Ending

_VISA = re.compile(r"[0-9A-Za-z][0-9A-Za-z ./:_-]{2,99}")


class Applied(msgspec.Struct, frozen=True):
    """What a run did: how many of what, whether all that is due is done, and the signed certificate."""

    counts: Mapping[str, int]
    complete: bool
    certificate: str

    @property
    def waiting(self) -> int:
        """Statements that have ended and wait for the archives."""
        return self.counts.get("waiting for approval", 0) + self.counts.get("waiting for a folder", 0)


class Slip(msgspec.Struct, frozen=True):
    """A draft of an elimination slip, for people and for a spreadsheet, and the time through which it lists what has ended."""

    html: str
    csv: str
    through: int
    lines: int


class Retention:
    """The end of what is kept. Thread-safe. Each method takes the tenant that it is about; that of the settings if none is named."""

    def __init__(self, desk: Callable[[str], Desk], *, tenant: str) -> None:
        self._desk = desk
        self._tenant = tenant

    def plan(self, *, tenant: str = "") -> list[Ending]:
        """Say what ends when, by purpose and month; changes nothing."""
        return plan(self._of(tenant))

    def apply(
        self,
        *,
        tenant: str = "",
        transfers: Path | None = None,
        seconds: float | None = None,
        settle: bool = True,
        on_step: Callable[[Step], object] = lambda _: None,
    ) -> Applied:
        """Take off the disk what is past its limit, and forget who may be forgotten; returns when the bytes are gone.

        ``transfers`` is a folder for what the archives take over. ``seconds``: begin nothing more after that. Stopped, it goes on where it was when it is
        called again. ``settle=False`` does not wait for the engine to let go of old files, which takes seconds. Raises :class:`lrs.StoreUnavailable`.
        """
        desk = self._of(tenant)
        run = Enforcement(desk, transfers=transfers, on_step=on_step)
        counts, done = run.run(seconds)
        if settle and done:
            run.settle()
        return Applied(counts, done, certificate(desk, counts, done=done, settled=settle, visa=run.visa))

    def to_warn(self, *, tenant: str = "") -> Iterator[tuple[list[int], list[Warned]]]:
        """Give those who have to be warned now, page by page; :meth:`warned` says that they are."""
        desk = self._of(tenant)
        for sids, people in to_warn(desk):
            desk.record("list inactive people", sids=tuple(sids), people=len(people))
            yield sids, people

    def warned(self, sids: list[int], *, tenant: str = "") -> None:
        """Note that people were warned: so many days from now they may be forgotten, unless they are seen again."""
        desk = self._of(tenant)
        desk.vault.warn(desk.tenant, sids, at=desk.clock())
        desk.record("warn inactive people", sids=tuple(sids), people=len(sids))

    def follow(self, mork: Mork, *, erase: Callable[[dict[str, Any]], object], home_page: str = "", tenant: str = "") -> Followed:
        """Do what mork's list of accounts asks for, and tell it of whom nothing is left.

        ``erase`` erases an agent: those who asked for it themselves go at once. ``home_page`` is that of the platform's accounts. Raises
        :class:`lrs.StoreUnavailable`, :class:`lrs.NotAuthenticated`, :class:`lrs.NotPermitted`.
        """
        desk = self._of(tenant)
        return follow(desk, mork, home_page=home_page, erase=erase, now=desk.clock())

    def slip(self, *, tenant: str = "") -> Slip:
        """Draft the slip of what has ended and waits for the archives' approval."""
        desk = self._of(tenant)
        now = desk.clock()
        rows = slip.lines(desk, now=now)
        return Slip(slip.as_html(desk, rows, now=now), slip.as_csv(rows), now, len(rows))

    def approve(self, visa: str, *, through: int | None = None, tenant: str = "") -> None:
        """Note the archives' approval, by its reference: what had ended ``through`` a time (now, if none is given) may be eliminated."""
        desk = self._of(tenant)
        now = desk.clock()
        if not _VISA.fullmatch(visa):
            raise ConfigurationError("a visa is the reference of a letter: letters, digits and ./:_-, no name of a person")
        if through is not None and through > now:
            raise ConfigurationError("nobody can approve what has not ended yet", hint="--through takes the time that stands on the slip.")
        desk.vault.approve(desk.tenant, visa, through=now if through is None else through, at=now)
        desk.record("approve elimination", thing=visa)

    def _of(self, tenant: str) -> Desk:
        return self._desk(tenant or self._tenant)
