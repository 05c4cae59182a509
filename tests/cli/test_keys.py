"""``lrs keys``: the life of an epoch, as who looks after the store sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

import lrs
from tests.cli.calling import call


@pytest.fixture
def filled(data: Path, course: list[dict[str, object]]) -> Path:
    """A store with a few people in it."""
    with lrs.open(data) as store:
        store.ingest(course)
    return data


def states(data: Path) -> list[list[str]]:
    done = call("keys", "status", "--data", data)
    assert done.status == 0, done.err
    return [line.split("\t") for line in done.out.splitlines()[1:]]


def test_the_life_of_an_epoch(filled: Path, course: list[dict[str, object]]) -> None:
    """Status, rotation, destruction; afterwards every statement reads as it did."""
    ((_, epoch, _, people, state),) = states(filled)
    assert (epoch, state) == ("1", "current")
    refused = call("keys", "destroy-epoch", "1", "--yes", "--data", filled)
    assert (refused.status, "current" in refused.err) == (1, True)
    rotated = call("keys", "rotate", "--data", filled)
    assert (rotated.status, "destroy-epoch 1" in rotated.out) == (0, True)
    assert [(row[1], row[3]) for row in states(filled)] == [("1", "0"), ("2", people)]
    assert call("keys", "destroy-epoch", "1", "--data", filled, stdin=b"n\n").status == 1
    assert call("keys", "destroy-epoch", "1", "--data", filled, "--tenant", "default", stdin=b"y\n").status == 0
    assert [row[1] for row in states(filled)] == ["2"]
    with lrs.open(filled) as store:
        page = store.query(limit=100)
        assert {each["actor"]["mbox"] for each in page.statements} == {each["actor"]["mbox"] for each in course}


def test_wrong_calls_are_refused(filled: Path) -> None:
    """An unknown tenant, a store without keys, a third epoch."""
    unknown = call("keys", "status", "--tenant", "lyon", "--data", filled)
    assert (unknown.status, "default" in unknown.err) == (1, True)
    assert call("keys", "status", "--data", filled / "none").status == 1
    assert call("keys", "rotate", "--data", filled).status == 0
    third = call("keys", "rotate", "--data", filled)
    assert (third.status, "destroy-epoch 1" in third.err) == (1, True)
