"""BigBlueButton webhooks (bbb-webhooks 3), by the virtual classroom profile.

An event is the body of a webhook as it was sent, the JSON array in it, or one event. ``docs/how-to/sources/bigbluebutton.md`` says what
becomes of each kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from urllib.parse import parse_qs

import attrs
import msgspec

from lrs.errors import InvalidEvent
from lrs.sources import Agent, Outcome, Person, Platform, Statement, decoded, each, known_kind, needed, together
from lrs.sources import classroom as words
from lrs.sources.attendance import Attendance
from lrs.sources.classroom import Sitting, Verb
from lrs.sources.moment import milliseconds, minute

__all__ = ["EVENTS", "convert"]

_PUBLIC = "MAIN-PUBLIC-GROUP-CHAT"
_OPENED = re.compile(r"([0-9a-f]{40})-([0-9]{13})", re.ASCII)
"""The internal id of a meeting: a hash of its external id, and when it was created in milliseconds."""
_FORM = re.compile(rb"\s*[A-Za-z]+=")


class _Meeting(msgspec.Struct, rename="kebab", gc=False):
    internal_meeting_id: str
    external_meeting_id: str | None = None
    duration: float | None = None


class _User(msgspec.Struct, rename="kebab", gc=False):
    internal_user_id: str
    external_user_id: str | None = None
    listening_only: bool | None = None
    sharing_mic: bool | None = None
    muted: bool | None = None
    raise_hand: bool | None = None


class _Sender(msgspec.Struct, rename="kebab", gc=False):
    internal_user_id: str


class _Message(msgspec.Struct, gc=False):
    id: str
    sender: _Sender


class _Poll(msgspec.Struct, rename={"answers": "answerIds"}, gc=False):
    id: str
    answers: list[int | str] | None = None


class _Attributes(msgspec.Struct, rename="kebab", gc=False):
    meeting: _Meeting
    user: _User | None = None
    chat_message: _Message | None = None
    chat_id: str | None = None
    poll: _Poll | None = None


class _Clock(msgspec.Struct, gc=False):
    ts: float


class _Data(msgspec.Struct, gc=False):
    id: str
    attributes: _Attributes
    event: _Clock


class _Event(msgspec.Struct, gc=False):
    data: _Data


class _Name(msgspec.Struct, gc=False):
    id: str


class _Named(msgspec.Struct, gc=False):
    data: _Name


_named = msgspec.json.Decoder(_Named)
_event = msgspec.json.Decoder(_Event)
_events = msgspec.json.Decoder(list[msgspec.Raw])


def convert(events: Iterable[bytes], platform: Platform, attendance: Attendance | None = None) -> Iterator[Outcome]:
    """Convert webhooks; see :mod:`lrs.sources` for what is promised.

    Who is still there when a meeting ends is told from the events of this call, or of all calls that are given the same ``attendance``.
    """
    return each(events, partial(_convert, platform=platform, attendance=attendance or Attendance()))


def _convert(body: bytes, platform: Platform, attendance: Attendance) -> Outcome:
    return together(each(_inside(body), partial(_convert_one, platform=platform, attendance=attendance)))


def _inside(body: bytes) -> list[bytes]:
    """Give the events of a body: a form with a field ``event``, an array, or one event."""
    if _FORM.match(body):
        body = _field(body)
    if body.lstrip()[:1] == b"{":
        return [body]
    found = [bytes(event) for event in decoded(_events, body)]
    if not found:
        raise InvalidEvent("the body holds no event")
    return found


def _field(body: bytes) -> bytes:
    try:
        return parse_qs(body, strict_parsing=True, max_num_fields=10)[b"event"][0]
    except (KeyError, ValueError):
        raise InvalidEvent("the form has no event, or is cut short", parameter="event") from None


def _convert_one(event: bytes, platform: Platform, attendance: Attendance) -> Outcome:
    kind = decoded(_named, event).data.id
    say = EVENTS.get(kind)
    if say is None:
        return Outcome(unmapped=known_kind(kind))
    told = _Told.of(decoded(_event, event).data, platform, attendance)
    statements = tuple(say(told))
    return Outcome(statements) if statements else Outcome(unmapped=kind)


@attrs.frozen
class _Told:
    """What an event tells: in which sitting, when, and what else."""

    sitting: Sitting
    attributes: _Attributes
    at: int
    opened: int | None
    attendance: Attendance

    @classmethod
    def of(cls, data: _Data, platform: Platform, attendance: Attendance) -> _Told:
        meeting = data.attributes.meeting
        at = milliseconds(data.event.ts, "data.event.ts")
        sitting, opened = _sitting(meeting, platform)
        told = cls(sitting, data.attributes, at, opened, attendance)
        if data.attributes.user is not None:
            attendance.meet(sitting.session, told.person, told.actor)
        return told

    @property
    def user(self) -> _User:
        return needed(self.attributes.user, "data.attributes.user")

    @property
    def person(self) -> str:
        return self.user.internal_user_id

    @property
    def actor(self) -> Agent:
        """The user by the id that the platform gave them; BigBlueButton repeats its own where it gave none."""
        user = self.user
        if user.external_user_id in (None, "", user.internal_user_id):
            return self.sitting.guest(user.internal_user_id)
        return self.sitting.platform.actor(Person(user.external_user_id or ""))

    @property
    def poll(self) -> _Poll:
        return needed(self.attributes.poll, "data.attributes.poll")


def _sitting(meeting: _Meeting, platform: Platform) -> tuple[Sitting, int | None]:
    """Tell the sitting from the meeting's ids -> the sitting, and when it was created."""
    internal, external = meeting.internal_meeting_id, meeting.external_meeting_id or ""
    form = _OPENED.fullmatch(internal)
    room, opened = (form[1], milliseconds(int(form[2]), "data.attributes.meeting")) if form else (external or internal, None)
    day = minute(opened)[:10] if opened is not None else internal
    return Sitting(platform, room, internal, day, platform.names.get(external, "")), opened


Say = Callable[[_Told], Iterable[Statement]]


def _created(told: _Told) -> Iterator[Statement]:
    at = told.at if told.opened is None else told.opened
    yield told.sitting.opened(told.sitting.platform.itself, at, planned_minutes=told.attributes.meeting.duration or 0)


def _ended(told: _Told) -> Iterator[Statement]:
    for person, presence in told.attendance.close(told.sitting.session, told.at):
        yield told.sitting.said(words.LEFT, presence.agent, told.at, person, str(presence.came), "at the end")
    yield told.sitting.ended(told.sitting.platform.itself, told.at, str(told.at), since=told.opened)


def _joined(told: _Told) -> Iterator[Statement]:
    told.attendance.came(told.sitting.session, told.person, told.actor, told.at)
    return _did(words.JOINED)(told)


def _left(told: _Told) -> Iterator[Statement]:
    told.attendance.left(told.sitting.session, told.person, told.actor, told.at)
    return _did(words.LEFT)(told)


def _did(verb: Verb) -> Callable[[_Told], Iterator[Statement]]:
    """Say that the user did something about the class."""

    def say(told: _Told) -> Iterator[Statement]:
        yield told.sitting.said(verb, told.actor, told.at, told.person, str(told.at))

    return say


def _voice(told: _Told) -> Iterable[Statement]:
    """Say that somebody with a microphone can be heard; who only listens says nothing."""
    user = told.user
    silent = user.listening_only or user.muted or user.sharing_mic is False
    return () if silent else _did(words.UNMUTED)(told)


def _hand(told: _Told) -> Iterable[Statement]:
    return _did(words.RAISED if needed(told.user.raise_hand, "data.attributes.user.raise-hand") else words.LOWERED)(told)


def _screen(verb: Verb) -> Say:
    """Say that a screen is shared, by whom where that is told (since bbb-webhooks 3)."""

    def say(told: _Told) -> Iterator[Statement]:
        known = told.attributes.user is not None
        actor, person = (told.actor, told.person) if known else (told.sitting.platform.itself, "")
        yield told.sitting.said(verb, actor, told.at, person, str(told.at))

    return say


def _message(told: _Told) -> Iterator[Statement]:
    """Say that somebody posted; the event knows the sender by the internal id alone, so an earlier event must have named them."""
    message = needed(told.attributes.chat_message, "data.attributes.chat-message")
    if told.attributes.chat_id != _PUBLIC:
        return
    sender = told.attendance.known(told.sitting.session, message.sender.internal_user_id)
    if sender is None:
        raise InvalidEvent(
            "who sent the message is not known: no event before it names them",
            parameter="data.attributes.chat-message.sender",
            hint="Convert the events of a meeting together, from its start.",
        )
    yield told.sitting.posted(sender, told.at, message.id)


def _asked(told: _Told) -> Iterator[Statement]:
    yield told.sitting.polled(words.ASKED, told.actor, told.at, told.poll.id)


def _answered(told: _Told) -> Iterator[Statement]:
    chosen = [str(answer) for answer in told.poll.answers or ()]
    statement = told.sitting.polled(words.ANSWERED, told.actor, told.at, told.poll.id, told.person, str(told.at))
    statement["result"] = {"response": "[,]".join(chosen)}
    yield statement


def _recording(verb: Verb) -> Say:
    """Say that the recording of the meeting started or stopped."""

    def say(told: _Told) -> Iterator[Statement]:
        informed = told.attendance.present(told.sitting.session, told.at)
        yield told.sitting.recorded(verb, told.sitting.platform.itself, told.at, "recording", str(told.at), informed=informed)

    return say


EVENTS: dict[str, Say] = {
    "meeting-created": _created,
    "meeting-ended": _ended,
    "user-joined": _joined,
    "user-left": _left,
    "user-audio-voice-enabled": _voice,
    "user-audio-voice-disabled": _did(words.MUTED),
    "user-audio-muted": _did(words.MUTED),
    "user-audio-unmuted": _did(words.UNMUTED),
    "user-raise-hand-changed": _hand,
    "meeting-screenshare-started": _screen(words.SHARED),
    "meeting-screenshare-stopped": _screen(words.UNSHARED),
    "chat-group-message-sent": _message,
    "poll-started": _asked,
    "poll-responded": _answered,
    "meeting-recording-started": _recording(words.STARTED),
    "meeting-recording-stopped": _recording(words.STOPPED),
}
"""What each kind of event says."""
