"""``lrs quarantine replay`` while a server holds the store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import lrs
from lrs.access import Handling
from lrs.cli import quarantine
from lrs.credentials import open_credentials
from lrs.crypto import passwords
from tests.cli.calling import call
from tests.server.process import READER, Server
from tests.vault.databases import DATABASES, empty_vault

EMITTER = ("emitter", "e")
STATEMENT = {
    "actor": {"account": {"homePage": "pod.example.fr", "name": "canary-42"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
    "object": {"id": "https://pod.example.fr/video/1"},
}


@pytest.fixture(params=DATABASES)
def server(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with a credential that has a quarantine."""
    settings = empty_vault(request.param, tmp_path / "data")
    if settings.vault:
        monkeypatch.setenv("LRS_VAULT", settings.vault)
    with open_credentials(settings, clock=lambda: time.time_ns() // 1000) as room:
        room._profile = passwords.CHEAPEST
        handling = Handling(quarantine_days=30)
        room.add("pod", username=EMITTER[0], password=EMITTER[1], scopes=("statements/write",), handling=handling)
        room.add("reader", username=READER[0], password=READER[1], scopes=("statements/read",))
    running = Server(tmp_path)
    yield running
    assert running.stop() == 0


def test_the_server_tries_what_is_asked_for(server: Server) -> None:
    """What stays is told with its reason; with a repair it is taken, read at once, and never in what the server prints."""
    with server.client(EMITTER) as emitter, server.client(READER) as reader:
        assert emitter.post("/xapi/statements", json=STATEMENT).status_code == 200
        words = ["--data", server.data]
        stays = call("quarantine", "replay", "--all", *words)
        assert (stays.status, stays.out.splitlines()[0]) == (1, "0 taken, 1 stay.")
        assert "$.actor.account.homePage" in stays.out
        assert call("credentials", "set", "pod", "--repair", "host-as-home-page", *words).status == 0
        assert call("quarantine", "replay", "00" * 16, *words).status == 1
        assert call("quarantine", "replay", "--all", *words).out == "1 taken, 0 stay.\n"
        (found,) = reader.get("/xapi/statements").json()["statements"]
        assert found["actor"]["account"]["homePage"] == "https://pod.example.fr"
    assert "canary-42" not in server.printed()


def test_another_holder_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that holds the store and tries nothing: the command says what to do, and nothing is tried later by surprise."""
    monkeypatch.setattr(quarantine, "_PATIENCE", 0.5)
    data = tmp_path / "data"
    with lrs.open(data) as store:
        row, _, _ = store.credentials.add("pod", scopes=["statements/write"], handling=Handling(quarantine_days=30))
        list(store.ingest_lines([b"{}"], principal=store.credentials.principal(row.id)))
        done = call("quarantine", "replay", "--all", "--data", data)
        assert done.status == 1
        assert "lrs serve does within seconds" in done.err
        assert [entry.asked for entry in store.quarantine.entries("default")] == [None]
