"""``lrs subject``: what a data protection officer types, and is told."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.cli.calling import call

ACCOUNT = {"account": {"homePage": "https://lms.example.fr", "name": "ana"}}


@pytest.fixture
def filled(data: Path, tmp_path: Path) -> Path:
    """A store with two statements of a person under two identifiers, and one of a mailbox that only looks like hers."""
    source = tmp_path / "statements.jsonl"
    agents: list[dict[str, Any]] = [{"mbox": "mailto:ana@example.fr", "name": "Ana"}, ACCOUNT, {"mbox": "mailto:ANA@example.fr"}]
    made = [{"actor": agent, "verb": {"id": "http://v.example/did"}, "object": {"id": "https://lms.example.fr/a"}} for agent in agents]
    source.write_text("\n".join(map(json.dumps, made)), "utf-8")
    assert call("ingest", source, "--data", data).status == 0
    return data


def test_a_person_is_shown_given_and_joined(filled: Path, tmp_path: Path) -> None:
    """Counts, hints, the file, joining and undoing it; the file says what was joined."""
    shown = call("subject", "show", "mailto:ana@example.fr", "--data", filled)
    assert shown.status == 0, shown.err
    assert "identifiers: mbox" in shown.out
    assert "lrs subject join AGENT mailto:ANA@example.fr" in shown.err
    assert "They are one person now." in call("subject", "join", "mailto:ana@example.fr", json.dumps(ACCOUNT), "--data", filled).out
    assert "already" in call("subject", "join", json.dumps(ACCOUNT), "mailto:ana@example.fr", "--data", filled).out
    out = tmp_path / "ana.zip"
    done = call("subject", "export", json.dumps(ACCOUNT), "--out", out, "--data", filled, "--json")
    assert json.loads(done.out)["statements"] == {"own": 2, "named": 0, "voided": 0}
    with zipfile.ZipFile(out) as archive:
        receipt = tmp_path / "receipt.txt"
        receipt.write_bytes(archive.read("receipt.txt"))
    assert "own: 2" in call("receipt", "verify", receipt, "--data", filled).out
    assert call("subject", "export", json.dumps(ACCOUNT), "--out", out, "--data", filled).status == 1
    assert "stands for itself" in call("subject", "unjoin", json.dumps(ACCOUNT), "--data", filled).out
    assert "nobody" in call("subject", "unjoin", json.dumps(ACCOUNT), "--data", filled).out


def test_what_was_done_is_in_the_trail_and_names_nobody(filled: Path) -> None:
    """Each call is an entry; who is unknown is an error that does not repeat the identifier."""
    call("subject", "join", "mailto:ana@example.fr", json.dumps(ACCOUNT), "--data", filled)
    call("subject", "show", "mailto:ana@example.fr", "--data", filled)
    unknown = call("subject", "show", "mailto:canari@example.fr", "--data", filled)
    assert unknown.status == 1
    assert "canari" not in unknown.err + unknown.out
    trail = call("audit", "show", "--agent", "mailto:ana@example.fr", "--data", filled, "--json").out
    assert [json.loads(line)["action"] for line in trail.splitlines()][-2:] == ["join identifiers", "look a person up"]
    assert "ana@" not in trail
