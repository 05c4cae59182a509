"""Empty databases for vaults: SQLite, and PostgreSQL where one is named."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from lrs.settings import Settings
from lrs.storage.vault import schema

DATABASES = ("sqlite", "postgresql")


def empty_vault(database: str, folder: Path) -> Settings:
    """Settings of a new, empty vault; ``LRS_TEST_POSTGRES`` is the address of a database that the tests may empty."""
    if database == "sqlite":
        return Settings(data=folder)
    named = os.environ.get("LRS_TEST_POSTGRES")
    if not named:
        pytest.skip("LRS_TEST_POSTGRES names no PostgreSQL database to test on")
    address = _of_worker(named, os.environ.get("PYTEST_XDIST_WORKER"))
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS " + ", ".join(table.name for table in schema.metadata.sorted_tables)))
    engine.dispose()
    return Settings(data=folder, vault=address)


@cache
def _of_worker(address: str, worker: str | None) -> str:
    """Give the address of a worker's own database, made beside the one that is named; without workers it is that one."""
    if worker is None:
        return address
    named = make_url(address)
    own = f"{named.database}_{worker}"
    engine = create_engine(named, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {own}"))
        connection.execute(text(f"CREATE DATABASE {own}"))
    engine.dispose()
    return named.set(database=own).render_as_string(hide_password=False)
