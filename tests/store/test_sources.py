"""What converters make, in a store: taken, once, and without identities still of use."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

import lrs
from lrs.access import Principal, Scope, View
from lrs.sources import Platform, converter
from lrs.xapi.query import StatementQuery
from tests.sources.samples import SAMPLES

PLATFORM = Platform("https://platform.example.fr", bytes(range(32)), notice="ab" * 32)


def statements(source: str) -> list[bytes]:
    """Convert the samples of a source."""
    outcomes = converter(source)([json.dumps(event).encode() for event in SAMPLES[source]], PLATFORM)
    return [json.dumps(statement).encode() for outcome in outcomes for statement in outcome.statements]


@pytest.mark.parametrize("source", SAMPLES)
def test_what_a_source_says_is_stored_once(store: lrs.LRS, source: str) -> None:
    """Every statement is taken; sent again, none is stored again and none is in conflict with itself."""
    for _ in range(2):
        assert [outcome.error for outcome in store.ingest_lines(statements(source)) if outcome.error] == []


def test_a_recording_is_of_use_without_identities(store: lrs.LRS, principal: Callable[..., Principal]) -> None:
    """Whoever sees pseudonyms sees which class was recorded, under which notice, and how many were informed."""
    list(store.ingest_lines(statements("livekit")))
    reader = principal(Scope.STATEMENTS_READ, view=View.PSEUDONYMOUS)
    found = store.read(StatementQuery(verb="http://activitystrea.ms/start"), principal=reader).statements
    started = next(one for one in found if one["context"].get("team"))
    assert started["context"]["extensions"]["urn:x-lrs:extension:notice-digest"] == PLATFORM.notice
    assert started["object"]["id"].startswith("https://platform.example.fr/xapi/activities/")
    assert not any(member["account"]["homePage"].startswith("https://platform") for member in started["context"]["team"]["member"])
