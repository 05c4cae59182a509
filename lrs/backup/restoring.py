"""Putting a backup back: into an empty data directory, only as a whole, and with the erasures since, before anything can be read."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

import attrs
import msgspec

from lrs.access import LOCAL
from lrs.backup import kept, place
from lrs.backup.ledger import LEDGER_FILE, Ledger, newest, replay
from lrs.backup.making import VAULT_FILE, source
from lrs.backup.place import Manifest, Part
from lrs.backup.places import Places
from lrs.crypto.providers import open_keyring, remove_tenant
from lrs.errors import ConfigurationError, KeyUnavailable, TamperedData
from lrs.privacy.audit import Event, open_trail
from lrs.storage.vault import Vault
from lrs.storage.vault import backups as vault
from lrs.storage.warehouse import Warehouse
from lrs.storage.warehouse import backups as warehouse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lrs.crypto.notes import NoteKey
    from lrs.settings import Settings

_STAGING = ".restoring"


class Chosen(msgspec.Struct, frozen=True):
    """The parts of a backup that belong together, each of them verified; ``base`` is what its statements add to."""

    statements: Manifest
    base: Manifest | None
    vault: Manifest
    keys: Manifest
    ledger: Ledger


def chosen(
    places: Places, settings: Settings, *, name: str | None = None, key: NoteKey | None = None, ledger: Path | None = None
) -> Chosen:
    """Choose a backup, the newest if it is not named, and verify all of it by a public key, by that of its own keyring if none is given.

    The keys may be newer than the rest, never older: whoever keeps keys for a shorter time than the rest shortens the time for which the erased can
    still be read. The ledger of erasures is the newest of all that are in the places, and of the file ``ledger``.

    Raises :class:`lrs.errors.ConfigurationError`, :class:`lrs.errors.TamperedData`.
    """
    name = name or _newest(places)
    kept_name = _name_of_keys(places, name)
    key = key or kept.keyring(settings, places.keys / kept_name).signer.key
    statements = place.verified(places.statements, name, Part.STATEMENTS, key)
    found = Chosen(
        statements,
        place.verified(places.statements, statements.base, Part.STATEMENTS, key) if statements.base else None,
        place.verified(places.vault, name, Part.VAULT, key),
        place.verified(places.keys, kept_name, Part.KEYS, key),
        newest([*_ledgers(places, key), *([ledger] if ledger else [])], key),
    )
    if found.statements.backup != found.vault.backup or (kept_name == name and found.keys.backup != found.vault.backup):
        raise TamperedData("statements, vault and keys are not of one backup", hint="Take all three from the same run of lrs backup.")
    return found


def restore(settings: Settings, places: Places, found: Chosen, *, clock: Callable[[], int]) -> None:
    """Put a backup back into the data directory of the settings, and into the databases that they name; all of these must be empty.

    Killed half-way, it leaves no data directory; called again, it begins anew. Raises :class:`lrs.errors.ConfigurationError`,
    :class:`lrs.errors.KeyUnavailable`.
    """
    _check_empty(settings.data)
    needed = vault.epochs_in(places.vault / found.vault.name / VAULT_FILE)
    for ended, _ in found.ledger.tenants:
        needed.pop(ended, None)
    if not kept.suits(kept.keyring(settings, places.keys / found.keys.name), needed):
        raise KeyUnavailable(
            "the vault of this backup needs keys that were destroyed", hint="Only the backup of the keyring of that day could open it."
        )
    staging = settings.data.with_name(settings.data.name + _STAGING)
    shutil.rmtree(staging, ignore_errors=True)
    try:
        _fill(attrs.evolve(settings, data=staging), places, found, clock)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    _take_place(staging, settings.data)


def _fill(settings: Settings, places: Places, found: Chosen, clock: Callable[[], int]) -> None:
    base = None if found.base is None else source(places.statements, found.base)
    warehouse.restore(settings, source(places.statements, found.statements), base)
    vault.restore(settings, places.vault / found.vault.name / VAULT_FILE)
    kept.put_back(places.keys / found.keys.name, settings)
    _replay(settings, found.ledger)
    _record(settings, found, clock)


def _ledgers(places: Places, key: NoteKey) -> list[Path]:
    """Give the newest ledger of each place that has one."""
    found = ((root, place.ours(root, key)) for root in (places.vault, places.keys))
    return [root / manifests[-1].name / LEDGER_FILE for root, manifests in found if manifests]


def _newest(places: Places) -> str:
    both = set(place.names(places.statements)) & set(place.names(places.vault))
    if not both:
        raise ConfigurationError("there is no backup of which statements and vault are both whole in these places")
    return max(both)


def _name_of_keys(places: Places, name: str) -> str:
    there = [each for each in place.names(places.keys) if each >= name]
    if not there:
        raise ConfigurationError("there is no backup of the keys that is as old as the vault's, or newer")
    return name if name in there else there[-1]


def _check_empty(data: Path) -> None:
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise ConfigurationError(f"{data} is not empty", hint="A backup is put back into a data directory that is empty or not there yet.")


def _replay(settings: Settings, ledger: Ledger) -> None:
    """Have the store know what happened since; what has to be done again for persons is done when it is opened, tenants that ended go now."""
    with ExitStack() as opened:
        store = Vault.open(settings)
        opened.callback(store.close)
        replay(ledger, store, open_keyring(settings, create=False).tenant)
        back = set(store.tenants()) & {name for name, _ in ledger.tenants}
        rows = Warehouse.open(settings)
        opened.callback(rows.close)
        for name, at in ledger.tenants:
            if name in back:
                store.end_tenant(name, at=at)
                remove_tenant(settings, name)
                store.drop_tenant(name)
                rows.drop_tenant(name)


def _record(settings: Settings, found: Chosen, clock: Callable[[], int]) -> None:
    """Say in the trail, which is the one of the backup again, that what comes now was not there when it was made."""
    audit = open_trail(settings, clock=clock)
    audit.record(Event(action="restore a backup", credential=LOCAL, object=found.vault.name))
    audit.close()


def _take_place(staging: Path, data: Path) -> None:
    if data.exists():
        data.rmdir()
    data.parent.mkdir(parents=True, exist_ok=True)
    # The engine put files there that nobody has written through to the disk.
    os.sync()
    staging.rename(data)
    place.sync(data.parent)
