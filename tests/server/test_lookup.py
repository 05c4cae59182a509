"""The agents and activities resources over HTTP."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.server.process import COUNTER, PATIENT, READER, WRITER, Server

AGENTS, ACTIVITIES, STATEMENTS = "/xapi/agents", "/xapi/activities", "/xapi/statements"
BOTH_VERSIONS = pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])


@BOTH_VERSIONS
def test_a_person_is_looked_up(version: str, server: Server, statement: dict[str, Any], person: dict[str, Any]) -> None:
    """200 and a Person of arrays, also of somebody who is not known."""
    with server.client(**{"X-Experience-API-Version": version}) as client:
        unknown = client.get(AGENTS, params={"agent": json.dumps(person)})
        assert (unknown.status_code, unknown.json()) == (200, {"objectType": "Person", "mbox": [person["mbox"]]})
        client.post(STATEMENTS, json=statement | {"actor": person | {"name": "Ana"}})
        known = client.get(AGENTS, params={"agent": json.dumps(person)})
    assert known.json() == {"objectType": "Person", "name": ["Ana"], "mbox": [person["mbox"]]}
    assert known.headers["Content-Type"] == "application/json"
    assert known.headers["X-Experience-API-Version"] == version


@BOTH_VERSIONS
def test_an_activity_is_looked_up(version: str, server: Server, statement: dict[str, Any]) -> None:
    """200 and an Activity, as it was sent when it was sent once; also of one that is not known."""
    sent = {
        "objectType": "Activity",
        "id": f"https://lms.example.fr/{version}",
        "definition": {"name": {"en": "A", "fr": "B"}, "extensions": {"http://x.example/by": {"name": "T"}}},
    }
    with server.client(**{"X-Experience-API-Version": version}) as client:
        unknown = client.get(f"{ACTIVITIES}?activityId={sent['id']}")
        assert (unknown.status_code, unknown.json()) == (200, {"objectType": "Activity", "id": sent["id"]})
        client.post(STATEMENTS, json=statement | {"object": sent})
        known = client.get(ACTIVITIES, params={"activityId": sent["id"]}, headers={"Accept-Language": "fr"})
    assert known.json() == sent
    assert known.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "agent=",
        "agent={}",
        "agent=7",
        "agent=null",
        "agent=[]",
        "agent=mailto:a@example.fr",
        'agent={"name":"A"}',
        'agent={"objectType":"Group","mbox":"mailto:a@example.fr"}',
        'agent={"mbox":"a@example.fr"}',
        'agent={"mbox":"mailto:a@example.fr","mbox":"mailto:b@example.fr"}',
        'Agent={"mbox":"mailto:a@example.fr"}',
        'agent={"mbox":"mailto:a@example.fr"}&limit=1',
        'agent={"mbox":"mailto:a@example.fr"}&agent={"mbox":"mailto:a@example.fr"}',
    ],
)
def test_agents_takes_one_agent(query: str, client: httpx.Client) -> None:
    """Missing, malformed, a Group, wrongly cased, in company, doubled: 400."""
    reply = client.get(f"{AGENTS}?{query}")
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid-request")


@pytest.mark.parametrize(
    "query", ["", "activityId=", "activityId=x", "activityid=https://a.example", "activityId=https://a.example&format=ids", "agent={}"]
)
def test_activities_takes_one_iri(query: str, client: httpx.Client) -> None:
    """Missing, malformed, wrongly cased, in company: 400."""
    assert client.get(f"{ACTIVITIES}?{query}").status_code == 400


@pytest.mark.parametrize(
    ("path", "query"), [(AGENTS, 'agent={"mbox":"mailto:a@example.fr"}'), (ACTIVITIES, "activityId=https://a.example")]
)
def test_look_ups_are_guarded(path: str, query: str, server: Server) -> None:
    """401 before anything else, 400 without a version, 403 without scope or view, 405 with Allow, and OPTIONS for browsers."""
    where = f"{path}?{query}"
    with httpx.Client(base_url=server.address, **PATIENT) as nobody:
        assert nobody.get(path).status_code == 401
        assert nobody.get(where, auth=("both", "b")).status_code == 400
        assert nobody.options(path).status_code == 204
    for who, status in ((READER, 200), (WRITER, 403), (COUNTER, 403)):
        with server.client(who) as client:
            reply = client.get(where)
            assert reply.status_code == status
            assert client.head(where).status_code == status
            assert client.head(where).headers["Content-Length"] == reply.headers["Content-Length"]
    with server.client() as client:
        refused = client.post(where, json={})
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_look_ups_work_by_a_form(client: httpx.Client, person: dict[str, Any]) -> None:
    """The alternate request syntax of 1.0.3."""
    found = client.post(f"{AGENTS}?method=GET", data={"agent": json.dumps(person)})
    assert found.json() == {"objectType": "Person", "mbox": [person["mbox"]]}
    assert client.post(f"{ACTIVITIES}?method=GET", data={"activityId": "https://a.example/ä"}).json()["id"] == "https://a.example/ä"
