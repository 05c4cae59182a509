"""Which purposes statements serve, and what becomes of those that serve none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import lrs
from lrs.access import Principal, Scope, View, software_authority
from tests.policy.stores import POLICY, row
from tests.store.conftest import World

OWNER = Principal(
    "default", "local", frozenset({Scope.ALL}), View.IDENTIFIED, software_authority("https://lrs.invalid", "local"), name="moodle"
)


def proving() -> dict[str, Any]:
    """A statement that meets every condition of the second rule."""
    return World().statement(
        verb={"id": "https://v.example/served"},
        object={"id": "https://lms.example.fr/q", "definition": {"type": "https://t.example/quiz"}},
        context={"platform": "Moodle", "contextActivities": {"category": {"id": "https://profile.example/"}}},
    )


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrs.LRS]:
    """A store whose policy refuses what serves nothing."""
    data = tmp_path_factory.mktemp("strict")
    (data / "policy.toml").write_text(POLICY.replace("UNASSIGNED", "refuse"), "utf-8")
    with lrs.open(data) as store:
        yield store


def test_purposes_of_all_rules_that_match_add_up(strict: lrs.LRS) -> None:
    """Each condition counts, and a statement is kept as long as the purpose that needs it longest."""
    served = proving()
    (one,) = strict.ingest(served, principal=OWNER)
    found = row(strict, one)
    assert found.purposes == ["teaching", "proof"]
    assert found.identity_until == found.keep_until
    changes: list[tuple[str, Any]] = [
        ("object", {"id": "https://lms.example.fr/q"}),
        ("object", served["object"] | {"id": "https://other.example/q"}),
        ("context", served["context"] | {"platform": "Canvas"}),
        ("context", {"platform": "Moodle"}),
    ]
    for key, value in changes:
        (other,) = strict.ingest(served | {key: value}, principal=OWNER)
        assert row(strict, other).purposes == ["teaching"], key
    (other,) = strict.ingest(served)
    assert row(strict, other).purposes == ["teaching"]
    days = (found.keep_until - row(strict, other).keep_until) / 86_400
    assert 9.9 < days < 10.1


def test_what_serves_no_purpose_is_refused(strict: lrs.LRS) -> None:
    """Nothing of its batch is stored, and of a stream of lines it alone is not (LAW-1)."""
    good, bad = World().statement(verb={"id": "https://v.example/served"}), World().statement()
    before = len(strict.query(limit=1000).statements)
    with pytest.raises(lrs.NotPermitted, match="no purpose"):
        strict.ingest([good, bad])
    assert len(strict.query(limit=1000).statements) == before
    outcomes = list(strict.ingest_lines([json.dumps(each).encode() for each in (good, bad)]))
    assert [outcome.error is None for outcome in outcomes] == [True, False]
