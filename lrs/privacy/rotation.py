"""Rotation of a tenant's key encryption key: a new epoch, every person's key wrapped anew, the old epoch destroyed.

No statement, spelling or sealed text is touched. What destroying the old epoch gains is that old backups of the vault hold keys that nobody can
unwrap any more, those of erased people among them (GDPR art. 17). It can be stopped at any moment and goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from lrs.access import LOCAL
from lrs.crypto.document import LIVE_EPOCHS, two_are_live
from lrs.crypto.providers import open_keyring
from lrs.errors import ConfigurationError
from lrs.privacy.audit import Audit, Event, open_trail
from lrs.storage.contract import EpochStore
from lrs.storage.vault import Vault

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.settings import Settings

_BATCH = 10_000
"""Keys in one transaction: writers wait for it about a tenth of a second."""


class EpochState(msgspec.Struct, frozen=True):
    """An epoch of a tenant: when it was made (RFC 3339), how many keys it wraps, and whether new ones are wrapped by it."""

    tenant: str
    epoch: int
    created: str
    keys: int
    current: bool


class Rotation:
    """The KEKs of one tenant, as the one who looks after them sees them."""

    def __init__(self, tenant: str, keys: TenantKeys, store: EpochStore, audit: Audit) -> None:
        self._audit = audit
        self._tenant = tenant
        self._keys = keys
        self._store = store

    def states(self) -> list[EpochState]:
        """Give the epochs that are there, and those that keys still need though they are gone (``created`` is empty), oldest first."""
        epochs, counts = self._keys.keks.epochs(), self._store.epoch_counts(self._tenant)
        return [
            EpochState(self._tenant, epoch, epochs.get(epoch, ""), counts.get(epoch, 0), epoch == max(epochs))
            for epoch in sorted({*epochs, *counts})
        ]

    def begin(self) -> int:
        """Begin a new epoch, or take up the rotation that was stopped -> how many keys are to be wrapped anew.

        Raises :class:`lrs.errors.ConfigurationError` when an old epoch that wraps nothing has yet to be destroyed.
        """
        self._keys.keks.refresh()
        epochs = self._keys.keks.epochs()
        if len(epochs) < LIVE_EPOCHS:
            self._keys.keks.rotate()
        elif not self._left():
            raise two_are_live(min(epochs))
        # Before anything is rewrapped, so that whoever still wraps under the old epoch is refused and learns of the new one.
        self._store.begin_epoch(self._tenant, self._keys.current_epoch)
        left = self._left()
        self._record("begin epoch", epoch=self._keys.current_epoch, keys=left)
        return left

    def rewrap(self) -> Iterator[int]:
        """Wrap the keys of older epochs anew, in durable batches -> the size of each."""
        after = None
        while found := self._store.older_keys(self._tenant, self._keys.current_epoch, after=after, limit=_BATCH):
            epoch, fresh = self._keys.rewrapped(dict(found))
            self._store.rewrap(self._tenant, epoch, [(sid, key, fresh[sid]) for sid, key in found])
            after = found[-1][0]
            self._record("rewrap keys", epoch=epoch, keys=len(found))
            yield len(found)

    def destroy(self, epoch: int) -> None:
        """Destroy an old epoch for ever; raises :class:`lrs.errors.ConfigurationError` while it is current or wraps any key."""
        self._keys.keks.refresh()
        if epoch not in self._keys.keks.epochs():
            raise ConfigurationError(f"there is no epoch {epoch}", hint="`lrs keys status` lists those that are there.")
        if epoch == self._keys.current_epoch:
            raise ConfigurationError(f"epoch {epoch} is the current one", hint="Rotate first: lrs keys rotate")
        left = self._store.retire_epoch(self._tenant, epoch)
        if left:
            raise ConfigurationError(f"epoch {epoch} still wraps {left} keys", hint="Finish the rotation first: lrs keys rotate")
        self._record("destroy epoch", epoch=epoch)
        self._keys.keks.destroy(epoch)

    def _record(self, action: str, **counts: int) -> None:
        self._audit.record(Event(action=action, tenant=self._tenant, credential=LOCAL, counts=counts))

    def _left(self) -> int:
        return sum(number for epoch, number in self._store.epoch_counts(self._tenant).items() if epoch < self._keys.current_epoch)


@contextmanager
def open_rotations(settings: Settings) -> Iterator[dict[str, Rotation]]:
    """Open keyring and vault, not the warehouse -> the rotation of each tenant; a running server need not stop for it."""
    vault, audit = Vault.open(settings), open_trail(settings, clock=lambda: time.time_ns() // 1000)
    try:
        keyring = open_keyring(settings, create=False)
        for name in keyring.tenants:
            vault.check_keyring(name, keyring.tenant(name).check)
        yield {name: Rotation(name, keyring.tenant(name), vault, audit) for name in keyring.tenants}
        # What was wrapped before is out of SQLite's log file too.
        vault.checkpoint()
    finally:
        audit.close()
        vault.close()
