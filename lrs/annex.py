"""What is put onto an open store when somebody first asks for it: most programs need none of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property

from lrs.access import Principal
from lrs.accountability.breaches import Breaches
from lrs.accountability.request import Kind
from lrs.accountability.requests import Requests
from lrs.backup.making import Backups
from lrs.exchange import emitters
from lrs.exchange.forward import Standing
from lrs.exchange.reception import Reception
from lrs.exchange.replay import Replay
from lrs.opening import Opened
from lrs.privacy.presence import Presences
from lrs.retention.desk import Desk
from lrs.retention.retention import Retention
from lrs.rights.subjects import Subjects
from lrs.streams import LineOutcome
from lrs.tenants.tenants import Tenants


class Annex(Opened):
    """An open store, and the rooms in which the rarer work is done, each made once."""

    @cached_property
    def reception(self) -> Reception:
        """The platforms whose events are taken, as ``sources.toml`` names them; raises :class:`lrs.ConfigurationError`."""
        return Reception(emitters.load(self.settings), self._take, presences=self._presences, quarantine=self.quarantine, audit=self._audit)

    def _presences(self, tenant: str, source: str) -> Presences:
        return Presences(tenant, source, vault=self._vault, keys=self._keys(tenant), clock=self._clock)

    @cached_property
    def replays(self) -> Replay:
        """What tries quarantined entries once more: those that other processes ask for while ``replays.following()`` runs."""
        return Replay(self.quarantine, self._take, lambda: self.reception, self.credentials.principal)

    @cached_property
    def requests(self) -> Requests:
        """The register of what persons asked for."""
        return Requests(self._vault, tenant=self.settings.tenant, keys=self._keys, clock=self._clock, audit=self._audit)

    @cached_property
    def retention(self) -> Retention:
        """What ends when, and taking it off the disk; who has to be warned before they are forgotten."""
        return Retention(self._desk, tenant=self.settings.tenant)

    @cached_property
    def tenants(self) -> Tenants:
        """The tenants of the store: who they are, what they get back, and their end."""
        return Tenants(
            self.settings,
            vault=self._vault,
            warehouse=self._warehouse,
            keys=self._keys,
            projects=self._projects_of,
            policy=self._policies.of,
            signer=lambda: self._keyring.signer,
            audit=self._audit,
            clock=self._clock,
            ingest=self._intake.ingest,
            documents=self.documents,
            ended=self._ended,
            outlast=self._times.outlast,
        )

    @cached_property
    def backups(self) -> Backups:
        """Backups into the three places of the settings, while the store works."""
        return Backups(
            self.settings,
            vault=self._vault,
            warehouse=self._warehouse,
            keys=self._keys,
            signer=lambda: self._keyring.signer,
            audit=self._audit,
            clock=self._clock,
        )

    @cached_property
    def subjects(self) -> Subjects:
        """What a person may ask for: what is kept of them, a copy of it, to have it corrected; see :class:`lrs.rights.subjects.Subjects`."""
        return Subjects(
            settings=self.settings,
            vault=self._vault,
            warehouse=self._warehouse,
            keys=self._keys,
            revealer=self._reader.revealer,
            policy=lambda tenant: self._policies.of(tenant).policy,
            targets=self._standing,
            signer=lambda: self._keyring.signer,
            through=self._times.consistent_through,
            meeting=self._meeting,
            clock=self._clock,
            audit=self._audit,
        )

    @cached_property
    def breaches(self) -> Breaches:
        """The register of breaches."""
        return Breaches(self._vault, tenant=self.settings.tenant, clock=self._clock, audit=self._audit)

    def _desk(self, tenant: str) -> Desk:
        return Desk(
            tenant=tenant,
            force=self._policies.of(tenant),
            vault=self._vault,
            endings=self._warehouse.endings,
            keys=self._keys(tenant),
            projects=self._projects_of(tenant),
            signer=self._keyring.signer,
            audit=self._audit,
            settings=self.settings,
            clock=self._clock,
            through=self._times.consistent_through,
            forget=self._forget_all,
        )

    def _meeting(self, request: int | None, kinds: Sequence[str], sids: Collection[int], tenant: str) -> AbstractContextManager[None]:
        """Do what a request of one of these kinds asks for, or what nobody asked for in the register."""
        return nullcontext() if request is None else self.requests.meeting(request, *map(Kind, kinds), sids=sids, tenant=tenant)

    def _standing(self) -> list[Standing]:
        return self.forwarding.standing()

    def _take(self, lines: Iterator[bytes], principal: Principal) -> Iterator[LineOutcome]:
        return self._intake.lines(lines, principal)
