"""The body of a webhook, and the events in it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

import msgspec

from lrs.errors import InvalidEvent
from lrs.sources.body import split

__all__ = ["Attributes", "Data", "Meeting", "Poll", "User", "event", "inside", "named"]

_FORM = re.compile(rb"\s*[A-Za-z]+=")


class Meeting(msgspec.Struct, rename="kebab", gc=False):
    """Which meeting it is: its internal id is of this time, its external id the platform's."""

    internal_meeting_id: str
    external_meeting_id: str | None = None
    duration: float | None = None


class User(msgspec.Struct, rename="kebab", gc=False):
    """Who did it, and what of it the event tells."""

    internal_user_id: str
    external_user_id: str | None = None
    name: Any = None
    listening_only: bool | None = None
    sharing_mic: bool | None = None
    muted: bool | None = None
    raise_hand: bool | None = None


class Sender(msgspec.Struct, rename="kebab", gc=False):
    """Who sent a message."""

    internal_user_id: str


class Message(msgspec.Struct, gc=False):
    """A message, without what it says."""

    id: str
    sender: Sender


class Poll(msgspec.Struct, rename={"answers": "answerIds"}, gc=False):
    """A poll, without its question, and the numbers of what was chosen."""

    id: str
    answers: list[int | str] | None = None


class Attributes(msgspec.Struct, rename="kebab", gc=False):
    """What the event is about."""

    meeting: Meeting
    user: User | None = None
    chat_message: Message | None = None
    chat_id: str | None = None
    poll: Poll | None = None


class Clock(msgspec.Struct, gc=False):
    """When it happened, in milliseconds since 1970."""

    ts: float


class Data(msgspec.Struct, gc=False):
    """What an event holds."""

    id: str
    attributes: Attributes
    event: Clock


class Event(msgspec.Struct, gc=False):
    """An event."""

    data: Data


class Name(msgspec.Struct, gc=False):
    """The kind of an event."""

    id: str


class Named(msgspec.Struct, gc=False):
    """An event of which only the kind is read."""

    data: Name


named = msgspec.json.Decoder(Named)
event = msgspec.json.Decoder(Event)


def inside(body: bytes) -> list[bytes]:
    """Give the events of a body: a form with a field ``event``, an array, or one event."""
    if _FORM.match(body):
        body = _field(body)
    if body.lstrip()[:1] == b"{":
        return [body]
    found = split(body)
    if not found:
        raise InvalidEvent("the body holds no event")
    return found


def _field(body: bytes) -> bytes:
    try:
        return parse_qs(body, strict_parsing=True, max_num_fields=10)[b"event"][0]
    except (KeyError, ValueError):
        raise InvalidEvent("the form has no event, or is cut short", parameter="event") from None
