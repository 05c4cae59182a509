"""``lrs quarantine``: what could not be taken, from the list to where it belongs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import lrs
from lrs.access import Handling
from tests.cli.calling import call

STATEMENT = {
    "actor": {"account": {"homePage": "pod.example.fr", "name": "canary-42"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
    "object": {"id": "https://pod.example.fr/video/1"},
}


@pytest.fixture
def held(data: Path) -> str:
    """Put one statement into quarantine -> its id."""
    with lrs.open(data) as store:
        row, _, _ = store.credentials.add("pod", scopes=["statements/write"], handling=Handling(quarantine_days=30))
        store.submit(json.dumps(STATEMENT).encode(), principal=store.credentials.principal(row.id), version="1.0.3").result()
        return store.quarantine.entries("default")[0].key.hex()


def test_from_the_list_to_the_store(data: Path, held: str) -> None:
    """It is listed without what is in it, shown as it was sent, and stored once its credential has the repair for it."""
    listed = call("quarantine", "list", "--data", data).out
    assert held in listed
    assert "$.actor.account.homePage" in listed
    assert "canary-42" not in listed
    assert json.loads(call("quarantine", "show", held, "--data", data).out) == STATEMENT
    stays = call("quarantine", "replay", "--all", "--data", data)
    assert (stays.status, stays.out.splitlines()[0]) == (1, "0 taken, 1 stay.")
    call("credentials", "set", "pod", "--repair", "host-as-home-page", "--data", data)
    assert call("quarantine", "replay", held, "--data", data).out == "1 taken, 0 stay.\n"
    assert call("quarantine", "list", "--data", data).out == "The quarantine is empty.\n"
    with lrs.open(data) as store:
        assert len(store.query().statements) == 1


def test_dropped_it_is_gone(data: Path, held: str) -> None:
    """By its id or all at once; a wrong call drops nothing."""
    assert call("quarantine", "drop", "--data", data).status == 2
    assert call("quarantine", "drop", held, "--all", "--data", data).status == 2
    assert call("quarantine", "drop", held, "--data", data).out == "1 dropped.\n"
    assert call("quarantine", "show", held, "--data", data).status == 1
