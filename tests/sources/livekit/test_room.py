"""What becomes of the events of a LiveKit room."""

from __future__ import annotations

import json

import pytest

from tests.sources.livekit.hook import MARK, SAMPLES, converted, egress, event, participant, said, someone, track

_PROFILE = "https://w3id.org/xapi/virtual-classroom/verbs"
JOIN, LEAVE, START = (f"http://activitystrea.ms/{verb}" for verb in ("join", "leave", "start"))


def verbs(statements: list[dict]) -> list[str]:
    """Give the verbs of statements."""
    return [statement["verb"]["id"] for statement in statements]


def test_each_event_says_what_happened() -> None:
    """A whole meeting in the words of the profile; numbers and names of sources are the same."""
    assert verbs(said(*SAMPLES)) == [
        "http://adlnet.gov/expapi/verbs/initialized",
        JOIN,
        JOIN,
        START,
        "http://activitystrea.ms/share",
        f"{_PROFILE}/stopped",
        "http://activitystrea.ms/unshare",
        START,
        f"{_PROFILE}/stopped",
        LEAVE,
        LEAVE,
        "http://adlnet.gov/expapi/verbs/terminated",
    ]


def test_all_events_of_a_sitting_have_its_ids() -> None:
    """Those that name the room otherwise, too; the title is the one that was given."""
    contexts = {
        json.dumps(
            [one["context"]["registration"], one["context"]["extensions"]["https://w3id.org/xapi/cmi5/context/extensions/sessionid"]]
        )
        for one in said(*SAMPLES)
    }
    assert len(contexts) == 1
    assert said(SAMPLES[0])[0]["object"]["definition"]["name"] == {"und": "TD de chimie"}


def test_cameras_and_machines_say_nothing() -> None:
    """Cameras, muted microphones, recorders and agents are named and counted."""
    quiet = [track("published", "CAMERA"), track("published", "MICROPHONE", muted=True), track("published", 0)]
    quiet += [participant("joined", 9, kind=kind) for kind in ("EGRESS", "AGENT", "INGRESS", 2)]
    quiet += [
        {"event": "egress_started", "createdAt": "1772443800", "egressInfo": {"egressId": "EG_1", "web": {"url": "https://x.example.fr"}}}
    ]
    quiet += [event("ingress_started"), event("participant_connection_aborted", participant=someone(1))]
    for given in quiet:
        (outcome,) = converted(given)
        assert outcome.unmapped == given["event"]
        assert not outcome.statements
    assert len(said(*quiet, event("room_finished"))) == 1


def test_a_lost_leave_is_closed_by_the_end() -> None:
    """Whoever is there when the room finishes left then, and nobody twice."""
    statements = said(participant("joined", 1), participant("joined", 2), participant("left", 1, at=90), event("room_finished", at=600))
    left = [(one["actor"]["account"]["name"], one["timestamp"]) for one in statements if one["verb"]["id"] == LEAVE]
    assert left == [("u1", "2026-03-02T09:31:00Z"), ("u2", "2026-03-02T09:40:00Z")]


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (0, 2, 1, 2)])
def test_who_is_said_to_have_left_with_the_end_left_once(order: tuple[int, ...]) -> None:
    """In whatever order the end of the room and the leaving of its last are heard of."""
    told = [participant("joined", 1), participant("left", 1, at=601), event("room_finished", at=600)]
    statements = {one["id"]: one for one in said(*(told[number] for number in order))}
    assert verbs(list(statements.values())).count(LEAVE) == 1


def test_the_end_says_how_long_the_room_was_open() -> None:
    """As the profile asks, where the event says when it was opened."""
    (ended,) = said(event("room_finished", at=3600))
    assert ended["result"] == {"duration": "PT60M"}
    (bare,) = said(event("room_finished", room={"sid": "RM_1", "name": "r-42"}))
    assert "result" not in bare


def test_a_meeting_sent_twice_is_one_meeting() -> None:
    """Repeated events have the ids and the contents that they had."""
    once = {statement["id"]: statement for statement in said(*SAMPLES)}
    assert len(once) == len(said(*SAMPLES))
    twice = said(*(sample for sample in SAMPLES for _ in range(2)))
    assert all(once[statement["id"]] == statement for statement in twice)


def test_a_recording_names_whom_it_informed() -> None:
    """Those who are there when it starts, without who left."""
    started = said(participant("joined", 1), participant("joined", 2), participant("left", 2, at=90), egress("started"))[-1]
    assert [member["account"]["name"] for member in started["context"]["team"]["member"]] == ["u1"]
    assert started["context"]["extensions"]["urn:x-lrs:extension:notice-digest"] == "ab" * 32


@pytest.mark.parametrize("identity", ["", f"{MARK} 1"])
def test_who_has_no_identity_is_a_guest(identity: str) -> None:
    """So is who has but a name for one."""
    joined, left = said(participant("joined", 1, identity=identity), participant("left", 1, identity=identity))
    assert joined["actor"] == left["actor"]
    assert joined["actor"]["account"]["name"].startswith("guest-")


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (event("participant_joined"), "participant"),
        (event("track_published", participant=someone(1)), "track"),
        (event("egress_started"), "egressInfo"),
        (event("room_started", room=None), "room"),
        (event("room_started", room={"sid": ""}), "room.sid"),
        (event("room_started", room={"sid": 5}), "$.room.sid"),
        (event("room_started", createdAt="soon"), "createdAt"),
        (event("room_finished", room={"sid": "RM_1", "creationTime": "soon"}), "room.creationTime"),
        (event("room_started", createdAt="60"), "createdAt"),
        (event("room_started", createdAt="9" * 30), "createdAt"),
    ],
)
def test_what_can_t_be_read_is_named(given: dict, place: str) -> None:
    """The error says where, and never what was there."""
    (outcome,) = converted(given)
    assert outcome.error is not None
    assert outcome.error.parameter == place
