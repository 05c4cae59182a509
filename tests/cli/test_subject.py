"""``lrs subject``: what a data protection officer types, and is told."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

import lrs
from tests.cli.calling import call
from tests.promises.test_canary import found_in
from tests.rights.conftest import statement
from tests.rights.planting import files

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


def test_a_request_is_met_by_what_it_asks_for(filled: Path, tmp_path: Path) -> None:
    """A copy closes a request for access that is the person's, a correction one for rectification; any other is refused, and nothing is done."""
    ana, out = "mailto:ana@example.fr", tmp_path / "ana.zip"
    for kind, agent in (("access", ana), ("rectification", ana), ("access", "mailto:ANA@example.fr")):
        assert call("request", "add", kind, "--agent", agent, "--data", filled).status == 0
    for number in (1, 2, 3):
        assert call("request", "identify", number, "--data", filled).status == 0
    for wrong in (2, 3):
        assert call("subject", "export", ana, "--out", out, "--request", wrong, "--data", filled).status == 1
        assert not out.exists()
    assert call("subject", "rectify", ana, "--name", "Anne", "--request", 1, "--data", filled).status == 1
    assert "Anne" not in call("query", "--agent", ana, "--data", filled).out
    assert call("subject", "export", ana, "--out", out, "--request", 1, "--data", filled).status == 0
    assert call("subject", "rectify", ana, "--name", "Anne", "--request", 2, "--data", filled).status == 0
    listed = call("request", "list", "--data", filled).out
    assert listed.count("done") == 2


def test_what_was_done_is_in_the_trail_and_names_nobody(filled: Path) -> None:
    """Each call is an entry; who is unknown is an error that does not repeat the identifier."""
    call("subject", "join", "mailto:ana@example.fr", json.dumps(ACCOUNT), "--data", filled)
    call("subject", "show", "mailto:ana@example.fr", "--data", filled)
    unknown = call("subject", "show", "mailto:canari@example.fr", "--data", filled)
    assert unknown.status == 1
    assert "canari" not in unknown.err + unknown.out
    call("query", "--agent", json.dumps(ACCOUNT), "--data", filled)
    by_account = call("audit", "show", "--agent", json.dumps(ACCOUNT), "--data", filled, "--json").out
    trail = call("audit", "show", "--agent", "mailto:ana@example.fr", "--data", filled, "--json").out
    assert trail == by_account
    assert [json.loads(line)["action"] for line in trail.splitlines()][-3:] == ["join identifiers", "look a person up", "read statements"]
    assert "ana@" not in trail


def test_a_correction_from_the_command_line_lasts(tmp_path: Path) -> None:
    """`lrs subject rectify` corrects; the store that is opened next shows it; the trail says that it was done, without names."""
    data, source, out = tmp_path / "data", tmp_path / "s.jsonl", tmp_path / "out.zip"
    wrong = {"mbox": "mailto:canari@example.fr", "name": "CanariName"}
    source.write_text(json.dumps(statement(wrong)), "utf-8")
    assert call("ingest", source, "--data", data).status == 0
    done = call("subject", "rectify", "mailto:canari@example.fr", "--name", "Élodie", "--data", data)
    assert (done.status, "Élodie" in done.out) == (0, False), done.err
    assert call("subject", "rectify", "mailto:canari@example.fr", "--to", "mailto:elodie@example.fr", "--data", data).status == 0
    assert call("subject", "rectify", "mailto:elodie@example.fr", "--data", data).status == 2
    shown = call("query", "--agent", "mailto:elodie@example.fr", "--data", data).out
    assert "Élodie" in shown
    assert not found_in(shown.encode(), ["canari"])
    assert call("subject", "export", "mailto:elodie@example.fr", "--out", out, "--data", data).status == 0
    assert not found_in(b"".join(files(out).values()), ["canari"])
    trail = call("audit", "show", "--data", data, "--json").out
    assert trail.count("correct a person") == 2
    assert not found_in(trail.encode(), ["canari", "lodie"])


def test_what_was_attached_is_taken_along(tmp_path: Path) -> None:
    """The person's statements and the contents that they attach go into another store from the command line, the second time without effect."""
    data, other, out = tmp_path / "data", tmp_path / "other", tmp_path / "out.zip"
    essay = b"an essay " * 1000
    sha2 = hashlib.sha256(essay).hexdigest()
    attached = {"usageType": "https://u.example/e", "display": {"en": "x"}, "contentType": "text/plain", "length": len(essay), "sha2": sha2}
    me = {"mbox": "mailto:me@example.fr"}
    with lrs.open(data) as store:
        store.ingest([statement(me, attachments=[attached]), statement(me)], attachments={sha2: essay})
        store.subjects.export(me, out)
    with zipfile.ZipFile(out) as archive:
        archive.extractall(tmp_path / "in")
    lines, folder = tmp_path / "in" / "portability" / "statements.jsonl", tmp_path / "in" / "attachments"
    assert call("ingest", lines, "--data", other).status == 1
    for _ in range(2):
        done = call("ingest", lines, "--attachments", folder, "--data", other)
        assert done.status == 0, done.err
    with lrs.open(other) as store:
        page = store.query(attachments=True)
        assert len(page.statements) == 2
        assert dict(page.attachments) == {sha2: essay}
    assert call("ingest", lines, "--attachments", folder, "--url", "http://127.0.0.1:9").status == 2


@pytest.mark.parametrize("command", [("subject", "show"), ("subject", "export"), ("erase", "--dry-run"), ("audit", "show", "--agent")])
def test_no_agent_is_refused_as_such(command: tuple[str, ...], filled: Path, tmp_path: Path) -> None:
    """JSON's null is nobody: it is said what is missing, and no program's error is shown."""
    out = ("--out", tmp_path / "x.zip") if "export" in command else ()
    done = call(*command, "null", *out, "--data", filled)
    assert (done.status, "internal error" in done.err) == (1, False), done.err
    assert "agent" in done.err
