"""A store being opened: its settings, its engines and files, and how they are wired; what :class:`lrs.LRS` is made of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Self

from lrs.access import LOCAL, Action, Principal, Scope, View, software_authority
from lrs.committer import Committer
from lrs.credentials import Credentials
from lrs.crypto.providers import open_keyring
from lrs.documents import Documents
from lrs.errors import NotPermitted
from lrs.exchange import targets
from lrs.exchange.channel import Origin
from lrs.exchange.forward import Forwarding
from lrs.intake import Intake
from lrs.metrics import Metrics
from lrs.privacy import mentions
from lrs.privacy.audit import REFUSED, Audit, Event
from lrs.privacy.consent.mirror import Mirror
from lrs.privacy.consent.readings import Readings
from lrs.privacy.identity import Identities
from lrs.privacy.policy.changes import record_changes
from lrs.privacy.policy.force import Policies
from lrs.privacy.projects import Projects
from lrs.privacy.quarantine import Quarantine
from lrs.privacy.suppression import Suppression
from lrs.read import Reader
from lrs.rights import consents
from lrs.rights.erasure import Erasures, Place
from lrs.rights.erasure.ledger import Ledger
from lrs.second import Second
from lrs.spool.folder import Folder, Waiting, folder_of
from lrs.spool.spooling import Spooling
from lrs.storage.vault import Vault
from lrs.storage.warehouse import Warehouse
from lrs.stored import SharedTimes, StoredTimes, Times
from lrs.write import Preparer, TenantWriter, Writer
from lrs.xapi.formats import month_of

if TYPE_CHECKING:
    from lrs.crypto.keyring import Keyring, TenantKeys
    from lrs.oidc.bearer import Bearers
    from lrs.privacy.policy import Policy
    from lrs.settings import Settings


class Opened:
    """What a store needs before it serves anybody, opened in this order and closed in the other one."""

    def __init__(self, settings: Settings, *, clock: Callable[[], int] | None = None) -> None:
        self.settings = settings
        self._clock = clock or _microseconds
        self._owner = Principal(
            tenant=settings.tenant,
            credential_id="local",
            scopes=frozenset({Scope.ALL}),
            view=View.IDENTIFIED,
            authority=software_authority(settings.home_page, "local"),
        )
        self._policies = Policies(settings)
        # A policy that can't be followed keeps the store closed.
        digest = self._digest(settings.tenant)
        with ExitStack() as opened:
            self._open_stores(opened, digest)
            self._wire_paths(opened)
            self._wire_rooms()
            opened.callback(self._intake.close)
            # Before anything is served: what was interrupted, and whoever a restore brought back.
            self.erasures.resume()
            if self._spooling is not None:
                self._spooling.start(self._committer)
                opened.callback(self._spooling.close)
            self._open = opened.pop_all()

    def _open_stores(self, opened: ExitStack, digest: str) -> None:
        """Open vault, keyring, warehouse and audit trail, and agree on the time with whoever else writes."""
        self._vault = Vault.open(self.settings)
        opened.callback(self._vault.close)
        self._keyring = self._checked_keyring(create=not self._vault.tenants())
        self._warehouse = Warehouse.open(self.settings)
        opened.callback(self._warehouse.close)
        self._audit = Audit(self.settings, signer=lambda: self._keyring.signer, keys=self._keys, clock=self._clock, policy=self._digest)
        opened.callback(self._audit.close)
        self._audit.record(Event(action="open the store", credential=LOCAL, policy=digest))
        record_changes(self._vault, self._audit, self._digest)
        self._times = self._agreed_times()
        opened.callback(self._times.close)

    def _wire_paths(self, opened: ExitStack) -> None:
        """Put together the path in and the path out."""
        self._writers: dict[str, TenantWriter] = {}
        self._projects: dict[str, Projects] = {}
        self._second = Second(self._policy, self.settings)
        opened.callback(self._second.end)
        self._preparer = Preparer(self.settings, self._policies.of, self._keys, capacity=self._second.capacity)
        self._readings = Readings(self._policy, Mirror(self._vault, self._warehouse), self._clock)
        self._reader = Reader(
            self._vault,
            self._warehouse,
            keys=self._keys,
            settings=self.settings,
            clock=self._clock,
            audit=self._audit,
            projects=self._projects_of,
            readings=self._readings,
        )
        self.metrics = Metrics(
            waiting_statements=lambda: self._committer.waiting.size,
            waiting_batches=lambda: len(self._committer.waiting),
            spooled_statements=lambda: self.spooled.statements,
            spooled_bytes=lambda: self.spooled.size,
            spool_unreadable=lambda: self.spooled.unreadable,
        )
        self._writer = Writer(
            tenants=self._tenant,
            warehouse=self._warehouse,
            stored=self._reader.stored_json,
            times=self._times,
            policy=self._policies.of,
            audit=self._audit,
            forget=self._forget,
            metrics=self.metrics,
        )
        self._spooling = None if self.settings.warehouse is None else self._opened_spool()
        self._committer = Committer(
            self._spooling.prepare if self._spooling else self._writer.prepare,
            self._writer.store,
            group=self.settings.group_statements,
            queue=self.settings.queue_statements,
            rescue=self._spooling.rescue if self._spooling else lambda _: None,
        )
        opened.callback(self._committer.close)

    def _wire_rooms(self) -> None:
        """Put together what every store has beside its paths."""
        self.documents = Documents(
            self._vault,
            keys=self._keys,
            owner=self._owner,
            clock=self._clock,
            month=self._month,
            largest=self.settings.max_document_bytes,
            audit=self._audit,
            readings=self._readings,
        )
        self.consent = consents.ledger(
            self._vault, keys=self._keys, policy=self._policy, owner=self._owner, clock=self._clock, audit=self._audit
        )
        self.credentials = Credentials(self._vault, self.settings, clock=self._clock, audit=self._audit)
        self.quarantine = Quarantine(
            self._vault, keys=self._keys, clock=self._clock, audit=self._audit, most=self.settings.max_quarantine_bytes
        )
        self.quarantine.prune()
        self._vault.prune_presences(now=self._clock())
        self._intake = Intake(self._preparer, self._committer, self.quarantine, self._second, self.settings, self._refusals)
        self._bearers = self._issuers_bearers()
        self.erasures = Erasures(self._place_of_erasures())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"LRS(data={str(self.settings.data)!r})"

    def close(self) -> None:
        """Store what was taken, then release engines and files. Calling it twice is no error."""
        self._open.close()

    @property
    def owner(self) -> Principal:
        """Who calls without a principal: the program that opened the store."""
        return self._owner

    @property
    def spooled(self) -> Waiting:
        """How much waits in the spool for the warehouse."""
        return Waiting() if self._spooling is None else self._spooling.folder.waiting()

    @property
    def pings(self) -> dict[str, Callable[[], None]]:
        """What asks each store whether it answers, and raises :class:`lrs.StoreUnavailable` if it does not."""
        return {"vault": self._vault.ping, "warehouse": self._warehouse.ping}

    @cached_property
    def forwarding(self) -> Forwarding:
        """The record stores that statements are forwarded to, as ``forward.toml`` names them; raises :class:`lrs.ConfigurationError`."""
        origin = Origin(
            vault=self._vault,
            reader=self._reader,
            naming=lambda tenant, sids, until: self._warehouse.naming(tenant, sids, until=until, now=self._clock()),
            keys=self._keys,
            through=self._times.consistent_through,
            newest=self._warehouse.last_stored,
            clock=self._clock,
            audit=self._audit,
            home_page=self.settings.home_page,
        )
        return Forwarding(targets.load(self.settings), origin)

    def _ping(self) -> None:
        for ping in self.pings.values():
            ping()

    def _opened_spool(self) -> Spooling:
        return Spooling(
            Folder(folder_of(self.settings), self._keys, most=self.settings.spool_bytes),
            prepare=self._writer.prepare,
            preparer=self._preparer,
            known=lambda tenant: frozenset(each.id for each in self._policy(tenant).purposes),
            ping=self._ping,
            quarantine=lambda: self.quarantine,
            audit=self._audit,
            clock=self._clock,
        )

    def _issuers_bearers(self) -> Bearers | None:
        if self.settings.oidc_issuer is None:
            return None
        from lrs.oidc.bearer import Bearers

        return Bearers(self.settings, keys=self._keys)

    def _agreed_times(self) -> Times:
        """Give out times alone where the warehouse is embedded; to a server other processes write too."""
        last = self._warehouse.last_stored()
        return (StoredTimes if self.settings.warehouse is None else SharedTimes)(self._vault, self._clock, last)

    def _place_of_erasures(self) -> Place:
        ledger = Ledger(self._vault, self._keys, self._audit, self._clock, self.settings.home_page, self.settings.suppression_days)
        return Place(
            ledger=ledger,
            warehouse=self._warehouse,
            signer=lambda: self._keyring.signer,
            quiet=self._committer.alone,
            forget=self._forget,
            tell=lambda ids, tenant: self.forwarding.tell_erasure(ids, tenant=tenant),
            times=self._times,
            policy=self._digest,
            alone=self.settings.warehouse is None,
        )

    @contextmanager
    def _refusals(self, action: Action, principal: Principal | None) -> Iterator[None]:
        """Have the audit trail say who was refused; it is written within milliseconds, nobody waits for it."""
        try:
            yield
        except NotPermitted:
            self._audit.put(Event.by(principal or self._owner, action, outcome=REFUSED))
            raise

    def _checked_keyring(self, *, create: bool) -> Keyring:
        """Open the keyring and make sure that it is the one of this vault, before anything is written."""
        keyring = open_keyring(self.settings, create=create)
        for name in {*self._vault.tenants(), self.settings.tenant}:
            self._vault.check_keyring(name, keyring.tenant(name).check)
        return keyring

    def _keys(self, tenant: str) -> TenantKeys:
        if tenant not in self._keyring.tenants:
            # Another process may have added the tenant since.
            self._keyring = self._checked_keyring(create=False)
        return self._keyring.tenant(tenant)

    def _tenant(self, name: str) -> TenantWriter:
        writer = self._writers.get(name)
        if writer is None:
            keys = self._keys(name)
            suppression = Suppression(name, keys, self._vault, clock=self._clock)
            identities = Identities(name, keys, self._vault, month=self._month, suppression=suppression)
            writer = self._writers[name] = TenantWriter(keys, identities, suppression)
        return writer

    def _projects_of(self, tenant: str) -> Projects:
        found = self._projects.get(tenant)
        if found is None:
            made = Projects(tenant, self._keys(tenant), self._vault, clock=self._clock, month=self._month)
            found = self._projects.setdefault(tenant, made)
        return found

    def _policy(self, tenant: str) -> Policy:
        return self._policies.of(tenant).policy

    def _digest(self, tenant: str) -> str:
        return self._policy(tenant).digest

    def _month(self) -> int:
        return month_of(self._clock())

    def _ended(self, tenant: str) -> None:
        """Drop from memory the keys of a tenant that has ended."""
        with self._committer.alone():
            self._keyring = self._checked_keyring(create=False)
            self._writers.pop(tenant, None)
            self._projects.pop(tenant, None)
            self._forget()

    def _forget_all(self) -> None:
        with self._committer.alone():
            self._forget()

    def _forget(self) -> None:
        """Drop from memory whatever is cached of people: somebody was erased."""
        self._second.end()
        for writer in list(self._writers.values()):
            writer.identities.forget()
        self._preparer.forget()
        self._writer.forget()
        self._reader.forget()
        self.documents.forget()
        self.credentials.forget()
        if self._bearers is not None:
            self._bearers.forget()
        mentions.forget()


def _microseconds() -> int:
    return time.time_ns() // 1000
