"""Reading statements over HTTP: one by its id, voided ones, lists (xAPI 1.0.3 Communication 2.1.3 and 2.1.4), in both versions."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from tests.server.process import PATIENT, Server

STATEMENTS = "/xapi/statements"
VOIDED = {"id": "http://adlnet.gov/expapi/verbs/voided"}
SOMEBODY = '{"mbox":"mailto:a@example.fr"}'
OTHERS = {
    "agent": SOMEBODY,
    "verb": "http://adlnet.gov/expapi/verbs/experienced",
    "activity": "https://lms.example.fr/course",
    "registration": "00000000-0000-4000-8000-000000000001",
    "related_activities": "true",
    "related_agents": "true",
    "since": "2020-01-01T00:00:00Z",
    "until": "2030-01-01T00:00:00Z",
    "limit": "1",
    "ascending": "false",
}


@pytest.fixture(params=["1.0.3", "2.0.0"])
def client(request: pytest.FixtureRequest, server: Server) -> Iterator[httpx.Client]:
    """Somebody who may do everything, in each version."""
    with server.client(**{"X-Experience-API-Version": request.param}) as made:
        yield made


def store(client: httpx.Client, statement: dict[str, Any]) -> str:
    """Store a statement and give its id."""
    reply = client.post(STATEMENTS, json=statement)
    assert reply.status_code == 200
    return str(reply.json()[0])


def refer(target: str, verb: dict[str, str], who: str) -> dict[str, Any]:
    """Make a statement about a statement."""
    return {"actor": {"mbox": f"mailto:{who}@example.fr"}, "verb": verb, "object": {"objectType": "StatementRef", "id": target}}


def listed(client: httpx.Client, **params: Any) -> list[str]:
    """Give the ids of a list."""
    reply = client.get(STATEMENTS, params=params)
    assert reply.status_code == 200
    return [each["id"] for each in reply.json()["statements"]]


@pytest.mark.parametrize("by", ["statementId", "voidedStatementId"])
@pytest.mark.parametrize("other", OTHERS)
def test_an_id_stands_alone(by: str, other: str, client: httpx.Client, statement: dict[str, Any]) -> None:
    """With any filter beside it 400, whatever the filter says and whether or not there is such a statement."""
    wanted = store(client, statement)
    assert client.get(STATEMENTS, params={by: wanted, other: OTHERS[other]}).status_code == 400
    assert client.get(STATEMENTS, params={by: str(uuid.uuid4()), other: OTHERS[other]}).status_code == 400


def test_beside_an_id_stand_format_and_attachments(client: httpx.Client, statement: dict[str, Any]) -> None:
    """Each of them, and both."""
    wanted = store(client, statement)
    for more in ({"format": "ids"}, {"format": "canonical"}, {"attachments": "false"}, {"attachments": "true", "format": "exact"}):
        assert client.get(STATEMENTS, params={"statementId": wanted, **more}).status_code == 200
    assert client.get(STATEMENTS, params={"statementId": wanted, "voidedStatementId": wanted}).status_code == 400


def test_a_voided_statement_is_found_by_its_own_parameter(client: httpx.Client, statement: dict[str, Any], person: dict[str, Any]) -> None:
    """404 by statementId and in no list; what voids it is listed, for its target's agent too, and can't be voided itself."""
    target = store(client, statement)
    assert client.get(STATEMENTS, params={"voidedStatementId": target}).status_code == 404
    voiding = store(client, refer(target, VOIDED, "admin"))
    assert client.get(STATEMENTS, params={"statementId": target}).status_code == 404
    assert client.head(STATEMENTS, params={"statementId": target}).status_code == 404
    found = client.get(STATEMENTS, params={"voidedStatementId": target})
    assert (found.status_code, found.json()["id"]) == (200, target)
    assert client.get(STATEMENTS, params={"statementId": voiding}).status_code == 200
    assert listed(client, agent=json.dumps(person)) == [voiding]
    store(client, refer(voiding, VOIDED, "admin"))
    assert client.get(STATEMENTS, params={"statementId": voiding}).status_code == 200
    assert client.get(STATEMENTS, params={"voidedStatementId": voiding}).status_code == 404
    assert client.get(STATEMENTS, params={"statementId": target}).status_code == 404


def test_a_chain_of_references_is_followed(client: httpx.Client, statement: dict[str, Any], person: dict[str, Any]) -> None:
    """c refers to b, b to a, a is about the person: all three match, each within its own time and the limit."""
    commented = {"id": "http://adlnet.gov/expapi/verbs/commented"}
    first = store(client, statement)
    second = store(client, refer(first, commented, "tutor"))
    third = store(client, refer(second, commented, "head"))
    agent = json.dumps(person)
    assert listed(client, agent=agent) == [third, second, first]
    assert listed(client, agent=agent, limit=2, ascending="true") == [first, second]
    stored = client.get(STATEMENTS, params={"statementId": second}).json()["stored"]
    assert listed(client, agent=agent, since=stored) == [third]
    assert listed(client, agent=agent, until=stored) == [second, first]


@pytest.mark.parametrize("ascending", ["true", "false"])
def test_a_list_was_modified_when_its_latest_was_stored(
    ascending: str, client: httpx.Client, statement: dict[str, Any], person: dict[str, Any]
) -> None:
    """Of an empty one there is nothing to say (IEEE 9274.1.1 4.1.6.1)."""
    params = {"agent": json.dumps(person), "ascending": ascending}
    assert "Last-Modified" not in client.get(STATEMENTS, params=params).headers
    for _ in range(2):
        store(client, statement)
    reply = client.get(STATEMENTS, params=params)
    latest = max(datetime.fromisoformat(each["stored"]) for each in reply.json()["statements"])
    assert parsedate_to_datetime(reply.headers["Last-Modified"]) == latest.replace(microsecond=0)
    assert client.head(STATEMENTS, params=params).headers["Last-Modified"] == reply.headers["Last-Modified"]


@pytest.mark.parametrize("path", [STATEMENTS, "/xapi/agents", "/xapi/activities"])
def test_a_missing_method_is_told_without_credentials(path: str, server: Server) -> None:
    """405 with Allow, whoever asks: which methods there are is no secret."""
    with httpx.Client(base_url=server.address, headers={"X-Experience-API-Version": "1.0.3"}, **PATIENT) as nobody:
        reply = nobody.delete(path)
        assert (reply.status_code, "GET" in reply.headers["Allow"]) == (405, True)
        assert nobody.delete(path, auth=("both", "x")).status_code == 405
        assert nobody.get(path).status_code == 401
