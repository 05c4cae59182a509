"""``lrs receipt``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lrs.cli.options import settings_of, store_options

if TYPE_CHECKING:
    from lrs.crypto.notes import NoteKey


@click.group()
def receipt() -> None:
    """Verify receipts of what was done, such as erasures: that this store signed them, and that nobody altered them."""


@receipt.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@store_options
@click.option("--key", metavar="KEY", help="The public key that lrs receipt key printed, in place of the keyring.")
def verify(file: Path, data: Path | None, config: Path | None, key: str | None) -> None:
    """Verify a receipt and print its facts; the exit status is 1 if it was altered, or signed by somebody else."""
    import msgspec

    from lrs.crypto.notes import NoteKey
    from lrs.privacy.receipts import facts_of

    try:
        public = _key(data, config) if key is None else NoteKey.read(key)
    except ValueError:
        raise click.UsageError("--key is not a public key as lrs receipt key prints it") from None
    for name, value in facts_of(file.read_text("utf-8"), public).items():
        click.echo(f"{name}: {value if isinstance(value, str) else msgspec.json.encode(value).decode()}")


@receipt.command()
@store_options
def key(data: Path | None, config: Path | None) -> None:
    """Print the public key of this store's receipts: whoever has it can verify them without the store."""
    from lrs.privacy.receipts import name_of

    public = _key(data, config)
    click.echo(public.written(name_of(public)))


def _key(data: Path | None, config: Path | None) -> NoteKey:
    from lrs.crypto.providers import open_keyring

    return open_keyring(settings_of(data, config), create=False).signer.key
