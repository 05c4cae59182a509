"""``lrs quarantine``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lrs.cli.options import settings_of, store_options
from lrs.cli.table import print_table
from lrs.errors import DataDirectoryInUse

if TYPE_CHECKING:
    from lrs.privacy.quarantine import Quarantine
    from lrs.settings import Settings

_PATIENCE = 60.0
_PAUSE = 0.2
_TENANT = click.option("--tenant", help="The tenant whose quarantine it is; that of the settings if not given.")
_IDS = click.argument("ids", metavar="ID...", nargs=-1)
_ALL = click.option("--all", "everything", is_flag=True, help="All that is there.")


@click.group()
def quarantine() -> None:
    """See, replay and drop what credentials sent and could not be taken.

    A credential has a quarantine where `lrs credentials add|set` gave it one (--quarantine-days). What is in it is sealed, and gone when its time is up.

    \b
    lrs quarantine list                 what is there, and why
    lrs quarantine replay --all         try it once more, with the repairs that are switched on now
    lrs quarantine drop ID              let go of it

    All of them work while the server runs.
    """  # noqa: D301 -- click keeps the lines after a backspace as they are


@quarantine.command("list")
@store_options
@_TENANT
def list_(data: Path | None, config: Path | None, tenant: str | None) -> None:
    """List what is there, oldest first: when it came, from whom, why it could not be taken, until when it stays."""
    settings = settings_of(data, config)
    with _opened(settings) as room:
        rows = room.entries(tenant or settings.tenant)
    if not rows:
        click.echo("The quarantine is empty.")
        return
    print_table(
        ("id", "since", "until", "credential", "source", "why"),
        [
            (row.key.hex(), _time(row.since), _time(row.until), row.credential, row.source or "statements", f"{row.code}: {row.reason}")
            for row in rows
        ],
    )


@quarantine.command()
@click.argument("id_", metavar="ID")
@store_options
@_TENANT
def show(id_: str, data: Path | None, config: Path | None, tenant: str | None) -> None:
    """Print what was sent, as it was sent. The audit trail says that it was looked at."""
    settings = settings_of(data, config)
    with _opened(settings) as room:
        content = room.content(tenant or settings.tenant, id_)
    sys.stdout.buffer.write(content.rstrip(b"\n") + b"\n")


@quarantine.command()
@_IDS
@_ALL
@click.option("--as", "which", metavar="ID|USERNAME|NAME", help="Store it in the name of this credential, not of the one that sent it.")
@store_options
def replay(ids: tuple[str, ...], data: Path | None, config: Path | None, which: str | None, *, everything: bool) -> None:
    """Try it once more, with the repairs and profiles that the credential has now; what is taken leaves the quarantine.

    The exit status is 1 if something stays. A running lrs serve does it itself when it is asked by this command, which waits for it.
    """
    import lrs

    settings = settings_of(data, config)
    try:
        with lrs.open(settings) as store:
            principal = store.credentials.principal(which) if which else None
            tenant = principal.tenant if principal else settings.tenant
            told = store.replay(*_chosen(store.quarantine, tenant, ids, everything=everything), principal=principal)
            number, stay = len(told), {each.key: str(each.error) for each in told if each.error is not None}
    except lrs.DataDirectoryInUse:
        number, stay = _asked(settings, which, ids, everything=everything)
    click.echo(f"{number - len(stay)} taken, {len(stay)} stay.")
    for key, why in stay.items():
        click.echo(f"  {key}: {why}")
    if stay:
        sys.exit(1)


@quarantine.command()
@_IDS
@_ALL
@store_options
@_TENANT
def drop(ids: tuple[str, ...], data: Path | None, config: Path | None, tenant: str | None, *, everything: bool) -> None:
    """Let go of it, for ever."""
    settings = settings_of(data, config)
    name = tenant or settings.tenant
    with _opened(settings) as room:
        click.echo(f"{room.drop(name, _chosen(room, name, ids, everything=everything))} dropped.")


def _chosen(room: Quarantine, tenant: str, ids: tuple[str, ...], *, everything: bool) -> tuple[str, ...]:
    if bool(ids) == everything:
        raise click.UsageError("Give ids, or --all.")
    return tuple(row.key.hex() for row in room.entries(tenant)) if everything else ids


def _asked(settings: Settings, which: str | None, ids: tuple[str, ...], *, everything: bool) -> tuple[int, dict[str, str]]:
    """Ask whoever holds the store to try entries, and wait until that is done -> how many there were, and why some stay."""
    from lrs.credentials import open_credentials

    tenant, who = settings.tenant, ""
    if which:
        with open_credentials(settings, clock=_now) as credentials:
            principal = credentials.principal(which)
        tenant, who = principal.tenant, principal.credential_id
    with _opened(settings) as room:
        keys = _chosen(room, tenant, ids, everything=everything)
        room.check_there(tenant, keys)
        room.ask(tenant, keys, who)
        given_up = time.monotonic() + _PATIENCE
        while (left := [row for row in room.entries(tenant) if row.key.hex() in keys]) and any(row.asked is not None for row in left):
            if time.monotonic() > given_up:
                room.ask(tenant, [row.key.hex() for row in left], None)
                raise DataDirectoryInUse(
                    "whoever holds the store has not tried what is in quarantine",
                    hint="lrs serve does within seconds; wait until any other program that holds the store has ended.",
                )
            time.sleep(_PAUSE)
    return len(keys), {row.key.hex(): row.reason for row in left}


@contextmanager
def _opened(settings: Settings) -> Iterator[Quarantine]:
    from lrs.privacy.quarantine import open_quarantine

    with open_quarantine(settings, clock=_now) as room:
        yield room


def _now() -> int:
    return time.time_ns() // 1000


def _time(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M")
