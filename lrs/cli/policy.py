"""``lrs policy``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lrs.cli.options import settings_of, store_options
from lrs.cli.table import print_table
from lrs.errors import ConfigurationError

if TYPE_CHECKING:
    from lrs.privacy.policy import Policy

_TENANT = click.option("--tenant", help="The tenant whose policy it is; that of the settings if not given.")
_LANGUAGE = click.option("--language", type=click.Choice(["fr", "en"]), default="en", show_default=True, help="Language of the titles.")


@click.group()
def policy() -> None:
    """Say why statements are kept, for how long, who sees how much of them, and what is not kept at all.

    A policy is a file in the data directory. Without one everything is kept, for ever. A change counts from the next start on.
    """


@policy.command()
@store_options
@_TENANT
@_LANGUAGE
def show(data: Path | None, config: Path | None, tenant: str | None, language: str) -> None:
    """Print the policy in force: its digest, parties, purposes and rules."""
    from lrs.privacy.policy.reader import policy_of

    settings = settings_of(data, config)
    _print(policy_of(settings, tenant or settings.tenant), language)


@policy.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@store_options
@_TENANT
def check(file: Path | None, data: Path | None, config: Path | None, tenant: str | None) -> None:
    """Name everything that is wrong with a policy: FILE, or the one that is in place."""
    from lrs.privacy.policy.reader import examine, path_of

    settings = settings_of(data, config)
    path = file or path_of(settings, tenant or settings.tenant)
    found, wrong = examine(path)
    for each in wrong:
        click.echo(each)
    if found is None or wrong:
        raise ConfigurationError(f"the policy {path} can't be used", hint="docs/reference/policy.md lists the keys.")
    click.echo(f"{path} is a policy. SHA-256 {found.digest}")


@policy.command()
@_LANGUAGE
def presets(language: str) -> None:
    """List the policies that come with lrs, to start from."""
    from lrs.privacy.policy import reader

    print_table(
        ("preset", "title", "purposes"),
        [(name, getattr(found.title, language), " ".join(each.id for each in found.purposes)) for name, found in reader.presets()],
    )


@policy.command()
@click.argument("preset")
@store_options
@_TENANT
def init(preset: str, data: Path | None, config: Path | None, tenant: str | None) -> None:
    """Write a preset as the policy, to be completed and confirmed by a data protection officer. Never replaces one."""
    from lrs.privacy.policy import reader

    settings = settings_of(data, config)
    path = reader.path_of(settings, tenant or settings.tenant)
    text = reader.preset(preset)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigurationError(f"there is a policy already: {path}", hint="Edit it, then run `lrs policy check`.") from None
    except OSError as error:
        raise ConfigurationError(f"{path} can't be written: {error.strerror}") from None
    click.echo(f"written: {path}. Complete it, have it confirmed, then: lrs policy check")


def _print(found: Policy, language: str) -> None:
    click.echo(f"{getattr(found.title, language)}\nSHA-256 {found.digest}, profile {found.profile}, unassigned: {found.unassigned}\n")
    if found.parties:
        print_table(
            ("party", "role", "location", "transfer"), [(each.name, each.role, each.location, each.transfer_tool) for each in found.parties]
        )
        click.echo()
    print_table(
        ("purpose", "title", "legal basis", "view", "times", "identity days", "statement days"),
        [
            (
                each.id + (" (default)" if each.id == found.default_purpose else ""),
                getattr(each.title, language),
                each.legal_basis or "NONE",
                each.view,
                each.granularity,
                each.retention.identity_days or "no limit",
                each.retention.statement_days or "no limit",
            )
            for each in found.purposes
        ],
    )
    for n, rule in enumerate(found.rules):
        conditions = [
            f"{name} {', '.join(values)}" for name in rule.__struct_fields__ if name != "purposes" and (values := getattr(rule, name))
        ]
        click.echo(f"rules[{n}]: {'; '.join(conditions) or 'every statement'} -> {', '.join(rule.purposes)}")
    for n, care in enumerate(found.ingest.care):
        said = [f"{name} {_said(value)}" for name in care.__struct_fields__ if (value := getattr(care, name)) and value != "exact"]
        click.echo(f"ingest.care[{n}]: {'; '.join(said)}")


def _said(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value).lower()
