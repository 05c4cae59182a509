"""``lrs query``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from lrs.cli.options import filter_options, filters_of, settings_of, store_options
from lrs.cli.table import print_table

if TYPE_CHECKING:
    from lrs.engine import LRS

_PAGE = 1000
_DEFAULT = 100


@click.command()
@store_options
@filter_options
@click.option(
    "--limit", type=click.IntRange(1), help="Most statements to print, 100 if not given; with --count-by most groups, all if not given."
)
@click.option("--all", "everything", is_flag=True, help="Print all matches, however many.")
@click.option("--reason", default="", metavar="REF", help="The file for which the intermediate archive is read; it names no person.")
@click.option("--ascending", is_flag=True, help="Oldest first.")
@click.option("--format", "form", type=click.Choice(["exact", "ids", "canonical"]), default="exact", show_default=True)
@click.option("--count-by", type=click.Choice(["verb", "activity", "actor", "day"]), help="Count matches in place of printing them.")
@click.option(
    "--purpose",
    default="",
    metavar="ID",
    help="What for: a purpose of the policy, its default one if not given; no more than it shows is printed.",
)
@click.option("--output", type=click.Choice(["jsonl", "table"]), default="jsonl", show_default=True)
def query(  # noqa: PLR0913 -- one parameter an option
    data: Path | None,
    config: Path | None,
    agent: str | None,
    count_by: str | None,
    limit: int | None,
    form: str,
    output: str,
    *,
    everything: bool,
    ascending: bool,
    purpose: str,
    reason: str,
    **filters: Any,
) -> None:
    """Print statements as JSON lines or a table, newest first, or count them.

    Shows people as they are, unless the purpose shows less: whoever can read the keys of the store can run this. Other users of this machine can see
    the arguments of a command.
    A store that a running server holds is asked over HTTP instead.

    \b
    lrs query --verb http://adlnet.gov/expapi/verbs/completed --limit 5 --output table
    lrs query --agent mailto:jeanne@example.fr --related-agents --all > jeanne.jsonl
    lrs query --count-by verb
    lrs query --count-by actor --since 2026-09-01T00:00:00Z --output table
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    import lrs

    wanted = filters_of(agent, **filters) | {"purpose": purpose, "reason": reason}
    with lrs.open(settings_of(data, config)) as store:
        if count_by:
            _print_counts(store.count(count_by, limit=limit or 0, **wanted), count_by, output)
        else:
            bodies = _bodies(store, None if everything else limit or _DEFAULT, format=form, ascending=ascending, **wanted)
            if output == "table":
                _print_table(bodies)
            else:
                _print_lines(bodies)


def _bodies(store: LRS, most: int | None, **filters: Any) -> Iterator[bytes]:
    """Give the JSON of statements over as many pages as it takes."""
    page = store.query(limit=_PAGE if most is None else min(most, _PAGE), **filters)
    given = 0
    while True:
        bodies = page.bodies if most is None else page.bodies[: most - given]
        yield from bodies
        given += len(bodies)
        if page.more is None or given == most:
            return
        page = store.query(more=page.more, **{name: filters[name] for name in ("purpose", "reason")})


def _print_lines(bodies: Iterator[bytes]) -> None:
    out = sys.stdout.buffer
    for body in bodies:
        # A line break inside valid JSON is white space between tokens.
        out.write(body.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n")
    out.flush()


def _print_table(bodies: Iterator[bytes]) -> None:
    print_table(("stored", "actor", "verb", "object", "id"), [_row(msgspec.json.decode(body)) for body in bodies])


def _row(statement: dict[str, Any]) -> tuple[str, ...]:
    thing = statement["object"]
    name = next(iter(thing.get("definition", {}).get("name", {}).values()), "")
    return (
        statement.get("stored", ""),
        _person(statement["actor"]),
        statement["verb"]["id"].rstrip("/").rpartition("/")[2],
        name or (_person(thing) if thing.get("objectType") in ("Agent", "Group") else str(thing.get("id", thing.get("objectType")))),
        statement.get("id", ""),
    )


def _person(agent: dict[str, Any]) -> str:
    for key in ("name", "mbox", "openid", "mbox_sha1sum"):
        if key in agent:
            return str(agent[key])
    return str(agent["account"]["name"]) if "account" in agent else f"a group of {len(agent.get('member', ()))}"


def _print_counts(counts: list[tuple[Any, int]], by: str, output: str) -> None:
    if output == "table":
        print_table((by, "statements"), [(_person(what) if isinstance(what, dict) else what, number) for what, number in counts])
        return
    for what, number in counts:
        click.echo(msgspec.json.encode({by: what, "count": number}))
