"""What becomes of the events of players in a page."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.sources.player.page import HOME, MARK, SAMPLES, converted, event, said

_VIDEO = "https://w3id.org/xapi/video"
_ADL = "http://adlnet.gov/expapi/verbs"


def extensions(part: dict) -> dict:
    """Give the extensions of the video profile by their last step, without the session."""
    told = part.get("extensions", {})
    return {name.removeprefix(f"{_VIDEO}/extensions/"): value for name, value in told.items() if not name.endswith("session-id")}


def test_a_statement_in_full() -> None:
    """Who paused which video, where and when."""
    (statement,) = said(event("pause"))
    assert statement == {
        "id": statement["id"],
        "actor": {"objectType": "Agent", "account": {"homePage": HOME, "name": "42"}},
        "verb": {"id": f"{_VIDEO}/verbs/paused", "display": {"en": "paused"}},
        "object": {
            "objectType": "Activity",
            "id": f"{HOME}/videos/acides",
            "definition": {"type": f"{_VIDEO}/activity-type/video", "name": {"und": "Acides et bases"}},
        },
        "context": {
            "contextActivities": {"category": [{"id": _VIDEO, "definition": {"type": "http://adlnet.gov/expapi/activities/profile"}}]},
            "extensions": {
                f"{_VIDEO}/extensions/session-id": statement["context"]["extensions"][f"{_VIDEO}/extensions/session-id"],
                f"{_VIDEO}/extensions/length": 60.5,
            },
        },
        "result": {"extensions": {f"{_VIDEO}/extensions/time": 12.346}},
        "timestamp": "2026-03-02T09:30:15.250Z",
        "version": "1.0.3",
    }


def test_each_event_says_what_happened() -> None:
    """The verb and what it needs: settings at the start, from and to of a jump, completion at the end."""
    loaded, _, _, seeked, changed, ended, closed = said(*SAMPLES[:7])
    assert loaded["verb"]["id"] == f"{_ADL}/initialized"
    assert extensions(loaded["context"]) == {"length": 60.5, "speed": "1.25x", "volume": 0.5, "full-screen": False, "cc-enabled": True}
    assert seeked["verb"]["id"] == f"{_VIDEO}/verbs/seeked"
    assert extensions(seeked["result"]) == {"time-from": 3, "time-to": 12.346}
    assert changed["verb"]["id"] == f"{_ADL}/interacted"
    assert extensions(changed["context"])["speed"] == "2x"
    assert (ended["verb"]["id"], ended["result"]["completion"], ended["result"]["duration"]) == (f"{_ADL}/completed", True, "PT21.5S")
    assert closed["verb"]["id"] == f"{_ADL}/terminated"


@pytest.mark.parametrize(("state", "name"), [(0, "ended"), (1, "playing"), (2, "pause"), (5, "loadedmetadata")])
def test_states_of_youtube_are_events(state: int, name: str) -> None:
    """A number says what the event of HTML5 says; the activity is the video's page."""
    number, word = said(*(event(kind, player="youtube", video="dQw4w9WgXcQ") for kind in (state, name)))
    assert number == word
    assert number["object"]["id"] == "https://www.youtube.com/watch?v=dQw4w9WgXcQ"


def test_what_says_nothing_is_named() -> None:
    """Buffering, ticks of the clock and states of the future are counted."""
    kinds = [outcome.unmapped for outcome in converted(*map(event, (3, -1, 9, "timeupdate", "waiting", MARK + " !")))]
    assert kinds == ["waiting", "unstarted", "state9", "timeupdate", "waiting", "(an event without a name)"]


def test_an_address_loses_what_may_be_personal() -> None:
    """Login, query and fragment of a video's address don't pass; without a user one is a guest of this session."""
    (statement,) = said(SAMPLES[12])
    assert statement["object"]["id"] == "https://cdn.example.fr/film.mp4"
    assert statement["actor"]["account"]["name"].startswith("guest-")
    assert MARK not in json.dumps(statement)


def test_a_live_session_is_a_webinar_to_the_minute() -> None:
    """It has no length and completes nothing."""
    played, ended = said(event("playing", live=True), event("ended", live=True))
    assert played["object"]["definition"]["type"] == "http://id.tincanapi.com/activitytype/webinar"
    assert played["timestamp"] == "2026-03-02T09:30:00Z"
    assert extensions(played["context"]) == {}
    assert ended["verb"]["id"] == f"{_ADL}/terminated"


def test_somebody_comes_on_stage() -> None:
    """They join, and later leave, a class within the webinar."""
    came, left = said(event("stageenter", live=True), event("stageleave", live=True))
    assert [came["verb"]["id"], left["verb"]["id"]] == ["http://activitystrea.ms/join", "http://activitystrea.ms/leave"]
    assert came["object"] == left["object"]
    assert came["context"] == left["context"]
    assert came["context"]["contextActivities"]["parent"][0]["id"] == f"{HOME}/videos/acides"


def test_an_event_sent_twice_is_one_statement() -> None:
    """The same event has the same id; each other has another."""
    twice = said(*SAMPLES, *SAMPLES)
    assert twice[: len(SAMPLES)] == twice[len(SAMPLES) :]
    assert len({statement["id"] for statement in twice}) == len(SAMPLES)


def test_a_time_may_be_a_number() -> None:
    """Date.now() and toISOString() say the same."""
    assert said(event("play", at=1_772_443_815_250)) == said(event("play"))


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (event("play", at="yesterday"), "at"),
        (event("play", at=0), "at"),
        (event("play", at="1970-01-01T00:00:00Z"), "at"),
        (event("play", session=""), "session"),
        (event("play", video="javascript:alert(1)"), "video"),
        (event("play", video="https://[x/"), "video"),
        (event("play", video=""), "video"),
        (event("play", player="youtube", video="https://youtu.be/x"), "video"),
        (event("stageenter"), "live"),
        (event("play", time="12"), "$.time"),
        (event("fullscreenchange", screen=f"1920x{MARK}"), "screen"),
        (event("fullscreenchange", size=MARK), "size"),
        (event("captionschange", language=f"fr {MARK}"), "language"),
        (event("ended", elapsed=1e300), "elapsed"),
        ({"event": "play"}, "$"),
    ],
)
def test_what_can_t_be_read_is_named(given: dict, place: str) -> None:
    """The error says where, and never what was there."""
    (outcome,) = converted(given)
    assert outcome.error is not None
    assert outcome.error.parameter == place
    assert MARK not in repr(outcome.error)


@pytest.mark.parametrize("kind", ["pause", "ended", "pagehide"])
def test_what_was_played_is_told(kind: str) -> None:
    """As the profile writes it; parts that overlap count once, and what is told in a live session says nothing."""
    (statement,) = said(event(kind, played=[[20, 30], [0, 12.5], [10, 15]], duration=50))
    told = extensions(statement["result"])
    assert told["played-segments"] == "20.000[.]30.000[,]0.000[.]12.500[,]10.000[.]15.000"
    assert told["progress"] == 0.5
    assert told["time"] == 12.346
    (live,) = said(event(kind, played=[[0, 10]], live=True))
    assert "progress" not in extensions(live.get("result", {}))
    (unknown,) = said(event(kind, played=[], duration=None))
    assert extensions(unknown["result"])["played-segments"] == ""


@pytest.mark.parametrize(
    ("told", "duration"),
    [
        ({"elapsed": 58.25, "played": [[0, 60]]}, "PT58.25S"),
        ({"elapsed": 100}, "PT100S"),
        ({"played": [[0, 30], [20, 50.5]]}, "PT50.5S"),
        ({"elapsed": 0}, None),
        ({}, None),
    ],
)
def test_who_saw_the_end_spent_some_time(told: dict, duration: str | None) -> None:
    """As the profile asks of a completion: what the page measured, or else what was played; unknown, it is left out."""
    (ended,) = said(event("ended", **told))
    assert ended["result"].get("duration") == duration


def test_settings_are_told() -> None:
    """Each that the profile knows, when one of them changes."""
    told = {"fullscreen": True, "screen": "1920x1080", "size": "640x360", "captions": True, "language": "fr"}
    (changed,) = said(event("fullscreenchange", **told))
    assert extensions(changed["context"]) == {
        "length": 60.5,
        "full-screen": True,
        "screen-size": "1920x1080",
        "video-playback-size": "640x360",
        "cc-enabled": True,
        "cc-subtitle-lang": "fr",
    }


def test_a_session_has_the_form_that_the_profile_asks_for() -> None:
    """That of a random UUID, from which nobody learns the page's."""
    (played,) = said(event("play"))
    session = played["context"]["extensions"][f"{_VIDEO}/extensions/session-id"]
    assert uuid.UUID(session).version == 4


@pytest.mark.parametrize("wrong", [[[5, 3]], [[-1, 3]], [[0, 1e12]], [[0]], "0-3", [[0, 1]] * 1001])
def test_what_can_not_have_been_played_is_refused(wrong: object) -> None:
    """With the place, and without a value."""
    (outcome,) = converted(event("pause", played=wrong))
    assert outcome.error is not None
    assert "played" in outcome.error.parameter
