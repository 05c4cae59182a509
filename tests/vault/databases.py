"""Empty databases for vaults: SQLite, and PostgreSQL where one is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from lrs.settings import Settings
from lrs.storage.vault import schema

DATABASES = ("sqlite", "postgresql")


def empty_vault(database: str, folder: Path) -> Settings:
    """Settings of a new, empty vault; ``LRS_TEST_POSTGRES`` is the address of a database that the tests may empty."""
    if database == "sqlite":
        return Settings(data=folder)
    address = os.environ.get("LRS_TEST_POSTGRES")
    if not address:
        pytest.skip("LRS_TEST_POSTGRES names no PostgreSQL database to test on")
    engine = create_engine(address)
    with engine.begin() as connection:
        for table in reversed(schema.metadata.sorted_tables):
            connection.execute(text(f"DROP TABLE IF EXISTS {table.name}"))
    engine.dispose()
    return Settings(data=folder, vault=address)
