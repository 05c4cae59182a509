"""Statements with a unique marker in every place where an identity, or what someone wrote, can stand.

Identifier types times places, plus the texts and the places where a statement mentions its own people.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

if TYPE_CHECKING:
    from lrs import LRS
    from lrs.documents import Shelf

Json = dict[str, Any]


class Document(NamedTuple):
    """One document, and the name of its resource."""

    resource: str
    activity: str
    agent: Json
    registration: str
    id: str
    content_type: str
    content: bytes

    def shelf(self, store: LRS) -> Shelf:
        """Find its place."""
        if self.resource == "state":
            return store.documents.state(self.activity, self.agent, registration=self.registration)
        if self.resource == "agent profile":
            return store.documents.agent_profile(self.agent)
        return store.documents.activity_profile(self.activity)


class Corpus:
    """Makes the statements and remembers every marker that must not be found afterwards."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._number = count(1)
        self.markers: dict[str, str] = {}
        """marker -> where it was put"""

    def mark(self, place: str) -> str:
        marker = f"Canari{hashlib.sha256(f'{self._seed}{next(self._number)}'.encode()).hexdigest()[:14]}"
        self.markers[marker] = place
        return marker

    def agent(self, kind: str, place: str, *, group: bool = False) -> Json:
        """An agent, or identified group, whose name and identifier are markers."""
        where = f"{place} {kind}"
        found: Json = {"objectType": "Group" if group else "Agent", "name": f"Élodie {self.mark(where + ' name')}"}
        if kind == "mbox":
            found["mbox"] = f"mailto:{self.mark(where)}@example.fr"
        elif kind == "mbox_sha1sum":
            digest = hashlib.sha1(self.mark(where).encode(), usedforsecurity=False).hexdigest()
            self.markers[digest] = where
            found["mbox_sha1sum"] = digest
        elif kind == "openid":
            found["openid"] = f"https://id.example.fr/{self.mark(where)}"
        else:
            found["account"] = {"homePage": "https://lms.example.fr", "name": self.mark(where)}
        return found

    def statements(self) -> Iterator[Json]:
        """Every identifier type in every place, then the texts and the self-mentions. Versions 1.0.3 and 2.0 both."""
        for kind in ("mbox", "mbox_sha1sum", "openid", "account"):
            for place, put in PLACES.items():
                yield put(self, kind, place)
        yield from self.texts()
        yield from self.self_mentions()

    def texts(self) -> Iterator[Json]:
        for interaction in ("fill-in", "long-fill-in", "other", "performance", None):
            statement = self.base("mbox", f"response of {interaction}")
            if interaction:
                statement["object"]["definition"] = {"interactionType": interaction}
            statement["result"] = {"response": f"I am {self.mark(f'response of {interaction}')}"}
            yield statement
        for place in ("result", "context", "definition"):
            statement = self.base("account", f"{place} extension")
            extensions = {"https://vendor.example/x": {"nested": [1, self.mark(f"{place} extension")]}}
            if place == "definition":
                statement["object"]["definition"] = {"extensions": extensions}
            else:
                statement[place] = {"extensions": extensions}
            yield statement

    def self_mentions(self) -> Iterator[Json]:
        spelled: dict[str, Callable[[str], str]] = {
            "as it is": str,
            "lower case": str.lower,
            "upper case": str.upper,
        }
        for spelling, spell in spelled.items():
            where = f"self-mention {spelling}"
            statement = self.base("account", where)
            name = spell(statement["actor"]["account"]["name"])
            self.markers[name] = where
            statement["verb"] = {"id": f"https://verbs.example.fr/{name}", "display": {"fr": f"{name} a posté"}}
            statement["object"] = {
                "id": f"https://lms.example.fr/users/{name}/profile?user={name}",
                "definition": {
                    "name": {"fr": f"Profil de {name}"},
                    "description": {"en": f"about «{name}»"},
                    "moreInfo": f"https://lms.example.fr/{name}",
                    "extensions": {f"https://lms.example.fr/{name}/x": 1},
                },
            }
            statement["context"] = {
                "platform": f"for {name}",
                "contextActivities": {"parent": [{"id": f"https://lms.example.fr/course/{name}"}]},
                "extensions": {"https://w3id.org/xapi/video/extensions/session-id": f"session-{name}"},
            }
            statement["attachments"] = [
                {
                    "usageType": "https://lms.example.fr/usage",
                    "display": {"fr": f"Copie de {name}"},
                    "contentType": "text/plain",
                    "length": 3,
                    "sha2": "a" * 64,
                    "fileUrl": f"https://files.example.fr/{name}.txt",
                }
            ]
            yield statement
        statement = self.base("mbox", "mail in a query")
        mail = statement["actor"]["mbox"].removeprefix("mailto:")
        statement["object"]["id"] = f"https://lms.example.fr/?mail={mail.replace('@', '%40')}"
        yield statement

    def documents(self) -> Iterator[Document]:
        """A state and profiles of every identifier type: agent, activity, registration, id, media type and content are markers."""
        for kind in ("mbox", "mbox_sha1sum", "openid", "account"):
            for resource in ("state", "agent profile", "activity profile"):
                where = f"{resource} of {kind}"
                registration = str(uuid4())
                content = json.dumps({self.mark(f"{where} property"): f"Je suis {self.mark(f'{where} content')}"}).encode()
                digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
                self.markers |= {registration: f"{where} registration", digest: f"{where} tag"}
                yield Document(
                    resource,
                    f"https://lms.example.fr/activity/{self.mark(f'{where} activity')}",
                    self.agent(kind, where),
                    registration,
                    f"état de {self.mark(f'{where} id')}",
                    f'application/json; title="{self.mark(f"{where} media type")}"',
                    content,
                )

    def base(self, kind: str, place: str) -> Json:
        return {
            "actor": self.agent(kind, f"actor with {place}"),
            "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
            "object": {"id": f"https://lms.example.fr/activity/{next(self._number)}"},
        }


def _place(edit: Callable[[Corpus, Json, str, str], None]) -> Callable[[Corpus, str, str], Json]:
    def put(corpus: Corpus, kind: str, place: str) -> Json:
        statement = corpus.base(kind, place)
        edit(corpus, statement, kind, place)
        return statement

    return put


def _members(corpus: Corpus, kind: str, place: str) -> list[Json]:
    return [corpus.agent(kind, f"{place} first"), corpus.agent(kind, f"{place} second")]


def _application_and_user(corpus: Corpus, kind: str, place: str) -> list[Json]:
    return [corpus.agent("account", f"{place} application of {kind}"), corpus.agent(kind, f"{place} user")]


def _sub(edit: Callable[[Corpus, Json, str, str], None]) -> Callable[[Corpus, Json, str, str], None]:
    def put(corpus: Corpus, statement: Json, kind: str, place: str) -> None:
        inner = corpus.base(kind, f"SubStatement {place}")
        edit(corpus, inner, kind, f"SubStatement {place}")
        inner["objectType"] = "SubStatement"
        statement["object"] = inner

    return put


def _in_context(name: str, make: Callable[[Corpus, str, str], Any]) -> Callable[[Corpus, Json, str, str], None]:
    def put(corpus: Corpus, statement: Json, kind: str, place: str) -> None:
        statement.setdefault("context", {})[name] = make(corpus, kind, place)

    return put


def _as(name: str, make: Callable[[Corpus, str, str], Any]) -> Callable[[Corpus, Json, str, str], None]:
    def put(corpus: Corpus, statement: Json, kind: str, place: str) -> None:
        statement[name] = make(corpus, kind, place)

    return put


def _anonymous(corpus: Corpus, kind: str, place: str) -> Json:
    return {"objectType": "Group", "name": f"Équipe {corpus.mark(place + ' group name')}", "member": _members(corpus, kind, place)}


def _identified(corpus: Corpus, kind: str, place: str) -> Json:
    return corpus.agent(kind, place, group=True) | {"member": _members(corpus, kind, place)}


def _identified_alone(corpus: Corpus, kind: str, place: str) -> Json:
    return corpus.agent(kind, place, group=True)


def _context_agents(corpus: Corpus, kind: str, place: str) -> list[Json]:
    return [{"objectType": "contextAgent", "agent": corpus.agent(kind, place), "relevantTypes": ["https://types.example.fr/t"]}]


def _context_groups(corpus: Corpus, kind: str, place: str) -> list[Json]:
    return [{"objectType": "contextGroup", "group": _identified(corpus, kind, place), "relevantTypes": ["https://types.example.fr/t"]}]


_EDITS: dict[str, Callable[[Corpus, Json, str, str], None]] = {
    "actor": lambda _corpus, _statement, _kind, _place: None,
    "actor anonymous group": _as("actor", _anonymous),
    "actor identified group": _as("actor", _identified),
    "actor identified group alone": _as("actor", _identified_alone),
    "object agent": _as("object", Corpus.agent),
    "object anonymous group": _as("object", _anonymous),
    "object identified group": _as("object", _identified),
    "instructor": _in_context("instructor", Corpus.agent),
    "instructor group": _in_context("instructor", _identified),
    "team": _in_context("team", _identified),
    "anonymous team": _in_context("team", _anonymous),
}
ONLY_IN_2_0 = {
    "context agents": _in_context("contextAgents", _context_agents),
    "context groups": _in_context("contextGroups", _context_groups),
}
_EDITS |= {
    "authority": _as("authority", Corpus.agent),
    "authority pair": _as(
        "authority", lambda corpus, kind, place: {"objectType": "Group", "member": _application_and_user(corpus, kind, place)}
    ),
}
_SUBS = {f"sub {name}": _sub(edit) for name, edit in _EDITS.items() if not name.startswith("authority")}
PLACES = {name: _place(edit) for name, edit in (_EDITS | _SUBS).items()}
PLACES_2_0 = {
    name: _place(edit) for name, edit in (ONLY_IN_2_0 | {f"sub {name}": _sub(edit) for name, edit in ONLY_IN_2_0.items()}).items()
}


def statements_2_0(corpus: Corpus) -> Iterator[Json]:
    """The places that only xAPI 2.0 has."""
    for kind in ("mbox", "mbox_sha1sum", "openid", "account"):
        for place, put in PLACES_2_0.items():
            yield put(corpus, kind, place)


def as_bytes(statement: Json, *, ascii_only: bool) -> bytes:
    """JSON as senders spell it: with non-ASCII characters escaped, or not."""
    return json.dumps(statement, ensure_ascii=ascii_only).encode()
