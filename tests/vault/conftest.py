"""A vault on SQLite, and on PostgreSQL where one is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lrs.settings import Settings
from lrs.storage.vault import Vault
from tests.vault.databases import DATABASES, empty_vault


@pytest.fixture(params=DATABASES)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a new, empty vault."""
    return empty_vault(request.param, tmp_path)


@pytest.fixture
def vault(settings: Settings) -> Iterator[Vault]:
    """A new, empty vault."""
    opened = Vault.open(settings)
    yield opened
    opened.close()
