"""``lrs notice``."""

from __future__ import annotations

from pathlib import Path

import click

from lrs.cli.options import settings_of, store_options
from lrs.cli.table import print_table
from lrs.errors import InvalidRequest

_TENANT = click.option("--tenant", help="The tenant whose texts they are; that of the settings if not given.")


@click.group()
def notice() -> None:
    """Keep the texts that people are shown (GDPR art. 12 to 14), every version of each, so that a consent can prove which one it was."""


@notice.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--audience", type=click.Choice(["learner", "user", "trainee", "teacher"]), required=True, help="Whom it speaks to.")
@click.option("--language", metavar="TAG", required=True, help="Its language, such as fr.")
@click.option("--purpose", metavar="ID", default="", help="The purpose that it is about; every one if not given.")
@store_options
@_TENANT
def add(file: Path, audience: str, language: str, purpose: str, data: Path | None, config: Path | None, tenant: str | None) -> None:
    """Register a text as the newest of its purpose, audience and language, and print its SHA-256.

    Consents that named the one before stand, and are told as due to be asked for again.
    """
    from lrs.rights.consents import open_ledger

    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("the file is not UTF-8", parameter="file") from None
    with open_ledger(settings_of(data, config), tenant=tenant) as ledger:
        click.echo(ledger.notices.add(text, audience=audience, language=language, purpose=purpose).digest)


@notice.command("list")
@store_options
@_TENANT
def list_(data: Path | None, config: Path | None, tenant: str | None) -> None:
    """List every version of every text, oldest first."""
    from lrs.rights.consents import open_ledger
    from lrs.xapi.formats import format_timestamp

    with open_ledger(settings_of(data, config), tenant=tenant) as ledger:
        rows = ledger.notices.all(tenant=tenant)
    print_table(
        ("digest", "purpose", "audience", "language", "version", "added"),
        [(row.digest, row.purpose or "(every one)", row.audience, row.language, row.version, format_timestamp(row.added)) for row in rows],
    )


@notice.command()
@click.argument("digest", metavar="DIGEST")
@store_options
@_TENANT
def show(digest: str, data: Path | None, config: Path | None, tenant: str | None) -> None:
    """Print a text, byte for byte."""
    from lrs.rights.consents import open_ledger

    with open_ledger(settings_of(data, config), tenant=tenant) as ledger:
        click.echo(ledger.notices.text(digest, tenant=tenant).text, nl=False)
