"""``lrs request``."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path

import click

from lrs.accountability.request import Delay, Kind, Refusal, Request
from lrs.cli.options import agent_of, settings_of, store_options
from lrs.cli.table import print_table

_TENANT = click.option("--tenant", help="The tenant whose register it is; that of the settings if not given.")


@click.group()
def request() -> None:
    """Keep the register of what persons asked for: one month to answer, three when it was extended (GDPR art. 12).

    \b
    lrs request add erasure --agent mailto:ana@example.fr --reference DPD/2026-17
    lrs request identify 1            who asks is the person
    lrs request close 1               it was met

    Works while the server runs. lrs doctor says what is overdue.
    """  # noqa: D301 -- click keeps the lines after a backspace as they are


@request.command()
@click.argument("kind", type=click.Choice([each.value for each in Kind]))
@store_options
@_TENANT
@click.option("--agent", metavar="JSON", help="Whom it is about, if the store knows them: an agent as JSON, or mailto:... for short.")
@click.option("--received", metavar="DAY", type=click.DateTime(["%Y-%m-%d"]), help="The day on which it came; today if not given.")
@click.option("--reference", default="", metavar="TEXT", help="The file in your own books: letters, digits and . / _ -, never a person.")
def add(
    kind: str,
    data: Path | None,
    config: Path | None,
    tenant: str | None,
    agent: str | None,
    received: datetime | None,
    reference: str,
) -> None:
    """Enter a request. The person is kept as a number alone, which an erasure takes out."""
    from lrs.accountability.requests import open_requests

    about = None if agent is None else agent_of(agent)
    with open_requests(settings_of(data, config)) as register:
        entered = register.add(kind, agent=about, received=received and received.date(), reference=reference, tenant=tenant)
    click.echo(_told(entered))
    if agent is not None and not entered.known:
        click.echo("The store knows nobody of this identifier.", err=True)


@request.command("list")
@store_options
@_TENANT
@click.option("--open", "only_open", is_flag=True, help="Only what has still to be answered.")
def list_(data: Path | None, config: Path | None, tenant: str | None, *, only_open: bool) -> None:
    """List the register, oldest first; LATE is what was not answered by its day."""
    from lrs.accountability.requests import open_requests

    with open_requests(settings_of(data, config)) as register:
        rows, today = register.entries(tenant=tenant, only_open=only_open), register.today()
    print_table(
        ("number", "kind", "received", "due", "state", "closed", "reason", "reference"),
        [
            (
                each.number,
                each.kind,
                each.received,
                _day(each, today),
                each.state,
                each.closed or "",
                each.refusal or each.delay,
                each.reference,
            )
            for each in rows
        ],
    )


@request.command()
@click.argument("number", type=click.IntRange(1))
@store_options
@_TENANT
def identify(number: int, data: Path | None, config: Path | None, tenant: str | None) -> None:
    """Note that who asks was checked to be the person: before that nothing is done for them."""
    from lrs.accountability.requests import open_requests

    with open_requests(settings_of(data, config)) as register:
        click.echo(_told(register.identify(number, tenant=tenant)))


@request.command()
@click.argument("number", type=click.IntRange(1))
@store_options
@_TENANT
@click.option(
    "--reason", type=click.Choice([each.value for each in Delay]), required=True, help="Why: the request is complex, or there are many."
)
def extend(number: int, data: Path | None, config: Path | None, tenant: str | None, reason: str) -> None:
    """Give a request two months more: once, and within its first month, in which the person has to be told too."""
    from lrs.accountability.requests import open_requests

    with open_requests(settings_of(data, config)) as register:
        click.echo(_told(register.extend(number, reason, tenant=tenant)))


@request.command()
@click.argument("number", type=click.IntRange(1))
@store_options
@_TENANT
@click.option("--refused", metavar="REASON", type=click.Choice([each.value for each in Refusal]), help="It was refused, and why.")
def close(number: int, data: Path | None, config: Path | None, tenant: str | None, refused: str | None) -> None:
    """Note that a request was met, or refused."""
    from lrs.accountability.requests import open_requests

    with open_requests(settings_of(data, config)) as register:
        click.echo(_told(register.close(number, refusal=refused or "", tenant=tenant)))


@request.command()
@store_options
@_TENANT
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="To this file in place of the terminal.")
@click.option("--format", "form", type=click.Choice(["csv", "ods"]), default="csv", show_default=True, help="CSV, or a spreadsheet.")
@click.option("--language", type=click.Choice(["fr", "en"]), default="fr", show_default=True, help="Of headers and words.")
def export(data: Path | None, config: Path | None, tenant: str | None, out: Path | None, form: str, language: str) -> None:
    """Write the register as a table for the data protection officer. It names nobody."""
    from lrs.accountability import register
    from lrs.accountability.ods import as_ods
    from lrs.accountability.requests import open_requests

    with open_requests(settings_of(data, config)) as opened:
        rows = register.table(opened.entries(tenant=tenant), language)
    text = register.as_csv(rows) if form == "csv" else as_ods(rows, title=register.TITLES[language])
    if out is None:
        sys.stdout.buffer.write(text)
    else:
        out.write_bytes(text)


def _told(each: Request) -> str:
    until = f"due {each.due}" if each.is_open else f"closed {each.closed}"
    return f"request {each.number}: {each.kind}, {each.state}, {until}"


def _day(each: Request, today: date) -> str:
    return f"{each.due} LATE" if each.late(today) else str(each.due)
