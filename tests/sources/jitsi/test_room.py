"""What becomes of the events of a Jitsi room."""

from __future__ import annotations

import json

import pytest

from tests.sources.jitsi.hook import HOME, MARK, OPENED, SAMPLES, converted, destroyed, event, joined, left, occupant, said

JOIN, LEAVE = "http://activitystrea.ms/join", "http://activitystrea.ms/leave"


def people(statements: list[dict], verb: str) -> list[tuple[str, str]]:
    """Give who did something, and when."""
    return [(one["actor"]["account"]["name"], one["timestamp"]) for one in statements if one["verb"]["id"] == verb]


def test_a_room_opens_and_ends() -> None:
    """The platform opens it; at the end it is said how long it was open."""
    opened, ended = said(event("room-created", created_at=OPENED), destroyed(at=4000))
    assert opened["verb"]["id"] == "http://adlnet.gov/expapi/verbs/initialized"
    assert opened["actor"] == {"objectType": "Agent", "account": {"homePage": HOME, "name": "platform-itself"}}
    assert opened["object"]["definition"]["name"] == {"und": "TD de chimie"}
    assert ended["verb"]["id"] == "http://adlnet.gov/expapi/verbs/terminated"
    assert ended["result"] == {"duration": "PT66M"}
    assert opened["context"]["registration"] == ended["context"]["registration"]


def test_attendance_to_the_minute() -> None:
    """Who came and left, and for how long."""
    statements = said(joined(1, joined=61), left(1, joined=61, left=659))
    assert people(statements, JOIN) == [("u1", "2026-03-02T09:31:00Z")]
    assert people(statements, LEAVE) == [("u1", "2026-03-02T09:40:00Z")]
    assert statements[1]["result"] == {"duration": "PT9M"}


def test_one_connection_may_join_twice() -> None:
    """Two joins of one occupant are two statements, and so are their leaves."""
    statements = said(joined(1), left(1), joined(1, joined=900), left(1, joined=900, left=960))
    assert len({statement["id"] for statement in statements}) == 4


def test_the_end_tells_what_was_lost_and_nothing_twice() -> None:
    """Joins and leaves that came are told again under the same ids with the same words, those that didn't for the first time."""
    whole = said(joined(1), left(1), joined(2), destroyed(occupant(1, left=600), occupant(2)))
    told = {statement["id"]: statement for statement in whole}
    assert all(told[statement["id"]] == statement for statement in whole)
    assert people(list(told.values()), LEAVE) == [("u1", "2026-03-02T09:40:00Z"), ("u2", "2026-03-02T10:30:00Z")]
    assert len(people(list(told.values()), JOIN)) == 2
    only_the_end = {statement["id"]: statement for statement in said(destroyed(occupant(1, left=600), occupant(2)))}
    assert only_the_end == told


def test_a_broken_occupant_costs_the_others_nothing() -> None:
    """The others' times and the end are told, and the error names the place."""
    (outcome,) = converted(destroyed(occupant(1, left=600), {"name": MARK}, occupant(2)))
    assert len(outcome.statements) == 5
    assert outcome.error is not None
    assert MARK not in repr(outcome.error)


def test_nobody_came() -> None:
    """The module writes an empty list as an empty object."""
    end = event("room-destroyed", created_at=OPENED, destroyed_at=OPENED + 60, all_occupants={})
    assert [one["verb"]["id"] for one in said(end)] == ["http://adlnet.gov/expapi/verbs/terminated"]


@pytest.mark.parametrize("given", [{"id": None}, {"id": ""}, {"id": f"{MARK} 1"}, {"id": f"{MARK}1@example.fr"}])
def test_who_has_no_id_is_a_guest(given: dict) -> None:
    """So is who has but a name or an address for one; the same guest joins and leaves."""
    statements = said(joined(1, **given), left(1, **given))
    (came,), (went,) = people(statements, JOIN), people(statements, LEAVE)
    assert came[0] == went[0]
    assert came[0].startswith("guest-")
    assert MARK not in json.dumps(statements)


def test_a_breakout_room_is_a_room_of_its_own() -> None:
    """It has another activity and another registration than the main room."""
    main, breakout = said(joined(1), event("occupant-joined", occupant=occupant(1), is_breakout=True, breakout_room_id="b1"))
    assert main["object"]["id"] != breakout["object"]["id"]
    assert main["context"]["registration"] != breakout["context"]["registration"]


def test_a_room_that_is_opened_again_the_same_day_has_the_same_registration() -> None:
    """Jitsi names no sitting: room and day are one."""
    first, again, tomorrow = said(joined(1), joined(2, joined=7200), joined(1, joined=86_400))
    assert first["context"] == again["context"] != tomorrow["context"]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (event("room-created"), "created_at"),
        (event("room-created", created_at=3), "created_at"),
        (event("occupant-joined"), "occupant"),
        (event("occupant-left", occupant=occupant(1)), "occupant.left_at"),
        (event("occupant-left", occupant={"name": MARK}), "$.occupant"),
        ({"event_name": "muc-room-created"}, "$"),
    ],
)
def test_what_can_t_be_read_is_named(given: dict, place: str) -> None:
    """The error says where, and never what was there."""
    (outcome,) = converted(given)
    assert outcome.error is not None
    assert outcome.error.parameter == place
    assert MARK not in repr(outcome.error)


def test_other_kinds_are_named() -> None:
    """What the module may send one day is counted."""
    assert converted(event("occupant-role-changed"))[0].unmapped == "muc-occupant-role-changed"
    assert len(said(*SAMPLES)) == 10
