"""The clients talk to a server of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.process import Server, add_credentials


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server as it comes."""
    folder = tmp_path_factory.mktemp("clients")
    (folder / "data").mkdir(mode=0o700)
    add_credentials(folder / "data")
    running = Server(folder)
    yield running
    assert running.stop() == 0
