"""``lrs erase``."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lrs.cli.options import agent_of, settings_of, store_options

if TYPE_CHECKING:
    from lrs.rights.erasure import Outcome
    from lrs.settings import Settings
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


_PATIENCE = 120.0


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
@click.option("--despite-restriction", is_flag=True, help="Erase although the person has the processing of their data restricted.")
@click.option("--tenant", help="The tenant whose person it is; the default one if not given.")
@click.option(
    "--receipt",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for the signed receipt; it is printed if none is named.",
)
def erase(
    agent: str,
    data: Path | None,
    config: Path | None,
    mode: str | None,
    number: int | None,
    tenant: str | None,
    file: Path | None,
    *,
    despite_restriction: bool,
) -> None:
    """Erase a person, under every identifier and in every role, and print the signed receipt.

    AGENT is the person's JSON, mailto:... for short, or - to read it from standard input, where other users of this machine don't see it. The
    person's own statements, documents and attachments are deleted; statements of other people stay, with one stub in the person's place. Stopped, it
    goes on when the store is opened next. A running lrs serve does it itself when it is asked by this command, which waits for it.

    \b
    lrs erase mailto:jeanne@example.fr --dry-run
    lrs erase mailto:jeanne@example.fr --confirm --receipt receipt.txt
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    import lrs

    if mode is None:
        raise click.UsageError("say --dry-run, or --confirm: there is no way back")
    person = agent_of(sys.stdin.read().strip() if agent == "-" else agent)
    settings = settings_of(data, config)
    try:
        with lrs.open(settings) as store:
            outcome = store.erase(
                person, dry_run=mode == "dry-run", request=number, tenant=tenant, step=_show, despite_restriction=despite_restriction
            )
    except lrs.DataDirectoryInUse:
        if mode == "dry-run":
            raise
        outcome = _asked(settings, person, tenant or settings.tenant, number, despite_restriction=despite_restriction)
    if mode == "dry-run":
        for name, said in _SAID.items():
            click.echo(f"{outcome.counts[name]:>9,} {said}")
    elif file is None:
        click.echo(outcome.receipt, nl=False)
    else:
        file.write_text(outcome.receipt, "utf-8")


def _asked(settings: Settings, agent: Any, tenant: str, number: int | None, *, despite_restriction: bool) -> Outcome:
    """Put the erasure into the ledger of a store that a server holds, and wait until that one has done it."""
    from lrs.accountability.request import Kind
    from lrs.accountability.requests import open_requests
    from lrs.rights.erasure import Outcome
    from lrs.rights.erasure.ledger import open_ledger
    from lrs.xapi.query import person_of

    with ExitStack() as opened:
        ledger = opened.enter_context(open_ledger(settings, clock=lambda: time.time_ns() // 1000))
        found = ledger.whom(person_of(agent), tenant)
        if not despite_restriction:
            ledger.check_restriction(found, tenant)
        if number is not None:
            register = opened.enter_context(open_requests(settings))
            opened.enter_context(register.meeting(number, Kind.ERASURE, sids=found.sids, tenant=tenant))
        entry = ledger.request(found, tenant, ledger.counts(found, tenant))
        done = ledger.follow(entry, step=_show, patience=_PATIENCE)
        return Outcome(dict(done.counts), done.receipt)


def _show(state: ErasureState) -> None:
    click.echo(f"{state.value} ...", err=True)
