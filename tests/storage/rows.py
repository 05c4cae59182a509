"""Rows as the write path makes them, for tests of the warehouse alone."""

from __future__ import annotations

import time
from itertools import count
from typing import Any
from uuid import uuid4

from lrs.storage.contract import NO_UUID, TokenisedStatement

NOW = time.time_ns() // 1000
_stored = count(NOW)


def row(**more: Any) -> TokenisedStatement:
    """Make a row; each one is stored a microsecond later than the one before."""
    values: dict[str, Any] = {
        "tenant": "t",
        "id": uuid4(),
        "stored": next(_stored),
        "timestamp": NOW,
        "verb": "https://verbs.example.fr/saw",
        "activity": "https://lms.example.fr/a",
        "related": [],
        "registration": NO_UUID,
        "reference": NO_UUID,
        "references": [],
        "voids": False,
        "sids": [7],
        "vids": [1],
        "roles": [1],
        "sealed": [],
        "fingerprint": 2**64 - 1,
        "body": b'{"actor":{"$p":0}}',
    }
    return TokenisedStatement(**values | more)
