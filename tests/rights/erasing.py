"""One person in every place of a statement, under every identifier, and the stores in which they are erased."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import lrs
from lrs.rights.persons import sids_of
from lrs.xapi import codec
from lrs.xapi.rules import check_identified
from tests.promises.corpus import Corpus, Json, statements_2_0

STUB = b'{"objectType":"Agent","account":{"homePage":"https://lrs.invalid/erased","name":"erased"}}'
STUB_REFERENCE = "00000000-0000-4000-8000-000000000000"
KINDS = ("mbox", "mbox_sha1sum", "openid", "account")
VERB = {"id": "http://adlnet.gov/expapi/verbs/experienced"}
VOID = {"id": "http://adlnet.gov/expapi/verbs/voided"}


class OnePerson(Corpus):
    """The corpus of places and identifiers, with the same person at each place that is tried, and others around them."""

    def __init__(self, seed: str) -> None:
        super().__init__(seed)
        self.hers: dict[str, Json] = {}
        mailbox = f"mailto:{self.mark('her mbox')}@example.fr"
        digest = hashlib.sha1(mailbox.encode(), usedforsecurity=False).hexdigest()
        self.markers[digest] = "her mbox_sha1sum"
        self.hers = {
            "mbox": {"name": f"Élodie {self.mark('her name')}", "mbox": mailbox},
            "mbox_sha1sum": {"objectType": "Agent", "mbox_sha1sum": digest},
            "openid": {"name": f"Élodie {self.mark('her name, openid')}", "openid": f"https://id.example.fr/{self.mark('her openid')}"},
            "account": {
                "objectType": "Agent",
                "account": {"homePage": "https://lms.example.fr", "name": self.mark("her account")},
                "name": self.mark("her name, account"),
            },
        }
        self.her_markers = dict(self.markers)

    def agent(self, kind: str, place: str, *, group: bool = False) -> Json:
        if group or place.endswith("second") or (place.startswith("actor with") and place != "actor with actor"):
            return super().agent(kind, place, group=group)
        return dict(self.hers[kind])

    def everywhere(self) -> Iterator[tuple[str, list[Json]]]:
        """(version, statements) with her in every place."""
        yield "1.0.3", list(self.statements())
        yield "2.0.0", list(statements_2_0(self))

    def texts(self) -> Iterator[Json]:
        yield from ()

    def self_mentions(self) -> Iterator[Json]:
        yield from ()


def everything(store: lrs.LRS, **filters: Any) -> dict[str, bytes]:
    """Id -> the exact JSON of all statements that are readable."""
    page = store.query(ascending=True, **filters)
    found = list(page.bodies)
    while page.more is not None:
        page = store.query(more=page.more)
        found += page.bodies
    return {json.loads(body)["id"]: body for body in found}


def without(body: bytes, *agents: Json) -> bytes:
    """What a statement of others looks like once these people are erased."""
    for agent in agents:
        body = body.replace(codec.encode(agent), STUB)
    return body


def sids(store: lrs.LRS, agent: Json) -> tuple[int, ...]:
    """The numbers of a person."""
    return sids_of(store._vault, store._keys("default"), "default", check_identified(codec.encode(agent)))


def join(store: lrs.LRS, *agents: Json) -> None:
    """Have all of these be one person."""
    numbers = [sids(store, agent)[0] for agent in agents]
    for number in numbers[1:]:
        store._vault.join("default", numbers[0], number)


def statement(actor: Json, **more: Any) -> Json:
    """A statement with an id."""
    return {"id": str(uuid4()), "actor": actor, "verb": VERB, "object": {"id": "https://lms.example.fr/1"}} | more


def person(name: str) -> Json:
    """Somebody whom no other test knows."""
    return {"name": f"Nom de {name}", "mbox": f"mailto:{name}-{uuid4().hex}@example.fr"}


def put(store: lrs.LRS, *statements: Json, **more: Any) -> None:
    """Store a batch."""
    store.ingest(list(statements), **more)


def mirrored(identifier: UUID) -> bytes:
    """A UUID as the engine's files have it."""
    return identifier.bytes[7::-1] + identifier.bytes[:7:-1]
