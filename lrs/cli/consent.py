"""``lrs consent``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from lrs.cli.options import agent_of, settings_of, store_options
from lrs.cli.table import print_table
from lrs.errors import InvalidRequest

if TYPE_CHECKING:
    from lrs.privacy.consent.state import State

_AGENT = click.argument("agent", metavar="AGENT")
_PURPOSE = click.argument("purpose", metavar="PURPOSE")
_OPTIONS = (
    click.option("--tenant", help="The tenant whose person it is; that of the settings if not given."),
    click.option("--at", metavar="TIME", help="When it was said (RFC 3339); now if not given."),
    click.option(
        "--method",
        type=click.Choice(["form", "paper", "spoken", "imported"]),
        default="form",
        show_default=True,
        help="How it was said.",
    ),
)
_TENANT = _OPTIONS[0]


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return store_options(command)


@click.group()
def consent() -> None:
    """Record what people say about purposes: consents, restrictions, objections (GDPR art. 7, 18 and 21).

    AGENT is an agent as JSON, or mailto:... for short; it need not have been met before. Works while the server runs, and counts in its next answer.
    Make sure first that who asks is who they say. All of it goes into the audit trail.
    """


@consent.command()
@_AGENT
@_PURPOSE
@click.option("--notice", required=True, metavar="DIGEST", help="The SHA-256 of the registered text that was shown: see lrs notice.")
@_options
def give(agent: str, purpose: str, notice: str, data: Path | None, config: Path | None, tenant: str | None, **said: Any) -> None:
    """Record a consent to a purpose that rests on one; it covers what happens from its time on."""
    _say("give", agent, data, config, tenant, purpose=purpose, notice=notice, **said)


@consent.command()
@_AGENT
@_PURPOSE
@_options
def withdraw(agent: str, purpose: str, data: Path | None, config: Path | None, tenant: str | None, **said: Any) -> None:
    """Record that a consent is withdrawn: the purpose sees nothing of the person any more."""
    _say("withdraw", agent, data, config, tenant, purpose=purpose, **said)


@consent.command()
@_AGENT
@_options
def restrict(agent: str, data: Path | None, config: Path | None, tenant: str | None, **said: Any) -> None:
    """Record a restriction: what is stored stays, and no purpose sees it but those that the law asks for."""
    _say("restrict", agent, data, config, tenant, **said)


@consent.command()
@_AGENT
@_options
def lift(agent: str, data: Path | None, config: Path | None, tenant: str | None, **said: Any) -> None:
    """Record the end of a restriction; tell the person before (GDPR art. 18(3))."""
    _say("lift", agent, data, config, tenant, **said)


@consent.command("object")
@_AGENT
@_PURPOSE
@_options
def object_(agent: str, purpose: str, data: Path | None, config: Path | None, tenant: str | None, **said: Any) -> None:
    """Record an objection to one purpose."""
    _say("object", agent, data, config, tenant, purpose=purpose, **said)


@consent.command()
@_AGENT
@_PURPOSE
@_options
def retract(agent: str, purpose: str, data: Path | None, config: Path | None, tenant: str | None, **said: Any) -> None:
    """Record that an objection is taken back, or overridden (GDPR art. 21(1))."""
    _say("retract", agent, data, config, tenant, purpose=purpose, **said)


@consent.command()
@_AGENT
@store_options
@_TENANT
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object.")
def show(agent: str, data: Path | None, config: Path | None, tenant: str | None, *, as_json: bool) -> None:
    """Say how a person stands to each purpose, and what they said and when."""
    from lrs.rights.consents import open_ledger
    from lrs.xapi.formats import format_timestamp

    with open_ledger(settings_of(data, config), tenant=tenant) as ledger:
        state, history = ledger.state(agent_of(agent)), ledger.history(agent_of(agent))
    if as_json:
        click.echo(msgspec.json.encode({"state": state, "history": history}))
        return
    _print(state)
    click.echo()
    print_table(
        ("number", "what", "purpose", "at", "recorded", "method", "recorder", "notice"),
        [
            (
                each.number,
                each.kind,
                each.purpose or "(every one)",
                format_timestamp(each.at),
                format_timestamp(each.recorded),
                each.method or "",
                each.recorder,
                each.notice[:12],
            )
            for each in history
        ],
    )


@consent.command()
@_AGENT
@store_options
@_TENANT
def receipt(agent: str, data: Path | None, config: Path | None, tenant: str | None) -> None:
    """Print what a person said as JSON-LD, each consent with the text that was shown (DPV, after ISO/IEC TS 27560)."""
    from lrs.rights.consents import open_ledger

    with open_ledger(settings_of(data, config), tenant=tenant) as ledger:
        click.echo(ledger.records(agent_of(agent)))


@consent.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@store_options
@_TENANT
def import_(file: Path, data: Path | None, config: Path | None, tenant: str | None) -> None:
    """Record many sayings at once, one a line, as a platform that kept them before can write them: all of them, or none.

    A line is a JSON object: agent, kind (give, withdraw, restrict, lift, object, retract), purpose, notice, at, method.
    """
    from lrs.privacy.consent.saying import Saying
    from lrs.rights.consents import open_ledger

    lines = [line for line in file.read_bytes().splitlines() if line.strip()]
    said = []
    for number, line in enumerate(lines, 1):
        try:
            said.append(msgspec.json.decode(line, type=Saying))
        except msgspec.MsgspecError:
            # What the decoder says could hold a value.
            raise InvalidRequest(f"line {number} is no saying", hint="lrs consent import --help names the keys.") from None
    with open_ledger(settings_of(data, config), tenant=tenant) as ledger:
        ledger.record(said)
    click.echo(f"{len(said)} recorded", file=sys.stderr)


def _say(what: str, agent: str, data: Path | None, config: Path | None, tenant: str | None, **said: Any) -> None:
    from lrs.rights.consents import open_ledger

    with open_ledger(settings_of(data, config), tenant=tenant) as ledger:
        _print(getattr(ledger, what)(agent_of(agent), **said))


def _print(state: State) -> None:
    from lrs.xapi.formats import format_timestamp

    click.echo("restricted: " + ("yes" if state.restricted else "no"))
    print_table(
        ("purpose", "consent", "since", "objected", "note"),
        [
            (
                each.purpose,
                each.consent or "(not asked for)",
                "" if each.since is None else format_timestamp(each.since),
                "yes" if each.objected else "no",
                "re-consent due: the text has changed" if each.reconsent_due else "",
            )
            for each in state.purposes
        ],
    )
