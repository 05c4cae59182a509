"""``lrs convert``."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from lrs.cli import files
from lrs.cli.report import Report
from lrs.cli.secret import secret_of
from lrs.errors import InvalidRequest

if TYPE_CHECKING:
    from lrs.sources import Convert, Platform

_encode = msgspec.json.Encoder().encode


@click.command()
@click.argument("source")
@click.argument("logs", metavar="FILE...", nargs=-1, required=True, type=click.Path(allow_dash=True, dir_okay=False, path_type=Path))
@click.option(
    "--home", required=True, metavar="URL", help="Root address of the platform, under which its accounts and activities are named."
)
@click.option(
    "--key",
    default=Path("source.key"),
    show_default=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Secret that makes the ids of statements, so that the same event is the same statement. Made if it is missing.",
)
@click.option(
    "--names", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="JSON object of titles by id: courses, rooms."
)
@click.option(
    "--report",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where each line that can't be read is named, as JSON lines.",
)
def convert(source: str, logs: tuple[Path, ...], home: str, key: Path, names: Path | None, report: Path | None) -> None:
    """Turn events of another system into statements, one a line on standard output.

    Files hold one event a line; gzipped or not; '-' reads standard input. Each line stands for itself. What was converted, which kinds of
    events have no mapping and which lines can't be read, by file and line, is said on standard error. The exit status is 1 if a
    line can't be read.

    \b
    lrs convert edx tracking.log.gz --home https://lms.example.org | lrs ingest - --data data/
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    from lrs.sources import Platform, converter

    converting = converter(source)
    files.check_there(logs)
    platform = Platform(home, secret_of(key), names=_names(names))
    with Report(report) as account:
        for log in logs:
            _convert(log, converting, platform, account)
    account.print()
    if account.unreadable:
        sys.exit(1)


def _convert(log: Path, converting: Convert, platform: Platform, report: Report) -> None:
    """Convert one file."""
    from lrs.sources import LONGEST

    out = sys.stdout.buffer
    with files.opened(log, lambda _size: None, lines=partial(files.log_lines, longest=LONGEST)) as lines:
        readable = files.Readable(lines)
        for number, outcome in enumerate(converting(readable, platform), 1):
            for statement in outcome.statements:
                out.write(_encode(statement) + b"\n")
            report.add(log, number, outcome)
        out.flush()
        readable.check()


def _names(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        raise InvalidRequest(f"{path} can't be read as a JSON object of texts", parameter="names") from None
