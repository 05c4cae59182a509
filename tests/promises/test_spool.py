"""While the warehouse is away what comes is acknowledged, sealed on the disk, and goes on by itself once it is back: nothing lost, doubled or readable."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import attrs
import pytest

import lrs
from lrs import singles
from lrs.cli.checks import Level, spool
from lrs.engine import LRS
from lrs.settings import Settings
from tests.exchange import proxy
from tests.exchange.proxy import Proxy
from tests.promises.test_canary import bytes_below
from tests.promises.test_crash import child
from tests.promises.test_crash import ids as batch_ids
from tests.promises.test_faults import CANARY, ids, made, rows
from tests.storage.engines import server, server_settings

PATIENCE = 60
ROOM = 200_000


@contextmanager
def between(folder: Path) -> Iterator[tuple[Proxy, Settings]]:
    """Give what stands between a store and its ClickHouse, and the store's settings."""
    with server(folder / "engine") as (address, _):
        parts = urlsplit(address)
        with proxy.proxy(f"http://{parts.hostname}:{parts.port}") as wire:
            settings = server_settings(address.replace(f":{parts.port}", f":{wire.server_port}"), folder)
            yield wire, attrs.evolve(settings, spool_bytes=ROOM)


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Proxy, LRS]]:
    """A store with room in its spool."""
    with between(tmp_path_factory.mktemp("spool")) as (wire, settings), lrs.open(settings) as store:
        yield wire, store


@contextmanager
def away(wire: Proxy) -> Iterator[None]:
    """Have the warehouse answer nothing."""
    wire.always = proxy.closes
    try:
        yield
    finally:
        wire.always = None


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


def emptied(store: LRS) -> None:
    until(lambda: not store.spooled.statements)


def test_what_comes_while_the_warehouse_is_away(wired: tuple[Proxy, LRS]) -> None:
    """It is acknowledged and sealed, shows nowhere and holds Consistent-Through back; then it is there once, with the time at which it was taken."""
    wire, store = wired
    with away(wire):
        before = datetime.now(UTC)
        first, second = made(2), made(3)
        without_ids = [{name: value for name, value in each.items() if name != "id"} for each in made(1)]
        store.ingest(first)
        given = store.ingest(without_ids)
        store.ingest(second)
        store.ingest(first)  # sent again, as a client does that got no answer
        after = datetime.now(UTC)
        assert store.spooled.statements == 8
        assert store.consistent_through() < after
        store.ready()
        assert "lrs_spool_statements 8" in store.metrics.text()
        (finding,) = spool(store.settings)
        assert (finding.level, "8 statements" in finding.message) == (Level.WARNING, True)
        with pytest.raises(lrs.StoreUnavailable):
            store.query()
        with pytest.raises(lrs.StoreUnavailable, match="spool"):
            store.erase(first[0]["actor"])
        kept = dict(bytes_below(store.settings.data))
        assert [path.suffix for path in kept].count(".sealed") == 4
        for content in kept.values():
            assert not any(told in content for told in (CANARY.encode(), first[0]["id"].encode(), UUID(first[0]["id"]).bytes))
        for path in (store.settings.data / "spool", *(store.settings.data / "spool").iterdir()):
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)
    emptied(store)
    there = rows(store)
    assert [there[each] for each in [*ids(first, second), *given]] == [1] * 6
    shown = {UUID(each["id"]): each for each in store.query(limit=1000).statements}
    for each in [*ids(first, second), *given]:
        assert shown[each]["actor"] == first[0]["actor"]
        assert before <= datetime.fromisoformat(shown[each]["timestamp"]) <= after
        assert datetime.fromisoformat(shown[each]["stored"]) > after
    assert store.consistent_through().isoformat() > max(each["stored"] for each in shown.values())[:-1]
    assert [finding.level for finding in spool(store.settings)] == [Level.OK]
    store.ingest(second)
    assert rows(store) == there


def test_what_contradicts_something_stored_is_put_aside(wired: tuple[Proxy, LRS]) -> None:
    """Nobody can tell while the warehouse is away: what was stored stays, and the other one is in quarantine, not lost."""
    wire, store = wired
    (kept,) = made(1)
    store.ingest([kept])
    with away(wire):
        other, beside = kept | {"result": {"success": True}}, made(1)
        store.ingest([other, *beside])
    emptied(store)
    (shown,) = store.query(statement_id=kept["id"]).statements
    assert "result" not in shown
    assert {rows(store)[each] for each in ids([kept], beside)} == {1}
    (entry,) = store.quarantine.entries("default")
    held = json.loads(store.quarantine.content("default", entry.key.hex()))
    assert (held["id"], held["result"]) == (other["id"], other["result"])


def test_what_many_sent_alone_waits_apart(wired: tuple[Proxy, LRS], monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements that came at the same time: what contradicts something is its sender's, and all others are stored."""
    monkeypatch.setattr(singles, "_CROWD", 0)
    monkeypatch.setattr(singles, "_MOMENT", 0.2)
    wire, store = wired
    (kept,) = made(1)
    store.ingest([kept])
    held = len(store.quarantine.entries("default"))
    with away(wire):
        several = [kept | {"result": {"success": True}}, *made(5)]
        waiting = [store.submit(json.dumps(each).encode(), principal=store.owner, version="1.0.3") for each in several]
        assert [each.result(PATIENCE).ids for each in waiting] == [[UUID(each["id"])] for each in several]
        assert [len(store._spooling.folder.read(name)) for name in store._spooling.folder.names()] == [6]
    emptied(store)
    assert [rows(store)[each] for each in ids(several)] == [1] * 6
    assert len(store.quarantine.entries("default")) == held + 1


def test_attachments_wait_too(wired: tuple[Proxy, LRS]) -> None:
    """A statement comes out of the spool with the contents of what it attaches."""
    wire, store = wired
    essay = f"an essay by {CANARY}".encode()
    digest = hashlib.sha256(essay).hexdigest()
    attachment = {"usageType": "https://u.example/1", "display": {}, "contentType": "text/plain", "length": len(essay), "sha2": digest}
    with away(wire):
        (identifier,) = store.ingest([made(1)[0] | {"attachments": [attachment]}], attachments={digest: essay})
    emptied(store)
    page = store.query(statement_id=identifier, attachments=True)
    assert page.attachments is not None
    assert dict(page.attachments) == {digest: essay}


def test_a_full_spool_takes_nothing_more(wired: tuple[Proxy, LRS]) -> None:
    """Beyond its bound a write is refused as busy; what was acknowledged before is kept."""
    wire, store = wired
    sent: list[list[dict[str, Any]]] = []
    with away(wire):
        with pytest.raises(lrs.StoreBusy, match="spool_bytes"):  # noqa: PT012 -- which one it is nobody knows before
            while True:
                batch = made(100)
                store.ingest(batch)
                sent.append(batch)
        assert sent
        assert store.spooled.size <= ROOM
    emptied(store)
    there = rows(store)
    assert {there[each] for each in ids(*sent)} == {1}
    assert not ids(batch) & set(there)


def test_a_killed_process_leaves_what_it_acknowledged(tmp_path: Path) -> None:
    """Killed while the warehouse is away and killed while the spool empties: what was acknowledged is there once."""
    with between(tmp_path) as (wire, settings):
        environ = {**os.environ, "LRS_WAREHOUSE": settings.warehouse or "", "LRS_SPOOL_BYTES": "100000000"}
        confirmed: list[int] = []
        for _ in range(2):
            with child("ingest", settings.data, confirmed[-1] + 1 if confirmed else 0, env=environ) as process:
                assert process.stdout is not None
                assert process.stdout.readline() == "open\n"
                confirmed.append(int(process.stdout.readline()))
                with away(wire):
                    confirmed += [int(process.stdout.readline()) for _ in range(10)]
                    process.send_signal(signal.SIGKILL)
                    confirmed += [int(line) for line in process.communicate(timeout=30)[0].split("\n")[:-1]]
            assert list((settings.data / "spool").glob("*.sealed"))
        with lrs.open(settings) as store:
            emptied(store)
            there = rows(store)
        assert batch_ids(confirmed) <= {str(each) for each in there}
        assert set(there.values()) == {1}


def test_it_is_for_servers_alone(tmp_path: Path) -> None:
    """An embedded warehouse is never away: the setting is refused there."""
    with pytest.raises(lrs.ConfigurationError, match="spool_bytes"):
        Settings(data=tmp_path, spool_bytes=1)
