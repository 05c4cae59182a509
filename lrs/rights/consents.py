"""The ledger of consents, put together: in an open store, or alone, so that a running server need not stop for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lrs.access import LOCAL, Principal, Scope, View, software_authority
from lrs.crypto.providers import open_keyring
from lrs.privacy.audit import Audit, open_trail
from lrs.privacy.consent.ledger import Ledger
from lrs.privacy.identity import Identities
from lrs.privacy.policy.reader import policy_of
from lrs.privacy.suppression import Suppression
from lrs.rights.persons import sids_of
from lrs.storage.vault import Vault

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.privacy.policy import Policy
    from lrs.settings import Settings

_MICROSECONDS = 1_000_000


def ledger(
    vault: Vault,
    *,
    keys: Callable[[str], TenantKeys],
    policy: Callable[[str], Policy],
    owner: Principal,
    clock: Callable[[], int],
    audit: Audit,
) -> Ledger:
    """Put the ledger of a vault together."""

    def identities(tenant: str) -> Identities:
        suppression = Suppression(tenant, keys(tenant), vault, clock=clock)
        return Identities(tenant, keys(tenant), vault, month=lambda: _month(clock()), suppression=suppression)

    return Ledger(
        vault,
        sids_of=lambda tenant, person: sids_of(vault, keys(tenant), tenant, person),
        identities=identities,
        policy=policy,
        owner=owner,
        clock=clock,
        audit=audit,
    )


@contextmanager
def open_ledger(settings: Settings, *, tenant: str | None = None) -> Iterator[Ledger]:
    """Open the ledger alone, for a tenant, that of the settings if not given: the vault, not the warehouse, which catches up when it is read."""

    def clock() -> int:
        return time.time_ns() // 1000

    def keys(name: str) -> TenantKeys:
        found = open_keyring(settings, create=False).tenant(name)
        vault.check_keyring(name, found.check)
        return found

    owner = Principal(
        tenant=tenant or settings.tenant,
        credential_id=LOCAL,
        scopes=frozenset({Scope.ALL}),
        view=View.IDENTIFIED,
        authority=software_authority(settings.home_page, LOCAL),
    )
    vault, audit = Vault.open(settings), open_trail(settings, clock=clock)
    try:
        yield ledger(vault, keys=keys, policy=lambda name: policy_of(settings, name), owner=owner, clock=clock, audit=audit)
    finally:
        audit.close()
        vault.close()


def _month(now: int) -> int:
    day = datetime.fromtimestamp(now / _MICROSECONDS, UTC)
    return day.year * 100 + day.month
