"""What a person said as JSON-LD, in the words of the Data Privacy Vocabulary (DPV 2) and its profile of ISO/IEC TS 27560, labelled in French and English."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from lrs.privacy.consent.entry import Entry, Kind
from lrs.privacy.policy.model import PartyRole, Policy, Text
from lrs.storage.contract import NoticeRow
from lrs.xapi.formats import format_timestamp

CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "dct": "http://purl.org/dc/terms/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
}
_PROFILE = "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr"
_SAID: Mapping[Kind, tuple[str, Text]] = {
    Kind.GIVE: ("dpv:ConsentGiven", Text(fr="consentement donné", en="consent given")),
    Kind.WITHDRAW: ("dpv:ConsentWithdrawn", Text(fr="consentement retiré", en="consent withdrawn")),
    Kind.RESTRICT: ("eu-gdpr:A18", Text(fr="limitation du traitement", en="processing restricted")),
    Kind.LIFT: ("eu-gdpr:A18-3", Text(fr="fin de la limitation", en="restriction lifted")),
    Kind.OBJECT: ("eu-gdpr:A21", Text(fr="opposition", en="objection")),
    Kind.RETRACT: ("eu-gdpr:A21", Text(fr="opposition levée", en="objection retracted")),
}
_METHODS = {
    "form": Text(fr="formulaire", en="form"),
    "paper": Text(fr="papier", en="paper"),
    "spoken": Text(fr="oral", en="spoken"),
    "imported": Text(fr="repris d'un autre registre", en="taken over from another register"),
}


def records(entries: Iterable[Entry], policy: Policy, notices: Iterable[NoticeRow]) -> bytes:
    """Give the records of what one person said, in order; the person is not named in them."""
    texts = {row.digest: row for row in notices}
    graph = [_record(each, policy, texts) for each in entries]
    return msgspec.json.format(msgspec.json.encode({"@context": CONTEXT, "@graph": graph}), indent=1) + b"\n"


def _record(entry: Entry, policy: Policy, texts: Mapping[str, NoticeRow]) -> dict[str, Any]:
    term, words = _SAID[entry.kind]
    consent = entry.kind in (Kind.GIVE, Kind.WITHDRAW)
    found: dict[str, Any] = {
        "@id": f"urn:lrs:consent:{entry.number}",
        "@type": "dpv:ConsentRecord" if consent else "dpv:RightExerciseRecord",
        "dct:identifier": str(entry.number),
        "dct:dateSubmitted": format_timestamp(entry.recorded),
        "dpv:isIndicatedAtTime": format_timestamp(entry.at),
        "dpv:hasConsentStatus" if consent else "dpv:hasRight": {"@id": term, **_labelled(words)},
        "dpv:hasDataController": [{"@type": "dpv:DataController", "dpv:hasName": name} for name in _controllers(policy)],
    }
    if consent:
        found |= {"dct:conformsTo": {"@id": _PROFILE}, "dpv:hasLegalBasis": {"@id": "eu-gdpr:A6-1-a"}}
    if entry.method is not None:
        found["dpv:hasIndicationMethod"] = _labelled(_METHODS[entry.method])
    if entry.purpose:
        found["dpv:hasPurpose"] = {"@type": "dpv:Purpose", "dct:identifier": entry.purpose, **_labelled(_title(entry.purpose, policy))}
    if entry.notice:
        found["dpv:hasNotice"] = _notice(entry.notice, texts.get(entry.notice))
    return found


def _notice(digest: str, row: NoticeRow | None) -> dict[str, Any]:
    found = {"@type": "dpv:ConsentNotice", "dct:identifier": f"sha256:{digest}"}
    if row is None:
        return found
    return found | {"dct:language": row.language, "dct:issued": format_timestamp(row.added), "dct:description": row.text}


def _title(purpose: str, policy: Policy) -> Text:
    return next((each.title for each in policy.purposes if each.id == purpose), Text(fr=purpose, en=purpose))


def _controllers(policy: Policy) -> list[str]:
    return [party.name for party in policy.parties if party.role in (PartyRole.CONTROLLER, PartyRole.JOINT_CONTROLLER)]


def _labelled(words: Text) -> dict[str, Any]:
    return {"skos:prefLabel": [{"@language": "fr", "@value": words.fr}, {"@language": "en", "@value": words.en}]}
