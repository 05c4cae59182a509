"""``lrs project``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from lrs.cli.options import settings_of, store_options
from lrs.cli.table import print_table


@click.group()
def project() -> None:
    """See and end the projects: each purpose that sees pseudonyms has a key of its own, so that two of them can't be joined."""


@project.command("list")
@store_options
@click.option("--tenant", help="The tenant whose projects they are; that of the settings if not given.")
def list_(data: Path | None, config: Path | None, tenant: str | None) -> None:
    """List the projects; a project begins when somebody first reads pseudonyms for its purpose."""
    import lrs

    with lrs.open(settings_of(data, config)) as store:
        rows = store.projects(tenant=tenant).all()
    if not rows:
        click.echo("There are no projects: nobody has read pseudonyms yet.")
        return
    print_table(("purpose", "started", "ended"), [(row.purpose, _day(row.started), _day(row.ended)) for row in rows])


@project.command()
@click.argument("purpose")
@store_options
@click.option("--tenant", help="The tenant whose project it is; that of the settings if not given.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def end(purpose: str, data: Path | None, config: Path | None, tenant: str | None, *, yes: bool) -> None:
    """Destroy the key of a purpose's pseudonyms: nothing is read for it any more, and what was given out can't be traced back by anybody."""
    import lrs

    if not yes:
        click.confirm(f"Destroy the key of {purpose}, for ever?", abort=True)
    with lrs.open(settings_of(data, config)) as store:
        store.end_project(purpose, tenant=tenant)
    click.echo(
        f"{purpose}: ended. Backups of the vault from before know the key until their epoch is destroyed (lrs keys rotate, destroy-epoch)."
    )


def _day(time: int | None) -> str:
    return "" if time is None else datetime.fromtimestamp(time / 1_000_000, UTC).strftime("%Y-%m-%d")
