"""Pseudonyms belong to a purpose: two projects can't be joined, and a project whose key is destroyed is over (PUR-2)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

import lrs
from lrs.access import Principal, Scope, View, software_authority
from tests.cli.calling import call
from tests.store.conftest import World

POLICY = """
title = { fr = "Essai", en = "Trial" }
default_purpose = "teaching"
unassigned = "teaching"
parties = [{ name = "Institution", role = "controller", location = "FR" }]

[[rules]]
purposes = ["teaching", "one", "other"]
""" + "".join(
    f"""
[[purposes]]
id = "{name}"
title = {{ fr = "P", en = "P" }}
legal_basis = "public_task"
audiences = ["user"]
view = "{view}"
"""
    for name, view in (("teaching", "identified"), ("one", "pseudonymous"), ("other", "pseudonymous"))
)
READER = Principal(
    "default", "reader", frozenset({Scope.ALL_READ}), View.IDENTIFIED, software_authority("https://lms.example.fr", "reader")
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    return tmp_path


@pytest.fixture
def store(data: Path) -> Iterator[lrs.LRS]:
    with lrs.open(data) as opened:
        world = World()
        registration = {"registration": "5e9cbd3b-1a1a-4f0c-9d4e-111111111111"}
        opened.ingest([world.statement(name, context=registration) for name in ("ana", "ben", "ana")])
        yield opened


def shown(store: lrs.LRS, purpose: str, **filters: Any) -> list[dict[str, Any]]:
    return store.query(purpose=purpose, ascending=True, **filters).statements


def names(statements: list[dict[str, Any]]) -> set[str]:
    """Everything in them that stands for a person or could be joined on, times apart."""
    found: set[str] = set()
    for each in statements:
        found |= {each["id"], each["actor"]["account"]["name"], each["authority"]["account"]["name"], each["context"]["registration"]}
    return found


def test_two_projects_cannot_be_joined(store: lrs.LRS) -> None:
    """Within a project a person, a statement and a registration have one name each; between two no name is the same, nor the true one."""
    one, again, other = (shown(store, purpose) for purpose in ("one", "one", "other"))
    assert one == again
    ana, ben, ana_too = (each["actor"]["account"]["name"] for each in one)
    assert ana == ana_too != ben
    true = shown(store, "teaching")
    assert names(one).isdisjoint(names(other))
    assert (names(one) | names(other)).isdisjoint({each["id"] for each in true} | {true[0]["context"]["registration"]})
    counted = {person["account"]["name"]: number for person, number in store.count("actor", purpose="one")}
    assert counted == {ana: 2, ben: 1}
    assert {person["account"]["name"] for person, _ in store.count("actor", purpose="other")}.isdisjoint(counted)


def test_a_project_survives_a_restart_and_a_rotation(store: lrs.LRS, data: Path) -> None:
    """Its key is wrapped as people's keys are, and by the new KEK after a rotation."""
    before = shown(store, "one")
    store.close()
    assert call("keys", "rotate", "--data", data).status == 0
    assert call("keys", "destroy-epoch", "1", "--yes", "--data", data).status == 0
    with lrs.open(data) as again:
        assert shown(again, "one") == before


def test_a_project_that_has_ended_is_over(store: lrs.LRS, data: Path) -> None:
    """Nothing is read for it any more, a page that was promised neither; its wrapped key is in no file; the other one goes on; both are recorded."""
    first = store.query(purpose="one", limit=1)
    other = shown(store, "other")
    (wrapped,) = [row.key.wrapped for row in store.projects().all() if row.purpose == "one" and row.key]
    store.end_project("one")
    for ask in (
        lambda: store.query(purpose="one"),
        lambda: store.query(purpose="one", more=first.more),
        lambda: store.count("actor", purpose="one"),
    ):
        with pytest.raises(lrs.NotPermitted, match="has ended"):
            ask()
    assert shown(store, "other") == other
    with pytest.raises(lrs.NotFound):
        store.end_project("one")
    assert wrapped not in b"".join(path.read_bytes() for path in data.glob("vault*"))
    store.close()
    entries = [json.loads(line) for path in (data / "audit").rglob("*.jsonl") for line in path.read_bytes().splitlines()]
    assert [each["purpose"] for each in entries if each.get("action") == "end a project"] == ["one"]
    with lrs.open(data) as again, pytest.raises(lrs.NotPermitted, match="has ended"):
        again.query(purpose="one")


def test_projects_are_ended_from_the_command_line(store: lrs.LRS, data: Path) -> None:
    """The list says when each began and ended; a purpose without a project can't be ended."""
    shown(store, "one")
    store.close()
    assert call("project", "end", "one", "--yes", "--data", data).status == 0
    listed = call("project", "list", "--data", data)
    assert listed.out.count("one") == 1
    assert call("project", "end", "other", "--yes", "--data", data).status == 1


def test_a_credential_sees_no_more_than_its_purpose(store: lrs.LRS) -> None:
    """One that may see people reads pseudonyms for a purpose that shows pseudonyms, and can't ask for a person."""
    reader = attrs.evolve(READER, purpose="one")
    assert [each["id"] for each in store.query(principal=reader, ascending=True).statements] == [each["id"] for each in shown(store, "one")]
    true = shown(store, "teaching")[0]
    for filters in ({"agent": true["actor"]}, {"statement_id": true["id"]}, {"registration": true["context"]["registration"]}):
        with pytest.raises(lrs.NotPermitted):
            store.query(principal=reader, **filters)
