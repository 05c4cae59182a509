"""That a policy changed: noticed when a store opens, and written into the audit trail (ACC-1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from lrs.access import LOCAL
from lrs.errors import ConfigurationError
from lrs.privacy.audit.entry import Event

if TYPE_CHECKING:
    from lrs.privacy.audit import Audit

ACTION = "change the policy"


class Noted(Protocol):
    """Where it is noted under which policy a store was opened last: the vault."""

    def policies(self) -> Mapping[str, str]:
        """Tenant -> digest, empty where none was noted."""

    def note_policy(self, tenant: str, digest: str) -> None:
        """Note another one."""


def record_changes(noted: Noted, audit: Audit, digest: Callable[[str], str]) -> None:
    """Record of each tenant whose policy is another one than that of the last opening: the digests before and after.

    A tenant whose policy can't be read is passed over: nothing is done for it either.
    """
    for tenant, before in noted.policies().items():
        try:
            now = digest(tenant)
        except ConfigurationError:
            continue
        if before and before != now:
            audit.record(Event(action=ACTION, tenant=tenant, credential=LOCAL, object=f"{before} {now}", policy=now))
        if before != now:
            noted.note_policy(tenant, now)
