"""What is made of a webhook, beside what BigBlueButton's own xAPI says of the same event: the same words, without names, texts and seconds."""

from __future__ import annotations

from typing import Any

import pytest

from lrs.sources import Platform
from tests.sources.bigbluebutton.hook import HOME, MINUTE, OPENED, POLL, converted, created, event, message, said, user
from tests.sources.spoken.bigbluebutton import BIGBLUEBUTTON

JOINED = event("user-joined", user=user(1))
VOICE = {"listening-only": False, "sharing-mic": True, "muted": False}
EVENTS = {
    "meeting-created": created(),
    "user-joined": JOINED,
    "user-audio-voice-enabled": event("user-audio-voice-enabled", user=user(1, **VOICE)),
    "user-audio-voice-disabled": event("user-audio-voice-disabled", user=user(1, **VOICE | {"sharing-mic": False, "muted": True})),
    "user-audio-unmuted": event("user-audio-unmuted", user=user(1, muted=False)),
    "user-audio-muted": event("user-audio-muted", user=user(1, muted=True)),
    "meeting-screenshare-started": event("meeting-screenshare-started", user=user(1)),
    "meeting-screenshare-stopped": event("meeting-screenshare-stopped", user=user(1)),
    "user-raise-hand-changed": event("user-raise-hand-changed", user=user(1, **{"raise-hand": True})),
    "user-raise-hand-changed back": event("user-raise-hand-changed", user=user(1, **{"raise-hand": False})),
    "chat-group-message-sent": message(1),
    "poll-started": event("poll-started", user=user(1), poll=POLL),
    "poll-responded": event("poll-responded", user=user(1), poll={"id": "p/1", "answerIds": [0, 1]}),
    "user-left": event("user-left", at=OPENED + 9 * MINUTE, user=user(1)),
    "meeting-ended": event("meeting-ended", at=OPENED + 60 * MINUTE),
}
BARE = Platform(HOME, bytes(32))


def shape(statement: dict[str, Any]) -> dict[str, Any]:
    """Give what of a statement is the same whoever says it: verb, kinds of activities, and what its result and context have."""
    activities = statement["context"]["contextActivities"]
    result = dict(statement.get("result", {}))
    if "duration" in result:
        result["duration"] = {"PT3600.25S": "PT60M"}.get(result["duration"], result["duration"])
    if "response" in result:
        result["response"] = result["response"].replace("[,]", ",")
    interaction = statement["object"]["definition"].get("interactionType")
    return {
        "verb": statement["verb"]["id"],
        "about": (statement["object"]["definition"]["type"], interaction),
        "within": [each["definition"]["type"] for each in activities.get("parent", [])],
        "category": [{"id": each["id"], "definition": each["definition"]} for each in activities["category"]],
        "result": result,
        "extensions": sorted(statement["context"]["extensions"]),
    }


def own(name: str) -> dict[str, Any]:
    """Give the shape of what BigBlueButton says; that the end repeats how long was planned, and the event of it doesn't."""
    told = shape(BIGBLUEBUTTON[name])
    if name == "meeting-ended":
        told["extensions"] = told["extensions"][1:]
    return told


@pytest.mark.parametrize("name", EVENTS)
def test_a_webhook_says_what_its_own_xapi_says(name: str) -> None:
    """Verb, kinds of activities, profile, extensions and result."""
    (statement,) = said(*([JOINED] if name == "chat-group-message-sent" else []), EVENTS[name], platform=BARE)[-1:]
    assert shape(statement) == own(name)
    assert statement["object"]["id"].startswith(f"{HOME}/xapi/activities/")


@pytest.mark.parametrize("name", EVENTS)
def test_its_own_xapi_is_said_again_in_its_words(name: str) -> None:
    """Read back it keeps them; how long was planned is not told again."""
    (statement,) = said(BIGBLUEBUTTON[name], platform=BARE)
    assert shape(statement) == own(name) | {"extensions": ["https://w3id.org/xapi/cmi5/context/extensions/sessionid"]}


@pytest.mark.parametrize("name", ["user-cam-broadcast-start", "user-cam-broadcast-end"])
def test_cameras_are_left_out_on_purpose(name: str) -> None:
    """The one thing that it says and that is not said here."""
    outcomes = [*converted(event(name, user=user(1))), *converted(BIGBLUEBUTTON[name])]
    assert [bool(outcome.statements) for outcome in outcomes] == [False, False]


def test_microphones_of_a_sitting_are_one_activity() -> None:
    """BigBlueButton has one of each person's own, which would go on naming them: here it is the sitting's, and its screen and the next one's are others."""
    muted = [event("user-audio-muted", user=user(number)) for number in (1, 2)]
    screen = event("meeting-screenshare-started", user=user(1))
    meeting = {"internal-meeting-id": "5f" * 20 + f"-{OPENED + 1}", "external-meeting-id": "cours-de-chimie"}
    next_time = event("user-audio-muted", user=user(1), meeting=meeting)
    first, second, shared, later = (statement["object"]["id"] for statement in said(*muted, screen, next_time, platform=BARE))
    assert first == second
    assert len({first, shared, later}) == 3
