"""``lrs audit prove`` and ``lrs audit check-proof``."""

from __future__ import annotations

from pathlib import Path

import click

from lrs.cli.audit import checkpoints_of, key_of
from lrs.cli.options import settings_of, store_options

_EARLIER = click.option(
    "--from",
    "earlier",
    metavar="FILE",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Checkpoints that were put away before.",
)


@click.command()
@store_options
@_EARLIER
@click.option(
    "--to",
    "later",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Later checkpoints; signed now if not given.",
)
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file in place of the terminal.")
def prove(data: Path | None, config: Path | None, earlier: Path, later: Path | None, out: Path | None) -> None:
    """Prove to whoever kept checkpoints that nothing before them was changed since: they need not see the trail (RFC 9162 2.1.4).

    \b
    lrs audit prove --from last-month.txt --out proof.txt          here, and to somebody who has last-month.txt:
    lrs audit check-proof proof.txt --from last-month.txt --key KEY
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    from lrs.privacy.audit import proof
    from lrs.privacy.audit.chain import notes_in
    from lrs.privacy.audit.trail import folder_of

    settings = settings_of(data, config)
    key = key_of(settings, None)
    before = [proof.Checkpoint.read(note, key) for note in notes_in(earlier)[0]]
    notes = checkpoints_of(settings).values() if later is None else notes_in(later)[0]
    after = {proof.Checkpoint.read(note, key).chain: note for note in notes}
    proofs = [proof.prove(folder_of(settings) / each.chain, each.size, after.get(each.chain)) for each in before]
    text = "\n".join(each.written() for each in proofs)
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, "utf-8")


@click.command("check-proof")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@store_options
@_EARLIER
@click.option("--key", metavar="KEY", help="The public key that lrs audit checkpoint printed, in place of the keyring.")
def check_proof(file: Path, data: Path | None, config: Path | None, earlier: Path, key: str | None) -> None:
    """Check what lrs audit prove wrote, for every checkpoint that was put away; the exit status is 1 unless all of them are continued."""
    from lrs.errors import TamperedData
    from lrs.privacy.audit import proof
    from lrs.privacy.audit.chain import notes_in

    public = key_of(settings_of(data, config), key)
    proofs = proof.read(file.read_text("utf-8"))
    for each in [proof.Checkpoint.read(note, public) for note in notes_in(earlier)[0]]:
        fitting = [made for made in proofs if made.old == each.size and proof.Checkpoint.read(made.note, public).origin == each.origin]
        if not fitting:
            raise TamperedData("there is no proof for a checkpoint that was put away", hint="Ask for one: lrs audit prove --from FILE")
        after = proof.check(fitting[0], each, public)
        click.echo(f"chain {each.chain}: the first {each.size} entries are unchanged among {after.size}")
