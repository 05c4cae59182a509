"""A sitting of a virtual class, and what its statements say.

The words are those of the virtual classroom profile as it is published (https://w3id.org/xapi/virtual-classroom), which BigBlueButton's own xAPI follows: a
microphone is started and stopped, a raised hand is a reaction. It has none for recordings: they are started and stopped too. Times are told to the minute.
Rooms are named for people, so their ids are opaque and titles come from the platform's ``names`` alone. Messages, cameras and the addresses of sound and
pictures have no place here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import attrs

from lrs.sources import Agent, Platform, Statement
from lrs.sources.moment import lasting, minute

__all__ = ["Act", "Part", "Sitting", "Verb"]

Part: TypeAlias = dict[str, Any]
Verb: TypeAlias = dict[str, Any]

_PROFILE = "https://w3id.org/xapi/virtual-classroom"
_ADL = "http://adlnet.gov/expapi"
_STREAMS = "http://activitystrea.ms"
CLASS = f"{_PROFILE}/activity-types/virtual-classroom"
_MESSAGE = "https://w3id.org/xapi/acrossx/activities/message"
_RECORDING = f"{_STREAMS}/video"
CATEGORY = {"id": _PROFILE, "definition": {"type": f"{_ADL}/activities/profile"}}
SESSION = "https://w3id.org/xapi/cmi5/context/extensions/sessionid"
_PLANNED = "http://id.tincanapi.com/extension/planned-duration"
NOTICE = "urn:x-lrs:extension:notice-digest"
"""Extension of a recording's context: the SHA-256 of the notice that was shown."""


def _verb(iri: str, display: str) -> Verb:
    return {"id": iri, "display": {"en": display}}


INITIALIZED = _verb(f"{_ADL}/verbs/initialized", "initialized")
TERMINATED = _verb(f"{_ADL}/verbs/terminated", "terminated")
JOINED = _verb(f"{_STREAMS}/join", "joined")
LEFT = _verb(f"{_STREAMS}/leave", "left")
STARTED = _verb(f"{_STREAMS}/start", "started")
STOPPED = _verb(f"{_PROFILE}/verbs/stopped", "stopped")
ASKED = _verb(f"{_ADL}/verbs/asked", "asked")
ANSWERED = _verb(f"{_ADL}/verbs/answered", "answered")
POSTED = _verb("https://w3id.org/xapi/acrossx/verbs/posted", "posted")


@attrs.frozen
class Act:
    """What somebody does in a class: the verb, the kind of thing in it that they do it with (none: it is about the class), and the emoji that they show."""

    verb: Verb
    using: str = ""
    emoji: str = ""


_HAND = "U+1F590"
UNMUTED, MUTED = Act(STARTED, "micro"), Act(STOPPED, "micro")
SHARED, UNSHARED = Act(_verb(f"{_STREAMS}/share", "shared"), "screen"), Act(_verb(f"{_STREAMS}/unshare", "unshared"), "screen")
RAISED = Act(_verb(f"{_PROFILE}/verbs/reacted", "reacted"), emoji=_HAND)
LOWERED = Act(_verb(f"{_PROFILE}/verbs/unreacted", "unreacted"), emoji=_HAND)


@attrs.frozen
class Sitting:
    """One sitting of a class: ``room`` and ``session`` are the platform's ids of the class and of this time that it is held.

    ``planned`` names what is the same when a sitting is opened anew on the same day. ``title`` is what the class is called, if it may be told.
    """

    platform: Platform
    room: str = attrs.field(repr=False)
    session: str = attrs.field(repr=False)
    planned: str = attrs.field(repr=False)
    title: str = attrs.field(default="", repr=False)

    def said(self, verb: Verb, actor: Agent, at: int, *event: str) -> Statement:
        """Say that somebody did something about the class; ``event`` and ``verb`` make it one within the sitting."""
        return {
            "id": self.platform.statement_id(verb["id"].encode(), self.session.encode(), *(part.encode() for part in event)),
            "actor": actor,
            "verb": verb,
            "object": self._activity(),
            "context": {
                "registration": self.platform.opaque(b"registration", self.room.encode(), self.planned.encode()),
                "contextActivities": {"category": [CATEGORY]},
                "extensions": {SESSION: self.platform.opaque(b"session", self.session.encode())},
            },
            "timestamp": minute(at),
            "version": "1.0.3",
        }

    def did(self, act: Act, actor: Agent, at: int, *event: str) -> Statement:
        """Say that somebody used their microphone or screen, or raised their hand.

        All microphones of a sitting are one activity: one of each person's own would go on naming them where their name is hidden or erased.
        """
        statement = self.said(act.verb, actor, at, *event)
        if act.emoji:
            statement["result"] = {"extensions": {f"{_PROFILE}/extensions/emoji": act.emoji}}
        return self._within(statement, act.using, "", {"type": f"{_PROFILE}/activity-types/{act.using}"}) if act.using else statement

    def opened(self, actor: Agent, at: int, *event: str, planned_minutes: float = 0) -> Statement:
        """Say that the sitting began."""
        statement = self.said(INITIALIZED, actor, at, *event)
        if planned_minutes > 0:
            statement["context"]["extensions"][_PLANNED] = f"PT{int(planned_minutes)}M"
        return statement

    def ended(self, actor: Agent, at: int, *event: str, since: int | None = None) -> Statement:
        """Say that the sitting ended, and how long it was since it began."""
        statement = self.said(TERMINATED, actor, at, *event)
        if since is not None:
            statement["result"] = {"duration": lasting(since, at)}
        return statement

    def posted(self, actor: Agent, at: int, message: str) -> Statement:
        """Say that somebody posted a public message; never what it says."""
        return self._within(self.said(POSTED, actor, at, message), "message", message, {"type": _MESSAGE})

    def polled(self, verb: Verb, actor: Agent, at: int, poll: str, *event: str) -> Statement:
        """Say that a poll was asked or answered; never how its question and choices read."""
        definition = {"type": f"{_ADL}/activities/cmi.interaction", "interactionType": "choice"}
        return self._within(self.said(verb, actor, at, poll, *event), "poll", poll, definition)

    def recorded(self, verb: Verb, actor: Agent, at: int, recording: str, *event: str, informed: Sequence[Agent] = ()) -> Statement:
        """Say that a recording started or stopped, with the digest of the notice and with whom it informed (GDPR, art. 13)."""
        statement = self._within(self.said(verb, actor, at, recording, *event), "recording", recording, {"type": _RECORDING})
        if self.platform.notice:
            statement["context"]["extensions"][NOTICE] = self.platform.notice.lower()
            if informed:
                statement["context"]["team"] = {"objectType": "Group", "member": list(informed)}
        return statement

    def guest(self, person: str) -> Agent:
        """Name somebody without an id for this sitting."""
        return self.platform.guest(self.session.encode(), person.encode())

    def _within(self, statement: Statement, kind: str, name: str, definition: Part) -> Statement:
        """Let the statement be about something within the class."""
        statement["context"]["contextActivities"]["parent"] = [statement["object"]]
        statement["object"] = {"objectType": "Activity", "id": self._address(kind, self.session, name), "definition": definition}
        return statement

    def _activity(self) -> Part:
        name = {"name": {"und": self.title}} if self.title else {}
        return {"objectType": "Activity", "id": self._address("class", self.room), "definition": {"type": CLASS, **name}}

    def _address(self, *parts: str) -> str:
        return f"{self.platform.home}/xapi/activities/{self.platform.opaque(*(part.encode() for part in parts))}"
