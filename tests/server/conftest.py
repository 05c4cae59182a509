from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.server.process import Server, add_credentials

LIMIT = 300_000
"""Bytes that a body may have on the server of these tests: more than is checked on the event loop."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run the server that most tests talk to."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "data").mkdir(mode=0o700)
    add_credentials(folder / "data")
    running = Server(folder, LRS_MAX_BODY_BYTES=str(LIMIT), LRS_MAX_BATCH_STATEMENTS="50", LRS_CORS_ORIGINS="https://lms.example.fr")
    yield running
    assert running.stop() == 0


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """Somebody who may do everything."""
    with server.client() as made:
        yield made


_number = itertools.count(1)


@pytest.fixture
def person() -> dict[str, Any]:
    """Somebody of whom nothing is stored."""
    return {"objectType": "Agent", "mbox": f"mailto:learner-{next(_number)}@example.fr"}


@pytest.fixture
def statement(person: dict[str, Any]) -> dict[str, Any]:
    """Something that this person did."""
    return {
        "actor": person,
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": "https://lms.example.fr/course"},
    }
