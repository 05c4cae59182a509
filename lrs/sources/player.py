"""Players in web pages: what the events of HTML5 media and the states of YouTube's player say, by the video profile.

Such a player tells nobody anything by itself. A page writes down its events in the form that ``docs/how-to/sources/player.md`` describes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import attrs
import msgspec

from lrs.errors import InvalidEvent
from lrs.sources import Outcome, Platform, Statement, classroom, decoded, each, known_kind
from lrs.sources import viewing as words
from lrs.sources.moment import milliseconds, read
from lrs.sources.viewing import Part, Verb, Viewing, address, length_of, played, seconds
from lrs.xapi.formats import is_language_tag

__all__ = ["EVENTS", "convert"]

_YOUTUBE = "https://www.youtube.com/watch?v="
_YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{11}", re.ASCII)
_PIXELS = re.compile(r"[0-9]{1,5}x[0-9]{1,5}", re.ASCII)
_STATES = {-1: "unstarted", 0: "ended", 1: "playing", 2: "pause", 3: "waiting", 5: "loadedmetadata"}
"""States of YouTube's player, and the events of HTML5 media that say the same."""


class _Event(msgspec.Struct, gc=False):
    event: str | int
    video: str
    session: str
    at: str | float
    player: str = "html5"
    user: str | int | None = None
    live: bool = False
    time: float | None = None
    since: float | None = msgspec.field(default=None, name="from")
    duration: float | None = None
    rate: float | None = None
    volume: float | None = None
    fullscreen: bool | None = None
    captions: bool | None = None
    language: str | None = None
    screen: str | None = None
    size: str | None = None
    elapsed: float | None = None
    played: list[tuple[float, float]] | None = None


class _Named(msgspec.Struct, gc=False):
    event: str | int


_named = msgspec.json.Decoder(_Named)
_event = msgspec.json.Decoder(_Event)


def convert(events: Iterable[bytes], platform: Platform) -> Iterator[Outcome]:
    """Convert events of players; see :mod:`lrs.sources` for what is promised."""
    return each(events, partial(_convert, platform=platform))


def _convert(line: bytes, platform: Platform) -> Outcome:
    kind = _kind(decoded(_named, line).event)
    say = EVENTS.get(kind)
    if say is None:
        return Outcome(unmapped=known_kind(kind))
    return Outcome((say(_Told.of(decoded(_event, line), kind, platform)),))


def _kind(event: str | int) -> str:
    return _STATES.get(event, f"state{event}") if isinstance(event, int) else event


@attrs.frozen
class _Told:
    """What an event tells."""

    event: _Event
    kind: str
    viewing: Viewing
    at: int

    @classmethod
    def of(cls, event: _Event, kind: str, platform: Platform) -> _Told:
        if not event.session:
            raise InvalidEvent("the event names no session", parameter="session")
        user = "" if event.user is None else str(event.user)
        viewing = Viewing(platform, _video(event, platform), event.session, user, platform.names.get(event.video, ""), event.live)
        at = read(event.at, "at") if isinstance(event.at, str) else milliseconds(event.at, "at")
        return cls(event, kind, viewing, at)

    @property
    def time(self) -> Part:
        return {"time": seconds(self.event.time)}

    @property
    def length(self) -> Part:
        """How long the video is; a live session has no length."""
        return {} if self.event.live else {"length": seconds(self.event.duration)}

    @property
    def seen(self) -> Part:
        """What of the video was played in this session; of a live session that says nothing."""
        return {} if self.event.live or self.event.played is None else played(self.event.played, self.event.duration)

    @property
    def settings(self) -> Part:
        event = self.event
        return {
            "speed": None if event.rate is None else f"{event.rate:g}x",
            "volume": event.volume,
            "full-screen": event.fullscreen,
            "screen-size": _pixels(event.screen, "screen"),
            "video-playback-size": _pixels(event.size, "size"),
            "cc-enabled": event.captions,
            "cc-subtitle-lang": _language(event.language),
        }


def _pixels(size: str | None, place: str) -> str | None:
    if size is not None and not _PIXELS.fullmatch(size):
        raise InvalidEvent("the size is not a width and a height in pixels, such as 1920x1080", parameter=place)
    return size


def _language(tag: str | None) -> str | None:
    if tag and not is_language_tag(tag):
        raise InvalidEvent("the language of the captions is no language tag", parameter="language")
    return tag


def _video(event: _Event, platform: Platform) -> str:
    """Name the video: YouTube's by its id, others by an address or a name of the platform's."""
    if event.player != "youtube":
        return address(event.video, f"{platform.home}/videos/", "video")
    if not _YOUTUBE_ID.fullmatch(event.video):
        raise InvalidEvent("the video is not an id of YouTube's", parameter="video")
    return _YOUTUBE + event.video


Say = Callable[[_Told], Statement]


def _did(verb: Verb) -> Say:
    """Say that they did something at a position."""

    def say(told: _Told) -> Statement:
        return told.viewing.said(verb, told.at, told.kind, result=told.time | told.seen, context=told.length)

    return say


def _loaded(told: _Told) -> Statement:
    return told.viewing.said(words.INITIALIZED, told.at, told.kind, context=told.length | told.settings)


def _seeked(told: _Told) -> Statement:
    jump = {"time-from": seconds(told.event.since), "time-to": seconds(told.event.time)}
    return told.viewing.said(words.SEEKED, told.at, told.kind, result=jump, context=told.length)


def _changed(told: _Told) -> Statement:
    return told.viewing.said(words.INTERACTED, told.at, told.kind, result=told.time, context=told.length | told.settings)


def _ended(told: _Told) -> Statement:
    """Say that they saw the end; the end of a live session completes nothing."""
    if told.event.live:
        return _did(words.TERMINATED)(told)
    spent = told.event.elapsed if told.event.elapsed is not None else length_of(told.event.played or ())
    return told.viewing.completed(told.at, told.kind, spent=spent, result=told.time | told.seen, context=told.length)


def _stage(verb: Verb) -> Say:
    def say(told: _Told) -> Statement:
        if not told.event.live:
            raise InvalidEvent("only a live session has a stage", parameter="live")
        return told.viewing.on_stage(verb, told.at)

    return say


EVENTS: dict[str, Say] = {
    "loadedmetadata": _loaded,
    "play": _did(words.PLAYED),
    "playing": _did(words.PLAYED),
    "pause": _did(words.PAUSED),
    "seeked": _seeked,
    "ratechange": _changed,
    "volumechange": _changed,
    "fullscreenchange": _changed,
    "captionschange": _changed,
    "ended": _ended,
    "pagehide": _did(words.TERMINATED),
    "stageenter": _stage(classroom.JOINED),
    "stageleave": _stage(classroom.LEFT),
}
"""What each kind of event says."""
