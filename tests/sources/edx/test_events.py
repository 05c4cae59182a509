"""Every kind of event: a valid statement, no person in it, the same however the event is written."""

from __future__ import annotations

import json
import uuid

import attrs
import pytest

from lrs.sources import Platform
from lrs.sources.edx import BROWSER_EVENTS, EVENTS
from lrs.xapi.rules import Checker
from tests.sources.edx.log import DATA, HOME, MARK, PLATFORM, TIME, converted, event, found_by_login, questions, refusal, statements

CHECKER = Checker("1.0.3")
KINDS = sorted(EVENTS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_makes_a_valid_statement_without_the_person(kind: str) -> None:
    """Checked by the rules of xAPI 1.0.3; nothing of what names somebody, or was written by them, is in it."""
    for source in ("server", "browser", "mobile"):
        for statement in statements(event(kind, DATA, source=source)):
            raw = json.dumps(statement).encode()
            CHECKER.check(raw)
            assert MARK.encode() not in raw
            assert statement["actor"]["account"] == {"homePage": HOME, "name": "1042"}
            assert statement["timestamp"] == TIME


@pytest.mark.parametrize("kind", KINDS)
def test_the_spelling_of_an_event_changes_nothing(kind: str) -> None:
    """As an object, as JSON in a string, as Open edX has it inside, keys in another order: one statement, one id."""
    source = "browser" if kind not in BROWSER_EVENTS else "server"
    plain = event(kind, DATA, source=source)
    inside = {key: value for key, value in plain.items() if key in ("name", "context")}
    inside |= {"timestamp": plain["time"], "data": dict(reversed(DATA.items()))}
    outside = ("username", "session", "event_source", "page", "referer", "ip", "agent")
    inside["context"] = inside["context"] | {key: plain[key] for key in outside}
    assert statements(plain) == statements(plain | {"event": json.dumps(DATA)}) == statements(inside)


def test_dashboards_count_what_open_edx_counts_and_nothing_more() -> None:
    """What they take for answers, grades, passes, enrolments, progress and help has no other event's verb; an answer has its attempt and success."""
    counted = {"evaluated", "earned", "passed", "failed", "registered", "unregistered", "asked", "progressed"}
    assert not {kind for kind, rule in EVENTS.items() if rule.verb["display"]["en"] in counted and not rule.published}
    several = statements(questions())
    assert len(several) == 3
    for made in several:
        assert made["object"]["definition"]["extensions"] == {"http://id.tincanapi.com/extension/attempt-id": 3}
        assert isinstance(made["result"]["success"], bool)


def test_the_number_of_events_that_are_known() -> None:
    """All that Open edX's own router maps, and those that it documents beside."""
    published = [kind for kind, rule in EVENTS.items() if rule.published]
    assert len(published) >= 75
    assert len(EVENTS) >= 200
    assert set(BROWSER_EVENTS) <= set(EVENTS)


def test_a_copy_is_the_same_statement_and_a_neighbour_is_not() -> None:
    """An id changes with the time, the person, what happened and where; not with the session's address."""
    first = event("play_video", DATA)
    changed = [
        first | {"time": "2026-03-02T09:30:15.250001+00:00"},
        first | {"event": DATA | {"currentTime": 13}},
        first | {"event_source": "browser"},
        event("play_video", DATA, context={"user_id": 1043}),
        first | {"name": "pause_video"},
    ]
    ids = [statements(given)[0]["id"] for given in (first, *changed)]
    assert len(set(ids)) == len(ids)
    assert statements(first | {"ip": "203.0.113.9", "agent": "other"})[0]["id"] == ids[0]
    assert uuid.UUID(ids[0]).version == 8
    other = attrs.evolve(PLATFORM, key=b"another key of some length")
    assert statements(first, other)[0]["id"] != ids[0]


def test_the_learner_is_who_the_event_is_about() -> None:
    """A tutor enrols a learner: the learner's number counts, when the server says so and not a browser."""
    data = DATA | {"user_id": "77", "username": "lea"}
    assert statements(event("edx.course.enrollment.activated", data))[0]["actor"]["account"]["name"] == "77"
    for source in ("browser", "mobile"):
        assert statements(event("edx.course.enrollment.activated", data, source=source))[0]["actor"]["account"]["name"] == "1042"
    assert "without their id" in str(refusal(event("edx.course.enrollment.activated", DATA | {"username": "lea"})))


def test_visitors_are_anonymous_and_names_are_no_numbers() -> None:
    """No id and no name: anonymous. A name where the number should be is refused, not passed on."""
    visitor = event("page_close", {}, source="browser", username="", context={"user_id": None})
    assert statements(visitor)[0]["actor"]["account"]["name"] == "anonymous"
    nameless = event("page_close", {}, source="browser", context={"user_id": ""})
    assert refusal(nameless).message == "the event names a person without their id"
    named = refusal(event("page_close", {}, context={"user_id": MARK}))
    assert (named.parameter, MARK in str(named)) == ("context.user_id", False)


def test_whom_an_event_knows_by_login_alone_is_looked_up() -> None:
    """The number counts, the login name is nowhere; whoever is not in the list is refused, with what would help."""
    platform = Platform(HOME, PLATFORM.key, people={MARK: "1042", "1043": "7"}, names=PLATFORM.names)
    nameless = event("play_video", DATA, source="browser", context={"user_id": None})
    assert statements(nameless, platform)[0]["actor"] == statements(event("play_video", DATA))[0]["actor"]
    assert statements(event("play_video", DATA, context={"user_id": 1043}), platform)[0]["actor"]["account"]["name"] == "1043"
    stranger = refusal(nameless)
    assert ("--people" in (stranger.hint or ""), MARK in str(stranger)) == (True, False)


@pytest.mark.parametrize(
    "before",
    [
        f"2026-03-02 09:30:15,250 INFO 20 [tracking] [user 1042] [ip 192.0.2.7, {MARK}] logger.py:41 - ",
        f"Mar  2 09:30:15 {MARK} [service_variant=lms][tracking][env:sandbox] INFO [app 7] [logger.py:36] - ",
        "\ufeff",
        "  ",
    ],
)
def test_what_a_logger_writes_before_an_event_is_cut(before: str) -> None:
    """Time, level, the person's number and address: the statement is the one of the event alone."""
    given = event("play_video", DATA)
    assert statements(before.encode() + json.dumps(given).encode()) == statements(given)
    assert MARK not in str(refusal(before.encode() + b"Traceback (most recent call last):"))


def test_people_can_be_named_as_the_platform_wishes() -> None:
    """A function from id and login name to an agent replaces the account."""
    platform = Platform(HOME, b"k" * 16, actor=found_by_login)
    made = statements(event("page_close", {}, context={"user_id": None}), platform)
    assert made[0]["actor"]["account"]["name"] == "externe-10"


def test_only_a_hash_passes_as_the_session() -> None:
    """Old logs had other things in its place."""
    made = statements(event("play_video", DATA, session=MARK))[0]
    assert "https://w3id.org/xapi/openedx/extensions/session-id" not in made["context"]["extensions"]


def test_a_login_name_in_an_address_is_cut_out() -> None:
    """A profile's address names its owner; so does one with a mailbox, which is no page at all."""
    profile = event("edx.ui.lms.link_clicked", {"target_url": f"/u/{MARK}/detail"}, source="browser")
    assert statements(profile)[0]["object"]["id"] == f"{HOME}/u/~/detail"
    mail = refusal(event("edx.ui.lms.link_clicked", {"target_url": f"mailto:{MARK}@example.fr"}))
    assert (mail.parameter, MARK in str(mail)) == ("event.target_url", False)


def test_unknown_kinds_are_named_without_what_could_name_a_person() -> None:
    """The name of a kind is told; the path of a request and whatever is no name are not."""
    assert converted(event("edx.holodeck.entered.v9", {})).unmapped == "edx.holodeck.entered.v9"
    assert converted(event(f"/u/{MARK}", {})).unmapped == "(a page request)"
    for name in (f"{MARK}@example.fr", "", "é", "x" * 101):
        assert converted(event(name, {})).unmapped == "(an event without a name)"
