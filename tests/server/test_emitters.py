"""Platforms that speak xAPI, as their own clients send it: path, headers, batch and what they read of the answer."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import httpx
import pytest

from lrs.access import Handling
from lrs.credentials import open_credentials
from lrs.settings import load
from tests.server.process import PATIENT, WRITER, Server
from tests.sources.cmi5.unit import session
from tests.sources.spoken.bigbluebutton import BIGBLUEBUTTON
from tests.sources.spoken.marsha import MARSHA
from tests.sources.spoken.moodle import MOODLE
from tests.sources.spoken.pod import POD

BASIC = "Basic " + base64.b64encode(":".join(WRITER).encode()).decode()


def send(server: Server, path: str, said: Any, **headers: str) -> httpx.Response:
    """Post JSON with these headers and no others of xAPI."""
    return httpx.post(server.address + path, json=said, headers={"Authorization": BASIC} | headers, **PATIENT)


def test_moodle(server: Server) -> None:
    """logstore_xapi sends batches to ``statements`` under its endpoint, and says version 1.0.0."""
    answer = send(server, "/xapi/statements", list(MOODLE.values()), **{"X-Experience-API-Version": "1.0.0"})
    assert (answer.status_code, len(answer.json())) == (200, len(MOODLE))


def test_marsha(server: Server) -> None:
    """Marsha sends one statement to the address as it was given, and needs a status below 400; sent again it is stored once."""
    for _ in range(2):
        answer = send(server, "/xapi/statements", MARSHA["lti"], **{"X-Experience-API-Version": "1.0.3"})
        assert answer.json() == [MARSHA["lti"]["id"]]


@pytest.mark.parametrize(
    ("said", "version", "place"),
    [(MARSHA["site"], "1.0.3", "account"), (POD, "1.0.3", "homePage"), (POD, "", "X-Experience-API-Version")],
    ids=["marsha", "pod", "pod's version"],
)
def test_what_is_refused_says_why(server: Server, said: dict[str, Any], version: str, place: str) -> None:
    """The answer is JSON, names the place and nobody."""
    answer = send(server, "/xapi/statements", said, **({"X-Experience-API-Version": version} if version else {}))
    assert answer.status_code == 400
    assert place in json.dumps(answer.json())
    assert "zoe@" not in answer.text


@pytest.mark.parametrize("name", BIGBLUEBUTTON)
def test_bigbluebutton(server: Server, name: str) -> None:
    """bbb-webhooks joins ``xAPI/statements`` onto the origin, says version 1.0.0 and reads JSON whatever the answer is."""
    answer = send(server, "/xAPI/statements", BIGBLUEBUTTON[name], **{"X-Experience-API-Version": "1.0.0"})
    assert answer.status_code == 200
    assert len(answer.json()) == 1


def test_cmi5(server: Server) -> None:
    """A launched unit sends its statements one by one; what came is given back in order."""
    with server.client() as client:
        for statement in session(
            "launched", "initialized", "completed", "passed", "terminated", registration="760e3480-ba55-4991-94b0-01820dbd23ff"
        ):
            assert client.post("/xapi/statements", json=statement).status_code == 200
        found = client.get("/xapi/statements", params={"registration": "760e3480-ba55-4991-94b0-01820dbd23ff", "ascending": "true"}).json()
    assert [one["verb"]["display"]["en"] for one in found["statements"]] == ["launched", "initialized", "completed", "passed", "terminated"]


def test_pod_with_its_repairs(server: Server) -> None:
    """Without a version and with a host for an address it is taken, where its credential says so; the answer says what was spoken."""
    with open_credentials(load(server.data, environ={}), clock=lambda: time.time_ns() // 1000) as room:
        handling = Handling(("host-as-home-page", "pod-missing-version", "pod-numbers-as-text"))
        _, username, password = room.add("pod", scopes=("statements/write",), handling=handling)
    answer = httpx.post(f"{server.address}/xapi/statements", json=POD, auth=(username, password), **PATIENT)
    assert (answer.status_code, answer.json()) == (200, [POD["id"]])
    assert answer.headers["x-experience-api-version"] == "1.0.3"
    wrong = httpx.post(
        f"{server.address}/xapi/statements", json=POD, auth=(username, password), headers={"X-Experience-API-Version": "0.9"}, **PATIENT
    )
    assert wrong.status_code == 400
