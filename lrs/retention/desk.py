"""What seeing to the end of one tenant's data needs: both stores, its policy and keys, the clock, the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import attrs

from lrs.access import LOCAL
from lrs.privacy.audit import Event
from lrs.privacy.documents import TENANT
from lrs.privacy.reveal import Revealer
from lrs.storage.contract import (
    ConsentStore,
    EndingStore,
    ErasureStore,
    InactiveStore,
    PersonStore,
    PresenceStore,
    QuarantineStore,
    SubjectStore,
)

if TYPE_CHECKING:
    from pathlib import Path

    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.notes import NoteSigner
    from lrs.privacy.audit import Audit
    from lrs.privacy.policy.force import InForce
    from lrs.privacy.projects import Projects
    from lrs.settings import Settings


class Vault(SubjectStore, PersonStore, ConsentStore, InactiveStore, ErasureStore, QuarantineStore, PresenceStore, Protocol):
    """What retention needs of the vault."""


@attrs.frozen(eq=False, kw_only=True, slots=False)
class Desk:
    """One tenant's. ``through`` gives the time up to which all that is stored can be read, ``forget`` drops people from every memory of this process."""

    tenant: str
    force: InForce
    vault: Vault
    endings: EndingStore
    keys: TenantKeys
    projects: Projects
    signer: NoteSigner
    audit: Audit
    settings: Settings
    clock: Callable[[], int]
    through: Callable[[], int]
    forget: Callable[[], None]

    @property
    def folder(self) -> Path:
        """Where what is left of statements that ended is put."""
        return self.settings.data / "retention"

    @cached_property
    def revealer(self) -> Revealer:
        """Who knows people again, and their texts."""
        return Revealer(self.tenant, self.keys, self.vault, self.projects)

    @cached_property
    def reserved(self) -> int:
        """The subject that stands for the tenant itself, which is nobody; 0 where there is none."""
        index = self.keys.blind_index(TENANT.ifi)
        found = self.vault.subjects(self.tenant, [index]).get(index)
        return 0 if found is None else found[0]

    def record(self, action: str, *, thing: str = "", sids: tuple[int, ...] = (), **counts: int) -> None:
        """Have the audit trail say what was done."""
        self.audit.record(Event(action=action, tenant=self.tenant, credential=LOCAL, object=thing, counts=counts, sids=sids))
