"""What an assessed breach is called in French and English."""

from __future__ import annotations

from collections.abc import Mapping

from lrs.accountability.assessment import Caveat
from lrs.accountability.catalogue import Category
from lrs.accountability.exposure import Asset, Level

Words = Mapping[str, str]

_FRENCH: Words = {
    Asset.WAREHOUSE: "entrepôt (énoncés)",
    Asset.VAULT: "coffre (identités scellées)",
    Asset.KEYRING: "trousseau de clés",
    Asset.TRAIL: "journal d'audit",
    Asset.BACKUP: "sauvegarde de l'entrepôt et du coffre",
    Asset.EXPORT: "fichiers exportés",
    Asset.CREDENTIAL: "identifiants d'accès",
    Category.IDENTITY: "identités (noms, adresses, comptes)",
    Category.ACTIVITY: "traces d'activité (quoi, quand, avec quel résultat)",
    Category.CONTENT: "contenus (réponses libres, documents, pièces jointes)",
    Category.RIGHTS: "demandes et choix des personnes",
    Category.STAFF: "comptes d'exploitation",
    Level.UNINTELLIGIBLE.name: "incompréhensibles : chiffrés, sans la clé",
    Level.PSEUDONYMOUS.name: "lisibles sans identité ; qui connaît par ailleurs l'heure d'une action peut reconnaître une personne",
    Level.GUESSABLE.name: "chiffrées, mais la présence d'une personne donnée peut être vérifiée",
    Level.CLEAR.name: "lisibles",
    Caveat.FREE_TEXT: "la politique laisse du texte libre lisible dans l'entrepôt",
    Caveat.TRAIL_YOUNGER: "le journal d'audit ne remonte pas au début de la période",
    Caveat.TRAIL_ALTERED: "le journal d'audit n'est pas tel qu'il a été écrit : ses chiffres ne font pas foi",
    Caveat.UNKNOWN_VIEW: "cet accès n'est pas connu ici : il est supposé voir les identités",
    Caveat.UPPER_BOUND: "les lectures qui n'étaient pas des exports sont comptées aussi : le nombre de personnes est un maximum",
    Caveat.NOT_COUNTED: "un serveur tient l'entrepôt : ses énoncés n'ont pas été comptés",
    Caveat.OLD_COPIES: "le trousseau ouvre aussi les copies plus anciennes du coffre",
    "unknown": "nombre inconnu",
}
_ENGLISH: Words = {
    Asset.WAREHOUSE: "warehouse (statements)",
    Asset.VAULT: "vault (sealed identities)",
    Asset.KEYRING: "keyring",
    Asset.TRAIL: "audit trail",
    Asset.BACKUP: "backup of warehouse and vault",
    Asset.EXPORT: "exported files",
    Asset.CREDENTIAL: "credential",
    Category.IDENTITY: "identities (names, mailboxes, accounts)",
    Category.ACTIVITY: "traces of activity (what, when, with which result)",
    Category.CONTENT: "contents (free answers, documents, attachments)",
    Category.RIGHTS: "requests and choices of persons",
    Category.STAFF: "accounts of operators",
    Level.UNINTELLIGIBLE.name: "unintelligible: encrypted, without the key",
    Level.PSEUDONYMOUS.name: "readable without an identity; who knows the time of something done from elsewhere may recognise a person",
    Level.GUESSABLE.name: "encrypted, but whether a given person is there can be tried",
    Level.CLEAR.name: "readable",
    Caveat.FREE_TEXT: "the policy leaves free text readable in the warehouse",
    Caveat.TRAIL_YOUNGER: "the audit trail does not go back to the beginning of the period",
    Caveat.TRAIL_ALTERED: "the audit trail is not as it was written: its numbers prove nothing",
    Caveat.UNKNOWN_VIEW: "this credential is not known here: it is taken to have seen identities",
    Caveat.UPPER_BOUND: "reads that were no exports are counted too: the number of people is a maximum",
    Caveat.NOT_COUNTED: "a server holds the warehouse: its statements were not counted",
    Caveat.OLD_COPIES: "the keyring opens older copies of the vault too",
    "unknown": "unknown number",
}
WORDS: Mapping[str, Words] = {"fr": _FRENCH, "en": _ENGLISH}
