"""Limits on how long a datum may be read, with a clock that the test moves."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import lrs
from lrs.engine import LRS
from tests.store.conftest import World

DAY = 86_400_000_000
LIMITS = """
title = { fr = "Essai", en = "Trial" }
default_purpose = "trial"
unassigned = "trial"
parties = [{ name = "Institution", role = "controller", location = "FR" }]

[[purposes]]
id = "trial"
title = { fr = "Essai", en = "Trial" }
legal_basis = "public_task"
audiences = ["learner"]
retention = { identity_days = 10, statement_days = 20 }
"""


def limited(data: Path) -> lrs.Settings:
    (data / "policy.toml").write_text(LIMITS, "utf-8")
    return lrs.Settings(data=data)


def found(store: lrs.LRS, **filters: Any) -> set[UUID]:
    return {UUID(statement["id"]) for statement in store.query(**filters).statements}


def test_a_second_store_in_one_process_is_told(tmp_path: Path) -> None:
    """The embedded engine holds one directory per process; the error says so, and closing the first makes room."""
    with lrs.open(tmp_path / "one"):
        with pytest.raises(lrs.DataDirectoryInUse) as refused:
            lrs.open(tmp_path / "two")
        assert "close" in refused.value.hint
    with lrs.open(tmp_path / "two") as store:
        store.ingest(World().statement())


def test_nothing_is_shown_past_its_limit(tmp_path: Path) -> None:
    """Past identity_days the people are gone from every read, past statement_days the statement, the moment it passes."""
    # From the real time on: the engine itself expires what is older.
    now = [time.time_ns() // 1000]
    with LRS(limited(tmp_path), clock=lambda: now[0]) as store:
        world = World()
        (identifier,) = store.ingest(world.statement("ana"))
        assert found(store, agent=world.person("ana")) == {identifier}
        now[0] += 10 * DAY - 1_000_000
        assert found(store, agent=world.person("ana")) == {identifier}
        now[0] += 2_000_000
        assert found(store, agent=world.person("ana")) == set()
        assert "ana" not in str(store.query(verb=world.verb).statements[0]["actor"])
        now[0] += 10 * DAY
        assert found(store, verb=world.verb) == set()
        with pytest.raises(lrs.NotFound):
            store.query(statement_id=identifier)


def test_a_more_link_works_for_a_day(tmp_path: Path) -> None:
    """A page that was begun can be continued 24 hours later (xAPI 1.0.3 Data 2.5), and not for ever."""
    now = [time.time_ns() // 1000]
    with LRS(lrs.Settings(data=tmp_path), clock=lambda: now[0]) as store:
        world = World()
        first, _ = store.ingest([world.statement(), world.statement()])
        more = store.query(verb=world.verb, limit=1).more
        now[0] += DAY + 60_000_000
        assert [statement["id"] for statement in store.query(more=more).statements] == [str(first)]
        now[0] += DAY
        with pytest.raises(lrs.InvalidRequest):
            store.query(more=more)


def test_a_content_has_the_limits_of_its_statement(tmp_path: Path) -> None:
    """It is there as long as the persons are, and gone with them; a statement that came late has less time left."""
    now = [time.time_ns() // 1000]
    essay = b"an essay"
    digest = hashlib.sha256(essay).hexdigest()
    attachment = {"usageType": "https://u.example/1", "display": {}, "contentType": "text/plain", "length": len(essay), "sha2": digest}
    with LRS(limited(tmp_path), clock=lambda: now[0]) as store:
        world = World()
        late = datetime.fromtimestamp(now[0] / 1_000_000, UTC) - timedelta(days=5)
        ids = store.ingest(
            [world.statement(attachments=[attachment]), world.statement(attachments=[attachment], timestamp=late.isoformat())],
            attachments={digest: essay},
        )

        def there(identifier: UUID) -> bool:
            return digest in store.query(statement_id=identifier, attachments=True).attachments

        with store._warehouse._sessions.reader() as session:
            ends = sorted(end for (end,) in session.query("SELECT toUnixTimestamp(until) FROM attachments", {}))
        assert [end - now[0] // 1_000_000 for end in ends] == [5 * 86_400, 10 * 86_400]
        assert [there(each) for each in ids] == [True, True]
        now[0] += 5 * DAY + 2_000_000
        assert [there(each) for each in ids] == [True, False]
        now[0] += 5 * DAY
        assert [there(each) for each in ids] == [False, False]


def test_a_statement_names_ten_thousand_people_at_most(tmp_path: Path) -> None:
    """More would keep everybody waiting who writes; nothing of the batch is stored."""
    with lrs.open(tmp_path) as store:
        world = World()
        crowd = {"objectType": "Group", "member": [{"mbox": f"mailto:{n}@example.fr"} for n in range(10_001)]}
        with pytest.raises(lrs.LimitExceeded) as refused:
            store.ingest([world.statement(), world.statement(actor=crowd)])
        assert "statement 1" in str(refused.value)
        assert found(store) == set()
