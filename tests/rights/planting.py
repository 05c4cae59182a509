"""One person planted in every place of a statement where a person can stand, under every type of identifier and under different names.

All others, and what they write, are markers that must not be found in what that person is given.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
import zipfile
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lrs.access import Scope
from lrs.credentials.ralph import Entry
from tests.promises.corpus import PLACES, PLACES_2_0, Corpus

if TYPE_CHECKING:
    from lrs import LRS

Json = dict[str, Any]
KINDS = ("mbox", "mbox_sha1sum", "openid", "account")
MAILBOX = f"mailto:{'z' * 300}.gil@Example.fr"
IDENTIFIERS: dict[str, Any] = {
    "mbox": MAILBOX,
    "mbox_sha1sum": hashlib.sha1(MAILBOX.replace("E", "e").encode(), usedforsecurity=False).hexdigest(),
    "openid": "https://id.example.fr/zoe",
    "account": {"homePage": "https://lms.example.fr", "name": "zoé"},
}
NAMES = ("Zoé Gil", unicodedata.normalize("NFD", "Zoé Gil"), "ZOÉ GIL", "زوي جيل", None)


def person(kind: str, name: str | None = None) -> Json:
    """The person, under one identifier."""
    return {kind: IDENTIFIERS[kind]} | ({"name": name} if name else {})


class Planted(Corpus):
    """A corpus in which, of the agents of each statement, one after the other is the person."""

    def __init__(self, seed: str) -> None:
        super().__init__(seed)
        self._names = cycle(NAMES)
        self._seen = 0
        self._wanted = -1
        self.spelled: set[str] = set()

    def agent(self, kind: str, place: str, *, group: bool = False) -> Json:
        here, self._seen = self._seen, self._seen + 1
        if here != self._wanted:
            return super().agent(kind, place, group=group)
        name = next(self._names)
        self.spelled |= {name} if name else set()
        return {"objectType": "Group" if group else "Agent"} | person(kind, name)

    def planted(self, places: dict[str, Any]) -> Iterator[tuple[bool, Json]]:
        """Every statement without the person, then with the person in each place in turn -> (whether they are in it, statement)."""
        for kind in KINDS:
            for place, put in places.items():
                self._seen, self._wanted = 0, -1
                decoy = put(self, kind, place)
                for wanted in range(-1, self._seen):
                    self._seen, self._wanted = 0, wanted
                    made = decoy if wanted < 0 else put(self, kind, place)
                    # Whatever a sender says of the authority is not what is stored.
                    made.pop("authority", None)
                    yield wanted >= 0 and bool(named(made)), made | {"id": str(uuid4())}


def named(value: Any) -> bool:
    """Tell whether the person stands in a statement: the oracle, which knows nothing of places."""
    if isinstance(value, dict):
        return any(value.get(kind) == identifier for kind, identifier in IDENTIFIERS.items()) or any(map(named, value.values()))
    return isinstance(value, list) and any(map(named, value))


def both(corpus: Planted) -> Iterator[tuple[str, list[tuple[bool, Json]]]]:
    """The places of each version of xAPI."""
    yield "1.0.3", list(corpus.planted(PLACES))
    yield "2.0.0", list(corpus.planted(PLACES_2_0))


def files(path: Path) -> dict[str, bytes]:
    """Everything in a ZIP, by name."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def lines(text: bytes) -> list[Json]:
    """Read JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


def given(store: LRS, agent: Json, tmp_path: Path) -> dict[str, bytes]:
    """Export somebody and read the file."""
    path = tmp_path / f"{uuid4()}.zip"
    store.subjects.export(agent, path)
    return files(path)


def entry(username: str, agent: Json) -> Entry:
    """A user of another record store, who stands for somebody."""
    return Entry(
        username=username, secret="$2b$12$" + "a" * 53, scopes=(Scope.ALL,), authority=json.dumps(agent).encode(), tenant=None, ignored=()
    )
