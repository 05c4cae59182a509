"""The certificate of what was done, as a data protection officer reads it; no personal data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lrs.privacy.receipts import Receipt, signed
from lrs.xapi.formats import format_timestamp

if TYPE_CHECKING:
    from lrs.retention.desk import Desk

_SAID = (
    (
        "aligned",
        "traces dont la fin a été avancée selon la politique en vigueur",
        "statements whose end was brought forward to the policy in force",
    ),
    ("identity", "traces dont les personnes ont été retirées", "statements whose people were taken out"),
    ("attachment", "contenus de pièces jointes supprimés", "contents of attachments deleted"),
    ("statement", "traces supprimées", "statements deleted"),
    ("eliminated", "traces conservées jusqu'ici, éliminées", "statements that had been held, eliminated"),
    ("anonymised", "traces remplacées par des décomptes", "statements replaced by counts"),
    ("transferred", "traces versées aux archives, puis supprimées", "statements transferred to the archives, then deleted"),
    ("document", "états et profils supprimés", "states and profiles deleted"),
    ("person", "personnes oubliées (clés, identifiants et noms)", "people forgotten (keys, identifiers and names)"),
    (
        "source",
        "références à des traces disparues retirées des définitions",
        "references to statements that are gone taken out of definitions",
    ),
    ("credential", "identifiants d'accès révoqués supprimés", "revoked credentials deleted"),
    ("quarantine", "entrées de quarantaine échues supprimées", "entries of the quarantine past their time deleted"),
    ("presence", "présences en classe virtuelle oubliées", "attendances of virtual classes forgotten"),
    ("dead letter", "refus de transmission oubliés", "refusals of forwarding forgotten"),
    ("audit segment", "segments du journal d'audit supprimés", "segments of the audit trail deleted"),
    ("waiting for approval", "traces échues attendant le visa des archives", "ended statements waiting for the archives' approval"),
    ("waiting for a folder", "traces échues attendant leur versement", "ended statements waiting to be transferred"),
)


_LEFT = (
    "Il reste des éléments échus : l'exécution a été arrêtée et doit être reprise.",
    "Some of what has ended is left: the run was stopped, and has to be taken up again.",
)
_SETTLED = (
    "Les octets supprimés ont quitté les fichiers des bases. Les sauvegardes plus anciennes suivent leur propre durée.",
    "The bytes of what was deleted have left the files of the stores. Older backups follow a limit of their own.",
)
_SETTLING = (
    "Les octets supprimés quittent les fichiers des bases dans les secondes qui suivent.",
    "The bytes of what was deleted leave the files of the stores within seconds.",
)


def certificate(desk: Desk, counts: Mapping[str, int], *, done: bool, settled: bool, visa: str) -> str:
    """Sign what a run did -> the note."""
    at, policy = desk.clock(), desk.force.policy
    moment = format_timestamp(at)
    end = (_SETTLED if settled else _SETTLING) if done else _LEFT
    fr = [
        f"Certificat de limitation de la conservation (RGPD art. 5(1)(e)). Le {moment}, les durées de conservation de la politique",
        f"« {policy.title.fr} » (SHA-256 {policy.digest}) ont été appliquées :",
        *([f"- {name} : {counts[what]}" for what, name, _ in _SAID if counts.get(what)] or ["- rien n'était échu"]),
        end[0],
        *([f"Visa d'élimination : {visa}."] if visa else []),
    ]
    en = [
        f"Certificate of storage limitation (GDPR art. 5(1)(e)). At {moment} the retention of the policy",
        f'"{policy.title.en}" (SHA-256 {policy.digest}) was applied:',
        *([f"- {name}: {counts[what]}" for what, _, name in _SAID if counts.get(what)] or ["- nothing had ended"]),
        end[1],
        *([f"The archives' approval of the elimination: {visa}."] if visa else []),
    ]
    facts = {"counts": dict(counts), "complete": done, "settled": settled, "visa": visa}
    receipt = Receipt(kind="retention", tenant=desk.tenant, at=at, policy=policy.digest, fr="\n".join(fr), en="\n".join(en), facts=facts)
    return signed(receipt, desk.signer)
