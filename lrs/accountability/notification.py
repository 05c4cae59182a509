"""What is told of a breach: a signed receipt of its assessment, a page with the fields of a notification, a processor's notice to its controller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from lrs.accountability.breach import HOURS
from lrs.accountability.words import WORDS
from lrs.privacy.policy.model import PartyRole
from lrs.privacy.receipts import Receipt
from lrs.xapi.formats import format_timestamp

if TYPE_CHECKING:
    from lrs.accountability.assessment import Assessment
    from lrs.privacy.policy import Policy

KIND = "breach assessment"
_HOUR = 3600 * 1_000_000
_SENTENCES = {
    "fr": "Violation évaluée : {assets}, du {since} au {until}. Personnes concernées : {people} ; énoncés : {statements} ; documents lus : {documents} ; "
    "éléments écrits par cet accès : {written}. {levels} {exception} {caveats}",
    "en": "Breach assessed: {assets}, from {since} to {until}. People concerned: {people}; statements: {statements}; documents read: {documents}; "
    "items written by this credential: {written}. {levels} {exception} {caveats}",
}
_EXCEPTION = {
    "fr": (
        "L'exception de l'article 34(3)(a) (données incompréhensibles) ne paraît pas applicable.",
        "Rien de ce qui nomme une personne n'est lisible : l'exception de l'article 34(3)(a) paraît applicable, sous réserve de l'avis du délégué.",
    ),
    "en": (
        "The exception of article 34(3)(a) (unintelligible data) does not seem to apply.",
        "Nothing that names a person can be read: the exception of article 34(3)(a) seems to apply, subject to the officer's opinion.",
    ),
}
_RESERVE = {"fr": "Réserves", "en": "Reservations"}
_FIELDS = {
    "fr": (
        "Notification d'une violation de données (RGPD, art. 33(3))",
        "À compléter",
        "Responsable du traitement",
        "Sous-traitants",
        "Prise de connaissance",
        "Notification à l'autorité due avant le",
        "Nature de la violation",
        "Catégories de données et lisibilité",
        "Nombre de personnes concernées",
        "Nombre d'enregistrements concernés",
        "Réserves",
        "Délégué à la protection des données, point de contact (art. 33(3)(b))",
        "Conséquences probables (art. 33(3)(c))",
        "Mesures prises ou envisagées (art. 33(3)(d))",
        "Information des personnes (art. 34)",
        "confidentialité",
    ),
    "en": (
        "Notification of a personal data breach (GDPR art. 33(3))",
        "To be completed",
        "Controller",
        "Processors",
        "Became known",
        "Notification of the authority due by",
        "Nature of the breach",
        "Categories of data, and whether they can be read",
        "Number of people concerned",
        "Number of records concerned",
        "Reservations",
        "Data protection officer, contact point (art. 33(3)(b))",
        "Likely consequences (art. 33(3)(c))",
        "Measures taken or proposed (art. 33(3)(d))",
        "Communication to the persons (art. 34)",
        "confidentiality",
    ),
}
_NOTICE = {
    "fr": """Objet : violation de données à caractère personnel (RGPD, art. 33(2))

À l'attention de {controller}, responsable du traitement

Nous vous notifions, en tant que sous-traitant et sans attendre la fin de nos analyses, une violation dont nous avons pris connaissance le {aware}.

{said}

Si elle est susceptible d'engendrer un risque pour les personnes, vous devez la notifier à l'autorité de contrôle dans les {hours} heures qui suivent
le moment où vous en avez connaissance, soit au plus tard le {due} si vous en prenez connaissance aujourd'hui.
Nous compléterons ces éléments dès que possible (art. 33(4)).

Mesures prises à ce jour : [à compléter]
Votre interlocuteur chez nous : [à compléter]
""",
    "en": """Subject: personal data breach (GDPR art. 33(2))

To {controller}, controller

As your processor we notify you, without waiting for the end of our inquiry, of a breach that we became aware of at {aware}.

{said}

If it is likely to result in a risk to persons, you have to notify the supervisory authority within {hours} hours after you became aware of it,
which is {due} at the latest if you become aware of it today. We will complete this as soon as we can (art. 33(4)).

Measures taken so far: [to be completed]
Your contact with us: [to be completed]
""",
}


def receipt(made: Assessment, at: int) -> Receipt:
    """Make the receipt of an assessment: in both languages, with its numbers as facts."""
    facts = {
        "assets": list(made.assets),
        "candidate_34_3_a": made.candidate,
        "caveats": list(made.caveats),
        "documents": made.documents,
        "levels": {category: level.name.lower() for category, level in made.levels.items()},
        "people": made.people,
        "since": format_timestamp(made.since),
        "statements": made.statements,
        "until": format_timestamp(made.until),
        "written": made.written,
    }
    return Receipt(kind=KIND, tenant=made.tenant, at=at, policy=made.policy, fr=said(made, "fr"), en=said(made, "en"), facts=facts)


def said(made: Assessment, language: str) -> str:
    """Say in sentences what was found."""
    words = WORDS[language]
    caveats = "; ".join(words[each] for each in made.caveats)
    return (
        _SENTENCES[language]
        .format(
            assets=", ".join(words[each] for each in made.assets),
            since=format_timestamp(made.since),
            until=format_timestamp(made.until),
            people=_number(made.people, words),
            statements=_number(made.statements, words),
            documents=made.documents,
            written=made.written,
            levels=" ".join(f"{line}." for line in _levels(made, words)),
            exception=_EXCEPTION[language][made.candidate],
            caveats=f"{_RESERVE[language]}: {caveats}." if caveats else "",
        )
        .strip()
    )


def page(made: Assessment, policy: Policy, *, aware: int, language: str) -> str:
    """Write a page with the fields of a notification: what the store knows is filled in, what people have to judge is left to them."""
    words, (title, blank, *labels) = WORDS[language], _FIELDS[language]
    *labels, nature = labels
    values: tuple[list[str], ...] = (
        _named(policy, PartyRole.CONTROLLER, PartyRole.JOINT_CONTROLLER),
        _named(policy, PartyRole.PROCESSOR, PartyRole.SUB_PROCESSOR),
        [format_timestamp(aware)],
        [format_timestamp(aware + HOURS * _HOUR)],
        [f"{nature}: {', '.join(words[each] for each in made.assets)}; {format_timestamp(made.since)} / {format_timestamp(made.until)}"],
        list(_levels(made, words)),
        [_number(made.people, words)],
        [_number(made.statements, words)],
        [words[each] for each in made.caveats],
        [],
        [],
        [],
        [_EXCEPTION[language][made.candidate]],
    )
    rows = "\n".join(_row(label, value, blank) for label, value in zip(labels, values, strict=True))
    head = f'<!doctype html>\n<html lang="{language}">\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n<h1>{escape(title)}</h1>'
    return f"{head}\n<table>\n{rows}\n</table>\n</html>\n"


def notice(made: Assessment, policy: Policy, *, aware: int, now: int, language: str) -> str:
    """Write what a processor tells its controller (art. 33(2); BRE-2)."""
    return _NOTICE[language].format(
        controller=", ".join(_named(policy, PartyRole.CONTROLLER, PartyRole.JOINT_CONTROLLER)) or made.tenant,
        aware=format_timestamp(aware),
        said=said(made, language),
        hours=HOURS,
        due=format_timestamp(now + HOURS * _HOUR),
    )


def _levels(made: Assessment, words: Mapping[str, str]) -> Iterator[str]:
    for category, level in made.levels.items():
        yield f"{words[category][0].upper()}{words[category][1:]}: {words[level.name]}"


def _number(number: int | None, words: Mapping[str, str]) -> str:
    return words["unknown"] if number is None else str(number)


def _named(policy: Policy, *roles: PartyRole) -> list[str]:
    return [f"{party.name} ({party.location})" for party in policy.parties if party.role in roles]


def _row(label: str, values: Sequence[str], blank: str) -> str:
    shown = "<br>".join(escape(value) for value in values) or f"<em>{escape(blank)}</em>"
    return f'<tr><th scope="row">{escape(label)}</th><td>{shown}</td></tr>'
