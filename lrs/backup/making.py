"""Making a backup while the store works: statements first, then the vault, then the keys.

Whoever a statement names was in the vault before the statement was stored, and each key was wrapped by a KEK that was in the keyring before: what is
copied in this order lacks nobody. The three folders get the same name.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from lrs.access import LOCAL
from lrs.backup import kept, ledger, place
from lrs.backup.ledger import LEDGER_FILE
from lrs.backup.place import Manifest, Part
from lrs.backup.places import Places
from lrs.errors import ConfigurationError, LRSError, StoreUnavailable
from lrs.privacy.audit import DONE, FAILED, Audit, Event
from lrs.rounds import Stopped, rounds
from lrs.storage.vault.backups import epochs_in
from lrs.stored import MICROSECONDS
from lrs.xapi.formats import format_timestamp

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.notes import NoteSigner
    from lrs.settings import Settings
    from lrs.storage.vault import Vault
    from lrs.storage.warehouse import Warehouse

_log = logging.getLogger("lrs.backup")
VAULT_FILE = "vault.sqlite"
_ATTEMPTS = 5
_LOOK_AGAIN = 60.0
_WHOLE = 7 * 86_400 * MICROSECONDS
"""For how long others add to a whole backup: it has to be kept with them, and holds what was deleted since."""


class Backups:
    """Backups of a store that is open."""

    def __init__(
        self,
        settings: Settings,
        *,
        vault: Vault,
        warehouse: Warehouse,
        signer: Callable[[], NoteSigner],
        keys: Callable[[str], TenantKeys],
        audit: Audit,
        clock: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._vault = vault
        self._warehouse = warehouse
        self._signer = signer
        self._keys = keys
        self._audit = audit
        self._clock = clock

    def make(self, *, full: bool = False) -> list[Manifest]:
        """Make a backup in the three places of the settings -> what each holds now.

        Statements that a whole backup of the last seven days holds are not copied again, unless ``full``. Raises
        :class:`lrs.errors.ConfigurationError`, :class:`lrs.errors.StoreUnavailable`.
        """
        places, at = Places.of(self._settings), self._clock()
        name = format_timestamp(at).replace("-", "").replace(":", "")
        made: list[Manifest] = []
        try:
            made += self._made(places, name, at, full=full)
        finally:
            outcome, counts = (DONE, {part.part.value: part.size for part in made}) if made else (FAILED, {})
            self._audit.record(Event(action="back up", credential=LOCAL, outcome=outcome, object=name, counts=counts))
        return made

    def regularly(self, *, every: float) -> AbstractContextManager[None]:
        """Make a backup whenever the newest is older than so many seconds, while the block runs; what goes wrong is logged, and tried again."""
        Places.of(self._settings)

        def make_if_old(_stopped: Stopped) -> None:
            if self._age() >= every:
                self.make()

        return rounds("lrs-backup", make_if_old, every=min(every, _LOOK_AGAIN), failed=_log_error, at_once=True)

    def _age(self) -> float:
        """Say how many seconds ago the newest backup began."""
        manifests = place.ours(Places.of(self._settings).keys, self._signer().key)
        newest = max((manifest.at for manifest in manifests), default=0)
        return (self._clock() - newest) / MICROSECONDS

    def _made(self, places: Places, name: str, at: int, *, full: bool) -> list[Manifest]:
        base = None if full else self._newest_whole(places.statements, since=at - _WHOLE)
        server = "" if self._settings.warehouse is None else str(self._server_folder() / name)
        with (
            place.making(places.statements, name) as statements,
            place.making(places.vault, name) as vault,
            place.making(places.keys, name) as keys,
        ):
            self._warehouse.back_up(server or str(statements), None if base is None else source(places.statements, base))
            self._copy_vault_and_keys(vault / VAULT_FILE, keys)
            backup, signer = secrets.token_hex(16), self._signer()
            for folder in (vault, keys):
                place.write(folder / LEDGER_FILE, ledger.written(self._vault, signer, self._keys, at=at).encode())
            return [
                place.seal(
                    statements, Manifest(part=Part.STATEMENTS, name=name, backup=backup, at=at, base=_name(base), server=server), signer
                ),
                place.seal(vault, Manifest(part=Part.VAULT, name=name, backup=backup, at=at), signer),
                place.seal(keys, Manifest(part=Part.KEYS, name=name, backup=backup, at=at), signer),
            ]

    def _newest_whole(self, root: Path, *, since: int) -> Manifest | None:
        manifests = place.ours(root, self._signer().key)
        return next((manifest for manifest in reversed(manifests) if not manifest.base and manifest.at > since), None)

    def _copy_vault_and_keys(self, vault: Path, keys: Path) -> None:
        """Copy both so that they fit: an epoch that is begun or destroyed meanwhile makes it start again."""
        for _ in range(_ATTEMPTS):
            vault.unlink(missing_ok=True)
            self._vault.back_up(vault)
            kept.copy(self._settings, keys)
            if kept.suits(kept.keyring(self._settings, keys), epochs_in(vault)):
                return
        raise StoreUnavailable("keys are being rotated and destroyed all the time", hint="Make the backup when that is over.")

    def _server_folder(self) -> Path:
        if self._settings.warehouse_backups is None:
            raise ConfigurationError(
                "a ClickHouse server makes its backups on its own machine", hint="Say where, with the setting warehouse_backups."
            )
        return self._settings.warehouse_backups


def source(root: Path, manifest: Manifest) -> str:
    """Give the folder from which the engine takes the statements of a backup."""
    return manifest.server or str(root / manifest.name)


def _name(base: Manifest | None) -> str:
    return "" if base is None else base.name


def _log_error(error: LRSError) -> None:
    _log.error("no backup could be made: %s", error.message)
