"""Backups of a ClickHouse server's tables and of a PostgreSQL vault, and ways from one engine to another."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

import lrs
from lrs.errors import ConfigurationError, StoreUnavailable
from lrs.storage.vault import Vault, backups
from lrs.storage.vault.backups import epochs_in
from lrs.storage.warehouse import Warehouse
from tests.backup.stores import ALL, bodies, put_back, rows
from tests.storage.engines import settings_for
from tests.vault.databases import DATABASES, empty_vault


def test_a_server_makes_its_backups_on_its_own_machine(tmp_path: Path) -> None:
    """Full and added to, into the folder that the setting names; the store is put back into an empty database, never into another."""
    places = {f"backup_{part}": tmp_path / "backups" / part for part in ALL}
    with settings_for("server", tmp_path, warehouse_backups=tmp_path / "server", **places) as chosen:
        with lrs.open(chosen) as store:
            store.ingest(rows(500))
            store.backups.make()
            store.ingest(rows(20, start=500))
            second = store.backups.make()[0]
            before = bodies(store)
        with pytest.raises(ConfigurationError, match="tables in the warehouse"):
            put_back(chosen, tmp_path / "restored")
        warehouse = Warehouse.open(chosen)
        with warehouse._sessions.writer() as session:
            session.command("DROP DATABASE " + str(chosen.warehouse).rpartition("/")[2] + " SYNC")
        warehouse.close()
        with lrs.open(put_back(chosen, tmp_path / "restored")) as store:
            assert bodies(store) == before
    assert second.base
    assert second.server == str(tmp_path / "server" / second.name)


def test_a_server_needs_a_folder(tmp_path: Path) -> None:
    """Without the folder on its machine nothing is backed up, and the message says which setting."""
    places = {f"backup_{part}": tmp_path / "backups" / part for part in ALL}
    with settings_for("server", tmp_path, **places) as chosen, lrs.open(chosen) as store:
        with pytest.raises(ConfigurationError) as refused:
            store.backups.make()
        assert "warehouse_backups" in refused.value.hint


def test_an_engine_that_cannot_write_is_heard(tmp_path: Path) -> None:
    """A folder that the engine can't write makes no backup, and an error that says so."""
    places = {f"backup_{part}": tmp_path / "backups" / part for part in ALL}
    with settings_for("server", tmp_path, warehouse_backups=Path("/proc/nowhere"), **places) as chosen, lrs.open(chosen) as store:
        store.ingest(rows(5))
        with pytest.raises(StoreUnavailable, match="can't copy its tables"):
            store.backups.make()
    assert not list((tmp_path / "backups").glob("*/*"))


@pytest.mark.parametrize("database", DATABASES)
def test_a_vault_is_copied_row_by_row(tmp_path: Path, database: str) -> None:
    """Whichever database it is in, a copy of a vault is put back into either, and opens what it opened."""
    chosen = empty_vault(database, tmp_path / "first")
    with lrs.open(chosen) as store:
        store.ingest(rows(200))
        before = bodies(store)
        store._vault.back_up(tmp_path / "copy.sqlite")
    assert epochs_in(tmp_path / "copy.sqlite") == {"default": {1}}
    with pytest.raises(ConfigurationError, match="there is a vault already"):
        backups.restore(chosen, tmp_path / "copy.sqlite")
    for file in (tmp_path / "first").glob("vault.sqlite*"):
        file.unlink()
    backups.restore(empty_vault(database, tmp_path / "first"), tmp_path / "copy.sqlite")
    with lrs.open(chosen) as store:
        assert bodies(store) == before
    backups.restore(attrs.evolve(chosen, data=tmp_path / "other", vault=None), tmp_path / "copy.sqlite")
    Vault.open(attrs.evolve(chosen, data=tmp_path / "other", vault=None)).close()


def test_every_table_is_backed_up(tmp_path: Path) -> None:
    """A table that the warehouse has on the disk and a backup lacks would be lost."""
    with settings_for("embedded", tmp_path) as chosen:
        warehouse = Warehouse.open(attrs.evolve(chosen, backup_statements=tmp_path / "any"))
        with warehouse._sessions.reader() as session:
            tables = {
                name
                for (name,) in session.query("SELECT name FROM system.tables WHERE database = currentDatabase() AND engine != 'Memory'", {})
            }
        warehouse.back_up(str(tmp_path / "place"), None)
        warehouse.close()
    assert {path.stem for path in (tmp_path / "place").glob("*/metadata/*/*.sql")} == tables
