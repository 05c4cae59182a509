"""What becomes of the events of a BigBlueButton meeting."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.sources import Platform
from lrs.sources.attendance import Attendance
from lrs.sources.bigbluebutton import convert
from tests.sources.bigbluebutton.hook import (
    HOME,
    MARK,
    MEETING,
    MINUTE,
    OPENED,
    PLATFORM,
    SAMPLES,
    converted,
    created,
    event,
    message,
    said,
    user,
)

_PROFILE = "https://w3id.org/xapi/virtual-classroom"
JOIN, LEAVE, START = (f"http://activitystrea.ms/{verb}" for verb in ("join", "leave", "start"))


def verbs(statements: list[dict]) -> list[str]:
    """Give the verbs of statements."""
    return [statement["verb"]["id"] for statement in statements]


def name(statement: dict) -> str:
    """Give the account name of a statement's actor."""
    return statement["actor"]["account"]["name"]


def _rest(sample: dict) -> dict:
    """Give the attributes of an event."""
    return sample["data"]["attributes"]


def test_each_event_says_what_happened() -> None:
    """A whole meeting in the words of the profile."""
    assert verbs(said(*SAMPLES)) == [
        "http://adlnet.gov/expapi/verbs/initialized",
        JOIN,
        JOIN,
        START,
        f"{_PROFILE}/verbs/stopped",
        START,
        f"{_PROFILE}/verbs/stopped",
        f"{_PROFILE}/verbs/reacted",
        f"{_PROFILE}/verbs/unreacted",
        "http://activitystrea.ms/share",
        "http://activitystrea.ms/unshare",
        "https://w3id.org/xapi/acrossx/verbs/posted",
        "http://adlnet.gov/expapi/verbs/asked",
        "http://adlnet.gov/expapi/verbs/answered",
        START,
        f"{_PROFILE}/verbs/stopped",
        LEAVE,
        LEAVE,
        "http://adlnet.gov/expapi/verbs/terminated",
    ]


def test_a_statement_in_full() -> None:
    """Somebody joined: who, what, when to the minute, in which sitting; the room is opaque and has the title that was given for it."""
    (statement,) = said(event("user-joined", at=OPENED + 90_500, user=user(1)))
    activity = statement["object"]["id"]
    registration, session = statement["context"]["registration"], statement["context"]["extensions"].popitem()[1]
    assert activity.startswith(f"{HOME}/xapi/activities/")
    assert "chimie" not in activity
    assert len({activity[-36:], registration, session, statement["id"]}) == 4
    assert statement == {
        "id": statement["id"],
        "actor": {"objectType": "Agent", "account": {"homePage": HOME, "name": "u1"}},
        "verb": {"id": JOIN, "display": {"en": "joined"}},
        "object": {
            "objectType": "Activity",
            "id": activity,
            "definition": {"type": f"{_PROFILE}/activity-types/virtual-classroom", "name": {"und": "Chimie, séance du lundi"}},
        },
        "context": {
            "registration": registration,
            "contextActivities": {"category": [{"id": _PROFILE, "definition": {"type": "http://adlnet.gov/expapi/activities/profile"}}]},
            "extensions": {},
        },
        "timestamp": "2026-03-02T09:31:00Z",
        "version": "1.0.3",
    }


def test_a_sitting_that_is_opened_anew_keeps_its_registration() -> None:
    """The technical session changes, the planned one (room and day) doesn't; the next day it does."""

    def context(opened: int) -> dict:
        meeting = MEETING | {"internal-meeting-id": "5f" * 20 + f"-{opened}"}
        return said(event("user-joined", user=user(1), meeting=meeting))[0]["context"]

    first, again, tomorrow = context(OPENED), context(OPENED + 5 * MINUTE), context(OPENED + 24 * 60 * MINUTE)
    assert first["registration"] == again["registration"] != tomorrow["registration"]
    assert first["extensions"] != again["extensions"]


def test_planned_and_real_durations() -> None:
    """The creation tells the planned minutes, the end those that it took."""
    statements = said(created(), event("meeting-ended", at=OPENED + 75 * MINUTE))
    assert statements[0]["context"]["extensions"]["http://id.tincanapi.com/extension/planned-duration"] == "PT90M"
    assert statements[1]["result"] == {"duration": "PT75M"}


def test_what_is_not_kept() -> None:
    """Cameras, emojis, presenters, slides, private messages and listeners are named and counted, and say nothing."""
    kinds = ["user-cam-broadcast-start", "user-cam-broadcast-end", "user-emoji-changed", "user-presenter-assigned", "pad-content"]
    for kind in kinds:
        assert [outcome.unmapped for outcome in converted(event(kind, user=user(1)))] == [kind]
    private = message(1, **{"chat-id": "w_1-w_2"})
    listening = event("user-audio-voice-enabled", user=user(1, **{"listening-only": True, "sharing-mic": False}))
    outcomes = converted(event("user-joined", user=user(1)), private, listening)[1:]
    assert [outcome.unmapped for outcome in outcomes] == ["chat-group-message-sent", "user-audio-voice-enabled"]
    assert not any(outcome.statements for outcome in outcomes)


def test_the_name_of_a_kind_is_not_believed() -> None:
    """A kind that is no kind is not repeated."""
    assert converted(event(f"Bonjour {MARK}"))[0].unmapped == "(an event without a name)"


# People


@pytest.mark.parametrize("external", ["w_2", "", None])
def test_a_guest_has_a_pseudonym_of_one_sitting(external: str | None) -> None:
    """Without an id of the platform someone is one guest in this sitting, another in the next and another under another key."""
    guest = user(2, **{"external-user-id": external})
    joined, left = said(event("user-joined", user=guest), event("user-left", at=OPENED + 2 * MINUTE, user=guest))
    assert name(joined) == name(left)
    assert name(joined).startswith("guest-")
    assert "w_2" not in name(joined)
    elsewhere = MEETING | {"internal-meeting-id": "5f" * 20 + f"-{OPENED + 1}"}
    (next_time,) = said(event("user-joined", user=guest, meeting=elsewhere))
    (other_key,) = said(event("user-joined", user=guest), platform=Platform(HOME, bytes(32)))
    assert len({name(joined), name(next_time), name(other_key)}) == 3


def test_a_name_is_no_id() -> None:
    """Where the platform gave the name for an id, someone is a guest from their joining on."""
    named = {"external-user-id": MARK, "name": MARK}
    joined, left = said(
        event("user-joined", user=user(1, **named)), event("user-left", at=OPENED + 2 * MINUTE, user=user(1, **{"external-user-id": MARK}))
    )
    assert name(joined) == name(left)
    assert MARK not in json.dumps([joined, left])


def test_a_message_is_its_senders() -> None:
    """The event knows its sender by the internal id alone; it takes an earlier event to know who that is, and nobody is made up."""
    posted = said(event("user-raise-hand-changed", user=user(1, **{"raise-hand": True})), message(1))[1]
    assert name(posted) == "u1"
    assert "result" not in posted
    (outcome,) = converted(message(1))
    assert outcome.error is not None
    assert outcome.error.parameter == "data.attributes.chat-message.sender"


# Lost, repeated and late events


def test_a_lost_leave_is_closed_by_the_end() -> None:
    """Whoever is still there when the meeting ends left then; whoever left before didn't leave twice."""
    statements = said(
        event("user-joined", user=user(1)),
        event("user-joined", user=user(2)),
        event("user-left", at=OPENED + 5 * MINUTE, user=user(1)),
        event("meeting-ended", at=OPENED + 60 * MINUTE),
    )
    left = [(name(statement), statement["timestamp"]) for statement in statements if statement["verb"]["id"] == LEAVE]
    assert left == [("u1", "2026-03-02T09:35:00Z"), ("u2", "2026-03-02T10:30:00Z")]


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (0, 1, 1, 2, 2), (0, 2, 1, 2, 1)])
def test_who_is_said_to_have_left_with_the_end_left_once(order: tuple[int, ...]) -> None:
    """bbb-webhooks tells the end, and a moment later, before or after it arrives, that those who were there left."""
    told = [
        event("user-joined", user=user(1)),
        event("meeting-ended", at=OPENED + 60 * MINUTE),
        event("user-left", at=OPENED + 60 * MINUTE + 3, user=user(1)),
    ]
    statements = {statement["id"]: statement for statement in said(*(told[number] for number in order))}
    left = [(name(each), each["timestamp"]) for each in statements.values() if each["verb"]["id"] == LEAVE]
    assert left == [("u1", "2026-03-02T10:30:00Z")]


def test_a_whole_meeting_sent_twice_is_one_meeting() -> None:
    """Repeated events have the ids and the contents that they had, in one run and in two."""
    meeting = [event(sample["data"]["id"], at=OPENED + number, **_rest(sample)) for number, sample in enumerate(SAMPLES)]
    once = {statement["id"]: statement for statement in said(*meeting)}
    twice = [*said(*meeting), *said(*(sample for sample in meeting for _ in range(2)))]
    assert len(once) == len(said(*meeting))
    assert all(once[statement["id"]] == statement for statement in twice)


def test_events_may_come_late() -> None:
    """A join that is heard of after the leave, or sent again after it, opens nothing."""
    join, leave = event("user-joined", user=user(1)), event("user-left", at=OPENED + 2 * MINUTE, user=user(1))
    end = event("meeting-ended", at=OPENED + 9 * MINUTE)
    for order in ([leave, join, end], [join, leave, join, end]):
        statements = {statement["id"]: statement for statement in said(*order)}
        assert verbs(list(statements.values())).count(LEAVE) == 1


def test_someone_may_come_back() -> None:
    """Two comings are two, even with one internal id; the second is closed by the end."""
    times = [("user-joined", 1), ("user-left", 3), ("user-joined", 5), ("meeting-ended", 9)]
    statements = said(*(event(kind, at=OPENED + minutes * MINUTE, user=user(1)) for kind, minutes in times))
    assert verbs(statements).count(JOIN) == verbs(statements).count(LEAVE) == 2
    assert len({statement["id"] for statement in statements}) == 5


def test_attendance_may_be_kept_between_calls() -> None:
    """An endpoint that converts one event at a time closes what was lost too, when it keeps the attendance."""
    attendance, found = Attendance(), []
    for sample in (event("user-joined", user=user(1)), event("meeting-ended", at=OPENED + MINUTE * 9)):
        (outcome,) = convert([json.dumps(sample).encode()], PLATFORM, attendance)
        found += outcome.statements
    assert verbs(found).count(LEAVE) == 1


# Recordings


def test_a_recording_names_its_notice_and_whom_it_informed() -> None:
    """Who left before the recording started isn't listed, who came after isn't either."""
    times = [("user-joined", 1, 1), ("user-joined", 1, 2), ("user-left", 2, 2), ("user-joined", 5, 3)]
    people = [event(kind, at=OPENED + minutes * MINUTE, user=user(number)) for kind, minutes, number in times]
    started = said(*people, event("meeting-recording-started", at=OPENED + 4 * MINUTE))[-1]
    assert started["context"]["extensions"]["urn:x-lrs:extension:notice-digest"] == "ab" * 32
    assert [member["account"]["name"] for member in started["context"]["team"]["member"]] == ["u1"]
    assert started["context"]["contextActivities"]["parent"][0]["id"] == said(people[0])[0]["object"]["id"]


def test_without_a_notice_nobody_was_informed() -> None:
    """A recording without a notice has no digest and no list, so that a strict profile can refuse it."""
    bare = Platform(HOME, bytes(32))
    started = said(event("user-joined", user=user(1)), event("meeting-recording-started", at=OPENED + 2 * MINUTE), platform=bare)[-1]
    assert "team" not in started["context"]
    assert len(started["context"]["extensions"]) == 1


# How it is sent


def test_a_body_may_be_a_form_an_array_or_an_event() -> None:
    """The webhook as it was posted, the array in it and the event alone say the same."""
    sample = event("user-joined", user=user(1))
    array = json.dumps([sample])
    form = urlencode({"domain": "visio.example.fr", "event": array, "timestamp": OPENED})
    alone, listed, posted = converted(sample, array.encode(), form.encode())
    assert alone.statements
    assert alone == listed == posted


def test_a_broken_event_of_an_array_costs_the_others_nothing() -> None:
    """The array has the statements of those that can be read and the error of the one that can't."""
    body = json.dumps([event("user-joined", user=user(1)), {"data": {"id": "user-left"}}, event("pad-content"), created()]).encode()
    (outcome,) = converted(body)
    assert len(outcome.statements) == 2
    assert outcome.unmapped == "pad-content"
    assert outcome.error is not None


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (event("user-left"), "data.attributes.user"),
        (event("user-raise-hand-changed", user=user(1)), "data.attributes.user.raise-hand"),
        (event("poll-started", user=user(1)), "data.attributes.poll"),
        (event("user-left", at=12, user=user(1)), "data.event.ts"),
        (event("user-left", at=10**18, user=user(1)), "data.event.ts"),
        (event("user-left", user={"internal-user-id": 7}), "$.data.attributes.user.internal-user-id"),
        (event("user-left", user=user(1), meeting={}), "$.data.attributes.meeting"),
        ({"data": {"type": "event"}}, "$.data"),
        ({"envelope": {"name": "UserLeftMeetingEvtMsg"}}, "$"),
        (b"domain=x&timestamp=1", "event"),
        (b"[]", ""),
    ],
)
def test_what_can_t_be_read_is_named(given: dict | bytes, place: str) -> None:
    """The error says where, and never what was there."""
    (outcome,) = converted(given)
    assert outcome.error is not None
    assert outcome.error.parameter == place
    assert MARK not in f"{outcome.error!r}{outcome.error}"


@given(st.data())
def test_attendance_survives_what_a_network_does(data: st.DataObject) -> None:
    """Whatever leaves are lost at last, told with the end or sent again, everybody who was there came and left as often as they did, and no more."""
    sent, presences, with_the_end = [], 0, []
    for number in range(1, data.draw(st.integers(1, 4)) + 1):
        times = sorted(data.draw(st.lists(st.integers(1, 50), min_size=2, max_size=6, unique=True)))
        times = times[: len(times) // 2 * 2]
        presences += len(times) // 2
        told = [
            event(kind, at=OPENED + minutes * MINUTE, user=user(number))
            for kind, minutes in zip(["user-joined", "user-left"] * 3, times, strict=False)
        ]
        last = data.draw(st.sampled_from(["told", "lost", "with the end"]))
        sent += told if last == "told" else told[:-1]
        if last == "with the end":
            with_the_end.append(event("user-left", at=OPENED + 60 * MINUTE + number, user=user(number)))
    sent.sort(key=lambda one: one["data"]["event"]["ts"])
    sent += data.draw(st.permutations([event("meeting-ended", at=OPENED + 60 * MINUTE), *with_the_end]))
    for again in data.draw(st.lists(st.sampled_from(sent), max_size=8)):
        sent.insert(data.draw(st.integers(sent.index(again), len(sent))), again)
    told_once = list({statement["id"]: statement for statement in said(*sent)}.values())
    assert [verbs(told_once).count(verb) for verb in (JOIN, LEAVE)] == [presences, presences]
