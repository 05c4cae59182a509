"""What the drills found, told in both languages and signed."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING

import msgspec

from lrs.privacy.receipts import Receipt, signed

if TYPE_CHECKING:
    from lrs.crypto.notes import NoteSigner

KIND = "selftest"
_WIDTH = 120
_SAID = {
    "stored": (
        "les traces de personnes fictives sont acceptées et leur sont rendues entières",
        "statements of made-up people are taken, and given back to them whole",
    ),
    "sealed": (
        "aucun mot qui les désigne n'apparaît en clair dans l'entrepôt ni dans les fichiers du magasin",
        "no word that tells who they are stands in the clear in the warehouse or in the files of the store",
    ),
    "found": (
        "la recherche trouve bien ce qui est en clair : elle n'est pas aveugle",
        "the search finds what is in the clear: it is not blind",
    ),
    "bound": (
        "un chiffré déplacé ou altéré ne s'ouvre pas",
        "a ciphertext that is moved or altered does not open",
    ),
    "trail": (
        "le journal d'audit se vérifie, et une note altérée est refusée",
        "the audit trail verifies, and an altered note is refused",
    ),
    "erased": (
        "une personne effacée est introuvable, les traces des autres restent, un envoi tardif ne la fait pas réapparaître",
        "an erased person is found nowhere, other people's statements stay, and a late batch brings nobody back",
    ),
    "gone": (
        "après l'effacement, aucun mot qui désignait ces personnes n'apparaît dans l'entrepôt ni dans les fichiers",
        "after the erasure no word that told who they were stands in the warehouse or in the files",
    ),
}
DRILLS = tuple(_SAID)


class Finding(msgspec.Struct, frozen=True):
    """What one drill found: ``passed``, or ``what`` went wrong, in words that name nobody."""

    drill: str
    passed: bool
    what: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """All findings, and the signed report."""

    findings: tuple[Finding, ...]
    report: str

    @property
    def passed(self) -> bool:
        """Tell whether every drill passed."""
        return all(each.passed for each in self.findings)


def report(findings: Sequence[Finding], signer: NoteSigner, *, tenant: str, at: int, policy: str) -> str:
    """Write and sign the report."""
    good = all(each.passed for each in findings)
    fr = "Essais sur des personnes fictives, dans la configuration en service : " + ("tous réussis." if good else "AU MOINS UN A ÉCHOUÉ.")
    en = "Drills on made-up people, in the live configuration: " + ("all passed." if good else "AT LEAST ONE FAILED.")
    facts = {"passed": good, "drills": {each.drill: each.what or "passed" for each in findings}}
    return signed(
        Receipt(
            kind=KIND,
            tenant=tenant,
            at=at,
            policy=policy,
            fr=_told(fr, findings, 0, ("réussi", "ÉCHEC")),
            en=_told(en, findings, 1, ("passed", "FAILED")),
            facts=facts,
        ),
        signer,
    )


def _told(head: str, findings: Sequence[Finding], language: int, words: tuple[str, str]) -> str:
    lines = [f"- {words[not each.passed]}: {_SAID[each.drill][language]}" for each in findings]
    return "\n".join(fill(line, _WIDTH, subsequent_indent="  ") for line in (head, *lines))
