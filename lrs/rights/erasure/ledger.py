"""Where an erasure begins: in the ledger, from which whoever holds the store takes it up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import attrs

from lrs.access import LOCAL
from lrs.crypto.providers import open_keyring
from lrs.errors import Conflict, StoreUnavailable
from lrs.privacy.audit import Audit, Event, open_trail
from lrs.privacy.consent.entry import is_hidden
from lrs.privacy.suppression import Suppression
from lrs.rights.erasure.whom import Vault as People
from lrs.rights.erasure.whom import Whom, known, whom
from lrs.storage.contract import EVERY_PURPOSE, ConsentStore, Erasure, ErasureState, ErasureStore, TenantStore
from lrs.storage.vault import Vault as OpenVault

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.settings import Settings
    from lrs.xapi.model import Person

PLAN, ERASE = "plan an erasure", "erase a person"
_DAY = 86_400_000_000
_SAID = {"subjects": "subject", "identifiers": "identifier", "spellings": "variant", "documents": "document"}
_PAUSE = 0.2
Step = Callable[[ErasureState], object]
"""Told how far an erasure is."""


class Vault(People, ConsentStore, ErasureStore, TenantStore, Protocol):
    """What an erasure needs of the vault."""


@attrs.frozen
class Ledger:
    """The ledger of erasures; ``days`` is how long what was erased is not taken in again."""

    vault: Vault
    keys: Callable[[str], TenantKeys]
    audit: Audit
    clock: Callable[[], int]
    home_page: str
    days: int

    def whom(self, person: Person, tenant: str) -> Whom:
        """Find a person under every identifier; raises :class:`lrs.InvalidRequest` for an agent that stands for a credential."""
        return whom(self.vault, self.keys(tenant), tenant, person, home_page=self.home_page)

    def known(self, sids: Sequence[int], tenant: str) -> Whom:
        """Say what is known of some numbers."""
        return known(self.vault, self.keys(tenant), tenant, sids)

    def counts(self, found: Whom, tenant: str) -> dict[str, int]:
        """Say how much the vault holds of a person."""
        kept = self.vault.kept(tenant, found.sids)
        return {name: kept[table] for name, table in _SAID.items()} | {"credentials": len(found.credentials), "told": 0}

    def check_restriction(self, found: Whom, tenant: str) -> None:
        """Raise :class:`lrs.Conflict` where the person has the processing restricted: what they may need for a claim is to stay (GDPR art. 18(1)(c))."""
        said = [row for row in self.vault.consents(tenant, found.sids) if row.purpose == EVERY_PURPOSE]
        if is_hidden(sorted(said, key=lambda row: (row.at, row.number))):
            raise Conflict(
                "the processing of this person's data is restricted",
                hint="If they want it all the same: --despite-restriction, despite_restriction.",
            )

    def request(self, found: Whom, tenant: str, counts: Mapping[str, int]) -> Erasure:
        """Put an erasure down: from now on nothing of the person is taken in, and nobody calls in their name."""
        at = self.clock()
        self.audit.record(Event(action=ERASE, tenant=tenant, credential=LOCAL, counts=counts, sids=found.sids))
        entry = self.vault.request_erasure(
            tenant, found.sids, self.suppressing(found, tenant), at=at, until=at + self.days * _DAY, counts=counts
        )
        # Here, because whoever takes the entry up finds them by what the vault has of the person, who may have written nothing.
        self.vault.shred(tenant, (), found.credentials)
        return entry

    def suppressing(self, found: Whom, tenant: str) -> list[bytes]:
        """Give the keys under which a person's identifiers are suppressed."""
        suppression = self.suppression(tenant)
        return [suppression.person_key(each) for each in found.identifiers]

    def suppression(self, tenant: str) -> Suppression:
        """Give what is suppressed in a tenant."""
        return Suppression(tenant, self.keys(tenant), self.vault, clock=self.clock)

    def waiting(self) -> list[Erasure]:
        """Give the entries that are not over, but for those of tenants that have ended: nothing of these is to be left anyway."""
        waiting = [each for each in self.vault.erasures() if each.state is not ErasureState.DELETED]
        tenants = set(self.vault.tenants()) if waiting else set()
        return [each for each in waiting if each.tenant in tenants]

    def follow(self, entry: Erasure, *, step: Step, patience: float) -> Erasure:
        """Wait until whoever holds the store has done what an entry asks for -> the entry as it is then.

        Raises :class:`lrs.StoreUnavailable` when nothing happens for so many seconds.
        """
        step(entry.state)
        given_up = time.monotonic() + patience
        while entry.state is not ErasureState.DELETED:
            if time.monotonic() > given_up:
                raise StoreUnavailable(
                    "the erasure waits in the ledger: whoever holds the store has not taken it up",
                    hint="lrs serve does within seconds, any other program when it opens the store next.",
                )
            time.sleep(_PAUSE)
            (found,) = [each for each in self.vault.erasures() if each.seq == entry.seq]
            if found.state is not entry.state:
                given_up = time.monotonic() + patience
                step(found.state)
            entry = found
        return entry


@contextmanager
def open_ledger(settings: Settings, *, clock: Callable[[], int]) -> Iterator[Ledger]:
    """Open the ledger alone: the vault, not the warehouse, so that a running server need not stop for it."""
    vault, audit = OpenVault.open(settings), open_trail(settings, clock=clock)
    try:
        keyring = open_keyring(settings, create=False)
        yield Ledger(vault, keyring.tenant, audit, clock, settings.home_page, settings.suppression_days)
    finally:
        audit.close()
        vault.close()
