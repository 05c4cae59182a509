"""A register as a table: in French or English, as CSV or as a spreadsheet (OpenDocument)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lrs.accountability.request import Request

FRENCH, ENGLISH = "fr", "en"
Texts = Mapping[str, str]
COLUMNS = ("number", "kind", "received", "due", "state", "delay", "closed", "refusal", "reference", "known")
_FRENCH: Texts = {
    "number": "n°",
    "kind": "demande",
    "received": "reçue",
    "due": "réponse due le",
    "state": "état",
    "delay": "prolongation (art. 12(3))",
    "closed": "close le",
    "refusal": "motif du refus",
    "reference": "dossier",
    "known": "personne encore connue",
    "access": "accès (art. 15)",
    "rectification": "rectification (art. 16)",
    "erasure": "effacement (art. 17)",
    "restriction": "limitation (art. 18)",
    "objection": "opposition (art. 21)",
    "portability": "portabilité (art. 20)",
    "post_mortem": "directives après la mort (loi Informatique et Libertés, art. 85)",
    "identified": "identité vérifiée",
    "done": "satisfaite",
    "refused": "refusée",
    "complex": "demande complexe",
    "many": "nombreuses demandes",
    "unidentified": "personne non identifiée (art. 11(2), 12(2))",
    "unfounded": "manifestement infondée (art. 12(5))",
    "excessive": "excessive (art. 12(5))",
    "obligation": "obligation légale (art. 17(3)(b))",
    "archive": "archives publiques (art. 17(3)(d))",
    "claims": "droits en justice (art. 17(3)(e), 21(1))",
    "others": "droits d'autrui (art. 15(4), 20(4))",
    "inapplicable": "droit non applicable à cette base légale (art. 20(1), 21(1))",
    "yes": "oui",
    "no": "non",
}
_ENGLISH: Texts = {
    "number": "no.",
    "kind": "request",
    "due": "answer due",
    "delay": "extension (art. 12(3))",
    "refusal": "reason of the refusal",
    "reference": "file",
    "known": "person still known",
    "access": "access (art. 15)",
    "rectification": "rectification (art. 16)",
    "erasure": "erasure (art. 17)",
    "restriction": "restriction (art. 18)",
    "objection": "objection (art. 21)",
    "portability": "portability (art. 20)",
    "post_mortem": "directives after death (French law, art. 85)",
    "identified": "identity checked",
    "done": "met",
    "complex": "complex request",
    "many": "many requests",
    "unidentified": "person not identified (art. 11(2), 12(2))",
    "unfounded": "manifestly unfounded (art. 12(5))",
    "excessive": "excessive (art. 12(5))",
    "obligation": "legal obligation (art. 17(3)(b))",
    "archive": "public archive (art. 17(3)(d))",
    "claims": "legal claims (art. 17(3)(e), 21(1))",
    "others": "rights of others (art. 15(4), 20(4))",
    "inapplicable": "no such right under this legal basis (art. 20(1), 21(1))",
}
TEXTS = {FRENCH: _FRENCH, ENGLISH: _ENGLISH}
TITLES = {FRENCH: "Demandes des personnes", ENGLISH: "Requests of persons"}


def table(requests: Iterable[Request], language: str) -> list[list[str]]:
    """Give the rows of a table of requests, the header first: texts in this language."""
    words = TEXTS[language]
    return [[words.get(name, name) for name in COLUMNS], *(_row(each, words) for each in requests)]


def as_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows -> CSV (RFC 4180, UTF-8)."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _row(each: Request, words: Texts) -> list[str]:
    reason = [words.get(text, text) for text in (each.kind, each.state, each.delay, each.refusal)]
    kind, state, delay, refusal = reason
    closed = str(each.closed or "")
    known = "yes" if each.known else "no"
    return [
        str(each.number),
        kind,
        str(each.received),
        str(each.due),
        state,
        delay,
        closed,
        refusal,
        each.reference,
        words.get(known, known),
    ]
