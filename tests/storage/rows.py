"""Rows for tests: what is not said has a plain value."""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID, uuid4

from lrs.storage.contract import NO_UUID, StoredStatement, TokenisedStatement

SECOND = 1_000_000
DAY = 86_400 * SECOND
START = 1_790_000_000 * SECOND  # 2026-09-21
NOW = START + 2 * DAY


def row(number: int = 0, **more: Any) -> TokenisedStatement:
    """One row, stored ``number`` seconds after the start, by one person."""
    stored = START + number * SECOND
    values: dict[str, Any] = {
        "tenant": "t",
        "id": uuid4(),
        "stored": stored,
        "timestamp": stored - SECOND,
        "verb": "https://v.example/did",
        "activity": "https://a.example/1",
        "related": (),
        "registration": NO_UUID,
        "reference": NO_UUID,
        "references": (),
        "voids": False,
        "sids": (7,),
        "vids": (1,),
        "roles": (1,),
        "sealed": (),
        "fingerprint": number + 1,
        "body": b'{"actor":{"$p":0}}',
    }
    return TokenisedStatement(**values | more)


def voiding(number: int, target: UUID, **more: Any) -> TokenisedStatement:
    """A row that voids another."""
    return row(
        number, reference=target, references=(target,), voids=True, verb="http://adlnet.gov/expapi/verbs/voided", activity="", **more
    )


def referring(number: int, target: UUID, **more: Any) -> TokenisedStatement:
    """A row whose object is another statement."""
    return row(
        number, reference=target, references=(target,), **{"activity": "", "verb": "https://v.example/commented", "sids": (8,)} | more
    )


def seen(sent: TokenisedStatement) -> StoredStatement:
    """What comes back of a row."""
    fields = {name: getattr(sent, name) for name in StoredStatement.__struct_fields__}
    lists = {name: list(fields[name]) for name in ("references", "sids", "vids", "roles", "sealed")}
    return StoredStatement(**fields | lists)


def noise(size: int) -> bytes:
    """Bytes that no compression can change."""
    return os.urandom(size)
