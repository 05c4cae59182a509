"""What can be said of everything that is kept about a person in a few numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from lrs.privacy.disclosing import Disclosed
from lrs.rights.access.words import place_of
from lrs.xapi.formats import format_timestamp

_MOST = 10_000
"""Different activities that are counted apart: whoever has met more sees the most frequent of these."""
_SHOWN = 20
_MONTH = len("2026-11")


class _Named(msgspec.Struct, gc=False):
    id: str = ""


class _Statement(msgspec.Struct, gc=False):
    verb: _Named
    object: _Named


_decode = msgspec.json.Decoder(_Statement).decode


class Summary:
    """Counts, filled while the pieces are read."""

    def __init__(self) -> None:
        self.numbers: Counter[str] = Counter()
        self.places: Counter[str] = Counter()
        self.verbs: Counter[str] = Counter()
        self.months: Counter[str] = Counter()
        self.activities: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.first = ""
        self.last = ""

    def add(self, page: Iterable[Disclosed]) -> None:
        """Count statements."""
        for each in page:
            self.numbers["own" if each.own else "named"] += 1
            self.numbers["voided"] += each.voided
            self.places.update({place_of(role) for role in each.roles})
            self._count(each)

    def identify(self, spellings: Iterable[bytes]) -> None:
        """Count identifiers by kind."""
        found = {(kind, value) for spelling in spellings for kind, value in _identifiers(spelling)}
        self.kinds.update(kind for kind, _ in found)

    def told(self) -> dict[str, Any]:
        """Give the counts, by kind and place: nothing that names anybody."""
        return {
            "identifiers": dict(sorted(self.kinds.items())),
            "statements": {name: self.numbers[name] for name in ("own", "named", "voided")},
            "places": dict(sorted(self.places.items())),
            **{name: self.numbers[name] for name in ("attachments", "documents", "requests", "credentials", "accesses")},
        }

    def _count(self, each: Disclosed) -> None:
        said = _decode(each.body)
        moment = format_timestamp(each.row.timestamp)
        self.first, self.last = min(self.first or moment, moment), max(self.last, moment)
        self.months[moment[:_MONTH]] += 1
        self.verbs[said.verb.id] += 1
        if said.object.id and (said.object.id in self.activities or len(self.activities) < _MOST):
            self.activities[said.object.id] += 1

    def most(self, counted: Counter[str]) -> list[tuple[str, int]]:
        """Give the most frequent ones, those as frequent in order of their names."""
        return sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN]


def _identifiers(spelling: bytes) -> Iterable[tuple[str, str]]:
    for kind, value in msgspec.json.decode(spelling).items():
        if kind in ("mbox", "mbox_sha1sum", "openid", "account"):
            yield kind, msgspec.json.encode(value, order="sorted").decode()
