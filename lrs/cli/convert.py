"""``lrs convert``."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import contextmanager, suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from lrs.cli import files
from lrs.cli.report import Report
from lrs.cli.secret import secret_of
from lrs.cli.tail import followed
from lrs.errors import InvalidRequest
from lrs.sources import LONGEST, SOURCES, Platform, converter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lrs.sources import Outcome

_PAUSE = 0.5
_encode = msgspec.json.Encoder().encode


@click.command()
@click.argument("source", type=click.Choice(list(SOURCES)))
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
    "--people",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="JSON object of people's ids by login name, for events that know no more.",
)
@click.option(
    "--notice",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The notice that people see before a class is recorded; its SHA-256 goes with each recording.",
)
@click.option("--follow", is_flag=True, help="Go on with what is written to FILE, one plain file, until Ctrl-C or SIGTERM.")
@click.option(
    "--report",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where each line that can't be read is named, as JSON lines.",
)
def convert(  # noqa: PLR0913 -- one parameter an option
    source: str,
    logs: tuple[Path, ...],
    home: str,
    key: Path,
    *,
    names: Path | None,
    people: Path | None,
    notice: Path | None,
    report: Path | None,
    follow: bool,
) -> None:
    """Turn events of another system into statements, one a line on standard output.

    Files hold one event a line, or are one JSON document over many lines; gzipped or not; '-' reads standard input. Each line stands for
    itself. What was converted, which kinds of events have no mapping and which lines can't be read, by file and line, is said on standard
    error. The exit status is 1 if a line can't be read.

    \b
    lrs convert edx tracking.log.gz --home https://lms.example.org | lrs ingest - --data data/
    lrs convert edx --follow tracking.log --home https://lms.example.org | lrs ingest - --data data/
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    converting = converter(source)
    files.check_there(logs)
    if follow and (len(logs) > 1 or files.STDIN in logs):
        raise InvalidRequest("--follow goes with one file", parameter="follow")
    platform = Platform(home, secret_of(key), names=_texts(names, "names"), notice=_digest(notice), people=_texts(people, "people"))
    with Report(report) as account:
        try:
            for log in logs:
                with _lines(log, follow=follow) as lines:
                    _convert(log, lines, lambda events: converting(events, platform), account)
        finally:
            account.print()
    if account.unreadable:
        sys.exit(1)


@contextmanager
def _lines(log: Path, *, follow: bool) -> Iterator[Iterator[bytes]]:
    """Open a log; one that is followed ends when the process is asked to."""
    if not follow:
        with files.opened(log, lambda _size: None, lines=partial(files.log_lines, longest=LONGEST)) as lines:
            yield lines
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        yield followed(log, longest=LONGEST, pause=_rest)


def _rest() -> None:
    """Tell the reader that this is all for now, and wait for more."""
    sys.stdout.buffer.write(b"\n\n")
    sys.stdout.buffer.flush()
    time.sleep(_PAUSE)


def _convert(log: Path, lines: Iterator[bytes], converting: Callable[[Iterator[bytes]], Iterator[Outcome]], report: Report) -> None:
    """Convert the lines of one file."""
    out = sys.stdout.buffer
    readable = files.Readable(lines)
    try:
        for number, outcome in enumerate(converting(readable), 1):
            for statement in outcome.statements:
                out.write(_encode(statement) + b"\n")
            report.add(log, number, outcome)
    finally:
        out.flush()
    readable.check()


def _digest(path: Path | None) -> str:
    try:
        return sha256(path.read_bytes()).hexdigest() if path else ""
    except OSError as error:
        raise InvalidRequest(f"{path} can't be read: {error.strerror}", parameter="notice") from None


def _texts(path: Path | None, parameter: str) -> dict[str, str]:
    if path is None:
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        raise InvalidRequest(f"{path} can't be read as a JSON object of texts", parameter=parameter) from None
