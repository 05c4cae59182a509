"""What the person reads, in French and in English; each text once, so that a test finds one that is missing."""

from __future__ import annotations

from typing import NamedTuple

from lrs.xapi.model import SUB, Role


class Words(NamedTuple):
    """A text in both languages."""

    fr: str
    en: str


LANGUAGES = ("fr", "en")
TITLE = Words("Vos données", "Your data")
INTRODUCTION = Words(
    "Ce dossier contient ce que le magasin de traces d'apprentissage conserve à votre sujet le {day} "
    "(articles 15 et 20 du règlement général sur la protection des données). Cette page en est le résumé.",
    "This file holds what the learning record store keeps about you on {day} "
    "(articles 15 and 20 of the General Data Protection Regulation). This page is the summary of it.",
)
WHO = Words("Comment vous êtes désigné", "How you are named")
WHAT = Words("Ce qui est conservé", "What is kept")
NUMBERS: dict[str, Words] = {
    "own": Words("traces de ce que vous avez fait", "statements of what you did"),
    "named": Words("traces d'autres personnes où vous figurez", "statements of others in which you stand"),
    "voided": Words("parmi elles, traces annulées", "of these, statements that were voided"),
    "attachments": Words("pièces jointes", "attachments"),
    "documents": Words("documents (états et profils)", "documents (states and profiles)"),
    "requests": Words("demandes que vous avez faites", "requests that you made"),
    "credentials": Words("accès techniques à votre nom", "technical credentials in your name"),
    "accesses": Words("consultations de vos données au journal", "accesses to your data in the log"),
}
WHEN = Words("De {first} à {last}", "From {first} to {last}")
BY_VERB = Words("Par action", "By action")
BY_MONTH = Words("Par mois", "By month")
BY_ACTIVITY = Words("Activités les plus fréquentes", "Most frequent activities")
BY_ROLE = Words("À quel titre vous figurez", "As what you stand in them")
ROLES: dict[str, Words] = {
    "actor": Words("auteur de l'action", "who acted"),
    "actor member": Words("membre du groupe qui a agi", "member of the group that acted"),
    "object": Words("objet de l'action", "whom the action is about"),
    "object member": Words("membre du groupe objet de l'action", "member of the group that the action is about"),
    "instructor": Words("enseignant ou formateur", "instructor"),
    "instructor member": Words("membre de l'équipe enseignante", "member of the group of instructors"),
    "team": Words("équipe", "team"),
    "team member": Words("membre d'une équipe", "member of a team"),
    "context agent": Words("personne liée au contexte", "agent in the context"),
    "context group": Words("groupe lié au contexte", "group in the context"),
    "context group member": Words("membre d'un groupe lié au contexte", "member of a group in the context"),
    "authority": Words("garant de la trace", "authority of the statement"),
    "authority member": Words("cogarant de la trace", "one of the authorities of the statement"),
}
WITHIN = Words("{role} (dans une trace citée)", "{role} (in a quoted statement)")
WHY = Words("Pourquoi, et combien de temps", "Why, and for how long")
PURPOSE = Words("{title} ({basis}) : {identity}, {statement}", "{title} ({basis}): {identity}, {statement}")
IDENTITY_DAYS = Words("votre identité {days} jours", "your identity {days} days")
IDENTITY_UNLIMITED = Words("votre identité sans limite", "your identity without limit")
STATEMENT_DAYS = Words("les traces {days} jours", "statements {days} days")
STATEMENT_UNLIMITED = Words("les traces sans limite", "statements without limit")
BASES: dict[str, Words] = {
    "": Words("base légale non précisée", "legal basis not stated"),
    "consent": Words("votre consentement", "your consent"),
    "contract": Words("un contrat avec vous", "a contract with you"),
    "legal_obligation": Words("une obligation légale", "a legal obligation"),
    "vital_interests": Words("des intérêts vitaux", "vital interests"),
    "public_task": Words("une mission d'intérêt public", "a task in the public interest"),
    "legitimate_interests": Words("un intérêt légitime", "a legitimate interest"),
}
RECIPIENTS = Words("Qui les traite ou les reçoit", "Who processes or receives it")
PARTIES: dict[str, Words] = {
    "controller": Words("responsable de traitement", "controller"),
    "joint-controller": Words("responsable conjoint", "joint controller"),
    "processor": Words("sous-traitant", "processor"),
    "sub-processor": Words("sous-traitant ultérieur", "sub-processor"),
    "recipient": Words("destinataire", "recipient"),
}
TARGET = Words("{name} ({host}) : reçoit les traces, {view}", "{name} ({host}): is given statements, {view}")
VIEWS: dict[str, Words] = {
    "identified": Words("avec votre identité", "with your identity"),
    "pseudonymous": Words("sous un pseudonyme", "under a pseudonym"),
}
NOBODY = Words("Aucun destinataire n'est déclaré.", "No recipient is declared.")
FILES = Words("Ce que contiennent les fichiers", "What the files hold")
FILE_TEXTS: dict[str, Words] = {
    "statements.jsonl": Words(
        "toutes les traces où vous figurez, une par ligne, au format xAPI", "every statement in which you stand, one a line, in xAPI"
    ),
    "statements.csv": Words("les mêmes, dans un tableau", "the same, as a table"),
    "documents/": Words("vos états et profils ; index.json les nomme", "your states and profiles; index.json names them"),
    "attachments/": Words(
        "les pièces jointes de vos traces, nommées par leur empreinte SHA-2", "the attachments of your statements, named by their SHA-2"
    ),
    "consents.jsonld": Words(
        "vos consentements, oppositions et limitations, avec le texte qui vous a été montré",
        "your consents, objections and restrictions, with the text that you were shown",
    ),
    "requests.json": Words("vos demandes et ce qu'elles sont devenues", "your requests and what became of them"),
    "credentials.json": Words(
        "les accès techniques à votre nom, sans mot de passe", "technical credentials in your name, without password"
    ),
    "recipients.json": Words("qui traite ou reçoit vos données", "who processes or receives your data"),
    "processing.json": Words("finalités, bases légales et durées de conservation", "purposes, legal bases and periods of retention"),
    "access-log.csv": Words(
        "quand, par quel outil et pour quoi vos données ont été lues", "when, by which tool and for what your data was read"
    ),
    "portability/statements.jsonl": Words(
        "vos propres traces, à reprendre dans un autre magasin de traces (article 20)",
        "your own statements, to be taken into another record store (article 20)",
    ),
    "manifest.json": Words(
        "l'empreinte SHA-256 de chaque fichier, signée dans receipt.txt", "the SHA-256 of each file, which receipt.txt signs"
    ),
}
LIMITS = Words("Ce qui n'y est pas", "What is not in it")
LIMIT_TEXTS: dict[str, Words] = {
    "others": Words(
        "Les autres personnes sont masquées : un même numéro désigne la même personne dans ce dossier, et dans lui seul. "
        "Ce que d'autres ont écrit, seuls ou en groupe avec vous, n'est pas montré, ni le nom d'un groupe, ni vos textes qui nomment une autre "
        "personne de la même trace.",
        "Other people are masked: the same number stands for the same person in this file, and in no other. "
        "What others wrote, alone or in a group with you, is not shown, nor are names of groups, nor texts of yours that name another person of the same "
        "statement.",
    ),
    "past": Words(
        "Les traces dont la période d'identification est passée ne sont plus reliées à vous : personne ne peut les retrouver à votre nom.",
        "Statements whose period of identity is over are not connected to you any more: nobody can find them by your name.",
    ),
    "signed": Words(
        "Les signatures électroniques des traces ne sont pas jointes : elles répètent la trace telle qu'elle a été envoyée, autres personnes comprises.",
        "Signatures of statements are not attached: they repeat the statement as it was sent, other people included.",
    ),
    "readers": Words(
        "Le journal nomme les outils qui ont lu vos données, pas les personnes qui les utilisent.",
        "The log names the tools that read your data, not the people who use them.",
    ),
    "portable": Words(
        "Le dossier portability ne contient que les traces qui reposent sur votre consentement, sur un contrat, ou dont la base n'est pas précisée.",
        "The folder portability holds only statements that rest on your consent, on a contract, or whose basis is not stated.",
    ),
}
RIGHTS = Words("Vos droits", "Your rights")
RIGHTS_TEXT = Words(
    "Vous pouvez demander au responsable de traitement de corriger ou d'effacer ces données, d'en limiter l'usage, ou vous y opposer. "
    "Vous pouvez saisir l'autorité de contrôle : en France, la CNIL (www.cnil.fr).",
    "You may ask the controller to correct or erase this data, to restrict its use, or object to it. "
    "You may complain to the supervisory authority: in France, the CNIL (www.cnil.fr).",
)
RECEIPT = Words(
    "Un dossier a été établi pour une personne qui a demandé ses données. Traces de ce qu'elle a fait : {own} ; traces d'autres personnes où elle "
    "figure : {named} ; documents : {documents} ; pièces jointes : {attachments}. Les autres personnes y sont masquées. L'empreinte du manifeste, "
    "qui porte celle de chaque fichier, est ci-dessous.",
    "A file was made for a person who asked for their data. Statements of what they did: {own}; statements of others in which they stand: {named}; "
    "documents: {documents}; attachments: {attachments}. Other people are masked in it. The hash of the manifest, which has that of each file, is "
    "below.",
)


def place_of(role: int) -> str:
    """Name a place in a statement, as ``ROLES`` do; one in a quoted statement (a SubStatement) begins with ``sub``."""
    name = Role(role % SUB).name.lower().replace("_", " ")
    return f"sub {name}" if role >= SUB else name


def place_words(place: str) -> Words:
    """Say a place in both languages."""
    words = ROLES[place.removeprefix("sub ")]
    return Words(*(WITHIN[n].format(role=words[n]) for n in (0, 1))) if place.startswith("sub ") else words
