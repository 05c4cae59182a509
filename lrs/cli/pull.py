"""``lrs pull``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from lrs.cli.attaching import store_attaching
from lrs.cli.options import settings_of, store_options
from lrs.cli.outcomes import Refused, Tally
from lrs.errors import ConfigurationError, InvalidRequest
from lrs.exchange.peer import Peer, basic, bearer
from lrs.exchange.pull import Cursor, pages
from lrs.xapi.formats import parse_timestamp


@click.command()
@click.argument("url")
@store_options
@click.option(
    "--credential", envvar="LRS_CREDENTIAL", show_envvar=True, metavar="USER:PASSWORD", help="Credential of the other record store."
)
@click.option("--token", envvar="LRS_TOKEN", show_envvar=True, help="Bearer token, in place of a credential.")
@click.option("--xapi-version", type=click.Choice(["1.0.3", "2.0.0"]), default="1.0.3", show_default=True, help="Version to speak.")
@click.option("--since", metavar="TIME", help="Begin after this time (RFC 3339), not where the last run ended.")
@click.option("--until", metavar="TIME", help="Stored there at or before this time.")
@click.option("--attachments/--no-attachments", default=True, show_default=True, help="Take contents of attachments along.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), metavar="N", help="Send no more requests a second than this.")
@click.option(
    "--cursor",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Remembers how far it is; DIR/pull-HOST.json if not given.",
)
@click.option(
    "--refused",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where refused statements go; HOST.refused.jsonl if not given.",
)
def pull(  # noqa: PLR0913, PLR0917 -- one parameter an option
    url: str,
    data: Path | None,
    config: Path | None,
    credential: str | None,
    token: str | None,
    xapi_version: str,
    since: str | None,
    until: str | None,
    rate: float | None,
    cursor: Path | None,
    refused: Path | None,
    *,
    attachments: bool,
) -> None:
    """Store what another record store has, oldest first, with attachments; what was pulled before is passed over.

    It remembers after each page how far it is: running the same command again goes on from there. Statements go through the same checks as any others; those
    that are refused stop nothing and are kept in a file. The exit status is 1 if there were any.

    \b
    LRS_CREDENTIAL=user:password lrs pull https://lrs.example.org/xapi --data data/
    LRS_TOKEN=... lrs pull https://lrs.example.org --rate 2 --since 2026-01-01T00:00:00Z
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    import lrs

    settings = settings_of(data, config)
    peer = Peer(url, _authorization(credential, token), version=xapi_version, rate=rate)
    place = Path(peer.name.replace(":", "-"))
    remembered = Cursor(cursor or settings.data / f"pull-{place}.json", url)
    tally, kept = Tally(), Refused(refused or Path(f"{place}.refused.jsonl"))
    with lrs.open(settings) as store, kept, _progress() as advance:
        try:
            for page in pages(peer, since=_time("since", since) or remembered.read(), until=_time("until", until), attachments=attachments):
                for outcome in store_attaching(store, page.statements, version=xapi_version):
                    tally.add(outcome)
                    if outcome.error is not None:
                        kept.add(place, outcome, outcome.error)
                if page.through is not None:
                    remembered.write(page.through)
                advance(len(page.statements))
        except BaseException:
            click.echo("Stopped before the end; up to there:", err=True)
            tally.print(kept)
            raise
    tally.print(kept)
    if tally.refused:
        sys.exit(1)


def _authorization(credential: str | None, token: str | None) -> str:
    if bool(credential) == bool(token):
        raise ConfigurationError(
            "a record store is asked with a credential or a token, one of them", hint="Set LRS_CREDENTIAL or LRS_TOKEN in the environment."
        )
    return basic(credential) if credential else bearer(token or "")


def _time(name: str, text: str | None) -> int | None:
    try:
        return None if text is None else parse_timestamp(text)
    except ValueError as error:
        raise InvalidRequest(f"--{name}: {error}", parameter=name) from None


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Show how many came and how fast, on a terminal only: how many there are nobody says."""
    if not sys.stderr.isatty():
        yield lambda _count: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("pulling"), SpinnerColumn(), TextColumn("{task.completed:,.0f} statements"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("pulling", total=None)
        yield lambda count: progress.advance(task, count)
