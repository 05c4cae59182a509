"""Who is in which sitting, as far as the events tell: enough to close what nobody told the end of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

import attrs

from lrs.sources import Agent

__all__ = ["LARGEST", "Attendance", "Presence", "Recall"]

LARGEST = 100_000
"""How many people are remembered at most, over all sittings."""


@attrs.define
class Presence:
    """Somebody in a sitting, and when they last came and left (milliseconds since 1970); ``closed`` when the sitting's end was told for them."""

    agent: Agent = attrs.field(repr=False)
    came: int = -1
    left: int = -1
    closed: int = -1
    is_news: bool = attrs.field(default=True, eq=False)
    """Whether an event said something of them since they were recalled."""

    def lasts(self, at: int) -> bool:
        """Tell whether they are there at this time."""
        return 0 <= self.came <= at and not self.came <= self.left <= at


class Recall(Protocol):
    """What earlier events said, where that is kept."""

    def one(self, session: str, person: str) -> Presence | None:
        """Give the presence of somebody in a sitting."""

    def all(self, session: str) -> Mapping[str, Presence]:
        """Give everybody in a sitting: person -> presence."""


class _Nothing:
    """Nothing was kept."""

    def one(self, session: str, person: str) -> None:
        """Give nobody."""

    def all(self, session: str) -> Mapping[str, Presence]:  # noqa: ARG002 -- the interface
        """Give nobody."""
        return {}


class Attendance:
    """Remember who is in which sitting, in bounded memory: past ``largest`` people the sittings that were heard of first are forgotten.

    What it is told may come twice and in any order: each time counts, not when it was heard. Someone of a forgotten sitting is not closed, unless
    what is kept elsewhere is at hand for ``recall``.
    """

    def __init__(self, recall: Recall | None = None, *, largest: int = LARGEST) -> None:
        self._recall = recall or _Nothing()
        self._largest = largest
        self._people = 0
        self._sittings: dict[str, dict[str, Presence]] = {}
        self._whole: set[str] = set()

    def meet(self, session: str, person: str, agent: Agent) -> Presence:
        """Give the presence of somebody whom an event names."""
        return self._find(session, person) or self._seat(session, person, Presence(agent))

    def known(self, session: str, person: str) -> Agent | None:
        """Give the agent of somebody whom an earlier event named."""
        presence = self._find(session, person)
        return presence.agent if presence else None

    def came(self, session: str, person: str, agent: Agent, at: int) -> None:
        """Note that somebody came."""
        presence = self.meet(session, person, agent)
        presence.came, presence.is_news = max(presence.came, at), True

    def left(self, session: str, person: str, agent: Agent, at: int) -> Presence | None:
        """Note that somebody left -> their presence, where the sitting's end told that before: they went with it, and its event came late."""
        presence = self.meet(session, person, agent)
        presence.left, presence.is_news = max(presence.left, at), True
        return presence if 0 <= presence.came <= presence.closed <= at else None

    def present(self, session: str, at: int) -> list[Agent]:
        """Give those who are there at this time."""
        return [presence.agent for presence in self._everybody(session).values() if presence.lasts(at)]

    def close(self, session: str, at: int) -> Iterator[tuple[str, Presence]]:
        """Give those whose leaving nobody told when the sitting ends; they are there no more. An end that is told again gives them again.

        Whoever is said to have left a moment after the end has left: emitters tell the end first, and then who went with it.
        """
        for person, presence in self._everybody(session).items():
            if presence.closed == at or (0 <= presence.came <= at and presence.left < presence.came):
                presence.left, presence.closed, presence.is_news = max(presence.left, at), at, True
                yield person, presence

    def news(self) -> Iterator[tuple[str, str, Presence]]:
        """Give what is not kept anywhere else: session, person, presence."""
        for session, sitting in self._sittings.items():
            yield from ((session, person, presence) for person, presence in sitting.items() if presence.is_news)

    def _find(self, session: str, person: str) -> Presence | None:
        found = self._sittings.get(session, {}).get(person)
        if found is None and session not in self._whole and (kept := self._recall.one(session, person)):
            return self._seat(session, person, kept)
        return found

    def _everybody(self, session: str) -> dict[str, Presence]:
        if session not in self._whole:
            for person, presence in self._recall.all(session).items():
                if person not in self._sittings.get(session, {}):
                    self._seat(session, person, presence)
            if session in self._sittings:
                self._whole.add(session)
        return self._sittings.get(session, {})

    def _seat(self, session: str, person: str, presence: Presence) -> Presence:
        self._people += 1
        self._sittings.setdefault(session, {})[person] = presence
        self._forget(session)
        return presence

    def _forget(self, current: str) -> None:
        while self._people > self._largest:
            oldest = next(iter(self._sittings))
            if oldest == current and len(self._sittings) > 1:
                # The sitting that is being told of goes last.
                self._sittings[current] = self._sittings.pop(current)
                continue
            forgotten = self._sittings.pop(oldest)
            self._whole.discard(oldest)
            self._people -= len(forgotten)
