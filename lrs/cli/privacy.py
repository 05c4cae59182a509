"""``lrs privacy``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lrs.cli.options import settings_of, store_options


@click.group()
def privacy() -> None:
    """Try what is promised about people."""


@privacy.command()
@store_options
@click.option("--tenant", help="The tenant in which it is tried; that of the settings if not given.")
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write the signed report to this file too.")
def selftest(data: Path | None, config: Path | None, tenant: str | None, out: Path | None) -> None:
    """Run drills on made-up people in this store, as it is configured, and print a signed report; the exit status is 1 if one fails.

    Statements of four made-up people are stored; they are looked for in every new row and file; their ciphertexts are moved and altered; the audit trail is
    verified; they are erased, and looked for again. What stays is what any erasure leaves: entries in the ledger and the trail, and hashes of
    their identifiers for the time of suppression.
    """
    import lrs

    with lrs.open(settings_of(data, config)) as store:
        outcome = store.selftest(tenant=tenant)
    click.echo(outcome.report, nl=False)
    if out is not None:
        out.write_text(outcome.report, "utf-8")
    if not outcome.passed:
        sys.exit(1)
