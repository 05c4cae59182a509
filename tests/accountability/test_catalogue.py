"""The catalogue of what is stored is complete (ACC-2)."""

from __future__ import annotations

from pathlib import Path

import msgspec

from lrs.accountability.catalogue import CATALOGUE, Category, Form, Place, stored
from lrs.privacy.audit.entry import Entry
from lrs.settings import Settings
from lrs.storage.warehouse import Warehouse

WHAT_TO_DO = "write each column into lrs/accountability/catalogue.py: how it is stored, and what it is about"


COLUMNS = """SELECT table, name FROM system.columns WHERE database = currentDatabase()
    AND table NOT IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine IN ('Null', 'MaterializedView'))"""


def columns(place: Place) -> set[tuple[str, str]]:
    return {(each.table, each.column) for each in stored() if each.place is place}


def test_every_column_of_the_warehouse_has_an_entry(tmp_path: Path) -> None:
    """As the engine lists them, its own tables and what keeps nothing apart; internal ones of the projections hold nothing else."""
    warehouse = Warehouse.open(Settings(data=tmp_path))
    try:
        with warehouse._sessions.writer() as session:
            found = session.query(COLUMNS, {})
    finally:
        warehouse.close()
    assert set(map(tuple, found)) == columns(Place.WAREHOUSE), WHAT_TO_DO


def test_every_member_of_an_entry_of_the_trail_has_an_entry() -> None:
    """The chain hash after it, too."""
    members = {field.encode_name for field in msgspec.structs.fields(Entry)} | {"chain"}
    assert {("entries", name) for name in members} == columns(Place.TRAIL), WHAT_TO_DO


def test_forms_fit_what_they_hold() -> None:
    """Identities and texts stand nowhere as they are; a column about nobody needs no protection."""
    for each in stored():
        if each.category in (Category.IDENTITY, Category.CONTENT, Category.ACTIVITY, Category.RIGHTS):
            assert each.form is not Form.PLAIN, each
        if each.category is Category.NOTHING:
            assert each.form is Form.PLAIN, each
    assert set(CATALOGUE) == set(Place)
