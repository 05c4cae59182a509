"""``lrs subject``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from lrs.cli.options import agent_of, settings_of, store_options
from lrs.cli.table import print_table

_TENANT = click.option("--tenant", help="The tenant whose person it is; that of the settings if not given.")
_REQUEST = click.option(
    "--request",
    "number",
    type=click.IntRange(1),
    help="The request in the register that this meets: it is checked before, and closed after.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object.")


@click.group()
def subject() -> None:
    """Answer what a person asks for: a copy of what is kept of them, a correction; and say which identifiers are one person.

    AGENT is an agent or identified group as JSON, or mailto:... for short. A mailbox and its SHA-1 are one person; others are once they are joined.
    Make sure first that who asks is who they say. All of it goes into the audit trail.
    """


@subject.command()
@click.argument("agent", metavar="AGENT")
@store_options
@_TENANT
@_JSON
def show(agent: str, data: Path | None, config: Path | None, tenant: str | None, *, as_json: bool) -> None:
    """Count what is kept of a person, by kind and place.

    It names mailboxes that differ from the person's in upper and lower case alone: perhaps the same person, and for you to say.
    """
    import lrs

    with lrs.open(settings_of(data, config)) as store:
        told = store.subjects.show(agent_of(agent), tenant=tenant)
    _print(told, as_json=as_json)
    if told["alike"] and not as_json:
        click.echo("Perhaps the same person, if you know it is: lrs subject join AGENT " + " ".join(told["alike"]), err=True)


@subject.command()
@click.argument("agent", metavar="AGENT")
@click.option(
    "--out", required=True, metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="The ZIP to write; only you can read it."
)
@store_options
@_TENANT
@_REQUEST
@_JSON
def export(agent: str, out: Path, data: Path | None, config: Path | None, tenant: str | None, number: int | None, *, as_json: bool) -> None:
    """Write everything that is kept of a person into a ZIP for that person: a summary, statements, documents, who looked (GDPR art. 15 and 20).

    Other people in it are masked, and what they wrote is left out. It is written in constant memory, straight to its place, and has its name
    once it is whole. Hand it over as you would hand over the data.

    \b
    lrs subject export mailto:jeanne@example.org --out jeanne.zip --data data/
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    import lrs

    with lrs.open(settings_of(data, config)) as store:
        _print(store.subjects.export(agent_of(agent), out, request=number, tenant=tenant), as_json=as_json)
    if not as_json:
        click.echo(f"{out} is written.")


@subject.command()
@click.argument("agent", metavar="AGENT")
@click.option("--name", metavar="TEXT", help="The right name, under all identifiers of the person.")
@click.option("--to", metavar="AGENT", help="The right identifier, in place of this one.")
@store_options
@_TENANT
@_REQUEST
def rectify(
    agent: str, name: str | None, to: str | None, data: Path | None, config: Path | None, tenant: str | None, number: int | None
) -> None:
    """Correct a name or an identifier of a person (GDPR art. 16): every read shows it from now on, and no statement is changed.

    What a platform still sends with the old name or identifier is corrected on its way in.

    \b
    lrs subject rectify mailto:jeanne@example.org --name 'Jeanne Dupont' --data data/
    lrs subject rectify mailto:jeane@example.org --to mailto:jeanne@example.org --data data/
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    import lrs

    if (name is None) == (to is None):
        raise click.UsageError("Give either --name or --to.")
    with lrs.open(settings_of(data, config)) as store:
        targets = store.subjects.rectify(agent_of(agent), name=name, to=None if to is None else agent_of(to), request=number, tenant=tenant)
    click.echo("It is corrected.")
    if targets:
        click.echo(f"These were given statements before, and have to be told (GDPR art. 19): {', '.join(targets)}.", err=True)


@subject.command()
@click.argument("agent", metavar="AGENT")
@click.argument("other", metavar="OTHER")
@store_options
@_TENANT
def join(agent: str, other: str, data: Path | None, config: Path | None, tenant: str | None) -> None:
    """Say that two identifiers are one person, for reading, export and erasure. Nothing that is stored changes.

    \b
    lrs subject join mailto:jeanne@example.org '{"account": {"homePage": "https://lms.example.org", "name": "jeanne"}}' --data data/
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    import lrs

    with lrs.open(settings_of(data, config)) as store:
        joined = store.subjects.join(agent_of(agent), agent_of(other), tenant=tenant)
    click.echo("They are one person now." if joined else "They were one person already.")


@subject.command()
@click.argument("agent", metavar="AGENT")
@store_options
@_TENANT
def unjoin(agent: str, data: Path | None, config: Path | None, tenant: str | None) -> None:
    """Take an identifier out of the person that it was joined to."""
    import lrs

    with lrs.open(settings_of(data, config)) as store:
        parted = store.subjects.unjoin(agent_of(agent), tenant=tenant)
    click.echo("It stands for itself now." if parted else "It was joined to nobody.")


def _print(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(told))
    else:
        print_table(("what", "how many"), list(_rows(told)))


def _rows(told: dict[str, Any]) -> Iterator[tuple[str, int]]:
    for name, value in told.items():
        if isinstance(value, dict):
            yield from ((f"{name}: {kind}", count) for kind, count in value.items())
        elif isinstance(value, int):
            yield name, value
