"""``lrs breach``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click
import msgspec

from lrs.accountability.breach import Breach, Told
from lrs.accountability.exposure import Asset
from lrs.cli.options import settings_of, store_options
from lrs.cli.table import print_table
from lrs.xapi.formats import format_timestamp

if TYPE_CHECKING:
    from lrs.accountability.office import Office

_TENANT = click.option("--tenant", help="The tenant whose data it is; that of the settings if not given.")
_TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"])
_LANGUAGE = click.option("--language", type=click.Choice(["fr", "en"]), default="fr", show_default=True, help="Of the page or the notice.")
_EARLIEST = datetime(1970, 1, 1)  # noqa: DTZ001 -- as the option gives times, which are UTC


@click.group()
def breach() -> None:
    """Say within minutes what a breach exposed, and keep its register with the 72 hours to tell the authority (GDPR art. 33, 34).

    \b
    lrs breach assess --asset warehouse --from 2026-11-02             a disk with the warehouse is gone
    lrs breach assess --asset credential --credential dashboard --from 2026-11-02 --to 2026-11-05
    lrs breach add --assessment assessed.json

    Works while the server runs; statements of an embedded warehouse are then not counted.
    """  # noqa: D301 -- click keeps the lines after a backspace as they are


@breach.command()
@store_options
@_TENANT
@click.option(
    "--asset",
    "assets",
    multiple=True,
    required=True,
    type=click.Choice([each.value for each in Asset]),
    help="What is in wrong hands; may be repeated. A backup is one of warehouse and vault.",
)
@click.option("--credential", default="", metavar="ID|USERNAME|NAME", help="Which credential; of exports, whose.")
@click.option("--from", "since", type=_TIME, help="Since when (UTC); ever if not given.")
@click.option("--to", "until", type=_TIME, help="Until when (UTC); now if not given.")
@click.option("--aware", type=_TIME, help="When it became known (UTC), for the page and the notice; now if not given.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["receipt", "json", "html", "notice"]),
    default="receipt",
    show_default=True,
    help="A signed receipt; facts for programs and lrs breach add; a page with the fields of a notification; a processor's notice to its controller.",
)
@_LANGUAGE
@click.option(
    "--people", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write who was seen, for telling them; audited."
)
def assess(  # noqa: PLR0913 -- one parameter an option
    *,
    data: Path | None,
    config: Path | None,
    tenant: str | None,
    assets: tuple[str, ...],
    credential: str,
    since: datetime | None,
    until: datetime | None,
    aware: datetime | None,
    form: str,
    language: str,
    people: Path | None,
) -> None:
    """Say what was exposed, of how many people, and whether anyone can read it: from the audit trail and the catalogue of what is stored."""
    with _office(data, config) as office:
        now = office.now()
        made = office.assessor.assess(
            [Asset(each) for each in assets],
            since=_micros(since or _EARLIEST),
            until=now if until is None else _micros(until),
            credential=credential,
            tenant=tenant,
        )
        if people is not None:
            office.write_people(made, people)
        known = now if aware is None else _micros(aware)
        click.echo(office.told(made, form, aware=known, language=language), nl=False)


@breach.command()
@store_options
@_TENANT
@click.option(
    "--assessment", metavar="FILE", type=click.File("rb"), help="What lrs breach assess --format json wrote; - for standard input."
)
@click.option("--aware", type=_TIME, help="When it became known (UTC); now if not given.")
@click.option("--reference", default="", metavar="TEXT", help="The file in your own books: letters, digits and . / _ -, never a person.")
def add(
    data: Path | None,
    config: Path | None,
    tenant: str | None,
    assessment: BinaryIO | None,
    aware: datetime | None,
    reference: str,
) -> None:
    """Enter a breach, even one that need not be told: the register is for all of them (art. 33(5))."""
    facts = None if assessment is None else msgspec.json.decode(assessment.read(), type=dict[str, object])
    with _office(data, config) as office:
        entered = office.breaches.add(facts, aware=None if aware is None else _micros(aware), reference=reference, tenant=tenant)
    click.echo(_line(entered))


@breach.command("list")
@store_options
@_TENANT
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object a breach, with the facts of its assessment.")
def list_(data: Path | None, config: Path | None, tenant: str | None, *, as_json: bool) -> None:
    """List the register, oldest first; LATE is what was not told within 72 hours."""
    with _office(data, config) as office:
        rows, now = office.breaches.entries(tenant=tenant), office.now()
    if as_json:
        for each in rows:
            click.echo(msgspec.json.encode(each))
        return
    print_table(
        ("number", "became known", "due", *Told, "closed", "outcome", "reference"),
        [
            (
                each.number,
                format_timestamp(each.aware),
                format_timestamp(each.due) + (" LATE" if each.pending and each.due < now else ""),
                *(_time(each.told.get(whom)) for whom in Told),
                _time(each.closed),
                each.outcome,
                each.reference,
            )
            for each in rows
        ],
    )


@breach.command()
@click.argument("number", type=click.IntRange(1))
@click.argument("whom", type=click.Choice([each.value for each in Told]))
@store_options
@_TENANT
def tell(number: int, whom: str, data: Path | None, config: Path | None, tenant: str | None) -> None:
    """Note that the authority, the controller (by its processor) or the persons were told now. It sends nothing."""
    with _office(data, config) as office:
        click.echo(_line(office.breaches.tell(number, whom, tenant=tenant)))


@breach.command()
@click.argument("number", type=click.IntRange(1))
@store_options
@_TENANT
@click.option("--no-risk", is_flag=True, help="It is unlikely to result in a risk to anybody, so that nobody need be told.")
def close(number: int, data: Path | None, config: Path | None, tenant: str | None, *, no_risk: bool) -> None:
    """Close a breach: the authority or the controller was told, or nobody need be."""
    with _office(data, config) as office:
        click.echo(_line(office.breaches.close(number, no_risk=no_risk, tenant=tenant)))


@contextmanager
def _office(data: Path | None, config: Path | None) -> Iterator[Office]:
    from lrs.accountability.office import open_office

    with open_office(settings_of(data, config)) as office:
        yield office


def _line(each: Breach) -> str:
    state = f"closed ({each.outcome})" if each.closed else f"due {format_timestamp(each.due)}" if each.pending else "told"
    return f"breach {each.number}: {state}"


def _time(at: int | None) -> str:
    return "" if at is None else format_timestamp(at)


def _micros(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1_000_000)
