"""Servers on one ClickHouse and one vault that are restarted in turn, under load: what any of them acknowledged is there once, in an order that all keep."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from itertools import count
from pathlib import Path
from uuid import UUID

import attrs
import httpx
import pytest

import lrs
from lrs.crypto import passwords
from lrs.engine import LRS
from lrs.settings import Settings
from tests.promises.mixed import BATCH, batch_of, statement_id
from tests.server.process import BOTH, NO_TLS, PATIENCE, VERSION, Server
from tests.storage.engines import server, server_settings
from tests.vault.databases import empty_vault

ROUNDS = int(os.environ.get("LRS_TEST_KILL_ROUNDS", "8")) // 2
CLIENTS = 4


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings of a store on a ClickHouse server, with a vault on a PostgreSQL server and a credential."""
    vault = empty_vault("postgresql", tmp_path).vault
    with server(tmp_path / "engine") as (address, _):
        made = attrs.evolve(server_settings(address, tmp_path / "watcher"), vault=vault, key_file=tmp_path / "keys.json")
        with lrs.open(made) as store:
            store.credentials._profile = passwords.CHEAPEST
            store.credentials.add("both", username=BOTH[0], password=BOTH[1], scopes=("all",), view="identified")
        yield made


class Load:
    """Clients that send batches, each to whichever server answers, again and again until it is acknowledged; and when each was sent and acknowledged."""

    def __init__(self, servers: list[Server]) -> None:
        self.servers = servers
        self.sent: dict[int, float] = {}
        self.acknowledged: dict[int, float] = {}
        self.promised: list[tuple[datetime, int]] = []
        self.wrong: list[int] = []
        self.enough = threading.Event()

    def send(self, first: int) -> None:
        """Be one of the clients."""
        chance = random.Random(first)
        with httpx.Client(auth=BOTH, headers=VERSION, timeout=PATIENCE, verify=NO_TLS) as client:
            for batch in count(first, CLIENTS):
                self.sent[batch] = time.monotonic()
                while not self._is_taken(client, chance.choice(self.servers), batch):
                    if self.enough.wait(0.05):
                        return
                self.acknowledged[batch] = time.monotonic()
                if self.enough.is_set():
                    return

    def _is_taken(self, client: httpx.Client, server: Server, batch: int) -> bool:
        try:
            status = client.post(f"{server.address}/xapi/statements", json=batch_of(batch)).status_code
        except httpx.TransportError:
            return False
        if status not in (200, 503):
            self.wrong.append(status)
        return status == 200

    def watch(self, store: LRS) -> None:
        """Ask the servers in turn up to when all can be read, and count what can."""
        with httpx.Client(auth=BOTH, headers=VERSION, timeout=PATIENCE, verify=NO_TLS) as client:
            for number in count():
                if self.enough.wait(0.1):
                    return
                try:
                    reply = client.get(f"{self.servers[number % 2].address}/xapi/statements?limit=1")
                except httpx.TransportError:
                    continue
                if reply.status_code == 200:
                    through = datetime.fromisoformat(reply.headers["X-Experience-API-Consistent-Through"])
                    self.promised.append((through, readable(store, through)))


def readable(store: LRS, through: datetime) -> int:
    """Count what was stored up to a time, as the warehouse has it."""
    with store._warehouse._sessions.reader() as session:
        found = session.query("SELECT count() FROM statements WHERE stored <= {through:DateTime64(6, 'UTC')}", {"through": through})
    return int(found[0][0])


def times_of(store: LRS) -> dict[UUID, datetime]:
    """Give when each statement was stored, as the warehouse has it."""
    with store._warehouse._sessions.reader() as session:
        found = session.query("SELECT id, toString(stored) FROM statements", {})
    times = {row[0]: datetime.fromisoformat(f"{row[1]}+00:00") for row in found}
    assert len(times) == len(found), "a statement has two rows"
    return times


@pytest.mark.timeout(60 + 90 * ROUNDS)
def test_rolling_restarts_under_load(settings: Settings, tmp_path: Path) -> None:
    """Two servers are restarted in turn, half of the times by ``kill -9``, while clients send again elsewhere what was not acknowledged.

    Each acknowledged statement is there, in one row. What was sent after another one was acknowledged has a later time. And whatever a server said to
    be readable up to a time, nothing came at or before it later.
    """
    environ = {"LRS_WAREHOUSE": str(settings.warehouse), "LRS_VAULT": str(settings.vault), "LRS_KEY_FILE": str(settings.key_file)}
    folders = [tmp_path / "left", tmp_path / "right"]
    for folder in folders:
        folder.mkdir()
    with lrs.open(settings) as store, ExitStack() as opened:
        load = Load([Server(folder, **environ) for folder in folders])
        opened.callback(lambda: [each.stop() for each in load.servers])
        threads = [threading.Thread(target=load.send, args=(first,)) for first in range(CLIENTS)]
        threads.append(threading.Thread(target=load.watch, args=(store,)))
        opened.callback(lambda: [thread.join() for thread in threads])
        opened.callback(load.enough.set)
        for thread in threads:
            thread.start()
        chance = random.Random(2026)
        for number in range(ROUNDS):
            until_more(load, chance.randint(1, 20))
            which = number % 2
            if number // 2 % 2 == which:
                load.servers[which].process.kill()
                load.servers[which].process.wait(PATIENCE)
            else:
                assert load.servers[which].stop() == 0
            load.servers[which] = Server(folders[which], **environ)
        until_more(load, 10)
        load.enough.set()
        for thread in threads:
            thread.join()
        times = times_of(store)
    print(f"{len(load.acknowledged)} batches were acknowledged in {ROUNDS} restarts, {len(load.promised)} promises were made")
    assert not load.wrong
    expect(load, times)


def until_more(load: Load, number: int) -> None:
    """Wait until so many more batches are acknowledged."""
    end = time.monotonic() + PATIENCE
    before = len(load.acknowledged)
    while len(load.acknowledged) < before + number:
        assert time.monotonic() < end
        time.sleep(0.01)


def expect(load: Load, times: dict[UUID, datetime]) -> None:
    """Fail unless all that was acknowledged is there, in the order in which it was, and no promise was broken."""
    own = {batch: [times[UUID(statement_id(batch, n))] for n in range(BATCH)] for batch in load.acknowledged}
    done = sorted((moment, max(own[batch])) for batch, moment in load.acknowledged.items())
    latest = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    place = 0
    for batch in sorted(own, key=load.sent.__getitem__):
        while place < len(done) and done[place][0] < load.sent[batch]:
            latest = max(latest, done[place][1])
            place += 1
        assert latest < min(own[batch]), f"batch {batch} has a time before that of another that was acknowledged before it was sent"
    assert load.promised
    for through, number in load.promised:
        assert sum(each <= through for each in times.values()) == number, (
            f"something came later than what was said to be readable up to {through}"
        )
