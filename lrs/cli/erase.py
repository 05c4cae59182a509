"""``lrs erase``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lrs.cli.options import agent_of, settings_of, store_options

if TYPE_CHECKING:
    from lrs.storage.contract import ErasureState

_SAID = {
    "subjects": "numbers under which the person is known",
    "identifiers": "identifiers",
    "spellings": "spellings of the identity",
    "credentials": "credentials in their name",
    "documents": "documents (states and profiles)",
    "statements": "statements of their own",
    "voiding": "statements that void one of these",
    "contents": "contents of attachments",
    "others": "statements of others, which stay, with a stub in their place",
    "referring": "statements of others, which stay, with a stub in place of a reference to a deleted one",
}


@click.command()
@click.argument("agent")
@store_options
@click.option("--dry-run", "mode", flag_value="dry-run", help="Count what would be deleted and what would stay; do nothing.")
@click.option("--confirm", "mode", flag_value="confirm", help="Erase. There is no way back.")
@click.option(
    "--request",
    "number",
    type=click.IntRange(1),
    help="The request in the register that this meets: it is checked before, and closed after.",
)
@click.option("--tenant", help="The tenant whose person it is; the default one if not given.")
@click.option(
    "--receipt",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for the signed receipt; it is printed if none is named.",
)
def erase(
    agent: str, data: Path | None, config: Path | None, mode: str | None, number: int | None, tenant: str | None, file: Path | None
) -> None:
    """Erase a person, under every identifier and in every role, and print the signed receipt.

    AGENT is the person's JSON, mailto:... for short, or - to read it from standard input, where other users of this machine don't see it. The
    person's own statements, documents and attachments are deleted; statements of other people stay, with one stub in the person's place. Stopped, it
    goes on when the store is opened next.

    \b
    lrs erase mailto:jeanne@example.fr --dry-run
    lrs erase mailto:jeanne@example.fr --confirm --receipt receipt.txt
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    import lrs

    if mode is None:
        raise click.UsageError("say --dry-run, or --confirm: there is no way back")
    person = agent_of(sys.stdin.read().strip() if agent == "-" else agent)
    with lrs.open(settings_of(data, config)) as store:
        outcome = store.erase(person, dry_run=mode == "dry-run", request=number, tenant=tenant, step=_show)
    if mode == "dry-run":
        for name, said in _SAID.items():
            click.echo(f"{outcome.counts[name]:>9,} {said}")
    elif file is None:
        click.echo(outcome.receipt, nl=False)
    else:
        file.write_text(outcome.receipt, "utf-8")


def _show(state: ErasureState) -> None:
    click.echo(f"{state.value} ...", err=True)
