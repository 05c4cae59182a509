from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.exchange.proxy import Proxy, proxy
from tests.server.process import Server, add_credentials


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run another record store."""
    folder = tmp_path_factory.mktemp("other")
    (folder / "data").mkdir(mode=0o700)
    add_credentials(folder / "data")
    running = Server(folder, LRS_MAX_PAGE_STATEMENTS="20")
    yield running
    running.stop()


@pytest.fixture
def between(other: Server) -> Iterator[Proxy]:
    """Stand in front of the other record store."""
    with proxy(other.address) as running:
        yield running


def made(count: int, **more: Any) -> list[dict[str, Any]]:
    """Make statements of a few people."""
    return [
        {
            "id": str(uuid4()),
            "actor": {"objectType": "Agent", "name": f"Zoé {n % 7}", "mbox": f"mailto:zoe-{n % 7}@example.fr"},
            "verb": {"id": f"http://verbs.example/{n % 3}"},
            "object": {"id": "https://lms.example.fr/video", "objectType": "Activity"},
            "timestamp": "2026-11-24T10:00:00.125Z",
        }
        | more
        for n in range(count)
    ]
