"""Units launched by cmi5: a token that is fetched once, for one learner, unit, registration and session."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from lrs.credentials import launches, open_credentials
from lrs.crypto import passwords
from lrs.settings import load
from lrs.sources.cmi5 import check
from tests.cli.calling import call
from tests.server.process import PATIENT, READER, VERSION, WRITER, Server

LMS = ("lms", "l")
AGENT = {"objectType": "Agent", "account": {"homePage": "https://lms.example.fr", "name": "canary-1042"}}
OTHER = {"account": {"homePage": "https://lms.example.fr", "name": "1043"}}
UNIT = "https://lms.example.fr/au/1"
REGISTRATION = "760e3480-ba55-4991-94b0-01820dbd23a2"
CMI5 = "https://w3id.org/xapi/cmi5/context"
TEMPLATE = {
    "registration": REGISTRATION,
    "contextActivities": {"grouping": [{"id": "https://publisher.example.org/au/1"}]},
    "extensions": {f"{CMI5}/extensions/sessionid": "s1"},
}
LAUNCH_DATA = {"contextTemplate": TEMPLATE, "launchMode": "Normal", "moveOn": "Completed"}
MINE = {"activityId": UNIT, "agent": httpx.Response(200, json=AGENT).text, "registration": REGISTRATION}
PREFERENCES = {"agent": MINE["agent"], "profileId": "cmi5LearnerPreferences"}


@pytest.fixture(scope="module", autouse=True)
def lms(server: Server) -> None:
    """A learning management system, which has the scopes of a platform."""
    with open_credentials(load(server.data, environ={}), clock=lambda: time.time_ns() // 1000) as room:
        room._profile = passwords.CHEAPEST
        room.add("lms", username=LMS[0], password=LMS[1])


def launched(server: Server, who: Any = LMS, **more: Any) -> httpx.Response:
    """Ask for a launch."""
    said = {"agent": AGENT, "activity": UNIT, "registration": REGISTRATION, "session": "s1"} | more
    return httpx.post(f"{server.address}/credentials/launch", auth=who, json={k: v for k, v in said.items() if v is not None}, **PATIENT)


def fetched(server: Server, path: str) -> dict[str, str]:
    """Fetch as a unit does; whatever comes of it, it is JSON and 200 (cmi5 8.2.2)."""
    answer = httpx.post(server.address + path, headers={"Origin": "https://lms.example.fr"}, **PATIENT)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["access-control-allow-origin"] == "https://lms.example.fr"
    found: dict[str, str] = answer.json()
    return found


@pytest.fixture
def unit(server: Server) -> Iterator[httpx.Client]:
    """A unit that was launched, with its token."""
    with httpx.Client(base_url=server.address, auth=LMS, headers=VERSION, **PATIENT) as platform:
        assert platform.put("/xapi/activities/state", params=MINE | {"stateId": "LMS.LaunchData"}, json=LAUNCH_DATA).status_code == 204
    token = fetched(server, launched(server).json()["fetch"])["auth-token"]
    with httpx.Client(base_url=server.address, headers={"Authorization": f"Basic {token}", **VERSION}, **PATIENT) as client:
        yield client


def said(verb: str, *, defined: bool = True, thing: str = UNIT, **more: Any) -> dict[str, Any]:
    """Make a statement of the unit's, by the template that it was launched with."""
    activities = TEMPLATE["contextActivities"] | ({"category": [{"id": f"{CMI5}/categories/cmi5"}]} if defined else {})
    made = {"actor": AGENT, "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}"}, "object": {"id": thing}}
    return made | {"context": TEMPLATE | {"contextActivities": activities}, "timestamp": "2026-03-02T09:30:00Z"} | more


def test_a_unit_does_what_cmi5_lets_it_do(unit: httpx.Client) -> None:
    """It reads what it was launched with, keeps its states and the learner's preferences, and speaks of itself and of other things within its session."""
    assert unit.get("/xapi/activities/state", params=MINE | {"stateId": "LMS.LaunchData"}).json() == LAUNCH_DATA
    assert unit.put("/xapi/activities/state", params=MINE | {"stateId": "bookmark"}, json={"page": 3}).status_code == 204
    assert set(unit.get("/xapi/activities/state", params=MINE).json()) == {"LMS.LaunchData", "bookmark"}
    assert unit.delete("/xapi/activities/state", params=MINE | {"stateId": "bookmark"}).status_code == 204
    unit.request("DELETE", "/xapi/agents/profile", params=PREFERENCES)
    assert unit.get("/xapi/agents/profile", params=PREFERENCES).status_code == 404
    preferred = {"languagePreference": "fr-FR", "audioPreference": "off"}
    assert unit.put("/xapi/agents/profile", params=PREFERENCES, json=preferred, headers={"If-None-Match": "*"}).status_code == 204
    session = [said("initialized"), said("answered", defined=False, thing="https://publisher.example.org/question/7"), said("terminated")]
    for statement in session:
        answer = unit.post("/xapi/statements", json=statement)
        assert answer.status_code == 200, answer.text
    assert {each.section for each in check(session)} <= {"9.3.2", "9.5.4", "9.1"}


@pytest.mark.parametrize(
    "statement",
    [
        said("initialized", actor=OTHER),
        said("initialized", thing=f"{UNIT}/page/1"),
        said("initialized", context=TEMPLATE | {"registration": "760e3480-ba55-4991-94b0-01820dbd23ff"}),
        said("answered", defined=False, context=TEMPLATE | {"extensions": {f"{CMI5}/extensions/sessionid": "s2"}}),
        said("answered", defined=False, context={"registration": REGISTRATION}),
        said("voided", object={"objectType": "StatementRef", "id": REGISTRATION}),
        said("initialized", context=said("x")["context"] | {"instructor": OTHER}),
    ],
    ids=["actor", "object", "registration", "session", "no session", "voiding", "somebody else"],
)
def test_a_unit_says_nothing_else(unit: httpx.Client, statement: dict[str, Any]) -> None:
    """Nor does it void anything (cmi5 6.3)."""
    answer = unit.post("/xapi/statements", json=statement)
    assert answer.status_code == 403
    assert "canary" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "parameters"),
    [
        ("GET", "/xapi/statements", {}),
        ("GET", "/xapi/activities/state", MINE | {"activityId": "https://lms.example.fr/au/2"}),
        ("GET", "/xapi/activities/state", MINE | {"agent": httpx.Response(200, json=OTHER).text}),
        ("GET", "/xapi/activities/state", {k: v for k, v in MINE.items() if k != "registration"}),
        ("PUT", "/xapi/activities/state", MINE | {"stateId": "LMS.LaunchData"}),
        ("POST", "/xapi/activities/state", MINE | {"stateId": "LMS.LaunchData"}),
        ("DELETE", "/xapi/activities/state", MINE | {"stateId": "LMS.LaunchData"}),
        ("DELETE", "/xapi/activities/state", MINE),
        ("GET", "/xapi/agents/profile", PREFERENCES | {"profileId": "grades"}),
        ("GET", "/xapi/agents/profile", {"agent": MINE["agent"]}),
        ("GET", "/xapi/activities/profile", {"activityId": UNIT}),
        ("POST", "/credentials/launch", {}),
        ("POST", "/credentials/browser", {}),
        ("GET", "/xapi/agents", {"agent": MINE["agent"]}),
    ],
)
def test_a_unit_reaches_nothing_else(unit: httpx.Client, method: str, path: str, parameters: dict[str, str]) -> None:
    """Nobody else's states, no other unit's, and not what it was launched with, to change it (cmi5 10)."""
    body = (
        {"agent": AGENT, "activity": UNIT, "registration": REGISTRATION, "session": "s1"}
        if path.endswith("launch")
        else {"agent": AGENT, "activity": UNIT}
    )
    answer = unit.request(method, path, params=parameters, json=None if method == "GET" else body)
    assert answer.status_code == 403, answer.text
    assert "canary" not in answer.text


def test_a_token_is_fetched_once(server: Server) -> None:
    """Of many that fetch at the same time one gets it; the others are told that it was returned (cmi5 8.2.3.1)."""
    path = launched(server).json()["fetch"]
    assert "canary" not in path
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: fetched(server, path), range(16)))
    assert sum("auth-token" in each for each in answers) == 1
    assert [each["error-code"] for each in answers if "auth-token" not in each] == ["1"] * 15
    assert httpx.get(server.address + path, **PATIENT).status_code == 405


def test_a_launch_can_not_be_made_up(server: Server) -> None:
    """Altered, of another kind, of a credential that is revoked, or missing: a security error, and no word about why."""
    path = launched(server).json()["fetch"]
    with open_credentials(load(server.data, environ={}), clock=lambda: time.time_ns() // 1000) as room:
        row, _, _ = room.add("brief")
        revoked = launches.address(
            room.launch(room.principal(row.id), {"agent": AGENT, "activity": UNIT, "registration": REGISTRATION, "session": "s"})[0]
        )
        browser = room.issue(room.principal("lms"), {"agent": AGENT, "activity": UNIT})[0]
        room.revoke(row.id)
    wrong = [path[:-3] + "AAA", launches.address(browser), launches.address("lrsl."), revoked, launches.PATH, f"{path}&launch=x"]
    assert [fetched(server, each)["error-code"] for each in wrong] == ["2"] * len(wrong)
    # A launch is no pass.
    token = httpx.URL(path).params["launch"]
    answer = httpx.post(
        f"{server.address}/xapi/statements", headers={"Authorization": f"Bearer {token}", **VERSION}, json=said("initialized"), **PATIENT
    )
    assert answer.status_code == 401


def test_a_launch_ends(server: Server) -> None:
    """What is not fetched in time is expired, and so is a token after its session's time."""
    late, soon = (launched(server, ttl=ttl).json()["fetch"] for ttl in (1, 4))
    token = fetched(server, soon)["auth-token"]
    time.sleep(5.1)
    assert fetched(server, late)["error-code"] == "1"
    headers = {"Authorization": f"Basic {token}", **VERSION}
    assert httpx.post(f"{server.address}/xapi/statements", headers=headers, json=said("initialized"), **PATIENT).status_code == 401


@pytest.mark.parametrize(
    "more",
    [
        {"session": None},
        {"session": ""},
        {"session": 7},
        {"registration": None},
        {"registration": ""},
        {"session": "x" * 201},
        {"view": "x"},
    ],
)
def test_what_a_launch_is_asked_for_with(server: Server, more: dict[str, Any]) -> None:
    """All four have to be there."""
    assert launched(server, **more).status_code == 400


def test_who_may_launch(server: Server) -> None:
    """Whoever may write statements and states."""
    assert launched(server, WRITER).status_code == 403
    assert launched(server, READER).status_code == 403
    assert launched(server, None).status_code == 401


def test_the_command_line_issues_both(server: Server) -> None:
    """While the server runs: a pass for a page, or where a unit fetches its token."""
    words = ["credentials", "issue", "lms", "--agent", httpx.Response(200, json=AGENT).text, "--activity", UNIT, "--data", server.data]
    token = call(*words).out.strip()
    assert (
        httpx.post(
            f"{server.address}/xapi/statements",
            headers={"Authorization": f"Bearer {token}", **VERSION},
            json=said("initialized"),
            **PATIENT,
        ).status_code
        == 200
    )
    path = call(*words, "--registration", REGISTRATION, "--session", "s1").out.strip()
    assert "auth-token" in fetched(server, path)
    assert call(*words, "--session", "s1").status == 1
