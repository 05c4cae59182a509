"""What is done with what a credential sends: repaired and counted, held to profiles."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import attrs
import pytest

import lrs
from lrs.access import Handling, Principal, Scope
from lrs.errors import InvalidStatement
from lrs.privacy.audit.verify import entries
from tests.sources.spoken.bigbluebutton import BIGBLUEBUTTON
from tests.sources.spoken.marsha import MARSHA
from tests.sources.spoken.moodle import MOODLE
from tests.sources.spoken.pod import POD

VIDEO = "https://w3id.org/xapi/video"


@pytest.fixture
def sender(principal: Callable[..., Principal]) -> Callable[..., Principal]:
    """Make a writer with a handling, and an id of its own."""

    def make(*repairs: str, profiles: tuple[str, ...] = ()) -> Principal:
        return attrs.evolve(principal(Scope.ALL, name=f"sender-{uuid4()}"), handling=Handling(repairs, profiles))

    return make


def counts(store: lrs.LRS, principal: Principal) -> list[dict[str, int]]:
    """Give what the audit trail counted of a principal's writing."""
    found = [entry for _, entry in entries(store.settings.data / "audit") if entry.credential == principal.credential_id]
    return [dict(entry.counts) for entry in found if entry.action == "write statements"]


def read(store: lrs.LRS, identifier: Any) -> dict[str, Any]:
    """Read one statement."""
    return store.query(statement_id=str(identifier)).statements[0]


def test_a_repair_counts_for_who_has_it_alone(store: lrs.LRS, sender: Callable[..., Principal]) -> None:
    """With it the statement is stored as it is then, and the audit trail says how often; without it is refused."""
    with pytest.raises(InvalidStatement):
        store.ingest(MARSHA["site"], principal=sender("non-iri-parent"))
    mended = sender("marsha-mbox-in-account", "host-as-home-page")
    sent = [{**MARSHA["site"], "id": str(uuid4())}, {**MARSHA["lti"], "id": str(uuid4())}]
    ids = store.ingest(sent, principal=mended)
    assert read(store, ids[0])["actor"]["account"] == {"homePage": "https://marsha.example.fr", "name": "b1b7…"}
    assert counts(store, mended) == [{"batches": 1, "statements": 2, "repaired host-as-home-page": 1, "repaired marsha-mbox-in-account": 1}]


def test_lines_are_repaired_too(store: lrs.LRS, sender: Callable[..., Principal]) -> None:
    """Each by itself."""
    lines = [json.dumps({**POD, "id": str(uuid4())}).encode() for _ in range(2)]
    assert [one.error for one in store.ingest_lines(lines, principal=sender("host-as-home-page"))] == [None, None]


def test_a_statement_without_an_id_is_stored_once(store: lrs.LRS, sender: Callable[..., Principal]) -> None:
    """Sent again as it was, it has the id that it got the first time; a tenant's keys make it, so that nobody else can."""
    bbb = sender("bbb-no-id", "bbb-display-name")
    first = store.ingest(BIGBLUEBUTTON["user-joined"], principal=bbb)
    assert store.ingest(BIGBLUEBUTTON["user-joined"], principal=bbb) == first
    assert first[0].version == 8
    assert read(store, first[0])["actor"]["account"]["name"].startswith("guest-")


def _without_progress() -> dict[str, Any]:
    paused = {**copy.deepcopy(MARSHA["paused"]), "id": str(uuid4())}
    del paused["result"]["extensions"][f"{VIDEO}/extensions/progress"]
    return paused


def test_strict_refuses_and_names_the_rule(store: lrs.LRS, sender: Callable[..., Principal]) -> None:
    """What is asked of a video's statements, and by which profile; others are not looked at."""
    strict = sender(profiles=("video=strict",))
    paused = _without_progress()
    with pytest.raises(InvalidStatement) as refused:
        store.ingest([MOODLE["viewed"], paused], principal=strict)
    assert refused.value.index == 1
    assert refused.value.path == "$.result.extensions"
    assert "progress" in refused.value.rule
    assert "video" in refused.value.rule
    paused["result"]["extensions"] |= {f"{VIDEO}/extensions/progress": 0.2}
    assert len(store.ingest([MOODLE["viewed"], paused], principal=strict)) == 2


def test_report_counts_and_stores(store: lrs.LRS, sender: Callable[..., Principal]) -> None:
    """The audit trail says how many were outside the profile."""
    reporting = sender(profiles=("video=report", "cmi5=report"))
    store.ingest([_without_progress(), MOODLE["viewed"]], principal=reporting)
    assert counts(store, reporting) == [{"batches": 1, "statements": 2, "outside video": 1}]
