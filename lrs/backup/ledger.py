"""What a backup must not bring back: who was erased, what is suppressed, which projects ended; what people forbade.

It goes with every backup, and alone into a file as often as you like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from lrs.backup import place
from lrs.crypto.providers import open_keyring
from lrs.errors import TamperedData
from lrs.privacy.consent.entry import Kind
from lrs.privacy.receipts import Receipt, facts_of, signed
from lrs.storage.contract import ConsentRow, Erasure
from lrs.storage.vault import Vault

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.notes import NoteKey, NoteSigner
    from lrs.settings import Settings

LEDGER_FILE = "ledger.txt"
_FORBID = (Kind.WITHDRAW, Kind.RESTRICT, Kind.OBJECT)
Keys = Callable[[str], "TenantKeys"]
"""Tenant -> its keys."""


class Ledger(msgspec.Struct, frozen=True):
    """The erasures up to a time, and until when which keys are suppressed: (tenant, key, until).

    ``ended``: (tenant, purpose, when) of projects; ``tenants``: (name, when) of tenants whose contract ended. ``said``: (tenant, all that those said of
    purposes who withdrew, restricted or objected, sealed under a key of the tenant).
    """

    at: int
    erasures: list[Erasure]
    suppressed: list[tuple[str, bytes, int]]
    ended: list[tuple[str, str, int]]
    tenants: list[tuple[str, int]]
    said: list[tuple[str, bytes]] = []


def written(vault: Vault, signer: NoteSigner, keys: Keys, *, at: int) -> str:
    """Write the ledger of a vault as it is now, as a signed receipt."""
    ended = [(tenant, row.purpose, row.ended) for tenant in vault.tenants() for row in vault.projects(tenant) if row.ended is not None]
    tenants = [(row.name, row.ended) for row in vault.tenant_rows() if row.ended is not None]
    said = [(tenant, rows) for tenant in vault.tenants() if (rows := _sealed(vault, tenant, keys))]
    ledger = Ledger(at, vault.erasures(), vault.suppressions(), ended, tenants, said)
    return signed(_receipt(ledger), signer)


def export(settings: Settings, path: Path, *, at: int) -> None:
    """Write the ledger of a store into a file, which may be there; the store may be open elsewhere meanwhile."""
    vault = Vault.open(settings)
    try:
        keyring = open_keyring(settings, create=False)
        note = written(vault, keyring.signer, keyring.tenant, at=at)
    finally:
        vault.close()
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    place.write(part, note.encode())
    part.replace(path)


def read(note: str, key: NoteKey) -> Ledger:
    """Read what :func:`written` wrote; raises :class:`lrs.errors.TamperedData` unless this key signed exactly this."""
    try:
        return msgspec.json.decode(facts_of(note, key).get("ledger", ""), type=Ledger)
    except (msgspec.DecodeError, TypeError):
        raise TamperedData("a note that is no ledger of erasures") from None


def newest(files: Iterable[Path], key: NoteKey) -> Ledger:
    """Give the newest of some ledgers; raises :class:`lrs.errors.TamperedData` when one of them is damaged, or there is none."""
    try:
        found = [read(file.read_text("utf-8"), key) for file in files]
    except (OSError, UnicodeDecodeError):
        raise TamperedData("a ledger of erasures can't be read") from None
    if not found:
        raise TamperedData("there is no ledger of erasures: whom the backup would bring back can't be told")
    return max(found, key=lambda ledger: ledger.at)


def replay(ledger: Ledger, vault: Vault, keys: Keys) -> int:
    """Have a vault that was put back know what happened since -> erasures that are carried out anew when the store is opened.

    What happened in tenants that it does not know can't have come back.
    """
    known = set(vault.tenants())
    for tenant, purpose, when in ledger.ended:
        vault.end_project(tenant, purpose, at=when)
    for tenant, sealed in ledger.said:
        if tenant in known:
            _say_again(vault, tenant, msgspec.msgpack.decode(keys(tenant).notices.open(sealed, _place(tenant)), type=list[ConsentRow]))
    erasures = [each for each in ledger.erasures if each.tenant in known]
    return vault.restore_ledger(erasures, [each for each in ledger.suppressed if each[0] in known])


def _sealed(vault: Vault, tenant: str, keys: Keys) -> bytes:
    rows = vault.consents_of_all_with(tenant, _FORBID)
    return keys(tenant).notices.seal(msgspec.msgpack.encode(rows), _place(tenant)) if rows else b""


def _say_again(vault: Vault, tenant: str, rows: Sequence[ConsentRow]) -> None:
    """Add what was said since to what a vault that was put back knows, of those who were known then."""
    last = vault.last_consent(tenant)
    there = vault.keys(tenant, list({row.sid for row in rows}))
    later = [row for row in rows if row.number > last and row.sid in there]
    if later:
        vault.add_consents(tenant, later)


def _place(tenant: str) -> bytes:
    return b"ledger|" + tenant.encode()


def _receipt(ledger: Ledger) -> Receipt:
    number, last = len(ledger.erasures), max((each.seq for each in ledger.erasures), default=0)
    return Receipt(
        kind="ledger",
        tenant="",
        at=ledger.at,
        fr=f"Registre des effacements : {number} effacements, le dernier porte le numéro {last}. Il ne nomme personne : ses nombres ne désignent "
        "plus personne, ses empreintes à clé empêchent pour un temps qu'une donnée effacée revienne, et ce que des personnes ont interdit y est "
        "chiffré. Il est rejoué après une restauration.",
        en=f"Register of erasures: {number} erasures, the last of which is number {last}. It names nobody: its numbers stand for nobody any more, its "
        "keyed hashes keep what was erased from coming back for a while, and what people forbade is sealed in it. It is replayed after a backup "
        "was put back.",
        facts={"erasures": number, "last": last, "ledger": msgspec.json.encode(ledger).decode()},
    )
