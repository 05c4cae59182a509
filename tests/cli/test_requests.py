"""``lrs request``: the life of a request, as a data protection officer sees it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import lrs
from tests.cli.calling import Done, call

AGENT = '{"mbox": "mailto:zoe@example.fr"}'


@pytest.fixture
def stored(data: Path) -> Path:
    with lrs.open(data) as store:
        store.ingest({"actor": json.loads(AGENT), "verb": {"id": "http://a/b"}, "object": {"id": "http://a/c"}})
    return data


def run(data: Path, *arguments: object) -> Done:
    done = call("request", *arguments, "--data", data)
    assert done.status == 0, done.err
    return done


def findings(data: Path) -> set[str]:
    done = call("doctor", "--data", data, "--json")
    return {each["level"] for each in map(json.loads, done.out.splitlines()) if each["subject"] == "requests"}


def test_the_life_of_a_request(stored: Path) -> None:
    """Entered, identified, extended, met; the list and the table say so and name nobody; doctor is content."""
    assert "request 1: access, received" in run(stored, "add", "access", "--agent", AGENT, "--reference", "DPD/17").out
    assert run(stored, "add", "erasure", "--agent", "mailto:nobody@example.fr").err.startswith("The store knows nobody")
    run(stored, "identify", 1)
    run(stored, "extend", 1, "--reason", "complex")
    run(stored, "close", 1)
    run(stored, "close", 2, "--refused", "unidentified")
    rows = [line.split("\t") for line in run(stored, "list").out.splitlines()]
    assert [(row[1], row[4], row[6]) for row in rows[1:]] == [("access", "done", "complex"), ("erasure", "refused", "unidentified")]
    assert len(run(stored, "list", "--open").out.splitlines()) == 1
    table = run(stored, "export", "--language", "en").out
    assert "access (art. 15)" in table
    assert "zoe" not in table
    sheet = stored.parent / "register.ods"
    run(stored, "export", "--format", "ods", "--out", sheet)
    assert sheet.read_bytes().startswith(b"PK")
    assert findings(stored) == {"ok"}


def test_the_doctor_tells_what_is_due_and_what_is_late(stored: Path) -> None:
    """A week before it warns; past the day it fails, and the list marks it."""
    today = datetime.now(UTC).date()
    run(stored, "add", "access", "--received", today - timedelta(days=27))
    assert findings(stored) == {"warning"}
    run(stored, "add", "objection", "--received", today - timedelta(days=40))
    assert findings(stored) == {"failure"}
    assert [line.split("\t")[0] for line in run(stored, "list").out.splitlines() if "LATE" in line] == ["2"]
    run(stored, "close", 2, "--refused", "unfounded")
    assert findings(stored) == {"warning"}


def test_wrong_calls_are_refused(stored: Path) -> None:
    """A step out of turn, a number that is not there, a person in place of a reference; the message quotes nothing."""
    run(stored, "add", "access")
    for arguments in (
        ("close", 1),
        ("identify", 2),
        ("add", "access", "--reference", "zoe@example.fr"),
        ("add", "access", "--tenant", "x"),
    ):
        done = call("request", *arguments, "--data", stored)
        assert done.status == 1
        assert "zoe" not in done.err
