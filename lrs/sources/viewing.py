"""Somebody watching a video or a live session, and what the statements of it say.

The words are those of the video profile (https://w3id.org/xapi/video). A live session is a webinar; who comes on its stage joins a class within it. Videos are
told to the millisecond, live sessions, which show who was there when, to the minute.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import attrs

from lrs.errors import InvalidEvent
from lrs.sources import Agent, Person, Platform, Statement, classroom
from lrs.sources.moment import minute, precise
from lrs.xapi.formats import is_iri

__all__ = ["Part", "Verb", "Viewing"]

Part: TypeAlias = dict[str, Any]
Verb: TypeAlias = dict[str, Any]

_PROFILE = "https://w3id.org/xapi/video"
_ADL = "http://adlnet.gov/expapi/verbs"
_VIDEO = f"{_PROFILE}/activity-type/video"
_WEBINAR = "http://id.tincanapi.com/activitytype/webinar"
_CATEGORY = {"id": _PROFILE, "definition": {"type": "http://adlnet.gov/expapi/activities/profile"}}
_SESSION = f"{_PROFILE}/extensions/session-id"
_DECIMALS = 3
_MOST_RANGES = 1000
_LONGEST = 10_000_000
_NAME = re.compile(r"[A-Za-z0-9_.~-]{1,100}", re.ASCII)


def _verb(iri: str, display: str) -> Verb:
    return {"id": iri, "display": {"en": display}}


INITIALIZED = _verb(f"{_ADL}/initialized", "initialized")
PLAYED = _verb(f"{_PROFILE}/verbs/played", "played")
PAUSED = _verb(f"{_PROFILE}/verbs/paused", "paused")
SEEKED = _verb(f"{_PROFILE}/verbs/seeked", "seeked")
PROGRESSED = _verb(f"{_ADL}/progressed", "progressed")
INTERACTED = _verb(f"{_ADL}/interacted", "interacted")
COMPLETED = _verb(f"{_ADL}/completed", "completed")
TERMINATED = _verb(f"{_ADL}/terminated", "terminated")


@attrs.frozen
class Viewing:
    """One time that somebody watches a video: ``video`` is its address, ``session`` the player's id of this time, ``user`` the platform's of them."""

    platform: Platform
    video: str = attrs.field(repr=False)
    session: str = attrs.field(repr=False)
    user: str = attrs.field(default="", repr=False)
    title: str = attrs.field(default="", repr=False)
    live: bool = False

    @property
    def actor(self) -> Agent:
        """Who watches; without a user they are a guest of this session."""
        return self.platform.actor(Person(self.user)) if self.user else self.platform.guest(self.session.encode())

    def said(self, verb: Verb, at: int, *event: str, result: Part | None = None, context: Part | None = None) -> Statement:
        """Say what they did; ``result`` and ``context`` are extensions of the profile by their last step, those that are None being left out."""
        parts = [verb["id"], self.video, self.session, self.user, str(at), *event]
        statement: Statement = {
            "id": self.platform.statement_id(*(part.encode() for part in parts)),
            "actor": self.actor,
            "verb": verb,
            "object": self._activity(),
            "context": {
                "contextActivities": {"category": [_CATEGORY]},
                "extensions": {_SESSION: _random_form(self.platform.opaque(b"session", self.session.encode())), **_extensions(context)},
            },
            "timestamp": minute(at) if self.live else precise(at),
            "version": "1.0.3",
        }
        if told := _extensions(result):
            statement["result"] = {"extensions": told}
        return statement

    def completed(self, at: int, *event: str, spent: float, result: Part, context: Part) -> Statement:
        """Say that they saw the end, and how many seconds they spent on it, where that is known (0: it is not)."""
        statement = self.said(COMPLETED, at, *event, result=result, context=context)
        duration = {"duration": _duration(spent)} if spent > 0 else {}
        return statement | {"result": {"completion": True, **duration, **statement.get("result", {})}}

    def on_stage(self, verb: Verb, at: int, *event: str) -> Statement:
        """Say that they came on the stage of a live session, or left it: a class within it, by the profile of classes."""
        statement = self.said(verb, at, "stage", *event)
        name = self.video.encode()
        statement["context"] = {
            "registration": self.platform.opaque(b"registration", name),
            "contextActivities": {"category": [classroom.CATEGORY], "parent": [statement["object"]]},
            "extensions": {classroom.SESSION: self.platform.opaque(b"session", name)},
        }
        statement["object"] = {"objectType": "Activity", "id": f"{self.video}/stage", "definition": {"type": classroom.CLASS}}
        return statement

    def _activity(self) -> Part:
        name = {"name": {"und": self.title}} if self.title else {}
        return {"objectType": "Activity", "id": self.video, "definition": {"type": _WEBINAR if self.live else _VIDEO, **name}}


def address(video: str, under: str, place: str) -> str:
    """Name a video: an address of the web without login, query and fragment, or a plain name that is put after ``under``."""
    if _NAME.fullmatch(video):
        return f"{under}{video}"
    try:
        parts = urlsplit(video)
        found = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    except ValueError:
        found = ""
    if not found.startswith(("https://", "http://")) or not is_iri(found):
        raise InvalidEvent("the video is neither a name nor an address of the web", parameter=place)
    return found.rstrip("/")


def seconds(value: float | None) -> float | None:
    """Round a position in a video to milliseconds, as the profile asks."""
    return None if value is None else round(float(value), _DECIMALS)


def played(ranges: Sequence[tuple[float, float]], length: float | None) -> Part:
    """Say which parts of a video were played, in seconds, and how much of it that is: the profile's ``played-segments`` and ``progress``."""
    if len(ranges) > _MOST_RANGES or not all(0 <= start <= end < _LONGEST for start, end in ranges):
        raise InvalidEvent("what was played is no list of parts of a video", parameter="played")
    segments = "[,]".join(f"{start:.3f}[.]{end:.3f}" for start, end in ranges)
    progress = round(min(length_of(ranges) / length, 1), _DECIMALS) if length and length > 0 else None
    return {"played-segments": segments, "progress": progress}


def length_of(ranges: Sequence[tuple[float, float]]) -> float:
    """Add up parts of a video, in seconds; what overlaps counts once."""
    covered, through = 0.0, 0.0
    for start, end in sorted(ranges):
        covered += max(end - max(start, through), 0)
        through = max(through, end)
    return covered


def _duration(spent: float) -> str:
    if spent > _LONGEST:
        raise InvalidEvent("nobody spends so many seconds on a video", parameter="elapsed")
    return f"PT{spent:.{_DECIMALS}f}".rstrip("0").rstrip(".") + "S"


def _random_form(identifier: str) -> str:
    """Write a UUID in the form of a random one, which the profile's schema asks for of a session."""
    return f"{identifier[:14]}4{identifier[15:]}"


def _extensions(told: Part | None) -> Part:
    return {f"{_PROFILE}/extensions/{name}": value for name, value in (told or {}).items() if value is not None}
