"""What the pages about sources say to write into platforms is where the server answers."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lrs.credentials import open_credentials
from lrs.crypto import passwords
from lrs.settings import load
from tests.crypto.test_webhook import token
from tests.server.process import PATIENT, VERSION, Server
from tests.sources.bigbluebutton import hook as bigbluebutton
from tests.sources.jitsi import hook as jitsi
from tests.sources.livekit import hook as livekit

PAGES = Path(__file__).parents[2] / "docs" / "how-to" / "sources"
HERE = "https://lrs.example.org"
SECRET = "a-secret-of-thirty-two-characters" * 2
PATHS = {
    "muc-room-created": "/events/room/created",
    "muc-room-destroyed": "/events/room/destroyed",
    "muc-occupant-joined": "/events/occupant/joined",
    "muc-occupant-left": "/events/occupant/left",
}
"""Where event_sync posts, below the address that it is given."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the sources.toml of the page about endpoints, and the credentials that it names."""
    folder = tmp_path_factory.mktemp("pages")
    data = folder / "data"
    data.mkdir(mode=0o700)
    (table,) = re.findall(r"```toml\n(.*?)```", (PAGES / "endpoints.md").read_text("utf-8"), re.DOTALL)
    (data / "sources.toml").write_text(table.replace("/etc/lrs", str(folder)), "utf-8")
    (folder / "bigbluebutton.secret").write_text(SECRET)
    (folder / "livekit.secrets").write_text(f"APIkey {SECRET}\n")
    with open_credentials(load(data, environ={}), clock=lambda: time.time_ns() // 1000) as room:
        room._profile = passwords.CHEAPEST
        for name in ("visio", "jitsi"):
            room.add(name, username=name, password="p", scopes=("statements/write",))
    running = Server(folder)
    yield running
    assert running.stop() == 0


def addresses() -> list[str]:
    """Give every address of the server that a page says, those without a path apart, to which the platform adds its own."""
    found = {
        address.rstrip("/.") for page in PAGES.glob("*.md") for address in re.findall(rf"{HERE}(/[^\s\"'`)?,|]+)", page.read_text("utf-8"))
    }
    return sorted(found)


@pytest.mark.parametrize("path", [*addresses(), "/xAPI/statements", "/xAPI/statements/"])
def test_every_address_is_there(server: Server, path: str) -> None:
    """Whatever a page has somebody write into a platform, with what the platform adds where the page says so."""
    added = {"/xapi": "/statements", "/sources/jitsi": "/events/room/created"}
    assert httpx.options(server.address + path + added.get(path, ""), **PATIENT).status_code == 204


def test_each_platform_is_let_in(server: Server) -> None:
    """With the settings of the page: Jitsi by its header, LiveKit and BigBlueButton by what they sign with; and nobody else."""
    basic = {"Authorization": f"Basic {b64encode(b'jitsi:p').decode()}"}
    for event in jitsi.SAMPLES:
        answer = httpx.post(f"{server.address}/sources/jitsi{PATHS[event['event_name']]}", json=event, headers=basic, **PATIENT)
        assert (answer.status_code, answer.json()["refused"]) == (200, 0)
    assert httpx.post(f"{server.address}/sources/jitsi/events/room/created", json=jitsi.SAMPLES[0], **PATIENT).status_code == 401
    request = httpx.Request("POST", f"{server.address}/sources/meet", json=livekit.SAMPLES[0])
    request.headers["Authorization"] = token(secret=SECRET, body=request.content)
    request.headers["Content-Type"] = "application/webhook+json"
    with httpx.Client(**PATIENT) as client:
        assert client.send(request).json()["stored"] == 1
    bearer = {"Authorization": f"Bearer {SECRET}"}
    answer = httpx.post(f"{server.address}/sources/bigbluebutton", json=[bigbluebutton.SAMPLES[0]], headers=bearer, **PATIENT)
    assert (answer.status_code, answer.json()["stored"]) == (200, 1)
    assert httpx.post(f"{server.address}/sources/meet", json=livekit.SAMPLES[0], headers=VERSION, **PATIENT).status_code == 401
