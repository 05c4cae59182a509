"""A warehouse that is cut off, a locked vault, a clock that jumps: nothing acknowledged is lost or doubled, nobody named, and it goes on by itself."""

from __future__ import annotations

import errno
import logging
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlsplit
from uuid import UUID, uuid4

import attrs
import pytest

import lrs
from lrs.engine import LRS
from lrs.storage.warehouse import disk
from tests.exchange import proxy
from tests.exchange.proxy import Fault, Handler, Proxy
from tests.storage.engines import server, server_settings

CANARY = "canary"
HOUR = 3_600_000_000


def made(number: int, name: str = CANARY) -> list[dict[str, Any]]:
    statement = {
        "actor": {"mbox": f"mailto:{name}@example.fr"},
        "verb": {"id": "https://v.example/did"},
        "object": {"id": "https://a.example/1"},
    }
    return [statement | {"id": str(uuid4())} for _ in range(number)]


def rows(store: LRS) -> Counter[UUID]:
    """Count the rows of each id as the warehouse has them, whatever reads show."""
    with store._warehouse._sessions.reader() as session:
        return Counter({row[0]: row[1] for row in session.query("SELECT id, count() FROM statements GROUP BY id", {})})


def shown(store: LRS) -> Counter[UUID]:
    page = store.query(limit=1000)
    assert page.more is None
    return Counter(UUID(each["id"]) for each in page.statements)


def ids(*batches: list[dict[str, Any]]) -> set[UUID]:
    return {UUID(each["id"]) for batch in batches for each in batch}


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Proxy, LRS]]:
    """A store, and what stands between it and its ClickHouse."""
    folder = tmp_path_factory.mktemp("wire")
    with server(folder / "engine") as (address, _):
        parts = urlsplit(address)
        with proxy.proxy(f"http://{parts.hostname}:{parts.port}") as between:
            settings = server_settings(address.replace(f":{parts.port}", f":{between.server_port}"), folder)
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr("lrs.storage.warehouse.engines._SECONDS", 1)
                with lrs.open(attrs.evolve(settings, read_seconds=5)) as store:
                    yield between, store


def inserts(fault: Callable[[Handler], None], table: str = "placed") -> Fault:
    """Let it happen to what is stored in a table, and to nothing else."""

    def happens(handler: Handler) -> None:
        if f"INSERT INTO {table} " in unquote_plus(handler.path):
            fault(handler)
        else:
            handler.answer(*handler.fetched(handler.body))

    return happens


FAULTS: dict[str, Callable[[Handler], None]] = {
    "refuses": proxy.answers(500),
    "is overloaded": proxy.answers(503),
    "closes": proxy.closes,
    "resets": proxy.resets,
    "stores it and gives half an answer": proxy.half,
    "stores it and says nothing": proxy.unheard,
    "does not answer in time": lambda handler: time.sleep(1.5),
}


@pytest.mark.parametrize("table", ["arriving", "placed"])
@pytest.mark.parametrize("name", FAULTS)
def test_a_server_that_fails_while_storing(name: str, table: str, wire: tuple[Proxy, LRS], caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it does, to places or to statements, the sender is told to come again and nobody is named; sent again, each statement is there in one row."""
    between, store = wire
    caplog.set_level(logging.DEBUG)
    before, batch = made(2), made(3)
    store.ingest(before)
    between.always = inserts(FAULTS[name], table)
    try:
        with pytest.raises(lrs.StoreUnavailable) as refused:
            store.ingest(batch)
    finally:
        between.always = None
    assert refused.value.retryable
    assert refused.value.hint
    store.ingest(batch)
    store.ingest(batch)
    there = rows(store)
    assert {there[each] for each in ids(before, batch)} == {1}
    assert {shown(store)[each] for each in ids(before, batch)} == {1}
    said = caplog.text + f"{refused.value!r} {refused.value} {refused.value.hint}"
    assert CANARY not in said
    assert not any(each["id"] in said for each in batch)


def test_what_is_stored_after_it_was_given_up_shows_once(wire: tuple[Proxy, LRS]) -> None:
    """A server that finishes an insert long after it was asked, when the statement was sent again already, has it twice: reads show one."""
    between, store = wire
    batch = made(1)
    between.always = inserts(proxy.late(2.0))
    try:
        with pytest.raises(lrs.StoreUnavailable):
            store.ingest(batch)
    finally:
        between.always = None
    store.ingest(batch)
    deadline = time.monotonic() + 60
    (identifier,) = ids(batch)
    while rows(store)[identifier] < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert rows(store)[identifier] == 2
    assert shown(store)[identifier] == 1
    assert len(store.query(statement_id=identifier).statements) == 1
    assert dict(store.count("verb"))["https://v.example/did"] == len(shown(store))


@pytest.mark.parametrize("name", ["refuses", "closes", "resets", "does not answer in time"])
def test_a_server_that_fails_while_reading(name: str, wire: tuple[Proxy, LRS]) -> None:
    """Reads and probes say so, none of them pretends that there is nothing; afterwards all is there."""
    between, store = wire
    batch = made(1)
    store.ingest(batch)
    between.always = FAULTS[name]
    try:
        for call in (store.query, store.ready, store.last_stored):
            with pytest.raises(lrs.StoreUnavailable):
                call()
        with pytest.raises(lrs.StoreUnavailable):
            store.ingest(batch)
    finally:
        between.always = None
    store.ready()
    assert shown(store)[UUID(batch[0]["id"])] == 1


LOCK = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.readline()"
)


def test_a_vault_that_another_process_keeps_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever brings somebody new is told to come again, reading goes on, and once the lock is gone so does writing."""
    monkeypatch.setattr("lrs.storage.vault.connection._PRAGMAS", ("PRAGMA journal_mode=WAL", "PRAGMA busy_timeout=200"))
    with lrs.open(tmp_path) as store:
        known, new = made(1, "known"), made(1)
        store.ingest(known)
        command = [sys.executable, "-c", LOCK, str(tmp_path / "vault.sqlite")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "locked\n"
            with pytest.raises(lrs.StoreUnavailable, match="locked") as refused:
                store.ingest(new)
            assert set(shown(store)) == ids(known)
            other.communicate("\n", timeout=10)
        assert refused.value.retryable
        assert CANARY not in f"{refused.value!r} {refused.value} {refused.value.hint}" + caplog.text
        store.ingest(new)
        assert rows(store) == dict.fromkeys(ids(known, new), 1)


def test_a_clock_that_jumps_back(tmp_path: Path) -> None:
    """While it runs and between two runs: times of storing rise, nothing is promised that is not there, replays are recognised, and pages go on."""
    offset = [0]

    def clock() -> int:
        return time.time_ns() // 1000 + offset[0]

    order: list[dict[str, Any]] = []
    for jump in (0, -HOUR, -2 * HOUR, HOUR, -3 * HOUR):
        with LRS(lrs.Settings(data=tmp_path), clock=clock) as store:
            promised = store.consistent_through().isoformat()
            for moved in (offset[0], jump):
                offset[0] = moved
                batch = made(2)
                store.ingest(batch)
                store.ingest(batch)
                order += batch
                (newest,) = store.query(limit=1).statements
                assert newest["id"] == batch[-1]["id"]
                assert newest["stored"] > promised
                promised = store.consistent_through().isoformat()
                assert promised > newest["stored"][:-1]
            found = everything(store)
    assert [each["id"] for each in found] == [each["id"] for each in order]
    assert [each["stored"] for each in found] == sorted({each["stored"] for each in found})


@pytest.mark.parametrize("ended", ["closed", "killed"])
def test_nothing_is_stored_before_what_another_run_announced(ended: str, tmp_path: Path) -> None:
    """A clock that is set back between two runs, however the first one ended: what is stored afterwards is later than each Consistent-Through before."""
    now, data, kept = [time.time_ns() // 1000], tmp_path / "data", tmp_path / "kept"
    with LRS(lrs.Settings(data=data), clock=lambda: now[0]) as store:
        store.ingest(made(1))
        now[0] += HOUR
        promised = max(store.consistent_through(), store.consistent_through(fresh=False))
        if ended == "killed":
            shutil.copytree(data, kept, symlinks=True)
    now[0] -= HOUR
    with LRS(lrs.Settings(data=kept if ended == "killed" else data), clock=lambda: now[0]) as store:
        later = made(1)
        store.ingest(later)
        (newest,) = store.query(limit=1).statements
        assert newest["id"] == later[0]["id"]
        assert promised.isoformat() < newest["stored"] < (promised + timedelta(seconds=3)).isoformat()


def everything(store: LRS) -> list[dict[str, Any]]:
    """Read all of it in small pages, oldest first."""
    page = store.query(limit=3, ascending=True)
    found = list(page.statements)
    while page.more is not None:
        page = store.query(more=page.more)
        found += page.statements
    return found


def test_what_could_not_be_synced_is_synced_before_it_is_said_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows are in their table, but the disk failed then: whoever sends them again is not answered before they are safe."""
    written, failing = disk._write_through, [True]
    synced: list[str] = []

    def once(folder: Path) -> None:
        if folder.suffix == ".proj" and folder.parent.parent.name == "statements":
            if failing:
                failing.pop()
                raise OSError(errno.EIO, "the test says so")
            synced.append(folder.parent.name)
        written(folder)

    monkeypatch.setattr(disk, "_write_through", once)
    with lrs.open(tmp_path) as store:
        batch = made(6000)
        with pytest.raises(lrs.StoreUnavailable):
            store.ingest(batch)
        assert not synced
        store.ingest(batch)
        assert synced
        assert set(rows(store).values()) == {1}
