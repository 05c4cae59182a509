"""A backup, or its way back, that is killed half-way leaves nothing that looks whole."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import lrs
from lrs.backup import place
from lrs.backup.place import Part
from lrs.backup.places import Places
from tests.backup.stores import bodies, put_back, rows, settings

ROUNDS = 4


def killed(what: str, folder: Path) -> None:
    """Run the child for a random while after its first success, then kill it."""
    with subprocess.Popen([sys.executable, "-m", "tests.backup.child", what, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            process.stdout.readline()
            assert process.stdout.readline(), "the child did nothing before it was killed"
            time.sleep(random.uniform(0, 0.4))
        finally:
            process.kill()


def test_a_backup_that_is_killed_is_not_there(tmp_path: Path) -> None:
    """Whenever it is killed, each backup that has a name is whole, the newest one can be put back, and the next run clears up."""
    chosen = settings(tmp_path)
    with lrs.open(chosen) as store:
        store.ingest(rows(3000))
        before = bodies(store)
    places = Places.of(chosen)
    for number in range(ROUNDS):
        killed("back_up", tmp_path)
        with lrs.open(chosen) as store:
            key = store._keyring.signer.key
        for part in Part:
            for name in place.names(places[part]):
                place.verified(places[part], name, part, key)
        with lrs.open(put_back(chosen, tmp_path / f"restored{number}")) as store:
            assert bodies(store) == before
        shutil.rmtree(tmp_path / f"restored{number}")
    with lrs.open(chosen) as store:
        store.backups.make()
    assert [str(path) for path in (tmp_path / "backups").glob("*/*.part")] == []


def test_a_way_back_that_is_killed_begins_again(tmp_path: Path) -> None:
    """Whenever it is killed, the data directory is whole or not there; called again, it comes through."""
    chosen = settings(tmp_path)
    with lrs.open(chosen) as store:
        store.ingest(rows(3000))
        store.backups.make()
        before = bodies(store)
    for _ in range(ROUNDS):
        killed("put_back", tmp_path)
        left = sorted(tmp_path.glob("restored*"))
        for folder in (path for path in left if path.suffix != ".restoring"):
            with lrs.open(folder) as store:
                assert bodies(store) == before
            shutil.rmtree(folder)
        for folder in (path for path in left if path.suffix == ".restoring"):
            with lrs.open(put_back(chosen, folder.with_suffix(""))) as store:
                assert bodies(store) == before
            assert not folder.exists()
            shutil.rmtree(folder.with_suffix(""))
