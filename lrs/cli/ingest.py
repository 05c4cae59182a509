"""``lrs ingest``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lrs.cli import files
from lrs.cli.attaching import store_lines, store_lines_from
from lrs.cli.options import settings_of, store_options
from lrs.cli.outcomes import Outcome, Refused, Tally

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


Sending = Callable[[Iterator[bytes]], Iterator[Outcome]]


@click.command()
@click.argument("sources", metavar="FILE...", nargs=-1, required=True, type=click.Path(allow_dash=True, dir_okay=False, path_type=Path))
@store_options
@click.option("--url", help="Send to a running record store at this address instead of opening one.")
@click.option(
    "--credential",
    envvar="LRS_CREDENTIAL",
    show_envvar=True,
    metavar="USER:PASSWORD",
    help="Credential for --url; the variable keeps it out of sight of others.",
)
@click.option(
    "--xapi-version",
    type=click.Choice(["1.0.3", "2.0.0"]),
    default="1.0.3",
    show_default=True,
    help="Version whose rules the statements follow.",
)
@click.option(
    "--refused",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where refused lines go; FILE.refused.jsonl beside the first file if not given.",
)
@click.option(
    "--attachments",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the contents that statements attach, each in a file named by its SHA-2; not with --url.",
)
def ingest(
    sources: tuple[Path, ...],
    data: Path | None,
    config: Path | None,
    url: str | None,
    credential: str | None,
    xapi_version: str,
    refused: Path | None,
    attachments: Path | None,
) -> None:
    """Store the statements of files: JSON, JSON lines, gzip of either; '-' reads standard input.

    Each line stands for itself: one that is refused stops nothing. Running the same file again changes nothing, if its
    statements have ids. At the end it says what was stored, what was there before and what was refused; refused lines are
    kept in a file, with the reasons in another. The exit status is 1 if anything was refused.

    \b
    lrs ingest statements.jsonl.gz --data data/
    zcat old/*.gz | lrs ingest - --data data/
    LRS_CREDENTIAL=user:password lrs ingest new.jsonl --url https://lrs.example.org
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    files.check_there(sources)
    tally = Tally()
    kept = Refused(refused or _beside(sources[0]))
    with ExitStack() as open_things:
        sending = open_things.enter_context(_sending(data, config, url, credential, xapi_version, attachments))
        open_things.enter_context(kept)
        advance = open_things.enter_context(_progress(sources))
        try:
            for source in sources:
                with files.opened(source, advance) as lines:
                    readable = files.Readable(lines)
                    for outcome in sending(readable):
                        tally.add(outcome)
                        if outcome.error is not None:
                            kept.add(source, outcome, outcome.error)
                    readable.check()
        except BaseException:
            click.echo("Stopped before the end; up to there:", err=True)
            tally.print(kept)
            raise
    tally.print(kept)
    if tally.refused:
        sys.exit(1)


def _beside(source: Path) -> Path:
    return Path("stdin.refused.jsonl") if source == files.STDIN else source.with_name(source.name + ".refused.jsonl")


def _sending(
    data: Path | None, config: Path | None, url: str | None, credential: str | None, version: str, attachments: Path | None
) -> AbstractContextManager[Sending]:
    if url is None:
        return _locally(data, config, version, attachments)
    if attachments is not None:
        raise click.UsageError("--attachments does not go with --url.")
    from lrs.cli.remote import Remote

    return nullcontext(Remote(url, credential, version=version).send)


@contextmanager
def _locally(data: Path | None, config: Path | None, version: str, attachments: Path | None) -> Iterator[Sending]:
    import lrs

    with lrs.open(settings_of(data, config)) as store:
        yield (
            partial(store_lines, store, version=version)
            if attachments is None
            else partial(store_lines_from, attachments, store, version=version)
        )


@contextmanager
def _progress(sources: tuple[Path, ...]) -> Iterator[Callable[[int], None]]:
    """Show a bar of what was read, on a terminal only."""
    if not sys.stderr.isatty() or files.STDIN in sources:
        yield lambda _size: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("reading", total=sum(source.stat().st_size for source in sources if source.is_file()))
        yield lambda size: progress.advance(task, size)
