"""Policies that need a store of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import lrs
from lrs.access import Handling
from lrs.errors import NotPermitted
from tests.policy.stores import POLICY, row
from tests.store.conftest import World

CLASS = "https://w3id.org/xapi/virtual-classroom"
NOTICE = "urn:x-lrs:extension:notice-digest"


def test_what_serves_no_purpose_can_be_stored_without_identity(tmp_path: Path) -> None:
    """Nobody in it reaches the vault; no registration, free text or content is kept; sending it again is a replay."""
    (tmp_path / "policy.toml").write_text(POLICY.replace("UNASSIGNED", "without-identity"), "utf-8")
    world = World()
    mark, registration = "canarymark", "5e9cbd3b-1a1a-4f0c-9d4e-111111111111"
    statement = world.statement(
        {"objectType": "Group", "mbox": f"mailto:{mark}.team@example.fr", "member": [world.person(mark)]},
        object={"id": f"https://lms.example.fr/{mark}.team@example.fr", "definition": {"extensions": {"https://x.example/e": mark}}},
        context={"registration": registration, "instructor": {"name": mark, "mbox": f"mailto:{mark}@example.fr"}},
        result={"response": f"I am {mark}"},
        id="0bd2ea4e-5d6c-4a3c-8d71-222222222222",
    )
    with lrs.open(tmp_path) as store:
        assert store.ingest(statement) == store.ingest(statement)
        (shown,) = store.query(verb=world.verb).statements
        assert mark not in json.dumps(shown)
        assert registration not in json.dumps(shown)
        assert shown["actor"]["objectType"] == "Group"
        assert shown["actor"]["account"]["name"] == "nobody"
        found = row(store, statement["id"])
        assert (found.purposes, found.sealed, len(set(found.sids))) == ([], [], 2)
        assert store.person({"mbox": f"mailto:{mark}@example.fr"})["mbox"] == [f"mailto:{mark}@example.fr"]
        (served,) = store.ingest(statement | {"verb": {"id": "https://v.example/served"}, "id": "1bd2ea4e-5d6c-4a3c-8d71-222222222222"})
        assert mark in json.dumps(store.query(statement_id=served).statements)
    assert mark.encode() not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_without_a_policy_everything_is_kept(tmp_path: Path) -> None:
    """The built-in policy changes no byte of what would be left out under a preset."""
    with lrs.open(tmp_path) as store:
        context = {"extensions": {"https://x.example/ip": "192.0.2.77"}}
        statement = World().statement(verb={"id": f"{CLASS}/verbs/started-camera"}, context=context, result={"response": "hello"})
        (identifier,) = store.ingest(statement)
        (shown,) = store.query(statement_id=identifier).statements
        assert statement.items() <= shown.items()
        assert row(store, identifier).purposes == ["records"]


def test_what_the_policy_does_not_want_is_in_no_quarantine(tmp_path: Path) -> None:
    """Keeping it there would be keeping it; nothing of its batch is stored either."""
    (tmp_path / "policy.toml").write_text(POLICY.replace("UNASSIGNED", "refuse"), "utf-8")
    body = json.dumps([{"actor": {"mbox": "mailto:a@example.fr"}, "verb": {"id": "https://v.example/other"}, "object": {"id": "a:b"}}, {}])
    with lrs.open(tmp_path) as store:
        made, _, _ = store.credentials.add("lms", scopes=["all"], handling=Handling(quarantine_days=30))
        with pytest.raises(NotPermitted):
            store.submit(body.encode(), principal=store.credentials.principal(made.id), version="1.0.3")
        assert store.quarantine.entries("default") == []
