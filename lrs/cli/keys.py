"""``lrs keys``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lrs.cli.options import settings_of, store_options
from lrs.cli.table import print_table
from lrs.errors import ConfigurationError

if TYPE_CHECKING:
    from lrs.privacy.rotation import EpochState, Rotation

_TENANT = click.option("--tenant", help="Only this tenant; all of them if not given.")


@click.group()
def keys() -> None:
    """Look after the keys that wrap people's keys: which are there, a new one, the end of an old one.

    Works while the server runs. Statements are never touched.
    """


@keys.command()
@store_options
@_TENANT
def status(data: Path | None, config: Path | None, tenant: str | None) -> None:
    """List the epochs: when each was made, how many keys it wraps, and what to do with it."""
    with _rotations(data, config, tenant) as chosen:
        states = [(state, rotation) for rotation in chosen.values() for state in rotation.states()]
    print_table(
        ("tenant", "epoch", "made", "keys", "state"),
        [(state.tenant, state.epoch, state.created[:10], state.keys, _described(state)) for state, _ in states],
    )


@keys.command()
@store_options
@_TENANT
def rotate(data: Path | None, config: Path | None, tenant: str | None) -> None:
    """Begin a new epoch and wrap every person's key anew under it.

    Stopped, it goes on where it was when called again. Once all is done, destroy the old epoch: only then can nobody read old backups of the vault.
    """
    with _rotations(data, config, tenant) as chosen:
        for name, rotation in chosen.items():
            _rewrap(name, rotation)


@keys.command("destroy-epoch")
@click.argument("epoch", type=click.IntRange(1))
@store_options
@_TENANT
@click.option("--yes", is_flag=True, help="Don't ask.")
def destroy_epoch(epoch: int, data: Path | None, config: Path | None, tenant: str | None, *, yes: bool) -> None:
    """Destroy an old epoch's key, for ever: backups of the vault from before the rotation can't be read any more.

    Refused while it still wraps anyone's key. With a KMS the older ones go too.
    """
    with _rotations(data, config, tenant) as chosen:
        if not yes:
            click.confirm(
                f"Destroy epoch {epoch} of {', '.join(chosen)}? Backups of the vault that need it are lost.", abort=True, err=True
            )
        for name, rotation in chosen.items():
            rotation.destroy(epoch)
            click.echo(f"{name}: epoch {epoch} is destroyed. Delete it from backups of the keyring too.")


@contextmanager
def _rotations(data: Path | None, config: Path | None, tenant: str | None) -> Iterator[dict[str, Rotation]]:
    from lrs.privacy.rotation import open_rotations

    with open_rotations(settings_of(data, config)) as found:
        if tenant is not None and tenant not in found:
            raise ConfigurationError("the keyring has no keys for this tenant", hint=f"It has keys for: {', '.join(found)}.")
        yield found if tenant is None else {tenant: found[tenant]}


def _rewrap(name: str, rotation: Rotation) -> None:
    total, done = rotation.begin(), 0
    with click.progressbar(length=total, label=f"{name}: wrapping {total} keys anew", file=sys.stderr, show_pos=True) as bar:
        for size in rotation.rewrap():
            done += size
            bar.update(size)
    epochs = [state.epoch for state in rotation.states()]
    click.echo(f"{name}: epoch {epochs[-1]} wraps everything now ({done} keys). The old one goes with: lrs keys destroy-epoch {epochs[0]}")


def _described(state: EpochState) -> str:
    if not state.created:
        return "GONE: these keys can't be unwrapped"
    if state.current:
        return "current"
    return "being replaced: lrs keys rotate" if state.keys else f"to be destroyed: lrs keys destroy-epoch {state.epoch}"
