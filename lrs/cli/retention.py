"""``lrs retention``."""

from __future__ import annotations

import csv
import os
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from lrs.cli.options import settings_of, store_options
from lrs.cli.table import print_table
from lrs.errors import ConfigurationError

if TYPE_CHECKING:
    from lrs.retention.enforcement import Step
    from lrs.retention.inactivity import Warned
    from lrs.retention.retention import Retention

_TENANT = click.option("--tenant", default="", help="The tenant that it is about; that of the settings if not given.")
_COLUMNS = ("mbox", "account", "home_page", "other", "name", "last_seen")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@click.group()
def retention() -> None:
    """See to it that nothing outlives the policy: what ends when, taking it off the disk, warning people before they are forgotten.

    Reads hide what is past its limit at once. Run apply once a month or oftener, from cron for instance.
    """


@retention.command()
@store_options
@_TENANT
def plan(data: Path | None, config: Path | None, tenant: str) -> None:
    """Print what ends when, by purpose and month, and how much of it has ended and is there still; changes nothing.

    active: goes into the intermediate archive. identity, attachment, statement, document: is deleted. warning: people to be warned. person: people who
    are forgotten.
    """
    import lrs
    from lrs.retention.months import written

    with lrs.open(settings_of(data, config)) as store:
        found = store.retention.plan(tenant=tenant)
    rows = [(each.what, each.purpose or "-", written(each.month), each.number, each.ended, each.held) for each in found]
    print_table(("what", "purpose", "month", "number", "ended", "held"), rows)


@retention.command()
@store_options
@_TENANT
@click.option(
    "--transfer-to",
    "transfers",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to put what the archives take over.",
)
@click.option("--seconds", type=click.FloatRange(0.0), metavar="N", help="Begin nothing more after N seconds; the next run goes on.")
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write the certificate into this file too.")
def apply(data: Path | None, config: Path | None, tenant: str, transfers: Path | None, seconds: float | None, out: Path | None) -> None:
    """Take off the disk what is past its limit, forget who may be forgotten, and sign a certificate of it.

    Stopped, it goes on where it was. Public archives are not eliminated without approval: then the draft of a slip is written, and the exit status is 1.

    \b
    lrs retention apply --data data/ --out certificate.txt
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    import lrs

    settings = settings_of(data, config)
    with lrs.open(settings) as store:
        done = store.retention.apply(tenant=tenant, transfers=transfers, seconds=seconds, on_step=_told)
        if done.counts.get("waiting for approval"):
            _write_slip(store.retention, settings.data / "retention" / "bordereau", tenant)
    click.echo(done.certificate, nl=False)
    if out is not None:
        _write(out, done.certificate)
    if done.waiting or not done.complete:
        sys.exit(1)


@retention.command()
@store_options
@_TENANT
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write them into this CSV file, and note that they are warned.",
)
def warn(data: Path | None, config: Path | None, tenant: str, out: Path | None) -> None:
    """Hand over the people who are to be warned before they are forgotten; without --out, only say how many there are.

    Whoever gets the file writes to them. They are forgotten after the notice of the policy, unless they are seen again. Only you can read the file.
    """
    import lrs

    number = 0
    with lrs.open(settings_of(data, config)) as store:
        if out is None:
            number = sum(len(people) for _, people in store.retention.to_warn(tenant=tenant))
            click.echo(f"{number:,} people are to be warned. --out FILE writes them down, and notes that they are.")
            return
        told: list[int] = []
        with _private(out) as file:
            rows = csv.writer(file)
            rows.writerow(_COLUMNS)
            for sids, people in store.retention.to_warn(tenant=tenant):
                rows.writerows(_row(each) for each in people)
                told += sids
                number += len(people)
            file.flush()
            os.fsync(file.fileno())
        # In this order: who is in no file was not warned.
        store.retention.warned(told, tenant=tenant)
    click.echo(f"{number:,} people to be warned are in {out}. Delete it when they are.")


@retention.command()
@store_options
@_TENANT
@click.option("--url", required=True, metavar="URL", help="Where mork answers; https, unless it is on this machine.")
@click.option("--service", required=True, metavar="NAME", help="The service that this store is to mork.")
@click.option(
    "--key-file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with mork's API key; else LRS_MORK_KEY.",
)
@click.option(
    "--home-page",
    default="",
    metavar="IRL",
    help="homePage of the platform's accounts, whose names are usernames; without it people go by e-mail.",
)
def mork(data: Path | None, config: Path | None, tenant: str, url: str, service: str, key_file: Path | None, home_page: str) -> None:
    """Follow openfun/mork, which decides whose accounts are deleted: forget them here too, and tell mork of whom nothing is left.

    Who asked for it is erased at once. Who was inactive is forgotten when they stood on mork's list for the notice of the policy and were not seen
    meanwhile. Run it every day, from cron for instance.
    """
    import lrs
    from lrs.retention.mork import Mork

    key = key_file.read_text("utf-8").strip() if key_file else os.environ.get("LRS_MORK_KEY", "")
    if not key:
        raise ConfigurationError("mork's API key is missing", hint="Name a file with --key-file, or set LRS_MORK_KEY.")
    asked = Mork(url, key, service=service)
    with lrs.open(settings_of(data, config)) as store:
        done = store.retention.follow(asked, erase=partial(store.erase, tenant=tenant or None), home_page=home_page, tenant=tenant)
    asked.close()
    click.echo(
        f"{done.listed:,} on mork's list: {done.own_wish:,} erased at their own wish, {done.forgotten:,} forgotten, {done.told:,} told as deleted."
    )


@retention.command()
@store_options
@_TENANT
@click.option("--out", metavar="NAME", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Write NAME.html and NAME.csv.")
def slip(data: Path | None, config: Path | None, tenant: str, out: Path) -> None:
    """Draft the elimination slip (bordereau d'élimination) of public archives that have ended, in French."""
    import lrs

    with lrs.open(settings_of(data, config)) as store:
        _write_slip(store.retention, out, tenant)


@retention.command()
@store_options
@_TENANT
@click.option("--visa", required=True, metavar="REF", help="The reference of the archives' letter; it names no person.")
@click.option(
    "--through",
    metavar="TIME",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%d"]),
    help="The time that stands on the slip (UTC); now if not given.",
)
def approve(data: Path | None, config: Path | None, tenant: str, visa: str, through: datetime | None) -> None:
    """Note that the archives approved the elimination of what had ended by then: the next apply eliminates it."""
    import lrs

    moment = None if through is None else round(through.replace(tzinfo=UTC).timestamp() * 1_000_000)
    with lrs.open(settings_of(data, config)) as store:
        store.retention.approve(visa, through=moment, tenant=tenant)
    click.echo(f"approved: {visa}. Now: lrs retention apply")


def _told(step: Step) -> None:
    click.echo(f"{step.what}: {step.number:,}", err=True)


def _write_slip(found: Retention, out: Path, tenant: str) -> None:
    drafted = found.slip(tenant=tenant)
    for suffix, text in ((".html", drafted.html), (".csv", drafted.csv)):
        _write(out.with_name(out.name + suffix), text)
    click.echo(f"{drafted.lines} lines are on the draft of the slip: {out}.html, {out}.csv", err=True)


def _row(person: Warned) -> list[str]:
    cells = [str(getattr(person, name)) for name in _COLUMNS]
    # A spreadsheet would run what begins so.
    return ["'" + cell if cell.startswith(_FORMULA) else cell for cell in cells]


def _write(path: Path, text: str) -> None:
    with _private(path) as file:
        file.write(text)


def _private(path: Path) -> IO[str]:
    """Open a file anew that its owner alone may read."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline="")
    except OSError as error:
        raise ConfigurationError(f"{path} can't be written: {error.strerror}") from None
