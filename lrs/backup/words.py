"""What the receipt of a backup says, in French and English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrs.privacy.receipts import Receipt
from lrs.xapi.formats import format_timestamp

if TYPE_CHECKING:
    from lrs.backup.place import Manifest

_FR = {
    "statements": "Elle contient les énoncés, sans identité lisible : seule, elle dit ce qui s'est passé, pas par qui.",
    "vault": "Elle contient les identités et les documents, chiffrés : sans les clés, personne ne peut les lire.",
    "keys": "Elle contient le trousseau, les politiques et le journal d'audit. Qui la détient avec les deux autres peut tout lire ; aussi longtemps "
    "qu'elle est gardée, une personne effacée depuis reste lisible dans les sauvegardes du même jour.",
}
_EN = {
    "statements": "It holds the statements, without a readable identity: alone it tells what happened, not by whom.",
    "vault": "It holds the identities and documents, sealed: nobody can read them without the keys.",
    "keys": "It holds the keyring, the policies and the audit trail. Whoever has it and the other two can read everything; as long as "
    "it is kept, a person who was erased since remains readable in the backups of that day.",
}


def receipt(manifest: Manifest, digest: str) -> Receipt:
    """Make the receipt of one folder of a backup; ``digest`` is the SHA-256 of its manifest."""
    when, files, size = format_timestamp(manifest.at), len(manifest.files), manifest.size
    added = (f" Elle complète la sauvegarde {manifest.base}.", f" It adds to the backup {manifest.base}.") if manifest.base else ("", "")
    return Receipt(
        kind="backup",
        tenant="",
        at=manifest.at,
        fr=f"Sauvegarde {manifest.name}, commencée le {when} : {files} fichiers, {size} octets. {_FR[manifest.part]}{added[0]} "
        "À la restauration, le registre des effacements est rejoué avant toute lecture.",
        en=f"Backup {manifest.name}, begun at {when}: {files} files, {size} bytes. {_EN[manifest.part]}{added[1]} "
        "When it is put back, the register of erasures is replayed before anything can be read.",
        facts={
            "backup": manifest.backup,
            "base": manifest.base,
            "bytes": size,
            "files": files,
            "manifest": digest,
            "name": manifest.name,
            "part": manifest.part,
        },
    )
