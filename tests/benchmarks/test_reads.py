"""The store that reads are measured in."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

import lrs
from benchmarks import filled, reads


def test_a_filled_store_is_read_as_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Statements have their people, courses and registrations wherever they are asked for; each query is measured, and gives what was stored."""
    for name, value in {"PEOPLE": 20, "COURSES": 5, "TEMPLATES": 100, "AT_ONCE": 300}.items():
        monkeypatch.setattr(filled, name, value)
    monkeypatch.setattr(reads, "_DRAWN", 2)
    folder = tmp_path / "store"
    filled.filled(folder, 1000)
    with lrs.open(folder) as store:
        statements = store.query(limit=1000).statements
        assert len({each["id"] for each in statements}) == 1000
        people = Counter(str(each["actor"]) for each in statements)
        assert people[str(filled.person(0))] == max(people.values())
        course = statements[0]["context"]["contextActivities"]["parent"][0]["id"]
        within = store.query(activity=course, related_activities=True, limit=1000).statements
        assert within == [each for each in statements if course in each["object"]["id"]]
        registration = statements[0]["context"]["registration"]
        assert statements[0] in store.query(registration=registration, limit=1000).statements
    monkeypatch.setattr(sys, "argv", ["reads", str(folder), "--calls", "1", "--only", "agent", "--only", "statementId"])
    reads.main()
    rows = [line.split("|")[1:] for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert {name.strip() for name, *_ in rows} >= {"agent", "agent + verb", "statementId"}
    assert all(int(row[5]) > 0 for row in rows if row[0].strip() in ("agent", "statementId"))
