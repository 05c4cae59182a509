"""Videos, by the video profile."""

from __future__ import annotations

from lrs.sources.edx.event import Event
from lrs.sources.edx.rule import Part, Rule, present
from lrs.sources.edx.vocabulary import (
    CC_ENABLED,
    COMPLETED,
    INITIALIZED,
    INTERACTED,
    LENGTH,
    PAUSED,
    PLAYED,
    SEEKED,
    SKIPPED,
    SPEED_FROM,
    SPEED_TO,
    TERMINATED,
    TIME,
    TIME_FROM,
    TIME_TO,
    VIDEO,
    Verb,
)

_DECIMALS = 3
_MINUTE = 60
_DAY = 24


def video(event: Event) -> str:
    """Name a video: `HOME/xblock/block-v1:RUN+type@video+block@ID`."""
    return f"{event.platform.home}/xblock/{event.block('video', event.needed('id'))}"


def bumper(event: Event) -> str:
    """Name a video that runs before others: `HOME/bumper/BUMPER_ID`."""
    return event.address(f"{event.platform.home}/bumper/{event.needed('bumper_id', 'id').rpartition('/')[2]}", "event.bumper_id")


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(float(value), _DECIMALS)


def _whole(event: Event) -> float | None:
    """Give the length of a video; a player that doesn't know it yet may say -1."""
    length = _seconds(event.number("duration"))
    return None if length is None or length < 0 else length


def _length(event: Event) -> Part:
    return present({LENGTH: _whole(event)})


def _at(event: Event) -> float | None:
    return _seconds(event.number("current_time", "currentTime"))


def _time(event: Event) -> Part:
    return {"extensions": present({TIME: _at(event)})}


def _jump(event: Event) -> Part:
    return {"extensions": present({TIME_FROM: _seconds(event.number("old_time")), TIME_TO: _seconds(event.number("new_time"))})}


def _completion(event: Event) -> Part:
    length = _whole(event)
    result: Part = {"extensions": present({TIME: length}), "completion": True}
    return result if length is None else result | {"duration": _duration(length)}


def _duration(seconds: float) -> str:
    """Spell a duration as Open edX does: PT03M15.5S."""
    minutes, rest = divmod(seconds, _MINUTE)
    hours, minutes = divmod(int(minutes), _MINUTE)
    days, hours = divmod(hours, _DAY)
    shown = f"{rest:06.3f}".rstrip("0").rstrip(".")
    day = f"P{days}DT{hours:02}H" if days else "PT" + (f"{hours:02}H" if hours else "")
    return day + (f"{minutes:02}M" if days or hours or minutes else "") + f"{shown}S"


def _speed(event: Event) -> Part:
    return {"extensions": {SPEED_FROM: f"{event.needed('old_speed')}x", SPEED_TO: f"{event.needed('new_speed')}x"}}


def _captions(event: Event) -> Part:
    shown = "show" in event.kind
    return {"extensions": present({TIME: _at(event), CC_ENABLED: shown})}


def _rule(verb: Verb) -> Rule:
    return Rule(verb, VIDEO, video, result=_time, extensions=_length, published=True)


LOADED = Rule(INITIALIZED, VIDEO, video, extensions=_length, published=True)
JUMPED = Rule(SEEKED, VIDEO, video, result=_jump, extensions=_length, published=True)
ENDED = Rule(COMPLETED, VIDEO, video, result=_completion, extensions=_length, published=True)
SPED = Rule(INTERACTED, VIDEO, video, result=_speed, extensions=_length, published=True)
CAPTIONED = Rule(INTERACTED, VIDEO, video, result=_captions, extensions=_length, published=True)

EVENTS = {
    "load_video": LOADED,
    "edx.video.loaded": LOADED,
    "play_video": _rule(PLAYED),
    "edx.video.played": _rule(PLAYED),
    "pause_video": _rule(PAUSED),
    "edx.video.paused": _rule(PAUSED),
    "stop_video": _rule(TERMINATED),
    "edx.video.stopped": _rule(TERMINATED),
    "complete_video": ENDED,
    "edx.video.completed": ENDED,
    "seek_video": JUMPED,
    "edx.video.position.changed": JUMPED,
    "speed_change_video": SPED,
    "edx.video.speed.changed": SPED,
    "show_transcript": CAPTIONED,
    "hide_transcript": CAPTIONED,
    "edx.video.transcript.shown": CAPTIONED,
    "edx.video.transcript.hidden": CAPTIONED,
    "video_show_cc_menu": CAPTIONED,
    "video_hide_cc_menu": CAPTIONED,
    "edx.video.closed_captions.shown": CAPTIONED,
    "edx.video.closed_captions.hidden": CAPTIONED,
    "edx.video.language_menu.shown": CAPTIONED,
    "edx.video.language_menu.hidden": CAPTIONED,
    "edx.video.bumper.loaded": Rule(INITIALIZED, VIDEO, bumper, extensions=_length),
    "edx.video.bumper.played": Rule(PLAYED, VIDEO, bumper, result=_time, extensions=_length),
    "edx.video.bumper.stopped": Rule(TERMINATED, VIDEO, bumper, result=_time, extensions=_length),
    "edx.video.bumper.skipped": Rule(SKIPPED, VIDEO, bumper, result=_time, extensions=_length),
    "edx.video.bumper.dismissed": Rule(SKIPPED, VIDEO, bumper, result=_time, extensions=_length),
    "edx.video.bumper.transcript.shown": Rule(INTERACTED, VIDEO, bumper, result=_captions, extensions=_length),
    "edx.video.bumper.transcript.hidden": Rule(INTERACTED, VIDEO, bumper, result=_captions, extensions=_length),
    "edx.video.bumper.transcript.menu.shown": Rule(INTERACTED, VIDEO, bumper, result=_captions, extensions=_length),
    "edx.video.bumper.transcript.menu.hidden": Rule(INTERACTED, VIDEO, bumper, result=_captions, extensions=_length),
}
