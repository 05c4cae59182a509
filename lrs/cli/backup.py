"""``lrs backup`` and ``lrs restore``."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lrs.cli.options import settings_of, store_options

if TYPE_CHECKING:
    from lrs.crypto.notes import NoteKey

Command = TypeVar("Command", bound=Callable[..., Any])

_FOLDER = click.Path(file_okay=False, path_type=Path)
_PLACES = (
    click.option("--statements", metavar="DIR", type=_FOLDER, help="Place of the statements; the setting backup_statements if not given."),
    click.option("--vault", metavar="DIR", type=_FOLDER, help="Place of the vault; the setting backup_vault if not given."),
    click.option(
        "--keys", metavar="DIR", type=_FOLDER, help="Place of keyring, policies and audit trail; the setting backup_keys if not given."
    ),
)


def _place_options(command: Command) -> Command:
    for option in reversed(_PLACES):
        command = option(command)
    return command


@click.group(invoke_without_command=True)
@click.pass_context
@store_options
@_place_options
@click.option("--full", is_flag=True, help="Copy all statements, not only what the newest full backup in that place lacks.")
def backup(
    context: click.Context,
    data: Path | None,
    config: Path | None,
    statements: Path | None,
    vault: Path | None,
    keys: Path | None,
    *,
    full: bool,
) -> None:
    """Back the store up into three places, which are never one: statements, vault, keys. Each gets a signed manifest.

    An embedded store belongs to one process: have the server that holds it make the backups, with lrs serve --backup-every. With a ClickHouse
    server this command works meanwhile.

    \b
    lrs backup --data data/ --statements backups/statements --vault backups/vault --keys backups/keys
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    import lrs

    if context.invoked_subcommand is not None:
        return
    settings = settings_of(data, config, backup_statements=statements, backup_vault=vault, backup_keys=keys)
    with lrs.open(settings) as store:
        for manifest in store.backups.make(full=full):
            added = f", adds to {manifest.base}" if manifest.base else ""
            click.echo(f"{manifest.part}: {manifest.name}, {len(manifest.files):,} files, {manifest.size:,} bytes{added}")


@backup.command()
@store_options
@click.option("--out", metavar="FILE", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file, which may be there.")
def ledger(data: Path | None, config: Path | None, out: Path) -> None:
    """Write the register of erasures alone into a signed file: take it every hour, so that a restore knows of erasures since the last backup.

    It is small, and names nobody. Works while the server runs.
    """
    from lrs.backup.ledger import export

    export(settings_of(data, config), out, at=time.time_ns() // 1000)


@click.command()
@store_options
@_place_options
@click.option("--name", metavar="NAME", help="Which backup; the newest if not given.")
@click.option(
    "--key", "public", metavar="KEY", help="The public key that lrs receipt key printed, to verify by in place of the backed up one."
)
@click.option(
    "--ledger",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A register of erasures that lrs backup ledger wrote; used if it is newer than those in the places.",
)
def restore(
    data: Path | None,
    config: Path | None,
    statements: Path | None,
    vault: Path | None,
    keys: Path | None,
    name: str | None,
    public: str | None,
    ledger: Path | None,
) -> None:
    """Put a backup back into an empty data directory, after every byte of it was verified.

    Databases that the settings name must be empty too. Who was erased since the backup is erased again when the store is opened next, before
    anything can be read.
    """
    from lrs.backup import restoring
    from lrs.backup.places import Places

    settings = settings_of(data, config, backup_statements=statements, backup_vault=vault, backup_keys=keys)
    places = Places.of(settings)
    found = restoring.chosen(places, settings, name=name, key=None if public is None else _read(public), ledger=ledger)
    restoring.restore(settings, places, found, clock=lambda: time.time_ns() // 1000)
    click.echo(f"The backup {found.vault.name} is in {settings.data}, with the keys of {found.keys.name}.")
    click.echo(
        f"Settings of that time, if there were any, are in {places.keys / found.keys.name}: lrs.toml and forward.toml are not put back."
    )


def _read(public: str) -> NoteKey:
    from lrs.crypto.notes import NoteKey

    try:
        return NoteKey.read(public)
    except ValueError:
        raise click.UsageError("--key is not a public key as lrs receipt key prints it") from None
