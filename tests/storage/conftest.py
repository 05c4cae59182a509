"""The same tests over each engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lrs.storage.warehouse import Warehouse
from tests.storage.engines import ENGINES, Engine, embedded_settings, server, server_settings


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path | None]]:
    """Give the server of this run."""
    with server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Give an empty place on each engine."""
    if request.param == "embedded":
        settings = embedded_settings(tmp_path)
        yield Engine("embedded", settings, settings.data)
        return
    address, folder = request.getfixturevalue("address")
    place = Engine("server", server_settings(address, tmp_path), folder)
    yield place
    place.drop()


@pytest.fixture
def warehouse(engine: Engine) -> Iterator[Warehouse]:
    """Give an open, empty warehouse on each engine."""
    with engine.open() as opened:
        yield opened
