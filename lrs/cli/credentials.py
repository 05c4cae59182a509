"""``lrs credentials``."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from lrs.access import PLATFORM, Handling, Scope, View
from lrs.cli.options import agent_of, settings_of, store_options
from lrs.cli.table import print_table
from lrs.sources.profiles import PROFILES
from lrs.sources.repair import RULES


@click.group()
def credentials() -> None:
    """Say who may log in over HTTP, what they may do, and how much of people they see.

    Works while the server runs: a new credential is known to it at once, a revoked one is refused within seconds.
    """


_REPAIR = click.option(
    "--repair",
    "repairs",
    multiple=True,
    type=click.Choice(list(RULES)),
    help="A repair of what it sends, before that is checked; may be repeated. docs/reference/repairs.md shows each.",
)
_PROFILE = click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="NAME=strict|report",
    help=f"Hold what it sends to an xAPI profile: refuse what does not keep to it, or count it; may be repeated. {', '.join(PROFILES)}.",
)

_QUARANTINE = click.option(
    "--quarantine-days",
    "days",
    type=click.IntRange(0),
    metavar="DAYS",
    help="Keep what can't be taken so long, sealed, for `lrs quarantine`, in place of refusing it; 30 is usual, 0 is none.",
)


@credentials.command()
@click.argument("name")
@store_options
@click.option("--username", help="Made up if not given.")
@click.option(
    "--password", help="Made up if not given. Other users of this machine can see it on the command line: prefer --password-stdin."
)
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it may do; may be repeated. Without it: statements/read if --view is given, else what a learning platform does: "
    f"{', '.join(PLATFORM)}.",
)
@click.option(
    "--view", type=click.Choice([view.value for view in View]), help="How much of a person it sees when reading. [default: identified]"
)
@click.option("--purpose", default="", metavar="ID", help="What it reads for: a purpose of the policy; its default one if not given.")
@_REPAIR
@_PROFILE
@_QUARANTINE
@click.option("--tenant", help="The tenant whose data it reaches; that of the settings if not given.")
def add(  # noqa: PLR0913, PLR0917 -- one parameter an option
    name: str,
    data: Path | None,
    config: Path | None,
    username: str | None,
    password: str | None,
    scopes: tuple[str, ...],
    view: str | None,
    purpose: str,
    repairs: tuple[str, ...],
    profiles: tuple[str, ...],
    days: int | None,
    tenant: str | None,
    *,
    password_stdin: bool,
) -> None:
    """Add a credential and print the username and the password that were made up, once.

    \b
    lrs credentials add my-platform                                  may store statements and documents
    lrs credentials add dashboard --view pseudonymous                may read them, without names
    lrs credentials add teacher-tool --scope statements/write --scope statements/read
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    from lrs.credentials import open_credentials

    if password and password_stdin:
        raise click.UsageError("Give --password or --password-stdin, not both.")
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n") or None
        if password is None:
            raise click.UsageError("There is no password on standard input.")
    chosen = scopes or ((Scope.STATEMENTS_READ.value,) if view else PLATFORM)
    with open_credentials(settings_of(data, config), clock=_now) as room:
        row, made_username, made_password = room.add(
            name,
            tenant=tenant,
            username=username,
            password=password,
            scopes=chosen,
            view=view or View.IDENTIFIED.value,
            purpose=purpose,
            handling=Handling(repairs, profiles, days or 0),
        )
    click.echo(f"username: {made_username}")
    if password is None:
        click.echo(f"password: {made_password}")
        click.echo("Keep the password now: only its hash is stored, it can't be shown again.", err=True)
    click.echo(f"id {row.id}, tenant {row.tenant}, scopes {' '.join(row.scopes)}, view {row.view}", err=True)


@credentials.command()
@click.argument("which", metavar="ID|USERNAME|NAME")
@store_options
@click.option("--agent", required=True, help="Whom it is for: their JSON, or mailto:... for short.")
@click.option("--activity", required=True, metavar="IRI", help="What it is about.")
@click.option("--registration", metavar="UUID", help="What each statement must have then.")
@click.option("--session", metavar="TEXT", help="A session of cmi5: what is printed is where the unit fetches its token, once.")
@click.option("--ttl", type=int, metavar="SECONDS", help="How long it is good for. [default: 3600, at most 86400]")
def issue(which: str, data: Path | None, config: Path | None, agent: str, **said: str | int | None) -> None:
    """Print a pass of a credential: a token for one agent and one activity, good for a short while.

    \b
    lrs credentials issue my-platform --agent mailto:a@example.fr --activity https://mooc.example.fr/videos/1
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    from lrs.credentials import launches, open_credentials

    asked = {"agent": agent_of(agent), **{name: value for name, value in said.items() if value is not None}}
    with open_credentials(settings_of(data, config), clock=_now) as room:
        principal = room.principal(which)
        token, _ = room.launch(principal, asked) if "session" in asked else room.issue(principal, asked)
    click.echo(launches.address(token) if "session" in asked else token)


@credentials.command("set")
@click.argument("which", metavar="ID|USERNAME|NAME")
@store_options
@_REPAIR
@click.option("--no-repairs", is_flag=True, help="Make no repairs any more.")
@_PROFILE
@click.option("--no-profiles", is_flag=True, help="Hold it to no profile any more.")
@_QUARANTINE
def set_(
    which: str,
    data: Path | None,
    config: Path | None,
    repairs: tuple[str, ...],
    profiles: tuple[str, ...],
    days: int | None,
    *,
    no_repairs: bool,
    no_profiles: bool,
) -> None:
    """Change what is done with what a credential sends; what is given stands in place of what was there before.

    \b
    lrs credentials set marsha --repair marsha-mbox-in-account --repair non-iri-parent
    lrs credentials set player --profile video=report
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    from lrs.credentials import open_credentials

    lists = {"repairs": (repairs, no_repairs), "profiles": (profiles, no_profiles)}
    if any(given and none for given, none in lists.values()):
        raise click.UsageError("Give what is wanted, or that nothing is, not both.")
    changes: dict[str, object] = {name: given for name, (given, none) in lists.items() if given or none}
    if days is not None:
        changes["quarantine_days"] = days
    with open_credentials(settings_of(data, config), clock=_now) as room:
        row = room.change_handling(which, **changes)
    handling = f"repairs {' '.join(row.repairs) or '-'}, profiles {' '.join(row.profiles) or '-'}, quarantine {row.quarantine_days} days"
    click.echo(f"{row.name}: {handling}")


@credentials.command("import")
@click.argument("file", type=click.File("rb"))
@store_options
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What they all may do, in place of the scopes in the file; may be repeated.",
)
@click.option(
    "--view",
    type=click.Choice([view.value for view in View]),
    default=View.IDENTIFIED.value,
    show_default=True,
    help="How much of a person they see when reading.",
)
@click.option("--tenant", help="The tenant whose data they reach, in place of the targets in the file.")
def import_(file: BinaryIO, data: Path | None, config: Path | None, scopes: tuple[str, ...], view: str, tenant: str | None) -> None:
    """Take over the users of Ralph from its auth.json: all of them, or none.

    They keep their usernames, passwords and agents. A target becomes the tenant of that name.
    """
    from lrs.credentials import open_credentials, ralph

    entries = ralph.read(file.read())
    with open_credentials(settings_of(data, config), clock=_now) as room:
        rows = room.take_over(entries, tenant=tenant, scopes=scopes, view=view)
    for number, (entry, row) in enumerate(zip(entries, rows, strict=True), 1):
        if entry.ignored and not scopes:
            click.echo(f"entry {number}: these scopes mean nothing here: {' '.join(entry.ignored)}", err=True)
        if not row.scopes:
            click.echo(f"entry {number}: it may do nothing: none of its scopes is known here", err=True)
    click.echo(f"{len(rows)} credentials imported.")


@credentials.command("list")
@store_options
@click.option("--tenant", help="Only those of this tenant.")
def list_(data: Path | None, config: Path | None, tenant: str | None) -> None:
    """List credentials, revoked ones too, oldest first."""
    from lrs.credentials import open_credentials

    with open_credentials(settings_of(data, config), clock=_now) as room:
        rows = room.list(tenant)
    if not rows:
        click.echo("There are no credentials. Add one with: lrs credentials add NAME")
        return
    print_table(
        ("id", "name", "username", "tenant", "scopes", "view", "purpose", "repairs", "profiles", "quarantine", "added", "revoked"),
        [
            (
                row.id,
                row.name,
                row.username,
                row.tenant,
                " ".join(row.scopes),
                row.view,
                row.purpose,
                " ".join(row.repairs),
                " ".join(row.profiles),
                f"{row.quarantine_days} days" if row.quarantine_days else "",
                _day(row.created),
                _day(row.revoked),
            )
            for row in rows
        ],
    )


@credentials.command()
@click.argument("which", metavar="ID|USERNAME|NAME")
@store_options
def revoke(which: str, data: Path | None, config: Path | None) -> None:
    """Refuse a credential from now on, for ever; what it stored stays."""
    from lrs.credentials import open_credentials

    with open_credentials(settings_of(data, config), clock=_now) as room:
        row = room.revoke(which)
    click.echo(f"Revoked {row.id} ({row.name}).")


def _now() -> int:
    return time.time_ns() // 1000


def _day(microseconds: int | None) -> str:
    return "" if microseconds is None else datetime.fromtimestamp(microseconds / 1_000_000, UTC).strftime("%Y-%m-%d")
