"""What happens while statements wait in the spool finds them too: erasures, ends of tenants, rotations, damage, other processes, other settings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest

import lrs
from lrs.cli.checks import Level, spool
from lrs.crypto.providers import open_keyring
from lrs.engine import LRS
from lrs.privacy import rotation
from lrs.settings import Settings
from lrs.spool import spooling
from lrs.spool.folder import Folder, folder_of, waiting_in
from lrs.spool.record import Record
from lrs.storage.lock import DirectoryLock
from lrs.xapi.query import person_of
from tests.exchange import proxy
from tests.exchange.proxy import Proxy
from tests.promises.test_canary import bytes_below
from tests.promises.test_crash import child
from tests.promises.test_crash import ids as batch_ids
from tests.promises.test_faults import ids, made, rows
from tests.promises.test_power import COMPILER, ROUNDS, Run
from tests.promises.test_spool import PATIENCE, away, emptied, until
from tests.storage.engines import server, server_settings
from tests.tenants.test_end import of

Wired = tuple[Proxy, str]


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wired]:
    """What stands before a ClickHouse, and its address."""
    with server(tmp_path_factory.mktemp("engine")) as (address, _):
        parts = urlsplit(address)
        with proxy.proxy(f"http://{parts.hostname}:{parts.port}") as wire:
            yield wire, address.replace(f":{parts.port}", f":{wire.server_port}")


@pytest.fixture
def settings(wired: Wired, tmp_path: Path) -> Settings:
    """Settings of a store with room in its spool."""
    return attrs.evolve(server_settings(wired[1], tmp_path / "data"), spool_bytes=1_000_000)


@contextmanager
def stopped(settings: Settings) -> Iterator[None]:
    """Have nobody empty the spool during the block, as if another process were about to, so that it waits while the warehouse answers."""
    folder_of(settings).mkdir(parents=True, exist_ok=True)
    lock = DirectoryLock(folder_of(settings))
    try:
        yield
    finally:
        lock.release()


def test_who_is_erased_while_it_waits_stays_erased(wired: Wired, settings: Settings) -> None:
    """Erased by a process that does not see the spool: nothing of that person's comes out of it, in statements of others the stub stands."""
    gone = {"mbox": "mailto:gone@canary.example.fr"}
    own = [each | {"actor": gone} for each in made(2)]
    about = [each | {"object": {"objectType": "Agent", **gone}} for each in made(1)]
    with stopped(settings), lrs.open(settings) as store:
        with away(wired[0]):
            store.ingest([*own, *about])
        store.erasures.erase(person_of(gone), "default")
        assert store.spooled.statements == 3
    with lrs.open(settings) as store:
        emptied(store)
        page = store.query(limit=1000)
        assert ids(about) == ids(list(page.statements))
        assert "gone@canary" not in json.dumps(list(page.statements))
        assert set(rows(store)) == ids(about)
        store.erase(gone)
    assert not [path for path, _ in bytes_below(folder_of(settings)) if path.suffix != ".lock"]


def test_what_an_erased_person_sends_late_does_not_wait(wired: Wired, settings: Settings) -> None:
    """It is acknowledged, as ever, and no statement of theirs comes out of the spool; in those of others the stub stands."""
    gone = {"mbox": "mailto:gone@canary.example.fr"}
    own = [each | {"actor": gone, "result": {"response": "a secret answer"}} for each in made(2)]
    about = [each | {"object": {"objectType": "Agent", **gone}} for each in made(1)]
    with stopped(settings), lrs.open(settings) as store:
        store.erase(gone)
        with away(wired[0]):
            assert set(store.ingest(own)) == ids(own)
            assert store.spooled.statements == 0
            assert set(store.ingest([*own, *about])) == ids([*own, *about])
            assert store.spooled.statements == 1
    with lrs.open(settings) as store:
        emptied(store)
        assert set(rows(store)) == ids(about)
        assert "gone@canary" not in json.dumps(list(store.query(limit=1000).statements))


def test_keys_rotate_while_it_waits(wired: Wired, settings: Settings) -> None:
    """A new epoch, everything wrapped anew and the old epoch destroyed: what waits can be read all the same."""
    before, batch = made(1), made(2, "new")
    with stopped(settings), lrs.open(settings) as store:
        store.ingest(before)
        with away(wired[0]):
            store.ingest(batch)
        with rotation.open_rotations(settings) as rotations:
            turning = rotations["default"]
            turning.begin()
            list(turning.rewrap())
            for state in turning.states():
                if not state.current:
                    turning.destroy(state.epoch)
    with lrs.open(settings) as store:
        emptied(store)
        assert rows(store) == dict.fromkeys(ids(before, batch), 1)
        assert {each["actor"]["mbox"] for each in store.query(limit=9).statements} == {"mailto:canary@example.fr", "mailto:new@example.fr"}


def test_a_tenant_ends_while_it_waits(wired: Wired, settings: Settings) -> None:
    """It is given nothing back before all is there; at its end what waits of it goes, and nothing of another tenant's."""
    with stopped(settings), lrs.open(settings) as store:
        north, batch = of(store, "north"), made(2)
        with away(wired[0]):
            store.ingest(made(3), principal=north)
            store.ingest(batch)
        with pytest.raises(lrs.StoreUnavailable, match="spool"):
            store.tenants.give_back("north", None)  # type: ignore[arg-type] # it does not come to that
        store.tenants.end("north", returned=None)
        assert store.spooled.statements == 2
    with lrs.open(settings) as store:
        emptied(store)
        assert rows(store) == dict.fromkeys(ids(batch), 1)
        assert store.spooled.unreadable == 0


def test_a_damaged_file_keeps_nobody_waiting(wired: Wired, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """It is put aside and said to be there, as is one under another's name and one that can't be stored for an unforeseen reason; the others go on."""
    with stopped(settings), lrs.open(settings) as store:
        damaged, sound = made(2), made(2)
        with away(wired[0]):
            store.ingest(damaged)
            store.ingest(sound)
        path = min(folder_of(settings).glob("*.sealed"))
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        poison = Record(
            tenant="default",
            credential="local",
            authority=store.owner.authority,
            defines=False,
            received=1,
            ids=[],  # of a statement: nobody writes that
            versions=["1.0.3"],
            texts=[json.dumps(made(1)[0]).encode()],
            purposes=[("",)],
            contents={},
        )
        Folder(folder_of(settings), open_keyring(settings, create=False).tenant, most=1_000_000).add([poison])
        shutil.copy(max(folder_of(settings).glob("*.sealed")), folder_of(settings) / f"{2:020d}-0-2.sealed")
        half = folder_of(settings) / "half.new"
        half.write_bytes(b"")
        os.utime(half, (1, 1))
    with lrs.open(settings) as store:
        emptied(store)
        assert rows(store) == dict.fromkeys(ids(sound), 1)
        assert (store.spooled.unreadable, half.exists()) == (3, False)
        assert "lrs_spool_unreadable_files 3" in store.metrics.text()
        assert "spool" in caplog.text
        assert "canary" not in caplog.text
        (finding,) = spool(settings)
        assert (finding.level, "3 files" in finding.message) == (Level.FAILURE, True)
        path.with_suffix(".unreadable").unlink()
        path.write_bytes(content)
        until(lambda: set(rows(store)) == ids(sound, damaged))


def test_what_a_full_quarantine_does_not_take_is_put_aside(wired: Wired, settings: Settings) -> None:
    """A statement that contradicts one stored before keeps nobody waiting: it is kept out of the way, and goes into quarantine once there is room for it."""
    first, sound = made(2), made(2)
    with lrs.open(attrs.evolve(settings, max_quarantine_bytes=1)) as store:
        store.ingest(first)
        with away(wired[0]):
            store.ingest([first[0] | {"result": {"success": True}}])
            store.ingest(sound)
            # Nobody waits for what was acknowledged, stored or not.
            until(lambda: store._committer.requests == 0)
        emptied(store)
        assert rows(store) == dict.fromkeys(ids(first, sound), 1)
        assert (store.spooled.unreadable, store.quarantine.entries("default")) == (1, [])
        store.erase({"mbox": "mailto:somebody@example.fr"})
    (aside,) = folder_of(settings).glob("*.unreadable")
    aside.rename(aside.with_suffix(".sealed"))
    with lrs.open(settings) as store:
        emptied(store)
        assert len(store.quarantine.entries("default")) == 1


def test_whatever_is_wrong_with_the_folder_stops_nobody_for_ever(wired: Wired, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that nobody here has written is passed over; a folder that can't be looked into is told, and what comes later is stored."""
    with lrs.open(settings) as store:
        (folder_of(settings) / "copy.sealed").write_bytes(b"")

        def full(_path: Path) -> Any:
            raise OSError(24, "Too many open files")

        with away(wired[0]):
            with monkeypatch.context() as patched:
                patched.setattr("lrs.spool.folder.waiting_in", full)
                with pytest.raises(lrs.StoreUnavailable):
                    store.ingest(made(1))
            store.ingest(batch := made(2))
        emptied(store)
        store.ingest(later := made(1))
        assert rows(store) == dict.fromkeys(ids(batch, later), 1)


@pytest.mark.skipif(COMPILER is None, reason="a C compiler is needed to see what a process syncs")
@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_power_cut_leaves_what_was_acknowledged(number: int, wired: Wired, settings: Settings, tmp_path: Path) -> None:
    """When the power goes while the warehouse is away, or while the spool empties: what was acknowledged is there once the spool is empty.

    So it is on a strict disk and on a journalling one, with and without luck.
    """
    chance = Random(number)
    layer, journal, root = tmp_path / "journal.so", tmp_path / "journal", tmp_path / "root"
    root.mkdir()
    source = Path(__file__).parent / "power" / "journal.c"
    subprocess.run([str(COMPILER), "-O1", "-shared", "-fPIC", "-o", layer, source, "-ldl"], check=True)
    environ = {**os.environ, "LRS_WAREHOUSE": settings.warehouse or "", "LRS_SPOOL_BYTES": "100000000"}
    traced = {"LD_PRELOAD": str(layer), "LRS_JOURNAL": str(journal), "LRS_JOURNAL_ROOT": str(root)}
    with child("ingest", root / "data", 0, env=environ | traced) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with away(wired[0]):
            confirmed = [int(process.stdout.readline()) for _ in range(5)]
            if not number & 2:
                process.kill()
                process.wait(30)
        if number & 2:
            until_shorter(root / "data" / "spool")
        process.kill()
        confirmed += map(int, process.stdout.read().split("\n")[:-1])
    run = Run(root, journal, journal.read_text().splitlines(keepends=True))
    data = run.restored(len(run.lines), tmp_path / "cut", journalling=bool(number & 1), chance=chance if number & 4 else None)
    with lrs.open(attrs.evolve(settings, data=data)) as store:
        print(f"{len(confirmed)} batches were acknowledged, {store.spooled.statements} statements wait after the power cut")
        emptied(store)
        assert batch_ids(confirmed) <= {str(each) for each in rows(store)}
        assert set(rows(store).values()) == {1}


def until_shorter(folder: Path) -> None:
    """Wait for the moment in which files of a spool go."""
    end = time.monotonic() + PATIENCE
    most = 0
    while (left := waiting_in(folder).statements) >= most:
        most = left
        assert time.monotonic() < end
        time.sleep(0.0005)


def test_several_processes_have_one_folder(wired: Wired, settings: Settings) -> None:
    """Each keeps what comes to it, one of them empties the folder, another one takes over when that one ends; each statement is there once."""
    batches = [made(2) for _ in range(6)]
    with lrs.open(settings) as other, lrs.open(settings) as store:
        until(lambda: bool(store._spooling and other._spooling and (store._spooling._held or other._spooling._held)))
        with away(wired[0]):
            for number, batch in enumerate(batches):
                (store, other)[number % 2].ingest(batch)
                (other, store)[number % 2].ingest(batch)
            assert store.spooled == other.spooled
            assert other.spooled.statements == 24
            holder, left = (store, other) if store._spooling and store._spooling._held else (other, store)
            holder.close()
        emptied(left)
        assert rows(left) == dict.fromkeys(ids(*batches), 1)


@pytest.mark.parametrize("at_once", [5_000, 5])
def test_a_steady_load_leaves_the_spool(wired: Wired, settings: Settings, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """Once the warehouse is back, what comes goes there at once, though it never pauses, to two processes: nothing waits behind what never ends.

    That is so too when much more comes, in the time in which as much as is read at a time goes, than that.
    """
    monkeypatch.setattr(spooling, "_AT_ONCE", at_once)
    sent: list[list[dict[str, Any]]] = []
    enough = threading.Event()

    def load(store: LRS) -> None:
        while not enough.is_set():
            batch = made(1)
            store.ingest(batch)
            sent.append(batch)

    with lrs.open(settings) as store, lrs.open(settings) as other:
        with away(wired[0]):
            senders = [threading.Thread(target=load, args=(each,)) for each in (store, store, other, other)]
            for sender in senders:
                sender.start()
            until(lambda: store.spooled.statements > 20)
        try:
            emptied(store)
            number = len(sent)
            until(lambda: len(sent) > number + 50)
            assert store.spooled.statements == 0
        finally:
            enough.set()
            for sender in senders:
                sender.join()
        assert rows(store) == dict.fromkeys(ids(*sent), 1)


def test_what_waits_goes_on_though_nothing_more_may(wired: Wired, settings: Settings) -> None:
    """Opened again without room for a spool: what is there is stored, and what comes while the warehouse is away is refused."""
    batch = made(2)
    with stopped(settings), lrs.open(settings) as store, away(wired[0]):
        store.ingest(batch)
    without = attrs.evolve(settings, spool_bytes=0)
    with lrs.open(without) as store:
        emptied(store)
        assert rows(store) == dict.fromkeys(ids(batch), 1)
        with away(wired[0]), pytest.raises(lrs.StoreUnavailable):
            store.ingest(made(1))
        assert waiting_in(folder_of(without)).statements == 0
