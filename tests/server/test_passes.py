"""Passes for browsers: one agent, one activity, a short while, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from lrs.credentials import open_credentials
from lrs.settings import load
from tests.server.process import PATIENT, READER, VERSION, WRITER, Server

AGENT = {"account": {"homePage": "https://mooc.example.fr", "name": "canary-42"}}
ACTIVITY = "https://mooc.example.fr/videos/acids"
REGISTRATION = "760e3480-ba55-4991-94b0-01820dbd23ab"
STATEMENT = {
    "actor": {"objectType": "Agent", "name": "Zoé", **AGENT},
    "verb": {"id": "https://w3id.org/xapi/video/verbs/played"},
    "object": {"id": ACTIVITY},
    "context": {"registration": REGISTRATION},
}


def asked(server: Server, who: Any = WRITER, **more: Any) -> httpx.Response:
    """Ask for a pass."""
    said = {"agent": AGENT, "activity": ACTIVITY, "registration": REGISTRATION} | more
    return httpx.post(f"{server.address}/credentials/browser", auth=who, json={k: v for k, v in said.items() if v is not None}, **PATIENT)


@pytest.fixture
def page(server: Server) -> Iterator[httpx.Client]:
    """A page with a pass, of an origin that the settings name."""
    token = asked(server).json()["token"]
    headers = {"Authorization": f"Bearer {token}", "Origin": "https://lms.example.fr", **VERSION}
    with httpx.Client(base_url=server.address, headers=headers, **PATIENT) as client:
        yield client


def test_a_page_writes_what_its_pass_is_for(page: httpx.Client) -> None:
    """About the activity and what is below it; a page of another origin may read the answer."""
    for thing in (ACTIVITY, f"{ACTIVITY}/quiz", f"{ACTIVITY}#t=3", f"{ACTIVITY}?x=1"):
        answer = page.post("/xapi/statements", json={**STATEMENT, "object": {"id": thing}})
        assert answer.status_code == 200, answer.text
    assert answer.headers["access-control-allow-origin"] == "https://lms.example.fr"


@pytest.mark.parametrize(
    "change",
    [
        {"actor": {"account": {"homePage": "https://mooc.example.fr", "name": "43"}}},
        {"actor": {"mbox": "mailto:a@example.fr"}},
        {"actor": {"objectType": "Group", **AGENT}},
        {"actor": {"objectType": "Group", "member": [AGENT]}},
        {"object": {"id": f"{ACTIVITY}2"}},
        {"object": {"id": "https://mooc.example.fr/videos/"}},
        {"object": {"objectType": "Agent", **AGENT}},
        {"object": {"objectType": "SubStatement", "actor": AGENT, "verb": STATEMENT["verb"], "object": {"id": ACTIVITY}}},
        {
            "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
            "object": {"objectType": "StatementRef", "id": "760e3480-ba55-4991-94b0-01820dbd23ac"},
        },
        {"context": {}},
        {"context": {"registration": "760e3480-ba55-4991-94b0-01820dbd23ac"}},
        {"context": {"registration": REGISTRATION, "instructor": {"mbox": "mailto:a@example.fr"}}},
        {"context": {"registration": REGISTRATION, "team": {"objectType": "Group", "mbox": "mailto:a@example.fr"}}},
        {"context": {"registration": REGISTRATION, "statement": {"objectType": "StatementRef", "id": REGISTRATION}}},
        {"authority": {"mbox": "mailto:a@example.fr"}},
    ],
    ids=lambda change: str(change)[:60],
)
def test_anything_else_is_refused(page: httpx.Client, change: dict[str, Any]) -> None:
    """Alone, and with a right one beside it; the answer names nobody."""
    for said in ({**STATEMENT, **change}, [STATEMENT, {**STATEMENT, **change}]):
        answer = page.post("/xapi/statements", json=said)
        assert answer.status_code == 403, answer.text
        assert "canary" not in answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/xapi/statements"),
        ("GET", f"/xapi/activities?activityId={ACTIVITY}"),
        ("PUT", f"/xapi/activities/profile?activityId={ACTIVITY}&profileId=1"),
        ("POST", "/credentials/browser"),
    ],
)
def test_a_pass_does_nothing_else(page: httpx.Client, method: str, path: str) -> None:
    """No reading, no documents, no passes."""
    assert page.request(method, path, json={"agent": AGENT, "activity": ACTIVITY} if method != "GET" else None).status_code == 403


def test_a_pass_can_not_be_altered(server: Server) -> None:
    """Nor made up, nor used for another credential; it says nothing of who it is for."""
    token = asked(server).json()["token"]
    assert "canary" not in token
    prefix, owner, sealed = token.split(".")
    for other in (f"{prefix}.{owner}.{sealed[:-2]}AA", f"{prefix}.{REGISTRATION}.{sealed}", f"{prefix}.{owner}", f"{prefix}.", "lrsp.é"):
        answer = httpx.post(
            f"{server.address}/xapi/statements", headers={"Authorization": f"Bearer {other}".encode(), **VERSION}, json=STATEMENT, **PATIENT
        )
        assert answer.status_code == 401


def test_a_pass_ends(server: Server) -> None:
    """With its time, and with the credential that it was made for."""
    short = asked(server, ttl=1).json()["token"]
    with open_credentials(load(server.data, environ={}), clock=lambda: time.time_ns() // 1000) as room:
        row, username, password = room.add("brief", scopes=("statements/write",))
        mine = asked(server, (username, password)).json()["token"]
        room.revoke(row.id)
    time.sleep(2.1)
    for token in (short, mine):
        answer = httpx.post(
            f"{server.address}/xapi/statements", headers={"Authorization": f"Bearer {token}", **VERSION}, json=STATEMENT, **PATIENT
        )
        assert answer.status_code == 401


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, 200),
        ({"registration": None}, 200),
        ({"agent": None}, 400),
        ({"agent": {"name": "Zoé"}}, 400),
        ({"agent": 7}, 400),
        ({"activity": "acids"}, 400),
        ({"registration": "1"}, 400),
        ({"ttl": 0}, 400),
        ({"ttl": 86401}, 400),
        ({"ttl": True}, 400),
        ({"scope": "all"}, 400),
    ],
)
def test_what_a_pass_is_asked_for_with(server: Server, more: dict[str, Any], status: int) -> None:
    """Anything else is refused, and nobody keeps the answer on the way."""
    answer = asked(server, **more)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.headers["cache-control"] == "no-store"


def test_who_may_not_write_gets_none(server: Server) -> None:
    """Nor who is not known."""
    assert asked(server, READER).status_code == 403
    assert asked(server, None).status_code == 401
