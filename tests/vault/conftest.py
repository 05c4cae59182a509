"""A vault on SQLite, and on PostgreSQL where one is named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from lrs.settings import Settings
from lrs.storage.vault import Vault, schema


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a new, empty vault; ``LRS_TEST_POSTGRES`` is the address of a database that the tests may empty."""
    if request.param == "sqlite":
        return Settings(data=tmp_path)
    address = os.environ.get("LRS_TEST_POSTGRES")
    if not address:
        pytest.skip("LRS_TEST_POSTGRES names no PostgreSQL database to test on")
    engine = create_engine(address)
    with engine.begin() as connection:
        for table in reversed(schema.metadata.sorted_tables):
            connection.execute(text(f"DROP TABLE IF EXISTS {table.name}"))
    engine.dispose()
    return Settings(data=tmp_path, vault=address)


@pytest.fixture
def vault(settings: Settings) -> Iterator[Vault]:
    """A new, empty vault."""
    opened = Vault.open(settings)
    yield opened
    opened.close()
