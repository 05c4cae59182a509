"""``lrs doctor``."""

from __future__ import annotations

import sys
from pathlib import Path

import attrs
import click
import msgspec

from lrs.cli.checks import Level, all_findings
from lrs.cli.options import settings_of, store_options

_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.FAILURE: "red"}


@click.command()
@store_options
@click.option("--tls-cert", metavar="FILE", type=click.Path(path_type=Path), help="Certificate chain that lrs serve will get.")
@click.option("--tls-key", metavar="FILE", type=click.Path(path_type=Path), help="Its private key.")
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object a line.")
def doctor(data: Path | None, config: Path | None, tls_cert: Path | None, tls_key: Path | None, *, as_json: bool) -> None:
    """Look whether the store can work, and say in words what is wrong and what to do.

    Checks settings, data directory, keys, policy, disk, limits, clock, TLS files, the issuer of bearer tokens, the vault and the engine. Changes nothing.
    The exit status is 1 if something failed; warnings don't count.
    """
    settings = settings_of(data, config)
    worst = Level.OK
    for finding in all_findings(settings, tls_cert, tls_key):
        if finding.level is Level.FAILURE:
            worst = Level.FAILURE
        if as_json:
            click.echo(msgspec.json.encode(attrs.asdict(finding)))
            continue
        click.echo(f"{click.style(f'{finding.level.value:8}', fg=_COLOURS[finding.level])} {finding.subject:12} {finding.message}")
        if finding.advice:
            click.echo(f"{'':21} -> {finding.advice}")
    if worst is Level.FAILURE:
        sys.exit(1)
