from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Give the place of a store that is not there yet."""
    return tmp_path / "data"


@pytest.fixture
def course() -> list[dict[str, Any]]:
    """Give the statements of a course, for this test alone."""
    return statements()


def statements() -> list[dict[str, Any]]:
    """Make 60 statements of 7 people with 3 verbs about 5 activities."""
    return [
        {
            "id": str(uuid.UUID(int=0x10000000_0000_4000_8000_000000000000 + n)),
            "actor": {"name": f"Zoé {n % 7}", "mbox": f"mailto:zoe-{n % 7}@example.fr"},
            "verb": {"id": f"http://verbs.example/{('played', 'paused', 'completed')[n % 3]}"},
            "object": {"id": f"https://lms.example.fr/video/{n % 5}"},
            "timestamp": "2026-11-24T10:00:00Z",
        }
        for n in range(60)
    ]
