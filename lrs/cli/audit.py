"""``lrs audit``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from lrs.cli.options import agent_of, settings_of, store_options
from lrs.cli.table import print_table
from lrs.errors import TamperedData

if TYPE_CHECKING:
    from lrs.crypto.keyring import Keyring
    from lrs.crypto.notes import NoteKey
    from lrs.privacy.audit import Audit
    from lrs.privacy.audit.entry import Entry
    from lrs.privacy.audit.verify import Report
    from lrs.settings import Settings

_COLUMNS = ("time", "chain", "seq", "action", "outcome", "tenant", "credential", "object", "counts", "request")


@click.group()
def audit() -> None:
    """Look into the audit trail: who read, wrote, was refused or changed what; and whether anyone touched it since.

    Works while the server runs.
    """


@audit.command()
@store_options
@click.option(
    "--checkpoint",
    "kept",
    metavar="FILE",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Checkpoints that were put away elsewhere, to verify against; may be repeated.",
)
@click.option("--key", metavar="KEY", help="The public key that lrs audit checkpoint printed, in place of the keyring.")
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object a chain.")
def verify(data: Path | None, config: Path | None, kept: tuple[Path, ...], key: str | None, *, as_json: bool) -> None:
    """Verify every entry, every link between them and every signed checkpoint; the exit status is 1 if anything is wrong.

    Without --checkpoint, who holds the keyring or cuts off the end together with its checkpoints could go unseen.
    """
    from lrs.privacy.audit.chain import notes_in
    from lrs.privacy.audit.trail import folder_of
    from lrs.privacy.audit.verify import verify as verified

    settings = settings_of(data, config)
    reports = verified(folder_of(settings), key_of(settings, key), [note for path in kept for note in notes_in(path)[0]])
    if not reports:
        click.echo("There is no audit trail yet.")
    for report in reports:
        click.echo(msgspec.json.encode(_described(report)) if as_json else _shown(report))
    if any(report.problems for report in reports):
        sys.exit(1)


@audit.command()
@store_options
@click.option("--tenant", help="Only this tenant's.")
@click.option("--action", help="Only this action, such as 'read statements'.")
@click.option("--outcome", type=click.Choice(["done", "refused", "failed"]))
@click.option("--credential", metavar="ID", help="Only what this credential did.")
@click.option("--agent", metavar="JSON", help="Only reads in which this person was shown: an agent as JSON, or mailto:... for short.")
@click.option("--since", metavar="TIME", type=click.DateTime(), help="Not before this time (UTC).")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="The last so many.")
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object an entry.")
def show(  # noqa: PLR0913 -- one parameter an option
    *,
    data: Path | None,
    config: Path | None,
    tenant: str | None,
    action: str | None,
    outcome: str | None,
    credential: str | None,
    agent: str | None,
    since: datetime | None,
    limit: int,
    as_json: bool,
) -> None:
    """Print the last entries, oldest first. That they were looked at is an entry too."""
    from lrs.privacy.audit import Event
    from lrs.privacy.audit.trail import folder_of
    from lrs.privacy.audit.verify import entries

    settings = settings_of(data, config)
    keyring = keyring_of(settings)
    sids = None if agent is None else _sids(settings, keyring, agent)
    earliest = 0 if since is None else int(since.replace(tzinfo=UTC).timestamp() * 1_000_000)
    chosen: list[tuple[str, Entry, str]] = []
    for chain, each in entries(folder_of(settings)):
        wanted = ((tenant, each.tenant), (action, each.action), (outcome, each.outcome))
        if each.time < earliest or any(asked is not None and asked != there for asked, there in wanted):
            continue
        who, about = _opened(keyring, each)
        if (credential is None or credential == who) and (sids is None or not sids.get(each.tenant, frozenset()).isdisjoint(about)):
            chosen.append((chain, each, who))
    chosen = sorted(chosen, key=lambda found: found[1].time)[-limit:]
    with _trail(settings) as trail:
        trail.record(Event(action="show the trail", credential="local", counts={"entries": len(chosen)}, sids=(), tenant=tenant or ""))
    if as_json:
        for chain, each, who in chosen:
            click.echo(msgspec.json.encode({"chain": chain, **msgspec.to_builtins(each), "credential": who}))
        return
    print_table(_COLUMNS, [_row(chain, each, who) for chain, each, who in chosen])


@audit.command()
@store_options
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file in place of the terminal.")
def checkpoint(data: Path | None, config: Path | None, out: Path | None) -> None:
    """Sign where every chain stands now, and print the notes: put them where nobody who can change the trail can change them.

    \b
    lrs audit checkpoint --out /media/usb/2026-11.txt      then, any time later:
    lrs audit verify --checkpoint /media/usb/2026-11.txt
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    from lrs.privacy.audit.chain import origin

    settings = settings_of(data, config)
    key = keyring_of(settings).signer.key
    signed = checkpoints_of(settings)
    notes = "\n".join(signed.values())
    if out is None:
        click.echo(notes, nl=False)
    else:
        out.write_text(notes, "utf-8")
    for chain in signed:
        click.echo(f"public key: {key.written(origin(key.fingerprint, chain))}", err=True)


def checkpoints_of(settings: Settings) -> dict[str, str]:
    """Sign where every chain stands now -> the note of each; raises :class:`lrs.errors.TamperedData` when one does not verify."""
    from lrs.privacy.audit import Event
    from lrs.privacy.audit.chain import note_of
    from lrs.privacy.audit.trail import folder_of
    from lrs.privacy.audit.verify import verify as verified

    signer = keyring_of(settings).signer
    with _trail(settings) as trail:
        trail.record(Event(action="sign the trail", credential="local"))
    reports = verified(folder_of(settings), signer.key)
    if any(report.problems for report in reports):
        raise TamperedData("the audit trail does not verify: nothing is signed", hint="`lrs audit verify` says what is wrong.")
    return {report.chain: note_of(signer, report.chain, report.tree) for report in reports}


def key_of(settings: Settings, written: str | None) -> NoteKey:
    """Give the public key that an option says, or else that of the keyring."""
    from lrs.crypto.notes import NoteKey

    try:
        return keyring_of(settings).signer.key if written is None else NoteKey.read(written)
    except ValueError:
        raise click.UsageError("--key is not a public key as lrs audit checkpoint prints it") from None


def keyring_of(settings: Settings) -> Keyring:
    """Open the keyring."""
    from lrs.crypto.providers import open_keyring

    return open_keyring(settings, create=False)


@contextmanager
def _trail(settings: Settings) -> Iterator[Audit]:
    from lrs.privacy.audit import open_trail

    trail = open_trail(settings, clock=lambda: time.time_ns() // 1000)
    try:
        yield trail
    finally:
        trail.close()


def _opened(keyring: Keyring, each: Entry) -> tuple[str, list[int]]:
    from lrs.privacy.audit import entry

    if each.tenant not in keyring.tenants:
        return each.credential, []
    try:
        return entry.opened(each, keyring.tenant(each.tenant).trail)
    except TamperedData:
        return "(altered)", []


def _sids(settings: Settings, keyring: Keyring, agent: str) -> dict[str, frozenset[int]]:
    """Find the person's numbers in each tenant, under every identifier."""
    from lrs.rights.persons import sids_of
    from lrs.storage.vault import Vault
    from lrs.xapi.query import person_of

    asked = person_of(agent_of(agent))
    vault = Vault.open(settings)
    try:
        return {name: frozenset(sids_of(vault, keyring.tenant(name), name, asked)) for name in keyring.tenants}
    finally:
        vault.close()


def _row(chain: str, each: Entry, who: str) -> tuple[object, ...]:
    moment = datetime.fromtimestamp(each.time / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    counts = " ".join(f"{name}={number}" for name, number in each.counts.items())
    return moment, chain, each.seq, each.action, each.outcome, each.tenant, who, each.object, counts, each.request


def _described(report: Report) -> dict[str, object]:
    return {name: value for name, value in msgspec.structs.asdict(report).items() if name != "tree"} | {"ok": not report.problems}


def _shown(report: Report) -> str:
    last = report.first + report.entries
    lines = [
        f"chain {report.chain}: {'NOT AS IT WAS WRITTEN' if report.problems else 'verified'}",
        f"  entries {report.first} to {last - 1}; {report.checkpoints} checkpoints, the last one over {report.signed}"
        if report.entries
        else "  no entries",
    ]
    if report.first:
        lines.append(f"  {report.first} earlier entries were let go of, past their time")
    if report.torn:
        lines.append("  the last line is not whole: it is being written, or a crash cut it; the next opening drops it and says so")
    if last > report.signed and not report.problems:
        lines.append(f"  {last - report.signed} entries after it are linked, not signed yet")
    lines += [f"  from entry {problem.seq}: {problem.what}" for problem in report.problems]
    return "\n".join(lines)
