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
        f"{STREAMS}/start",
        f"{_PROFILE}/stopped",
        f"{STREAMS}/share",
        f"{STREAMS}/unshare",
        f"{_PROFILE}/reacted",
        f"{_PROFILE}/unreacted",
        f"{_PROFILE}/reacted",
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


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1)])
def test_who_is_said_to_have_left_with_the_end_left_once(order: tuple[int, ...]) -> None:
    """As with webhooks."""
    late = statement(f"{STREAMS}/leave", timestamp="2026-03-02T09:50:15.253Z")
    statements = {one["id"]: one for one in said(*([SAMPLES[1], SAMPLES[-1], late][number] for number in order))}
    assert [one["verb"]["id"] for one in statements.values()].count(f"{STREAMS}/leave") == 1


@pytest.mark.parametrize(("duration", "told"), [("PT3600S", "PT60M"), ("PT78.391S", "PT2M"), ("PT1H", None), (None, None)])
def test_the_end_says_how_long_it_was(duration: str | None, told: str | None) -> None:
    """In minutes of the clock; BigBlueButton writes seconds."""
    (ended,) = said(statement(f"{ADL}/terminated", name="<unknown>", minute=50, result={"duration": duration} if duration else None))
    assert ended.get("result") == (None if told is None else {"duration": told})


def test_a_time_may_be_a_number() -> None:
    """The first versions write that of a message so."""
    posted = statement("https://w3id.org/xapi/acrossx/verbs/posted", "message")
    number, text = said(posted | {"timestamp": 1_772_443_875_250}, posted)
    assert number == text


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
