"""``lrs export``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import attrs
import click

from lrs.access import Scope, View
from lrs.cli.options import filter_options, filters_of, settings_of, store_options
from lrs.errors import ConfigurationError
from lrs.exchange.folder import Folder, Writer, noted
from lrs.exchange.jsonl import SUFFIXES, Compression, JsonLines
from lrs.exchange.parquet import SUFFIX, Parquet
from lrs.exchange.rows import Columns, row
from lrs.xapi.formats import parse_timestamp

if TYPE_CHECKING:
    from lrs.access import Principal
    from lrs.engine import LRS

_SEEN = (View.IDENTIFIED.value, View.PSEUDONYMOUS.value)


@click.command()
@click.argument("folder", metavar="FOLDER", type=click.Path(file_okay=False, path_type=Path))
@store_options
@filter_options
@click.option("--as", "kind", type=click.Choice(["jsonl", "parquet"]), default="jsonl", show_default=True, help="Kind of the files.")
@click.option(
    "--compress", type=click.Choice([each.value for each in Compression]), default="gzip", show_default=True, help="Of JSON lines alone."
)
@click.option(
    "--columns",
    type=click.Choice([each.value for each in Columns]),
    default="statements",
    show_default=True,
    help="ralph: event_id, emission_time, event, as Ralph and Open edX Aspects have them in ClickHouse.",
)
@click.option("--attachments", is_flag=True, help="Put the contents of attachments into FOLDER/attachments, named by their SHA-2.")
@click.option("--credential", metavar="NAME", help="Export what this credential (id, username or name) may read, in its view.")
@click.option("--view", type=click.Choice(_SEEN), help="How much of people is shown; identified if neither this nor --credential is given.")
@click.option(
    "--purpose",
    default="",
    metavar="ID",
    help="What for: a purpose of the policy, its default one if not given; no more than it shows is written.",
)
@click.option("--reason", default="", metavar="REF", help="The file for which the intermediate archive is read; it names no person.")
@click.option("--resume", is_flag=True, help="Go on from where the last export into FOLDER ended, or was stopped.")
def export(  # noqa: PLR0913, PLR0917 -- one parameter an option
    folder: Path,
    data: Path | None,
    config: Path | None,
    agent: str | None,
    kind: str,
    compress: str,
    columns: str,
    credential: str | None,
    view: str | None,
    purpose: str,
    reason: str,
    *,
    attachments: bool,
    resume: bool,
    **filters: Any,
) -> None:
    """Write statements into files by the month in which they were stored, oldest first: JSON lines or Parquet.

    It takes what can be read when it begins, however much it is, in constant memory. Each file has its name once it is whole. FOLDER/export.json says
    through which time everything is there; --resume, or --since with that time, goes on from it. Only you can read the files.

    \b
    lrs export out/ --data data/ --view pseudonymous
    lrs export out/ --data data/ --as parquet --since 2026-09-01T00:00:00Z --verb http://adlnet.gov/expapi/verbs/completed
    lrs export out/ --data data/ --columns ralph --compress zstd --resume
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    import lrs

    if resume and (last := noted(folder)):
        filters["since"] = last
    with lrs.open(settings_of(data, config)) as store:
        principal = _reader(store, credential, view)
        through = store.consistent_through()
        wanted = {"until": through, **filters_of(agent, **filters)}
        with _filled(folder, kind, Compression(compress), Columns(columns)) as files, _progress(store, principal, wanted) as advance:
            statements = 0
            for page in store.export(principal=principal, purpose=purpose, reason=reason, attachments=attachments, **wanted):
                files.write(map(row, page.bodies))
                if page.attachments is not None:
                    files.attach(page.attachments)
                statements += len(page.bodies)
                advance(len(page.bodies))
            files.finish(min(parse_timestamp(str(time)) for time in (wanted["until"], through)))
    click.echo(
        f"{statements:,} statements in {len(files.files)} new files in {folder}; all of what matches through {noted(folder)} is there."
    )


def _reader(store: LRS, credential: str | None, view: str | None) -> Principal:
    """Say who reads: the credential that is named, or whoever opened the store; ``view`` shows less of people, never more."""
    principal = store.credentials.principal(credential) if credential else store.owner
    if view is None or view == principal.view:
        return principal
    if principal.view is not View.IDENTIFIED:
        raise ConfigurationError("this credential sees less of people than --view asks for")
    return attrs.evolve(principal, view=View(view))


@contextmanager
def _filled(folder: Path, kind: str, compression: Compression, columns: Columns) -> Iterator[Folder]:
    """Open the folder for an export; one that is stopped leaves nothing in it that is not whole."""
    made: Callable[[BinaryIO], Writer] = (
        partial(Parquet, columns=columns) if kind == "parquet" else partial(JsonLines, columns=columns, compression=compression)
    )
    files = Folder(folder, SUFFIX if kind == "parquet" else SUFFIXES[compression], made)
    try:
        yield files
    except OSError as error:
        raise ConfigurationError(f"the folder {folder} can't be written: {error.strerror}", hint="--resume goes on once it can.") from None
    finally:
        files.drop()


@contextmanager
def _progress(store: LRS, principal: Principal, wanted: dict[str, Any]) -> Iterator[Callable[[int], None]]:
    """Show a bar of what was written, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("exporting"), BarColumn(), MofNCompleteColumn(), TextColumn("statements"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        # Who may not count sees how many there are so far.
        total = sum(count for _, count in store.count("day", principal=principal, **wanted)) if Scope.ALL in principal.scopes else None
        task = progress.add_task("exporting", total=total)
        yield lambda count: progress.advance(task, count)
