"""A vault on another machine is reached over verified TLS, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import text

from lrs.errors import StoreUnavailable
from lrs.settings import Settings
from lrs.storage.vault import Vault
from tests.certificates import certificate


@pytest.fixture
def address() -> str:
    """Address, other than the usual loopback one, of a PostgreSQL that speaks TLS; its authority is in ``LRS_TEST_POSTGRES_CA``."""
    found = os.environ.get("LRS_TEST_POSTGRES_TLS")
    if not found:
        pytest.skip("LRS_TEST_POSTGRES_TLS names no PostgreSQL that speaks TLS")
    return found


def test_its_certificate_is_verified(address: str, tmp_path: Path) -> None:
    """With the authority that signed it the vault opens; with another one, or none, nothing is sent."""
    vault = Vault.open(Settings(data=tmp_path, vault=address, vault_ca=Path(os.environ["LRS_TEST_POSTGRES_CA"])))
    vault.ping()
    vault.close()
    other, _ = certificate(tmp_path, address="127.0.0.2")
    for authority in (other, None):
        with pytest.raises(StoreUnavailable):
            Vault.open(Settings(data=tmp_path, vault=address, vault_ca=authority))


def test_an_address_can_not_switch_it_off(address: str, tmp_path: Path) -> None:
    """Whatever its address says, a vault on another machine is never spoken to in the clear."""
    vault = Vault.open(Settings(data=tmp_path, vault=f"{address}?sslmode=disable", vault_ca=Path(os.environ["LRS_TEST_POSTGRES_CA"])))
    with vault._engine.connect() as connection:
        assert connection.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).scalar_one() is True
    vault.close()
