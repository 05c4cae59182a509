"""Several processes that write into one ClickHouse, with one vault: what each of them acknowledges is there once, in an order that all agree on."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest
from sqlalchemy import func, select

import lrs
from lrs import stored
from lrs.engine import LRS
from lrs.settings import Settings
from lrs.storage.contract import Record
from lrs.storage.vault import schema
from tests.promises.test_crash import acknowledged, child, ids
from tests.storage.engines import server, server_settings
from tests.tenants.test_end import of
from tests.vault.databases import DATABASES, empty_vault

ROUNDS = int(os.environ.get("LRS_TEST_KILL_ROUNDS", "20")) // 6


@pytest.fixture(scope="module", params=DATABASES)
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a store on a server and a vault that processes share."""
    folder = tmp_path_factory.mktemp("shared")
    vault = empty_vault(request.param, folder).vault or f"sqlite:///{folder / 'vault.sqlite'}"
    with server(folder / "engine") as (address, _):
        yield attrs.evolve(server_settings(address, folder), vault=vault, key_file=folder / "keys.json")


@pytest.fixture(scope="module")
def stores(settings: Settings) -> Iterator[tuple[LRS, LRS]]:
    """Two stores as two processes have them: each with a directory of its own."""
    with ExitStack() as opened:
        one, two = (opened.enter_context(lrs.open(attrs.evolve(settings, data=settings.data / name))) for name in ("one", "two"))
        yield one, two


def statements(number: int, **more: Any) -> list[dict[str, Any]]:
    made = {"actor": {"mbox": "mailto:a@example.fr"}, "verb": {"id": "https://v.example/did"}, "object": {"id": "https://a.example/1"}}
    return [made | {"id": str(uuid4())} | more for _ in range(number)]


def send(store: LRS, sent: Sequence[dict[str, Any]]) -> Future[Any]:
    return store.submit(json.dumps(sent).encode(), principal=store.owner, version="1.0.3")


def sent_to(store: LRS, sent: Sequence[dict[str, Any]]) -> Any:
    return send(store, sent).result(30)


def rows(store: LRS) -> Counter[UUID]:
    """Count the rows of each id as the warehouse has them, whatever reads show."""
    with store._warehouse._sessions.reader() as session:
        return Counter({row[0]: row[1] for row in session.query("SELECT id, count() FROM statements GROUP BY id", {})})


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Make calls at the same moment, each in a thread -> what they give."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [made.result(60) for made in [threads.submit(run, call) for call in calls]]


def test_a_replay_may_reach_another_process(stores: tuple[LRS, LRS]) -> None:
    """What one process stored is recognised by the other, and what contradicts it refused."""
    one, two = stores
    sent = statements(3)
    assert send(one, sent).result(20).replayed == frozenset()
    assert send(two, sent).result(20).replayed == {0, 1, 2}
    with pytest.raises(lrs.Conflict):
        send(two, [sent[0] | {"result": {"success": True}}]).result(20)
    assert {rows(one)[UUID(each["id"])] for each in sent} == {1}


def test_the_same_statements_in_the_same_instant_are_stored_once(stores: tuple[LRS, LRS]) -> None:
    """Whichever process is first stores them and the other recognises them, to the row: nothing has to be hidden from reads."""
    for _ in range(5):
        sent = statements(20)
        receipts = at_once([partial(sent_to, store, sent) for store in stores])
        assert sorted(len(receipt.replayed) for receipt in receipts) == [0, 20]
        assert {rows(stores[0])[UUID(each["id"])] for each in sent} == {1}


def test_of_two_that_contradict_each_other_one_is_refused(stores: tuple[LRS, LRS]) -> None:
    """In the same instant, in two processes: nobody is told that a statement is stored which is not."""
    for _ in range(4):
        (sent,) = statements(1)
        other = sent | {"result": {"success": True}}
        outcomes = at_once([send(stores[0], [sent]).exception, send(stores[1], [other]).exception])
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "NoneType"]
        (shown,) = stores[0].query(statement_id=sent["id"]).statements
        assert ("result" in shown) == (outcomes[1] is None)


def test_the_same_new_person_in_the_same_instant_is_one(stores: tuple[LRS, LRS]) -> None:
    """Two processes that meet somebody new at once end with one subject: each finds what both stored."""
    for number in range(4):
        person = {"mbox": f"mailto:new-{number}@example.fr"}
        at_once([partial(sent_to, store, statements(1, actor=person)) for store in stores])
        assert [len(store.query(agent=person).statements) for store in stores] == [2, 2]


def test_times_rise_over_all_processes(stores: tuple[LRS, LRS], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is acknowledged later has a later time, whichever process stores it and however wrong its clock is; no two statements share one."""
    clock = stores[1]._times._clock  # type: ignore[attr-defined]
    monkeypatch.setattr(stores[1]._times, "_clock", lambda: clock() - 3_600_000_000)
    order: list[str] = []
    for number in range(20):
        order += [str(each) for each in stores[number % 2].ingest(statements(3))]
    shown = {each["id"]: each["stored"] for each in stores[0].query(limit=60).statements}
    times = [shown[each] for each in order]
    assert times == sorted(set(times))


def test_nobody_promises_what_another_has_under_way(stores: tuple[LRS, LRS], monkeypatch: pytest.MonkeyPatch) -> None:
    """Consistent-Through of each process is before the oldest statement that any of them is storing, and goes on once it is there."""
    one, two = stores
    reached, opened, put = threading.Event(), threading.Event(), one._warehouse.put

    def held(record: Record) -> None:
        reached.set()
        assert opened.wait(30)
        put(record)

    monkeypatch.setattr(one._warehouse, "put", held)
    sent, behind = statements(1), statements(1)
    under_way = send(one, sent)
    assert reached.wait(10)
    send(two, behind).result(20)
    promises = [store.consistent_through(fresh=fresh) for store in stores for fresh in (True, False)]
    opened.set()
    under_way.result(20)
    shown = {each["id"]: each["stored"] for each in two.query(limit=2).statements}
    assert all(promise.isoformat() < shown[sent[0]["id"]] for promise in promises)
    assert all(store.consistent_through().isoformat() > shown[behind[0]["id"]] for store in stores)
    deadline = time.monotonic() + 60
    while one.consistent_through(fresh=False).isoformat() < shown[behind[0]["id"]]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_erasure_waits_for_what_another_has_under_way(stores: tuple[LRS, LRS], monkeypatch: pytest.MonkeyPatch) -> None:
    """Others' texts that it seals under the key of whoever is being erased are moved to another key, as if they had been there before."""
    one, two = stores
    reached, opened, put = threading.Event(), threading.Event(), two._warehouse.put

    def held(record: Record) -> None:
        reached.set()
        assert opened.wait(30)
        put(record)

    ana, ben = ({"mbox": f"mailto:{name}@several.example.fr"} for name in ("ana", "ben"))
    (sent,) = statements(1, actor={"objectType": "Group", "member": [ana, ben]}, result={"response": "ours"})
    sent_to(one, statements(1, actor=ana) + statements(1, actor=ben))
    monkeypatch.setattr(two._warehouse, "put", held)
    waiting = send(two, [sent])
    assert reached.wait(10)
    with ThreadPoolExecutor(1) as thread:
        erasing = thread.submit(one.erase, ana)
        time.sleep(0.5)
        assert not erasing.done()
        # Whoever else writes meanwhile, here or there, does not wait for it.
        sent_to(one, statements(1))
        opened.set()
        waiting.result(20)
        erasing.result(60)
    for store in stores:
        (shown,) = store.query(statement_id=sent["id"]).statements
        assert (shown["result"], ben in shown["actor"]["member"], ana in shown["actor"]["member"]) == ({"response": "ours"}, True, False)
        assert store.query(agent=ana).statements == []


def test_the_end_of_a_tenant_waits_for_what_another_has_under_way(stores: tuple[LRS, LRS], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on its way is deleted with the rest, and what comes later to a process that has not heard of it is refused, alone in its group."""
    one, two = stores
    reached, opened, put = threading.Event(), threading.Event(), two._warehouse.put

    def held(record: Record) -> None:
        reached.set()
        assert opened.wait(30)
        put(record)

    north = of(two, "north")
    body, other = json.dumps(statements(1)).encode(), json.dumps(statements(1)).encode()
    two.ingest(body, principal=north)
    late, well = (two._preparer.prepare(each, who, version="1.0.3", limit=1) for each, who in ((body, north), (other, two.owner)))
    with monkeypatch.context() as patched, ThreadPoolExecutor(1) as thread:
        patched.setattr(two._warehouse, "put", held)
        waiting = two.submit(
            json.dumps(statements(1, actor={"mbox": "mailto:new@north.example.fr"})).encode(), principal=north, version="1.0.3"
        )
        assert reached.wait(10)
        ending = thread.submit(one.tenants.end, "north", returned=None)
        time.sleep(0.5)
        assert not ending.done()
        opened.set()
        waiting.result(20)
        ending.result(60)
    with two._committer.alone() as commit:
        commit([late, well])
    assert type(late.done.exception(10)) is lrs.KeyUnavailable
    assert len(well.done.result(10).ids) == 1
    assert two._committer.requests == 0
    assert one._warehouse.everything("north", after=0, limit=9, now=0) == []
    with one._vault._read() as connection:
        assert not connection.scalar(select(func.count()).where(schema.subject.c.tenant == "north"))


def left(store: LRS, sent: Sequence[dict[str, Any]]) -> int:
    """Leave a claim behind, as a process does that was killed while it was storing."""
    dead = stored.SharedTimes(store._vault, store._clock, 0)
    first = dead.claim([("default", UUID(each["id"])) for each in sent])
    dead._held.clear()
    dead.close()
    return first


def test_a_dead_process_is_waited_for_a_short_time_only(stores: tuple[LRS, LRS], monkeypatch: pytest.MonkeyPatch) -> None:
    """What it had under way is taken up by who is asked next, and Consistent-Through does not stand still for it."""
    monkeypatch.setattr(stored, "_DEAD", 1.0)
    sent = statements(2)
    first = left(stores[0], sent)
    assert stores[1].consistent_through().timestamp() * 1_000_000 < first
    assert send(stores[1], sent).result(20).replayed == frozenset()
    assert stores[1].consistent_through().timestamp() * 1_000_000 > first


def test_a_claim_whose_answer_was_lost_is_let_go_of(stores: tuple[LRS, LRS], monkeypatch: pytest.MonkeyPatch) -> None:
    """The vault has noted it, and the connection broke: whoever sends it again is told that it is stored, and Consistent-Through goes on."""
    one, two = stores
    # Nobody else is to find out that it is nobody's.
    monkeypatch.setattr(stored, "_DEAD", 60.0)
    claim, sent = one._vault.claim, statements(1)

    def broken(*arguments: Any, **named: Any) -> int:
        claim(*arguments, **named)
        raise lrs.StoreUnavailable("the test says so")

    with monkeypatch.context() as patched:
        patched.setattr(one._vault, "claim", broken)
        with pytest.raises(lrs.StoreUnavailable):
            sent_to(one, sent)
    before = one._clock()
    deadline = time.monotonic() + 20
    while two.consistent_through().timestamp() * 1_000_000 < before:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert sent_to(two, sent).replayed == frozenset()


def test_a_process_that_stood_still_stores_nothing_that_others_may_have(stores: tuple[LRS, LRS], monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken for dead between claiming and storing, it looks again: no second row, and nothing before a time up to which all was said to be there."""
    one, two = stores
    monkeypatch.setattr(stored, "_DEAD", 1.0)
    reached, opened, store = threading.Event(), threading.Event(), one._writer.store

    def held(group: Any) -> None:
        reached.set()
        assert opened.wait(30)
        store(group)

    # As if it were stopped: no sign of life either.
    monkeypatch.setattr(one._vault, "beat", lambda _process: None)
    monkeypatch.setattr(one._committer, "_store", held)
    both, alone = statements(2), statements(2)
    waiting = send(one, both + alone)
    assert reached.wait(10)
    assert send(two, both).result(20).replayed == frozenset()
    announced = two.consistent_through().timestamp() * 1_000_000
    opened.set()
    assert waiting.result(20).replayed == {0, 1}
    assert {rows(two)[UUID(each["id"])] for each in both + alone} == {1}
    with two._warehouse._sessions.reader() as session:
        values = {"ids": [UUID(each["id"]) for each in alone]}
        times = session.query("SELECT toUnixTimestamp64Micro(stored) FROM statements WHERE id IN {ids:Array(UUID)}", values)
    assert min(time for (time,) in times) > announced


def test_a_process_that_does_not_end_is_not_waited_for_without_end(stores: tuple[LRS, LRS], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends what a living process does not finish with is told to come again; other statements are stored meanwhile."""
    monkeypatch.setattr(stored, "_PATIENCE", 0.5)
    monkeypatch.setattr(stored, "_DEAD", 60.0)
    sent = statements(1)
    first = left(stores[0], sent)
    with pytest.raises(lrs.StoreUnavailable) as refused:
        send(stores[1], sent).result(20)
    assert refused.value.retryable
    send(stores[1], statements(1)).result(20)
    stores[0]._vault.drop([claim for claim in stores[0]._vault.claims() if claim.first == first])
    send(stores[1], sent).result(20)


def test_what_can_not_be_settled_now_is_settled_later(stores: tuple[LRS, LRS], monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement that is stored is acknowledged although the vault goes away just then; once it is back nothing waits for it any more."""
    one, two = stores

    def away(_process: str, _firsts: Any) -> None:
        raise lrs.StoreUnavailable("the test says so")

    with monkeypatch.context() as patched:
        patched.setattr(one._vault, "settle", away)
        (identifier,) = one.ingest(statements(1))
    (shown,) = one.query(statement_id=identifier).statements
    deadline = time.monotonic() + 60
    while two.consistent_through().isoformat() < shown["stored"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_rolling_restarts_lose_and_double_nothing(settings: Settings) -> None:
    """Two processes are given the same batches, killed in turn and started again: every acknowledged statement is there in one row."""
    environ = {
        **os.environ,
        "LRS_WAREHOUSE": settings.warehouse or "",
        "LRS_VAULT": settings.vault or "",
        "LRS_KEY_FILE": str(settings.key_file),
    }
    chance = random.Random(2026)
    # What one has sent the other sends a little later, or at the same time.
    confirmed = {"left": [-1], "right": [1]}

    def run(name: str) -> None:
        own, rounds = confirmed[name], 0
        # Longer and further rounds where a slow machine has acknowledged too little for the test to mean something.
        while rounds < ROUNDS or len(own) <= ROUNDS:
            rounds += 1
            with child("ingest", settings.data / name, own[-1] + 1, env=environ) as process:
                own += acknowledged(process, kill_after=chance.uniform(1.0, 3.0 + rounds))

    lrs.open(attrs.evolve(settings, data=settings.data / "left")).close()
    sides = [threading.Thread(target=run, args=(name,)) for name in confirmed]
    for side in sides:
        side.start()
    for side in sides:
        side.join()
    with lrs.open(attrs.evolve(settings, data=settings.data / "left")) as store:
        there = rows(store)
    everything = {batch for side in confirmed.values() for batch in side[1:]}
    assert len(everything) >= ROUNDS
    assert {UUID(each) for each in ids(sorted(everything))} <= set(there)
    assert set(there.values()) == {1}
