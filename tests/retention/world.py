"""A store whose clock the test moves, with a policy that ends things; and an oracle that knows nothing of how they end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

import lrs
from lrs.engine import LRS

DAY = 86_400_000_000
POLICY = """
title = { fr = "Essai", en = "Trial" }
default_purpose = "teaching"
unassigned = "teaching"
document_days = 200
parties = [{ name = "Institution", role = "controller", location = "FR" }]
MORE

[[purposes]]
id = "teaching"
title = { fr = "Enseignement", en = "Teaching" }
legal_basis = "public_task"
audiences = ["user"]
retention = { identity_days = 300, statement_days = 700, fate = "FATE" }

[[purposes]]
id = "proof"
title = { fr = "Preuve", en = "Proof" }
legal_basis = "legal_obligation"
audiences = ["user"]
retention = { identity_days = 1500, statement_days = 1500 }

[[rules]]
verbs = ["https://v.example/taught"]
purposes = ["teaching"]

[[rules]]
verbs = ["https://v.example/proven"]
purposes = ["teaching", "proof"]
"""
INACTIVITY = "inactivity = { warn_days = 1795, days = 1826, notice_days = 30 }"
DAYS = {"taught": (300, 700), "proven": (1500, 1500)}
"""Verb -> days of identity, days of the statement: as the policy says it, and not read from it."""
DOCUMENT_DAYS, AUDIT_DAYS = 200, 365


def policy(more: str = "", fate: str = "eliminate") -> str:
    return POLICY.replace("MORE", more).replace("FATE", fate)


class Clock:
    """A clock that only the test moves. It starts now: the engine itself expires by the real time."""

    def __init__(self) -> None:
        self.now = time.time_ns() // 1000

    def __call__(self) -> int:
        return self.now

    def pass_days(self, days: float) -> None:
        self.now += int(days * DAY)

    def iso(self, days: float = 0) -> str:
        return (datetime.fromtimestamp(self.now / 1_000_000, UTC) + timedelta(days=days)).isoformat()


@contextmanager
def opened(data: Path, policy: str, clock: Clock, **settings: Any) -> Iterator[LRS]:
    data.mkdir(exist_ok=True)
    (data / "policy.toml").write_text(policy, "utf-8")
    with LRS(lrs.Settings(data=data, **settings), clock=clock) as store:
        yield store


def person(name: str) -> dict[str, Any]:
    return {"objectType": "Agent", "mbox": f"mailto:{name}@canary.example", "name": f"Canary {name}"}


def statement(name: str, verb: str = "taught", **more: Any) -> dict[str, Any]:
    return {
        "actor": person(name),
        "verb": {"id": f"https://v.example/{verb}"},
        "object": {"id": f"https://a.example/{name}"},
        "result": {"response": f"canary answer of {name}"},
    } | more


def warehouse(store: LRS, sql: str) -> list[tuple[Any, ...]]:
    """Ask the tables themselves, past every limit."""
    with store._warehouse._sessions.reader() as session:
        return list(session.query(sql, {}))


def vault(store: LRS, sql: str) -> list[tuple[Any, ...]]:
    """Ask the vault's tables themselves."""
    with store._vault._engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def violations(store: LRS, data: Path, clock: Clock) -> list[str]:
    """Everything in every table, document and log that is past what the policy allows; written from the policy, not from the code."""
    wrong = []
    seconds = clock.now // 1_000_000
    named = "(notEmpty(sids) OR notEmpty(vids) OR notEmpty(roles) OR notEmpty(sealed) OR registration != toUUID('00000000-0000-0000-0000-000000000000'))"
    for verb, (identity, whole) in DAYS.items():
        ours = f"verb = 'https://v.example/{verb}'"
        for condition, days in ((named, identity), ("1", whole)):
            late = (
                f"SELECT count() FROM statements WHERE {ours} AND {condition} AND toUnixTimestamp(timestamp) + {days * 86_400} <= {seconds}"
            )
            if warehouse(store, late)[0][0]:
                wrong.append(f"{verb}: {condition} after {days} days")
    contents = (
        "SELECT count() FROM attachments AS a LEFT JOIN (SELECT id, stored FROM statements WHERE notEmpty(sids)) AS s ON s.id = a.statement"
        " WHERE s.stored = toDateTime64(0, 6, 'UTC')"
    )
    if warehouse(store, contents)[0][0]:
        wrong.append("an attachment of nobody")
    sources = "SELECT count() FROM definitions WHERE source != toUUID('00000000-0000-0000-0000-000000000000') AND source NOT IN (SELECT id FROM statements)"
    if warehouse(store, sources)[0][0]:
        wrong.append("the id of a statement that is gone")
    if vault(store, f"SELECT 1 FROM document WHERE updated + {DOCUMENT_DAYS * DAY} <= {clock.now}"):
        wrong.append("a document")
    alive = {sid - (1 << 64) if sid >= 1 << 63 else sid for (sid,) in warehouse(store, "SELECT DISTINCT arrayJoin(sids) FROM statements")}
    alive |= {sid for (sid,) in vault(store, "SELECT sid FROM document")}
    moment = datetime.fromtimestamp(seconds, UTC)
    # A person may be there two months longer than their last statement: a writer could still know them.
    lately = {month.year * 100 + month.month for month in (moment, moment.replace(day=1) - timedelta(days=1))}
    for table in ("subject", "identifier", "variant"):
        lasting = "met_month" if table == "subject" else f"(SELECT met_month FROM subject WHERE subject.sid = {table}.sid)"
        wrong += [
            f"{table} of nobody"
            for sid, met in vault(store, f"SELECT sid, {lasting} FROM {table}")
            if sid not in alive and met not in lately
        ]
    oldest = moment - timedelta(days=AUDIT_DAYS)
    for segment in (data / "audit").glob("*/*.jsonl"):
        if segment.name[:7] < f"{oldest:%Y-%m}":
            wrong.append(f"audit {segment.name}")
    return wrong


def ids(store: LRS, **filters: Any) -> set[UUID]:
    return {UUID(each["id"]) for each in store.query(**filters).statements}
