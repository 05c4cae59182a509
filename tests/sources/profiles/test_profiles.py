"""xAPI profiles as data: which statements are theirs, and what they ask of them."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from lrs.errors import ConfigurationError
from lrs.sources.profiles import PROFILES, breaches, check_names, profile
from tests.sources.cmi5.unit import session
from tests.sources.spoken.bigbluebutton import BIGBLUEBUTTON
from tests.sources.spoken.marsha import MARSHA
from tests.sources.spoken.moodle import MOODLE

VIDEO = "https://w3id.org/xapi/video"
CLASS = "https://w3id.org/xapi/virtual-classroom"
ACROSSX = "https://w3id.org/xapi/acrossx"


def video(verb: str, result: dict[str, Any] | None = None, context: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Make a statement of the video profile."""
    return {
        "actor": {"mbox": "mailto:a@example.fr"},
        "verb": {"id": verb},
        "object": {"id": "https://v.example.fr/1", "definition": {"type": f"{VIDEO}/activity-type/video"}},
        "context": {
            "contextActivities": {"category": [{"id": VIDEO}]},
            "extensions": {f"{VIDEO}/extensions/{key}": value for key, value in (context or {}).items()},
        },
        "result": {"extensions": {f"{VIDEO}/extensions/{key}": value for key, value in (result or {}).items()}, **more},
        "timestamp": "2026-03-02T09:30:15Z",
    }


ADL = "http://adlnet.gov/expapi/verbs"
AT = {"time": 12.5}
SEEN = {"time": 12.5, "progress": 0.2, "played-segments": "0[.]12.5"}
LENGTH = {"length": 60}
RIGHT = {
    "initialized": video(f"{ADL}/initialized", context=LENGTH),
    "played": video(f"{VIDEO}/verbs/played", AT),
    "paused": video(f"{VIDEO}/verbs/paused", SEEN, LENGTH),
    "seeked": video(f"{VIDEO}/verbs/seeked", {"time-from": 1, "time-to": 2}),
    "completed": video(f"{ADL}/completed", SEEN, LENGTH, completion=True, duration="PT1M"),
    "terminated": video(f"{ADL}/terminated", SEEN, LENGTH),
    "volume": video(f"{ADL}/interacted", AT, {"volume": 0.5}),
    "captions": video(f"{ADL}/interacted", AT, {"cc-enabled": True, "cc-subtitle-lang": "fr"}),
    "screen": video(f"{ADL}/interacted", AT, {"full-screen": True, "screen-size": "1x1", "video-playback-size": "1x1"}),
    "speed": video(f"{ADL}/interacted", AT, {"speed": "2x"}),
    "progressed": video(f"{ADL}/progressed", AT),
    "downloaded": video("http://id.tincanapi.com/verb/downloaded"),
}


def broken(name: str, statement: Any) -> list[tuple[str, str]]:
    """Say which rules a statement breaks."""
    return [(each.place, each.rule) for each in profile(name)(statement)]


@pytest.mark.parametrize("name", RIGHT)
def test_what_the_video_profile_asks_for_is_enough(name: str) -> None:
    """A statement of each template breaks nothing."""
    assert broken("video", RIGHT[name]) == []


@pytest.mark.parametrize("name", ["played", "paused", "seeked", "completed", "terminated", "volume", "captions", "progressed"])
def test_each_of_it_is_asked_for(name: str) -> None:
    """Any part of it that is left out is named, with its place and template."""
    for part in ("result", "context"):
        for key in RIGHT[name][part].get("extensions", {}):
            statement = copy.deepcopy(RIGHT[name])
            del statement[part]["extensions"][key]
            ((place, rule),) = broken("video", statement)
            assert place == f"$.{part}.extensions"
            assert key.rpartition("/")[2] in rule


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"timestamp": None}, "$.timestamp"),
        ({"verb": {"id": f"{VIDEO}/verbs/watched"}}, "$.verb.id"),
        ({"verb": {"id": f"{ADL}/passed"}}, "$.verb.id"),
        ({"object": {"id": "a:b"}}, "$.object.definition.type"),
        ({"object": {"id": "a:b", "definition": {"type": f"{VIDEO}/activity-type/film"}}}, "$.object.definition.type"),
        ({"result": {"extensions": {f"{VIDEO}/extensions/{key}": str(value) for key, value in SEEN.items()}}}, "$.result.extensions"),
        ({"result": {"extensions": {f"{VIDEO}/extensions/{key}": True for key in SEEN}}}, "$.result.extensions"),
    ],
    ids=["time", "own verb", "other verb", "no type", "unknown type", "numbers as text", "truth for a number"],
)
def test_what_is_not_the_profiles_is_named(change: dict[str, Any], place: str) -> None:
    """Words that it does not have, and values of another type."""
    statement = {key: value for key, value in (RIGHT["paused"] | change).items() if value is not None}
    found = broken("video", statement)
    assert found
    assert found[0][0] == place


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("statement", MOODLE.values(), ids=MOODLE)
def test_others_statements_are_not_looked_at(name: str, statement: dict[str, Any]) -> None:
    """What names no profile and uses none of its words breaks nothing."""
    assert broken(name, statement) == []


def test_a_live_session_is_none_of_its_videos() -> None:
    """Its templates don't ask for anything; its words and the types of its extensions count."""
    webinar = {"id": "https://v.example.fr/1", "definition": {"type": "http://id.tincanapi.com/activitytype/webinar"}}
    assert broken("video", RIGHT["completed"] | {"object": webinar, "result": {}}) == []
    assert broken("video", RIGHT["paused"] | {"object": webinar, "verb": {"id": f"{VIDEO}/verbs/watched"}}) != []
    mistyped = video(f"{VIDEO}/verbs/played", {"time": "12"}) | {"object": webinar}
    assert [rule for _, rule in broken("video", mistyped)] == ["must have time as a number"]


def test_a_word_of_the_profile_is_enough() -> None:
    """A statement with its verb or its type is one of the profile's, without the category too."""
    statement = copy.deepcopy(RIGHT["played"])
    del statement["context"], statement["result"]
    assert broken("video", statement) == [("$.result.extensions", "must have time (template played)")]


@pytest.mark.parametrize("name", BIGBLUEBUTTON)
def test_a_class_is_told_in_either_words(name: str) -> None:
    """Those that are published, and those of an earlier draft; registration, session and time are asked for."""
    statement = BIGBLUEBUTTON[name]
    for word in (
        "",
        "muted",
        "unmuted",
        "raised-hand",
        "lowered-hand",
        "shared-screen",
        "unshared-screen",
        "started-camera",
        "stopped-camera",
    ):
        told = statement | ({"verb": {"id": f"{CLASS}/verbs/{word}"}} if word else {})
        assert broken("virtual-classroom", told) == []
    for part in ("registration", "extensions"):
        lacking = copy.deepcopy(statement)
        del lacking["context"][part]
        assert len(broken("virtual-classroom", lacking)) == 1
    assert broken("virtual-classroom", {key: value for key, value in statement.items() if key != "timestamp"}) == [
        ("$.timestamp", "must have timestamp")
    ]


@pytest.mark.parametrize(
    ("name", "part", "rule"),
    [
        ("meeting-ended", "result", "must have duration (template terminated)"),
        ("user-raise-hand-changed", "result", "must have emoji (template raised or lowered hand)"),
        ("poll-responded", "result", "must have response (template answered poll)"),
        ("user-audio-muted", "parent", "must have parent (template microphone or camera)"),
        ("user-cam-broadcast-start", "parent", "must have parent (template microphone or camera)"),
        ("meeting-screenshare-started", "parent", "must have parent (template screen)"),
        ("chat-group-message-sent", "parent", "must have parent (template posted public message)"),
        ("poll-started", "parent", "must have parent (template started poll)"),
    ],
)
def test_a_class_is_told_in_full(name: str, part: str, rule: str) -> None:
    """What the published templates include of each kind is asked for."""
    lacking = copy.deepcopy(BIGBLUEBUTTON[name])
    del (lacking if part == "result" else lacking["context"]["contextActivities"])[part]
    assert [told for _, told in broken("virtual-classroom", lacking)] == [rule]


@pytest.mark.parametrize(
    ("verb", "extension", "places"),
    [
        (f"{ACROSSX}/verbs/posted", {}, []),
        (f"{ACROSSX}/verbs/shouted", {}, ["$.verb.id"]),
        (f"{ACROSSX}/verbs/posted", {f"{ACROSSX}/extensions/row": "3"}, ["$.context.extensions"]),
        (f"{ADL}/attempted", {f"{ACROSSX}/extensions/row": "3"}, []),
    ],
)
def test_acrossx_has_words_and_no_templates(verb: str, extension: dict[str, Any], places: list[str]) -> None:
    """Its verbs are those that it has; its extensions have their type in its own statements."""
    statement = {"verb": {"id": verb}, "object": {"id": "a:b"}, "context": {"extensions": extension}}
    assert [place for place, _ in broken("acrossx", statement)] == places


def test_cmi5_asks_what_cmi5_asks() -> None:
    """The rules about single statements, with their sections."""
    (launched,) = session("launched")
    assert broken("cmi5", launched) == []
    del launched["context"]["registration"]
    assert [(each.place, each.section) for each in profile("cmi5")(launched)] == [("$.context.registration", "cmi5 9.6.1")]


def test_each_wanted_profile_is_asked() -> None:
    """With its mode, and the first rule that is broken."""
    paused = copy.deepcopy(MARSHA["paused"])
    del paused["result"]["extensions"][f"{VIDEO}/extensions/progress"]
    found = breaches(json.dumps(paused).encode(), ["cmi5=strict", "video=report"])
    assert [(name, mode, each.rule) for name, mode, each in found] == [("video", "report", "must have progress (template paused)")]


@pytest.mark.parametrize("statement", [[], 3, {"context": {"contextActivities": {"category": 3}}}, {"object": []}, {"verb": "x"}])
def test_no_form_is_trusted(statement: Any) -> None:
    """Nothing raises, whatever a statement looks like."""
    for name in PROFILES:
        assert broken(name, statement) == []


@pytest.mark.parametrize("wanted", [["video"], ["video=lax"], ["film=strict"], ["video=strict", "video=report"]])
def test_a_profile_is_switched_on_by_name_and_mode(wanted: list[str]) -> None:
    """Anything else is refused when it is said, with the names that there are."""
    with pytest.raises(ConfigurationError) as refused:
        check_names(wanted)
    assert "virtual-classroom" in refused.value.hint
