"""``lrs tenant``."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import attrs
import click

from lrs.cli.options import settings_of, store_options
from lrs.cli.table import print_table
from lrs.errors import ConfigurationError
from lrs.xapi.formats import format_timestamp

if TYPE_CHECKING:
    from lrs.tenants.archive import Sink

_FILE = click.Path(dir_okay=False, path_type=Path)
_THERE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def tenant() -> None:
    """Look after tenants: who they are, what they get back when a contract ends, and their end.

    A tenant is made by its first credential: lrs credentials add NAME --tenant TENANT.
    """


@tenant.command("list")
@store_options
def list_(data: Path | None, config: Path | None) -> None:
    """List the tenants, ended ones too."""
    from lrs.storage.vault import Vault

    vault = Vault.open(settings_of(data, config))
    try:
        rows = vault.tenant_rows()
    finally:
        vault.close()
    print_table(
        ("tenant", "people", "since", "ended"),
        [(row.name, row.people, _month(row.since), format_timestamp(row.ended) if row.ended else "") for row in rows],
    )


@tenant.command()
@click.argument("name")
@store_options
@click.option("--out", metavar="FILE", required=True, type=_FILE, help="The archive; it must not be there.")
@click.option("--recipient", metavar="FILE", type=_THERE, help="Public key of who gets it (X25519, PEM): nobody else can open the archive.")
@click.option("--plain", is_flag=True, help="Write the archive so that everybody can open it, in place of --recipient.")
@click.option("--receipt", metavar="FILE", required=True, type=_FILE, help="Where the signed receipt goes, which lrs tenant end asks for.")
def export(name: str, data: Path | None, config: Path | None, out: Path, recipient: Path | None, receipt: Path, *, plain: bool) -> None:
    """Give a tenant everything back: statements, attachments, documents, persons in clear, credentials without secrets, in a ZIP.

    \b
    openssl genpkey -algorithm X25519 -out private.pem
    openssl pkey -in private.pem -pubout -out public.pem
    lrs tenant export north --data data/ --recipient public.pem --out north.sealed --receipt north.receipt
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    import lrs

    if (recipient is None) is not plain:
        raise click.UsageError("Give --recipient, or --plain.")
    with lrs.open(settings_of(data, config)) as store, _fresh(out) as file, _sealed(file, recipient) as sealed:
        note = store.tenants.give_back(name, sealed)
    receipt.write_text(note, "utf-8")
    click.echo(note)


@tenant.command("open")
@click.argument("file", type=_THERE)
@click.option("--key", metavar="FILE", required=True, type=_THERE, help="Private key of the recipient (X25519, PEM without a password).")
@click.option("--out", metavar="FILE", required=True, type=_FILE, help="The ZIP; it must not be there.")
def open_(file: Path, key: Path, out: Path) -> None:
    """Open a sealed archive, as its recipient. Needs no store."""
    from lrs.crypto.envelope import opened

    with file.open("rb") as sealed, _fresh(out) as plain:
        plain.writelines(opened(sealed, key.read_bytes()))


@tenant.command("import")
@click.argument("file", type=_THERE)
@store_options
@click.option("--tenant", "into", help="The tenant that takes it in; that of the settings if not given. It must be there.")
def import_(file: Path, data: Path | None, config: Path | None, into: str | None) -> None:
    """Take in the opened archive of a tenant: statements, attachments, documents. Called again, it goes on where it was."""
    import lrs

    with lrs.open(settings_of(data, config)) as store:
        try:
            archive = zipfile.ZipFile(file)
        except zipfile.BadZipFile:
            raise ConfigurationError(f"{file} is no ZIP", hint="A sealed archive is opened with lrs tenant open first.") from None
        counts = store.tenants.take_in(archive, principal=attrs.evolve(store.owner, tenant=into or store.owner.tenant))
    click.echo(f"{counts['statements']:,} statements and {counts['documents']:,} documents are in the store.")


@tenant.command()
@click.argument("name")
@store_options
@click.option("--returned", metavar="FILE", type=_THERE, help="The receipt of what the tenant was given back.")
@click.option("--without-return", is_flag=True, help="Nothing was to be given back.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def end(name: str, data: Path | None, config: Path | None, returned: Path | None, *, without_return: bool, yes: bool) -> None:
    """End a tenant, for ever: destroy its keys, delete everything of it, and print the signed certificate.

    Stopped, it goes on where it was when called again. Other processes that have the store open keep the keys in memory until they end: stop them.
    """
    import lrs

    if (returned is None) is not without_return:
        raise click.UsageError("Give --returned, or --without-return.")
    if not yes:
        click.confirm(f"Destroy everything of {name}? Nobody can bring it back.", abort=True, err=True)
    with lrs.open(settings_of(data, config)) as store:
        click.echo(store.tenants.end(name, returned=None if returned is None else returned.read_text("utf-8")))
    click.echo("Delete the backups of the keys from before now: they still hold this tenant's.", err=True)


@contextmanager
def _fresh(path: Path) -> Iterator[BinaryIO]:
    """Give a new file that its owner alone can read; what is not whole goes."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigurationError(f"{path} can't be written: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink()
        raise


@contextmanager
def _sealed(file: BinaryIO, recipient: Path | None) -> Iterator[Sink]:
    """Give what seals what is written into a file for a recipient; the file itself where there is none."""
    if recipient is None:
        yield file
        return
    from lrs.crypto.envelope import Envelope

    envelope = Envelope(file, recipient.read_bytes())
    yield envelope
    envelope.close()


def _month(month: int) -> str:
    return f"{month // 100}-{month % 100:02}" if month else ""
