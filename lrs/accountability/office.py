"""Everything about breaches that is open at once: vault, keyring and trail; the warehouse only while its statements are counted."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from lrs.access import LOCAL, Action
from lrs.accountability import notification
from lrs.accountability.assessment import Assessment, Assessor
from lrs.accountability.breaches import Breaches
from lrs.crypto.providers import open_keyring
from lrs.errors import ConfigurationError
from lrs.privacy.audit import Audit, Event, open_trail
from lrs.privacy.policy.reader import policy_of
from lrs.privacy.receipts import signed
from lrs.storage.vault import Vault
from lrs.storage.warehouse import Warehouse

if TYPE_CHECKING:
    from lrs.crypto.keyring import Keyring
    from lrs.settings import Settings


class Office:
    """Where a breach is assessed, told and entered."""

    def __init__(self, settings: Settings, vault: Vault, keyring: Keyring, audit: Audit) -> None:
        self._settings = settings
        self._vault = vault
        self._keyring = keyring
        self._audit = audit
        self.breaches = Breaches(vault, tenant=settings.tenant, clock=self.now, audit=audit)
        self.assessor = Assessor(settings, vault, keyring, audit, held=self._held)

    def now(self) -> int:
        """Give the time in microseconds since 1970 UTC."""
        return time.time_ns() // 1000

    def told(self, made: Assessment, form: str, *, aware: int, language: str) -> str:
        """Write an assessment: as a signed ``receipt``, the facts as ``json``, a ``html`` page for the authority, a ``notice`` to the controller."""
        receipt, policy = notification.receipt(made, self.now()), policy_of(self._settings, made.tenant)
        if form == "json":
            return msgspec.json.encode(receipt.facts, order="sorted").decode() + "\n"
        if form == "html":
            return notification.page(made, policy, aware=aware, language=language)
        if form == "notice":
            return notification.notice(made, policy, aware=aware, now=self.now(), language=language)
        return signed(receipt, self._keyring.signer)

    def write_people(self, made: Assessment, path: Path) -> None:
        """Write whom a credential saw, as far as they are known still: an agent a line, in a file for its owner alone. The trail says so first."""
        if not made.sids:
            raise ConfigurationError(
                "nobody can be named", hint="Who was in a store or a backup is everybody in it; credentials and exports have whom they saw."
            )
        self._audit.record(
            Event(action=Action.READ_PERSONS, tenant=made.tenant, credential=LOCAL, counts={"people": len(made.sids)}, sids=made.sids)
        )
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(json + b"\n" for json in self._agents(made))

    def _agents(self, made: Assessment) -> Iterator[bytes]:
        keys = self._keyring.tenant(made.tenant)
        for sid, dek in keys.deks(self._vault.keys(made.tenant, sorted(made.sids))).items():
            fingerprint, sealed = self._vault.spellings(made.tenant, sid)[-1]
            yield dek.open("variant", fingerprint, sealed)

    def _held(self, tenant: str, until: int) -> int:
        warehouse = Warehouse.open(self._settings)
        try:
            return warehouse.held(tenant, until)
        finally:
            warehouse.close()


@contextmanager
def open_office(settings: Settings) -> Iterator[Office]:
    """Open the office of a store; a running server need not stop for it."""
    vault, audit = Vault.open(settings), open_trail(settings, clock=lambda: time.time_ns() // 1000)
    try:
        keyring = open_keyring(settings, create=False)
        vault.check_keyring(settings.tenant, keyring.tenant(settings.tenant).check)
        yield Office(settings, vault, keyring, audit)
    finally:
        audit.close()
        vault.close()
