"""A warehouse on each engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lrs.storage.warehouse import Warehouse
from tests.storage.engines import ENGINES, settings_for


@pytest.fixture(params=ENGINES)
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    """An empty warehouse."""
    with settings_for(request.param, tmp_path) as settings:
        opened = Warehouse.open(settings)
        yield opened
        opened.close()
