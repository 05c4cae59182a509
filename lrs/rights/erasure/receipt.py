"""The receipt of an erasure: what was deleted, what stays, and until when (GDPR art. 5(2), 12(3) and 17)."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import TYPE_CHECKING, Any

from lrs.privacy.receipts import Receipt, signed
from lrs.storage.contract import Erasure
from lrs.xapi.formats import format_timestamp

if TYPE_CHECKING:
    from lrs.crypto.notes import NoteSigner

KIND = "erasure"
_WIDTH = 120
_FR = """
Une personne a été effacée. Sa clé de chiffrement, ses identifiants et {spellings} écriture(s) de son identité ont été détruits d'abord : tout
ce qui était chiffré avec cette clé est illisible depuis cet instant. Ont ensuite été supprimés physiquement {statements} trace(s) dont elle était l'acteur,
{voiding} trace(s) qui annulaient l'une d'elles, {contents} pièce(s) jointe(s), {documents} document(s) (états et profils) et {credentials} accès à son
nom. L'opération a duré {seconds} seconde(s) ; à son terme, plus aucun octet des lignes supprimées ne se trouvait dans les fichiers de l'entrepôt.

Restent : {others} trace(s) d'autres personnes, inchangées, où une marque commune à toutes les personnes effacées figure à sa place, et {referring}
trace(s) dont le renvoi à une trace supprimée est remplacé par une marque commune. Ce que d'autres ont écrit dans leurs propres traces n'a pas été lu. Les
signatures jointes aux traces où elle figurait ne sont plus vérifiables. Jusqu'au {until}, des empreintes à clé de ses identifiants et des numéros de ses
traces sont conservées pour que des envois tardifs ne la fassent pas réapparaître ; c'est la seule trace qui reste, et elle disparaît à cette date. {told}

Les sauvegardes de la base des identités antérieures à l'effacement restent lisibles tant que la clé maîtresse alors en vigueur (période {epochs}) existe :
faire tourner puis détruire cette période (lrs keys rotate, lrs keys destroy-epoch) et les copies de ce trousseau. Après une restauration, le registre des
effacements est rejoué avant toute consultation.
"""
_TOLD_FR = "{told} avis d'effacement ont été préparés pour les destinataires à qui ses traces avaient été transmises."
_EN = """
A person was erased. Their key, their identifiers and {spellings} spelling(s) of their identity were destroyed first: all that was
sealed under this key has been unreadable since. Then {statements} statement(s) whose actor they were, {voiding} statement(s) that voided one of these,
{contents} attachment(s), {documents} document(s) (states and profiles) and {credentials} credential(s) in their name were deleted physically. It took
{seconds} second(s); at its end no byte of the deleted rows was left in the files of the warehouse.

What stays: {others} statement(s) of other people, as they were, with one stub in the person's place, the same for everybody erased, and {referring}
statement(s) whose reference to a deleted one is replaced by a common stub. What others wrote in statements of their own was not read. Signatures attached to
statements in which the person stood can't be checked any more. Until {until} keyed hashes of the person's identifiers and of the ids of their
statements are kept, so that late batches don't bring them back; it is the one trace that remains, and it goes at that time. {told}

Backups of the identities' database from before the erasure can be read as long as the key encryption key of their time (epoch {epochs}) exists: rotate and
destroy that epoch (lrs keys rotate, lrs keys destroy-epoch), and copies of the keyring. After a restore the ledger of erasures is replayed before
anything is served.
"""
_TOLD_EN = "{told} notice(s) of erasure wait for the record stores to which the statements were forwarded."


def receipt(erasure: Erasure, signer: NoteSigner, *, at: int, seconds: float, epochs: Mapping[int, str], policy: str) -> str:
    """Write and sign the receipt of an erasure that is over; ``epochs`` are those of the key encryption key that are there."""
    until = format_timestamp(erasure.until)
    said: dict[str, Any] = {**erasure.counts, "seconds": round(seconds, 1), "until": until, "epochs": ", ".join(map(str, sorted(epochs)))}
    facts = {
        **erasure.counts,
        "seconds": round(seconds, 1),
        "requested": format_timestamp(erasure.at),
        "suppressed_until": until,
        "ledger": erasure.seq,
        "epochs": {str(epoch): made for epoch, made in sorted(epochs.items())},
        "signatures_verifiable": False,
    }
    return signed(
        Receipt(
            kind=KIND,
            tenant=erasure.tenant,
            at=at,
            policy=policy,
            fr=_written(_FR, _TOLD_FR, said),
            en=_written(_EN, _TOLD_EN, said),
            facts=facts,
        ),
        signer,
    )


def _written(text: str, told: str, said: dict[str, Any]) -> str:
    filled = text.format(**said | {"told": told.format(**said) if said["told"] else ""})
    return "\n\n".join(fill(paragraph, _WIDTH) for paragraph in filled.split("\n\n"))
