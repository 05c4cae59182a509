"""The npm package @xapi/xapi, which browsers and Node programs use, against a running server."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.server.process import BOTH, Server

FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def library() -> None:
    """Install the library, as its lock file says."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed, and the library comes from its registry")
    if not (FOLDER / "node_modules").is_dir():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=FOLDER, check=True, capture_output=True, timeout=300)


@pytest.fixture(scope="module", params=["1.0.3-axios", "1.0.3-fetch", "2.0.0-fetch"])
def results(request: pytest.FixtureRequest, library: None, server: Server) -> dict[str, Any]:
    """What came of every step, under each version and with each of the library's ways to send."""
    version, adapter = request.param.split("-")
    command = ["node", "client.mjs", server.address, *BOTH, version, adapter]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return {"version": version, **json.loads(done.stdout)}


def test_statements_go_there_and_back(results: dict[str, Any]) -> None:
    """One, several, by id, by filters with a next page, in one language."""
    assert results["version"] in results["about"]
    assert [UUID(each) for each in results["sendOne"]]
    assert len(set(results["sendMany"])) == 3
    assert results["getOne"] == {"same": True, "raw": 85, "name": "Jeanne"}
    assert results["query"] == {"first": 2, "second": 2}
    assert len(results["canonical"]) == 1


def test_a_voided_statement_is_found_as_such(results: dict[str, Any]) -> None:
    """By its id it is gone; asked for as a voided one it is there."""
    assert results["voiding"] == {"gone": "not-found", "voided": True}


def test_an_attachment_comes_back(results: dict[str, Any]) -> None:
    """Its text is the one that was sent, as the second part of two."""
    if "not multipart" in results["attachment"]:
        pytest.skip("axios on Node sends the type of the library's blob, which has none, in place of multipart/mixed")
    assert results["attachment"] == {"id": True, "parts": 2, "text": "Pièce jointe: 42"}


def test_state_is_kept(results: dict[str, Any]) -> None:
    """Merged by POST, replaced by PUT under its ETag, listed, deleted one by one and all at once."""
    assert results["state"] == {"merged": {"page": 2, "seen": ["a"]}, "ids": ["signet"], "set": {"page": 3}, "left": []}


def test_profiles_are_kept(results: dict[str, Any]) -> None:
    """Of activities and agents; a stale ETag changes nothing."""
    assert results["activityProfile"] == {"now": {"b": 2}, "stale": "precondition-failed", "ids": ["préférences"]}
    assert results["agentProfile"] == {"found": {"langue": "fr"}, "ids": ["préférences"]}


def test_agents_and_activities_are_looked_up(results: dict[str, Any]) -> None:
    """A person with its names, an activity with its definition."""
    assert results["agent"] == {"type": "Person", "name": ["Jeanne"], "mbox": 1}
    assert results["activity"]["name"] == {"fr": "Climat", "en": "Climate"}
