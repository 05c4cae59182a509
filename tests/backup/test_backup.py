"""Backups in three places, and stores put back from them."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import attrs
import pytest

import lrs
from lrs.backup import place
from lrs.backup.places import Places
from lrs.errors import ConfigurationError, KeyUnavailable, TamperedData
from lrs.privacy.audit.trail import folder_of
from lrs.privacy.audit.verify import entries, verify
from lrs.privacy.rotation import open_rotations
from lrs.settings import Settings
from tests.backup.stores import ALL, bodies, holding, put_back, receipt_facts, rows, settings, size, statement

DOCUMENT = {"activity": "https://lms.example.fr/a", "agent": {"mbox": "mailto:ana@canary.example.fr"}, "state_id": "progress"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, list[bytes]]:
    """A store with a full backup of 3,000 statements and a second one after 30 more -> its settings, its statements at the end."""
    chosen = settings(tmp_path_factory.mktemp("made"))
    with lrs.open(chosen) as store:
        store.ingest(rows(3000))
        store.ingest([statement("ana") | {"object": {"id": DOCUMENT["activity"]}}])
        store.backups.make()
        store.ingest(rows(30, start=3000))
        store.backups.make()
        return chosen, bodies(store)


def folders(chosen: Settings) -> dict[str, list[Path]]:
    """Part -> the folders of its backups, oldest first."""
    places = Places.of(chosen)
    return {part: [places[place.Part(part)] / name for name in place.names(places[place.Part(part)])] for part in ALL}


def test_what_is_put_back_is_what_was_backed_up(made: tuple[Settings, list[bytes]], tmp_path: Path) -> None:
    """A store that is put back into another folder gives every statement as it was, and goes on taking new ones."""
    chosen, before = made
    with lrs.open(put_back(chosen, tmp_path / "elsewhere")) as store:
        assert bodies(store) == before
        store.ingest([statement("new")])
        assert len(bodies(store)) == len(before) + 1


def test_an_older_backup_can_be_chosen(made: tuple[Settings, list[bytes]], tmp_path: Path) -> None:
    """The first of two backups gives what there was then, whatever came after."""
    chosen, before = made
    with lrs.open(put_back(chosen, tmp_path / "data", name=folders(chosen)["vault"][0].name)) as store:
        assert bodies(store) == before[:3001]


def test_a_second_backup_holds_what_is_new(made: tuple[Settings, list[bytes]]) -> None:
    """Statements that the full backup holds are not copied again: a hundredth more takes less than a tenth of the room."""
    chosen, _ = made
    first, second = folders(chosen)["statements"]
    assert size(second) < size(first) / 5
    assert receipt_facts(second)["base"] == first.name


def test_no_place_alone_tells_who(made: tuple[Settings, list[bytes]]) -> None:
    """No name, address or text of a person can be read in any of the three places."""
    chosen, _ = made
    for folder in ALL:
        assert holding(chosen.data.parent / "backups" / folder, "canary", "said by", "mailto:") == []


def test_everything_that_is_backed_up_is_its_owners_own(made: tuple[Settings, list[bytes]]) -> None:
    """Nobody else can look into a place: its folders are closed to group and others."""
    chosen, _ = made
    for part in ALL:
        assert {path.stat().st_mode & 0o077 for path in folders(chosen)[part]} == {0}
    assert [
        path.stat().st_mode & 0o077 for path in (folders(chosen)["keys"][0] / "keys.json", folders(chosen)["vault"][0] / "vault.sqlite")
    ] == [0, 0]


@pytest.mark.parametrize("part", ALL)
def test_an_altered_backup_is_refused(made: tuple[Settings, list[bytes]], tmp_path: Path, part: str) -> None:
    """One changed byte in any file of any place, a missing file, one too many, or an altered manifest: nothing is put back."""
    chosen, _ = made
    folder = folders(chosen)[part][-1]
    for file in (max(folder.rglob("*.*"), key=lambda path: path.stat().st_size), folder / "manifest.json", folder / "receipt.txt"):
        kept = file.read_bytes()
        for altered in (kept[:-9] + bytes([kept[-9] ^ 1]) + kept[-8:], None):
            file.unlink() if altered is None else file.write_bytes(altered)
            with pytest.raises((TamperedData, ConfigurationError)):
                put_back(chosen, tmp_path / "data", name=folder.name)
            file.write_bytes(kept)
            file.chmod(0o600)
    (folder / "more").write_bytes(b"")
    with pytest.raises(TamperedData):
        put_back(chosen, tmp_path / "data", name=folder.name)
    (folder / "more").unlink()
    assert not (tmp_path / "data").exists()
    put_back(chosen, tmp_path / "data", name=folder.name)


def test_an_altered_base_is_refused(made: tuple[Settings, list[bytes]], tmp_path: Path) -> None:
    """A backup that adds to another one is refused when that one was altered."""
    chosen, _ = made
    file = max(folders(chosen)["statements"][0].rglob("*.*"), key=lambda path: path.stat().st_size)
    kept = file.read_bytes()
    file.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    with pytest.raises(TamperedData):
        put_back(chosen, tmp_path / "data")
    file.write_bytes(kept)


def test_parts_of_different_backups_are_refused(made: tuple[Settings, list[bytes]], tmp_path: Path) -> None:
    """The vault of one backup under the name of another is refused, though both are signed."""
    chosen, _ = made
    first, second = folders(chosen)["vault"]
    aside = first.with_name("aside")
    second.rename(aside)
    try:
        (first.parent / second.name).symlink_to(first)
        with pytest.raises(TamperedData):
            put_back(chosen, tmp_path / "data", name=second.name)
        (first.parent / second.name).unlink()
    finally:
        aside.rename(second)


def test_parts_of_one_name_belong_to_one_backup(tmp_path: Path) -> None:
    """Two backups that a clock set back gave one name: the vault of one with the statements of the other is refused."""
    places = [settings(tmp_path), settings(tmp_path, **{f"backup_{part}": tmp_path / "more" / part for part in ALL})]
    for chosen in places:
        with lrs.LRS(chosen, clock=lambda: 1_800_000_000_000_000) as store:
            store.ingest([statement("ana")])
            store.backups.make()
    put_back(places[1], tmp_path / "whole")
    with pytest.raises(TamperedData, match="not of one backup"):
        put_back(places[1], tmp_path / "mixed", backup_statements=places[0].backup_statements)


def test_a_backup_of_another_store_is_refused(made: tuple[Settings, list[bytes]], tmp_path: Path) -> None:
    """Keys of another store verify nothing and open nothing."""
    chosen, _ = made
    other = settings(tmp_path)
    with lrs.open(other) as store:
        store.ingest([statement("zoe")])
        store.backups.make()
    with pytest.raises(TamperedData):
        put_back(chosen, tmp_path / "restored", backup_keys=other.backup_keys)


def test_a_backup_never_adds_to_one_of_another_store(made: tuple[Settings, list[bytes]], tmp_path: Path) -> None:
    """In places that hold backups of another store too, the first backup of this one is whole."""
    chosen, _ = made
    with lrs.open(settings(tmp_path, backup_statements=chosen.backup_statements)) as store:
        store.ingest([statement("zoe")])
        first = store.backups.make()[0]
    shutil.rmtree(folders(chosen)["statements"][-1])
    assert first.base == ""


def test_nothing_is_put_back_over_something(made: tuple[Settings, list[bytes]], tmp_path: Path) -> None:
    """A data directory that holds anything is left as it is."""
    chosen, _ = made
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "kept").write_text("kept")
    with pytest.raises(ConfigurationError, match="not empty"):
        put_back(chosen, tmp_path / "data")
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["kept"]


def test_places_are_three(tmp_path: Path) -> None:
    """Two places that are one folder, one inside another, or inside the data directory are refused, through links too."""
    chosen = settings(tmp_path)
    (tmp_path / "backups" / "keys").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "backups" / "keys")
    for more in (
        {"backup_vault": chosen.backup_keys},
        {"backup_vault": chosen.backup_keys / "vault"},
        {"backup_vault": tmp_path / "link"},
        {"backup_keys": chosen.data / "keys"},
        {"backup_keys": None},
    ):
        with pytest.raises(ConfigurationError):
            Places.of(attrs.evolve(chosen, **more))
    Places.of(chosen)


def test_a_store_works_while_it_is_backed_up(tmp_path: Path) -> None:
    """Statements that come in meanwhile are in the backup or not, each as a whole: with its person, and none of those before is missing."""
    chosen = settings(tmp_path)
    with lrs.open(chosen) as store:
        before = set(store.ingest(rows(1000)))
        stop = threading.Event()

        def write() -> None:
            n = 0
            while not stop.is_set():
                store.ingest([statement(f"new{n}", n)])
                n += 1

        writer = threading.Thread(target=write)
        writer.start()
        for _ in range(3):
            store.backups.make(full=True)
        stop.set()
        writer.join()
        after = bodies(store)
    with lrs.open(put_back(chosen, tmp_path / "restored")) as store:
        found = bodies(store)
    assert found == after[: len(found)]
    assert len(before) <= len(found)


def test_a_destroyed_epoch_closes_older_backups_of_the_vault(tmp_path: Path) -> None:
    """Once the old epoch is destroyed, a backup of the vault from before opens with the keyring of that day alone: keep it, and the bound is yours."""
    chosen = settings(tmp_path)
    with lrs.open(chosen) as store:
        store.ingest([statement("ana")])
        store.backups.make()
        (old,) = folders(chosen)["keys"]
    with open_rotations(chosen) as rotations:
        rotations["default"].begin()
        list(rotations["default"].rewrap())
        rotations["default"].destroy(1)
    with lrs.open(chosen) as store:
        store.backups.make()
    old.rename(tmp_path / "kept elsewhere")
    with pytest.raises(KeyUnavailable):
        put_back(chosen, tmp_path / "restored", name=old.name)
    (tmp_path / "kept elsewhere").rename(old)
    with lrs.open(put_back(chosen, tmp_path / "restored", name=old.name)) as store:
        assert b"ana@canary.example.fr" in bodies(store)[0]


def test_newer_keys_open_an_older_vault(tmp_path: Path) -> None:
    """Who keeps backups of the keys for a shorter time than the rest can still put the rest back; older keys than the vault are refused."""
    chosen = settings(tmp_path)
    with lrs.open(chosen) as store:
        store.ingest([statement("ana")])
        store.backups.make()
        store.backups.make()
    first, second = folders(chosen)["keys"]
    first.rename(tmp_path / "first")
    put_back(chosen, tmp_path / "one", name=first.name)
    second.rename(tmp_path / "second")
    (tmp_path / "first").rename(first)
    with pytest.raises(ConfigurationError, match="keys"):
        put_back(chosen, tmp_path / "two", name=second.name)


def test_a_whole_backup_is_made_every_week(tmp_path: Path) -> None:
    """What was deleted is not kept for ever by the whole backup that others add to: after seven days the next one is whole."""
    now, day = [1_800_000_000_000_000], 86_400_000_000
    chosen = settings(tmp_path)
    with lrs.LRS(chosen, clock=lambda: now[0]) as store:
        store.ingest(rows(5))
        bases = []
        for _ in range(10):
            bases.append(store.backups.make()[0].base)
            now[0] += day
    names = [folder.name for folder in folders(chosen)["statements"]]
    assert bases == ["", *[names[0]] * 6, "", *[names[7]] * 2]


def test_a_server_backs_up_by_itself(tmp_path: Path) -> None:
    """Backups are made when the newest is too old, not at every start; an impossible place is heard before anything is served."""
    chosen = settings(tmp_path)
    with lrs.open(chosen) as store:
        store.ingest(rows(5))
        for every in (3600, 3600, 0.01):
            with store.backups.regularly(every=every):
                pass
    assert len(folders(chosen)["keys"]) == 2
    with lrs.open(attrs.evolve(chosen, backup_keys=None)) as store, pytest.raises(ConfigurationError), store.backups.regularly(every=1):
        pass


def test_what_was_backed_up_is_in_the_trail(made: tuple[Settings, list[bytes]], tmp_path: Path) -> None:
    """The audit trail says that backups were made, and the one that was put back says so too, and verifies."""
    chosen, _ = made
    restored = put_back(chosen, tmp_path / "restored")
    told = {entry.action for folder in (chosen, restored) for _, entry in entries(folder_of(folder))}
    assert {"back up", "restore a backup"} <= told
    with lrs.open(restored) as store:
        key = store._keyring.signer.key
    assert [report.problems for report in verify(folder_of(restored), key, []) if report.problems] == []
