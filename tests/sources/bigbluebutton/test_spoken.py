"""What becomes of bbb-webhooks' own xAPI."""

from __future__ import annotations

import json

import pytest

from tests.sources.bigbluebutton.hook import HOME, converted, said
from tests.sources.bigbluebutton.spoken import ADL, MARK, ROOM, SAMPLES, STREAMS, statement

_PROFILE = "https://w3id.org/xapi/virtual-classroom/verbs"


def test_each_statement_is_said_again_in_the_words_of_the_profile() -> None:
    """The verbs of the published profile, about the class; who created and ended it is the platform."""
    statements = said(*SAMPLES)
    assert [one["verb"]["id"] for one in statements] == [
        f"{ADL}/initialized",
        f"{STREAMS}/join",
        f"{_PROFILE}/unmuted",
        f"{_PROFILE}/muted",
        f"{_PROFILE}/shared-screen",
        f"{_PROFILE}/unshared-screen",
        f"{_PROFILE}/raised-hand",
        f"{_PROFILE}/lowered-hand",
        f"{_PROFILE}/raised-hand",
        "https://w3id.org/xapi/acrossx/verbs/posted",
        f"{ADL}/asked",
        f"{ADL}/answered",
        f"{STREAMS}/leave",
        f"{ADL}/terminated",
    ]
    assert {one["actor"]["account"]["name"] for one in (statements[0], statements[-1])} == {"platform-itself"}
    assert statements[11]["result"] == {"response": "0[,]2"}


def test_a_display_name_is_a_guest_of_the_sitting() -> None:
    """The same name is the same guest in one sitting; another name and another sitting make another."""
    session = {"https://w3id.org/xapi/cmi5/context/extensions/sessionid": "another"}
    other = statement(f"{STREAMS}/join", context=SAMPLES[1]["context"] | {"extensions": session})
    names = [one["actor"]["account"]["name"] for one in said(SAMPLES[1], SAMPLES[12], statement(f"{STREAMS}/join", name="Zoé"), other)]
    assert names[0] == names[1]
    assert len(set(names)) == 3
    assert all(name.startswith("guest-") for name in names)


def test_all_are_about_one_class_to_the_minute() -> None:
    """The class is the parent of messages and polls, and the activity of all else, under an id of our own without a name."""
    statements = said(*SAMPLES)
    rooms = {json.dumps(one["context"]["contextActivities"].get("parent", [one["object"]])[0]) for one in statements}
    assert len(rooms) == 1
    assert ROOM not in rooms.pop()
    assert all(one["timestamp"].endswith(":00Z") for one in statements)
    assert all(one["object"]["id"].startswith(HOME) for one in statements)


def test_a_lost_leave_is_closed_and_nothing_is_told_twice() -> None:
    """As with webhooks: the end closes who is still there, and a statement that comes twice has the same id."""
    closed = said(SAMPLES[1], SAMPLES[-1])
    assert [one["verb"]["id"] for one in closed] == [f"{STREAMS}/join", f"{STREAMS}/leave", f"{ADL}/terminated"]
    twice = {one["id"]: one for one in said(*SAMPLES, *SAMPLES)}
    assert len(twice) == len(SAMPLES)


def test_cameras_and_strangers_are_named() -> None:
    """A camera says nothing, and what isn't BigBlueButton's is counted without being repeated."""
    kinds = [outcome.unmapped for outcome in converted(statement(f"{STREAMS}/start", "camera"), statement(f"https://x.example/{MARK}"))]
    assert kinds == ["statement: start camera", "(another statement)"]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (statement(f"{STREAMS}/join", timestamp="1970-01-01T00:00:00Z"), "timestamp"),
        (statement(f"{STREAMS}/join", timestamp=None), "$.timestamp"),
        (statement(f"{STREAMS}/join", actor={"mbox": f"mailto:{MARK}@example.fr"}), "$.actor"),
        (statement(f"{STREAMS}/join", context=SAMPLES[1]["context"] | {"extensions": {}}), "context.extensions.sessionid"),
    ],
)
def test_what_can_t_be_read_is_named(given: dict, place: str) -> None:
    """The error says where, and never what was there."""
    (outcome,) = converted(given)
    assert outcome.error is not None
    assert outcome.error.parameter == place
    assert MARK not in repr(outcome.error)
