"""Who is in which sitting, as far as the events tell: enough to close what nobody told the end of."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from lrs.sources import Agent

__all__ = ["LARGEST", "Attendance", "Presence"]

LARGEST = 100_000
"""How many people are remembered at most, over all sittings."""


@attrs.define
class Presence:
    """Somebody in a sitting, and when they last came and left (milliseconds since 1970); ``closed`` when the sitting's end was told for them."""

    agent: Agent = attrs.field(repr=False)
    came: int = -1
    left: int = -1
    closed: int = -1

    def lasts(self, at: int) -> bool:
        """Tell whether they are there at this time."""
        return 0 <= self.came <= at and not self.came <= self.left <= at


class Attendance:
    """Remember who is in which sitting, in bounded memory: past ``largest`` people the sittings that were heard of first are forgotten.

    What it is told may come twice and in any order: each time counts, not when it was heard. Someone of a forgotten sitting is not closed.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._people = 0
        self._sittings: dict[str, dict[str, Presence]] = {}

    def meet(self, session: str, person: str, agent: Agent) -> Presence:
        """Give the presence of somebody whom an event names."""
        sitting = self._sittings.setdefault(session, {})
        if person not in sitting:
            self._people += 1
            sitting[person] = Presence(agent)
            self._forget(session)
        return sitting[person]

    def known(self, session: str, person: str) -> Agent | None:
        """Give the agent of somebody whom an earlier event named."""
        presence = self._sittings.get(session, {}).get(person)
        return presence.agent if presence else None

    def came(self, session: str, person: str, agent: Agent, at: int) -> None:
        """Note that somebody came."""
        presence = self.meet(session, person, agent)
        presence.came = max(presence.came, at)

    def left(self, session: str, person: str, agent: Agent, at: int) -> Presence | None:
        """Note that somebody left -> their presence, where the sitting's end told that before: they went with it, and its event came late."""
        presence = self.meet(session, person, agent)
        presence.left = max(presence.left, at)
        return presence if 0 <= presence.came <= presence.closed <= at else None

    def present(self, session: str, at: int) -> list[Agent]:
        """Give those who are there at this time."""
        return [presence.agent for presence in self._sittings.get(session, {}).values() if presence.lasts(at)]

    def close(self, session: str, at: int) -> Iterator[tuple[str, Presence]]:
        """Give those whose leaving nobody told when the sitting ends; they are there no more. An end that is told again gives them again.

        Whoever is said to have left a moment after the end has left: emitters tell the end first, and then who went with it.
        """
        for person, presence in self._sittings.get(session, {}).items():
            if presence.closed == at or (0 <= presence.came <= at and presence.left < presence.came):
                presence.left, presence.closed = max(presence.left, at), at
                yield person, presence

    def _forget(self, current: str) -> None:
        while self._people > self._largest:
            oldest = next(iter(self._sittings))
            if oldest == current and len(self._sittings) > 1:
                # The sitting that is being told of goes last.
                self._sittings[current] = self._sittings.pop(current)
                continue
            forgotten = self._sittings.pop(oldest)
            self._people -= len(forgotten)
