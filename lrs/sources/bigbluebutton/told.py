"""What an event tells: in which sitting, when, by whom."""

from __future__ import annotations

import re

import attrs

from lrs.sources import Agent, Person, Platform, needed
from lrs.sources.attendance import Attendance
from lrs.sources.bigbluebutton.event import Attributes, Data, Meeting, Poll, User
from lrs.sources.classroom import Sitting
from lrs.sources.moment import milliseconds, minute

__all__ = ["Told"]

_OPENED = re.compile(r"([0-9a-f]{40})-([0-9]{13})", re.ASCII)
"""The internal id of a meeting: a hash of its external id, and when it was created in milliseconds."""


@attrs.frozen
class Told:
    """What an event tells: in which sitting, when, and what else; ``opened`` is when the meeting was created, ``agent`` whom the event names."""

    sitting: Sitting
    attributes: Attributes
    at: int
    opened: int | None
    attendance: Attendance
    agent: Agent | None = attrs.field(default=None, repr=False)

    @classmethod
    def of(cls, data: Data, platform: Platform, attendance: Attendance) -> Told:
        """Read an event, and remember whom it names."""
        at = milliseconds(data.event.ts, "data.event.ts")
        sitting, opened = _sitting(data.attributes.meeting, platform)
        user = data.attributes.user
        agent = attendance.meet(sitting.session, user.internal_user_id, _agent(user, sitting)).agent if user else None
        return cls(sitting, data.attributes, at, opened, attendance, agent)

    @property
    def user(self) -> User:
        """The user whom the event names."""
        return needed(self.attributes.user, "data.attributes.user")

    @property
    def person(self) -> str:
        """The internal id of that user."""
        return self.user.internal_user_id

    @property
    def actor(self) -> Agent:
        """Who that user is."""
        return needed(self.agent, "data.attributes.user")

    @property
    def poll(self) -> Poll:
        """The poll that the event is about."""
        return needed(self.attributes.poll, "data.attributes.poll")


def _agent(user: User, sitting: Sitting) -> Agent:
    """Name a user by the id that the platform gave them.

    BigBlueButton repeats its own where it gave none, and an id that is but their name is none; the event of somebody who joins tells the name.
    """
    if user.external_user_id in (None, "", user.internal_user_id, user.name):
        return sitting.guest(user.internal_user_id)
    return sitting.platform.actor(Person(user.external_user_id or ""))


def _sitting(meeting: Meeting, platform: Platform) -> tuple[Sitting, int | None]:
    """Tell the sitting from the meeting's ids -> the sitting, and when it was created."""
    internal, external = meeting.internal_meeting_id, meeting.external_meeting_id or ""
    form = _OPENED.fullmatch(internal)
    room, opened = (form[1], milliseconds(int(form[2]), "data.attributes.meeting")) if form else (external or internal, None)
    day = minute(opened)[:10] if opened is not None else internal
    return Sitting(platform, room, internal, day, platform.names.get(external, "")), opened
