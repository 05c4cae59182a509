"""What each kind of event says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from lrs.errors import InvalidEvent
from lrs.sources import Statement, needed
from lrs.sources import classroom as words
from lrs.sources.bigbluebutton.told import Told
from lrs.sources.classroom import Act, Verb
from lrs.sources.departure import departed, dismissed

__all__ = ["EVENTS"]

_PUBLIC = "MAIN-PUBLIC-GROUP-CHAT"

Say = Callable[[Told], Iterable[Statement]]


def _created(told: Told) -> Iterator[Statement]:
    at = told.at if told.opened is None else told.opened
    yield told.sitting.opened(told.sitting.platform.itself, at, planned_minutes=told.attributes.meeting.duration or 0)


def _ended(told: Told) -> Iterator[Statement]:
    yield from dismissed(told.sitting, told.attendance, told.at)
    yield told.sitting.ended(told.sitting.platform.itself, told.at, str(told.at), since=told.opened)


def _joined(told: Told) -> Iterator[Statement]:
    told.attendance.came(told.sitting.session, told.person, told.actor, told.at)
    yield told.sitting.said(words.JOINED, told.actor, told.at, told.person, str(told.at))


def _left(told: Told) -> Iterator[Statement]:
    yield departed(told.sitting, told.attendance, told.person, told.actor, told.at, str(told.at))


def _did(act: Act) -> Callable[[Told], Iterator[Statement]]:
    """Say that the user did something in the class."""

    def say(told: Told) -> Iterator[Statement]:
        yield told.sitting.did(act, told.actor, told.at, told.person, str(told.at))

    return say


def _voice(told: Told) -> Iterable[Statement]:
    """Say that somebody with a microphone can be heard; who only listens says nothing."""
    user = told.user
    silent = user.listening_only or user.muted or user.sharing_mic is False
    return () if silent else _did(words.UNMUTED)(told)


def _hand(told: Told) -> Iterable[Statement]:
    return _did(words.RAISED if needed(told.user.raise_hand, "data.attributes.user.raise-hand") else words.LOWERED)(told)


def _screen(act: Act) -> Say:
    """Say that a screen is shared, by whom where that is told (since bbb-webhooks 3)."""

    def say(told: Told) -> Iterator[Statement]:
        known = told.attributes.user is not None
        actor, person = (told.actor, told.person) if known else (told.sitting.platform.itself, "")
        yield told.sitting.did(act, actor, told.at, person, str(told.at))

    return say


def _message(told: Told) -> Iterator[Statement]:
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


def _asked(told: Told) -> Iterator[Statement]:
    yield told.sitting.polled(words.ASKED, told.actor, told.at, told.poll.id)


def _answered(told: Told) -> Iterator[Statement]:
    chosen = [str(answer) for answer in told.poll.answers or ()]
    statement = told.sitting.polled(words.ANSWERED, told.actor, told.at, told.poll.id, told.person, str(told.at))
    statement["result"] = {"response": "[,]".join(chosen)}
    yield statement


def _recording(verb: Verb) -> Say:
    """Say that the recording of the meeting started or stopped."""

    def say(told: Told) -> Iterator[Statement]:
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
