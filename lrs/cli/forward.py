"""``lrs forward``."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lrs.cli.options import settings_of, store_options
from lrs.cli.table import print_table
from lrs.errors import ConfigurationError
from lrs.exchange.targets import load
from lrs.xapi.formats import format_timestamp

if TYPE_CHECKING:
    from lrs.exchange.channel import Told
    from lrs.exchange.forward import Forwarding


@click.command()
@store_options
@click.option("--target", "targets", multiple=True, metavar="NAME", help="This target alone; can be given several times.")
@click.option("--once", "mode", flag_value="once", default="once", help="Give targets what they lack, then end. The default.")
@click.option("--follow", "mode", flag_value="follow", help="Keep on doing so until SIGTERM or Ctrl-C.")
@click.option("--status", "mode", flag_value="status", help="Say how far each target is, what it refused, what it has still to be told.")
@click.option("--letters", "mode", flag_value="letters", help="List what targets refused: when it was stored here, and why.")
@click.option("--replay", "mode", flag_value="replay", help="Give targets once more what they refused, and what they lack.")
@click.option("--drop", "mode", flag_value="drop", help="Forget what targets refused.")
@click.option(
    "--every", type=click.FloatRange(0.1), default=5.0, show_default=True, metavar="SECONDS", help="With --follow: how often to look."
)
def forward(data: Path | None, config: Path | None, targets: tuple[str, ...], mode: str, every: float) -> None:
    """Give other record stores the statements that forward.toml says, each from where it was left; at least once, and once where ids are recognised.

    Each target reads through its view. What it refuses is remembered as a dead letter and holds nothing up; a target that is away is tried again the
    next time. The exit status is 1 if a target could not be given everything.

    \b
    lrs forward --data data/
    lrs forward --data data/ --follow --every 30
    lrs forward --data data/ --replay --target ministry
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    import lrs

    settings = settings_of(data, config)
    if not load(settings):
        raise ConfigurationError("no target is named", hint="Write forward.toml into the data directory: see docs/how-to/forward.md.")
    with lrs.open(settings) as store:
        if mode == "follow":
            _follow(store.forwarding, targets, every)
        elif mode in ("once", "replay"):
            _print_told(store.forwarding.run(*targets, replay=mode == "replay"))
        elif mode == "drop":
            click.echo(f"{store.forwarding.drop(*targets):,} dead letters dropped.")
        else:
            (_print_letters if mode == "letters" else _print_standing)(store.forwarding, targets)


def _follow(forwarding: Forwarding, targets: tuple[str, ...], every: float) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with forwarding.following(*targets, every=every):
        stop.wait()


def _print_told(told: list[Told]) -> None:
    for each in told:
        click.echo(f"{each.target}: {each.statements:,} statements given, {each.refused:,} refused, {each.erasures:,} erasures told.")
        if each.error is not None:
            click.echo(f"{each.target}: stopped ({each.error.code}); the next run goes on from there.", err=True)
    if any(each.error or each.refused for each in told):
        sys.exit(1)


def _print_standing(forwarding: Forwarding, targets: tuple[str, ...]) -> None:
    rows = [
        (
            each.target.name,
            each.target.view,
            "-" if each.through is None else format_timestamp(each.through),
            len(each.letters),
            each.notices,
        )
        for each in forwarding.standing(*targets)
    ]
    print_table(("target", "view", "has everything through", "dead letters", "erasures to tell"), rows)


def _print_letters(forwarding: Forwarding, targets: tuple[str, ...]) -> None:
    rows = [
        (each.target.name, format_timestamp(letter.stored), letter.code, format_timestamp(letter.tried))
        for each in forwarding.standing(*targets)
        for letter in each.letters
    ]
    print_table(("target", "stored", "refused as", "tried"), rows)
