"""How people leave a sitting: as an event tells it, or by the sitting's end, and never both.

BigBlueButton says that a meeting ended, and a moment later that those who were there left; what was lost on the way is made up by the end.
"""

from __future__ import annotations

from collections.abc import Iterator

from lrs.sources import Agent, Statement
from lrs.sources.attendance import Attendance, Presence
from lrs.sources.classroom import LEFT, Sitting

__all__ = ["departed", "dismissed"]


def departed(sitting: Sitting, attendance: Attendance, person: str, agent: Agent, at: int, *event: str) -> Statement:
    """Say that somebody left; where the end said so before, say it again in its words, so that it is recognised."""
    dismissed = attendance.left(sitting.session, person, agent, at)
    if dismissed is not None:
        return _at_the_end(sitting, person, dismissed, dismissed.closed)
    return sitting.said(LEFT, agent, at, person, *event)


def dismissed(sitting: Sitting, attendance: Attendance, at: int) -> Iterator[Statement]:
    """Say of those whose leaving nobody told that they left when the sitting ended."""
    for person, presence in attendance.close(sitting.session, at):
        yield _at_the_end(sitting, person, presence, at)


def _at_the_end(sitting: Sitting, person: str, presence: Presence, at: int) -> Statement:
    return sitting.said(LEFT, presence.agent, at, person, str(presence.came), "at the end")
