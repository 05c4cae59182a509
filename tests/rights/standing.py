"""A store in which somebody stands in every way that an erasure has to know, the same each time."""

from __future__ import annotations

import hashlib
from uuid import UUID

import lrs
from tests.rights.erasing import VOID, Json, put, statement

ANA: Json = {"name": "Canari d'Ana", "mbox": "mailto:canari-ana@example.fr"}
BEN: Json = {"name": "Ben", "mbox": "mailto:ben@example.fr"}
ESSAY = b"We wrote this. " * 100_000
ATTACHED = {
    "usageType": "https://lms.example.fr/essay",
    "display": {"fr": "Essai"},
    "contentType": "text/plain",
    "length": len(ESSAY),
    "sha2": hashlib.sha256(ESSAY).hexdigest(),
}


def numbered(n: int, actor: Json, **more: object) -> Json:
    """A statement whose id is always the same."""
    return statement(actor, **more) | {"id": str(UUID(int=n + (4 << 76) + (8 << 60)))}


HERS = [
    numbered(1, ANA, result={"response": "canari-answer"}),
    numbered(2, {"objectType": "Group", "member": [ANA]}, attachments=[ATTACHED]),
]
OTHERS = [
    numbered(3, {"objectType": "Group", "member": [ANA, BEN]}, result={"response": "ours"}, attachments=[ATTACHED]),
    numbered(4, BEN, context={"instructor": ANA}),
    numbered(5, BEN, object={"objectType": "StatementRef", "id": HERS[0]["id"]}),
    numbered(6, BEN),
]
VOIDING = [
    numbered(7, ANA, verb=VOID, object={"objectType": "StatementRef", "id": OTHERS[3]["id"]}),
    numbered(8, BEN, verb=VOID, object={"objectType": "StatementRef", "id": HERS[1]["id"]}),
]


def fill(store: lrs.LRS) -> None:
    """Put everybody in."""
    put(store, *HERS, *OTHERS, attachments={ATTACHED["sha2"]: ESSAY})
    put(store, *VOIDING)
    store.documents.agent_profile(ANA).put("p", b"canari-profile", if_none_match="*")
    store.documents.agent_profile(BEN).put("p", b"profile", if_none_match="*")
