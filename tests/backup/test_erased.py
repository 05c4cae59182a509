"""Whoever was erased after a backup does not come back with it."""

from __future__ import annotations

from pathlib import Path

import pytest

import lrs
from lrs.backup import ledger
from lrs.errors import StoreUnavailable
from tests.backup.stores import bodies, holding, put_back, settings, statement

ANA = {"mbox": "mailto:ana@canary.example.fr"}


def of_others(store: lrs.LRS) -> list[bytes]:
    """Every statement in which Ana has no part."""
    return [body for body in bodies(store) if b"ana" not in body]


@pytest.mark.parametrize("known_by", ["a later backup", "a file"])
def test_yesterdays_backup_brings_nobody_back(tmp_path: Path, known_by: str) -> None:
    """Backed up, more came, Ana was erased; yesterday's backup shows nothing of her from its first moment on, and others' statements byte for byte."""
    chosen = settings(tmp_path)
    with lrs.open(chosen) as store:
        store.ingest([statement("ana", n) for n in range(3)] + [statement(f"p{n}", n) for n in range(5)])
        store.ingest([statement("ben") | {"context": {"instructor": {"name": "ana canary", **ANA}}}])
        store.documents.agent_profile(ANA).put("cv", b"canary of ana", if_none_match="*")
        yesterday = store.backups.make()[0].name
        before = of_others(store)
        store.ingest([statement("zoe", n) for n in range(3)])
        store.erase(ANA)
        erased = bodies(store)
        if known_by == "a later backup":
            store.backups.make()
    file = None if known_by == "a later backup" else tmp_path / "ledger"
    if file:
        ledger.export(chosen, file, at=4_000_000_000_000_000)
    restored = put_back(chosen, tmp_path / "restored", name=yesterday, ledger=file)
    with lrs.open(restored) as store:
        found = bodies(store)
        assert found == [body for body in erased if b"zoe" not in body]
        assert of_others(store)[:5] == before[:5]
        assert store.query(agent=ANA).bodies == []
        assert not store.documents.agent_profile(ANA).listing().ids
        # A late batch does not bring her back either.
        store.ingest([statement("ana", 7)])
        assert store.query(agent=ANA).bodies == []
    assert holding(tmp_path, "ana@canary", "canary of ana", "said by ana") == []


def test_nothing_is_served_before_the_erasures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as they can't be carried out, the store that was put back does not open: nothing can be read, and nothing served."""
    chosen = settings(tmp_path)
    with lrs.open(chosen) as store:
        store.ingest([statement("ana"), statement("ben")])
        yesterday = store.backups.make()[0].name
        store.erase(ANA)
        store.backups.make()
    restored = put_back(chosen, tmp_path / "restored", name=yesterday)

    def fail(*_arguments: object, **_more: object) -> None:
        raise StoreUnavailable("it can't delete now")

    with monkeypatch.context() as patched:
        patched.setattr("lrs.storage.warehouse.Warehouse.erase", fail)
        with pytest.raises(StoreUnavailable):
            lrs.open(restored)
    with lrs.open(restored) as store:
        assert store.query(agent=ANA).bodies == []
        assert len(bodies(store)) == 1
