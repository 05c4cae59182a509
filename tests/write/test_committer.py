"""Group commit: groups form under load, a full queue says so, and one bad batch fails alone."""

from __future__ import annotations

import random
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import pytest

from lrs.committer import Committer
from lrs.errors import StoreBusy, StoreUnavailable


class Group:
    def __init__(self, batches: Sequence[Load]) -> None:
        self.batches = batches


class Load:
    def __init__(self, size: int = 1, *, poison: bool = False, tenant: str = "t", requests: int = 1) -> None:
        self.size = size
        self.requests = requests
        self.tenant = tenant
        self.poison = poison
        self.done: Future[str] = Future()

    def __len__(self) -> int:
        return self.size

    def apart(self) -> list[Load]:
        return [self]


def settle(group: Group) -> None:
    for batch in group.batches:
        batch.done.set_result("stored")


def wait_until(true: Callable[[], object]) -> bool:
    end = time.monotonic() + 5
    while not true() and time.monotonic() < end:
        time.sleep(0.001)
    return bool(true())


def committer_of(store: Callable[[Group], None], *, group: int = 10, queue: int = 100) -> Committer:
    return Committer(Group, store, group=group, queue=queue)


def test_what_arrives_during_a_commit_shares_the_next() -> None:
    """A lone batch goes at once; what gathers meanwhile goes together, up to the size of a group."""
    gate, started = threading.Event(), threading.Event()
    groups: list[int] = []

    def store(group: Group) -> None:
        groups.append(len(group.batches))
        started.set()
        gate.wait(5)
        settle(group)

    committer = committer_of(store, group=4)
    loads = [Load() for _ in range(7)]
    committer.put(loads[0], wait=False)
    started.wait(5)
    for load in loads[1:]:
        committer.put(load, wait=False)
    gate.set()
    assert [load.done.result(5) for load in loads] == ["stored"] * 7
    committer.close()
    assert groups == [1, 4, 2]


def test_a_full_queue_is_busy_and_takes_nothing() -> None:
    """Beyond its bound the queue refuses a batch whole, and takes it once there is room."""
    gate, started = threading.Event(), threading.Event()

    def store(group: Group) -> None:
        started.set()
        gate.wait(5)
        settle(group)

    committer = committer_of(store, queue=10)
    committer.put(Load(), wait=False)
    started.wait(5)
    committer.put(Load(10), wait=False)
    with pytest.raises(StoreBusy) as busy:
        committer.put(Load(1), wait=False)
    assert busy.value.retryable
    gate.set()
    late = Load(1)
    committer.put(late, wait=True)
    assert late.done.result(5) == "stored"
    committer.close()


@pytest.mark.parametrize("where", ["prepare", "store"])
def test_one_poisonous_batch_fails_alone(where: str) -> None:
    """An unexpected error names its place, not its contents, and the other batches of the group are stored."""
    gate, started = threading.Event(), threading.Event()

    def prepare(batches: Sequence[Load]) -> Group:
        if where == "prepare" and any(batch.poison for batch in batches):
            raise ValueError("mailto:secret@example.fr")
        return Group(batches)

    def store(group: Group) -> None:
        started.set()
        gate.wait(5)
        if any(batch.poison for batch in group.batches):
            raise ValueError("mailto:secret@example.fr")
        settle(group)

    committer = Committer(prepare, store, group=10, queue=10)
    committer.put(Load(), wait=False)
    started.wait(5)
    good, bad = Load(), Load(poison=True)
    committer.put(bad, wait=False)
    committer.put(good, wait=False)
    gate.set()
    assert good.done.result(5) == "stored"
    with pytest.raises(StoreUnavailable) as failed:
        bad.done.result(5)
    assert "secret" not in str(failed.value)
    committer.close()


@pytest.mark.parametrize(("group", "size", "full"), [(3, 1, False), (100, 1, True), (40_000, 4_000, False)])
def test_a_full_group_is_made_ready_while_another_is_stored(group: int, size: int, *, full: bool) -> None:
    """The second group is prepared before the first is stored, and stored after it.

    Full is what is as large as a group, or was gathered as one; so many statements wait for no more of them, either.
    """
    gate, prepared = threading.Event(), threading.Event()
    order: list[str] = []

    def prepare(batches: Sequence[Load]) -> Group:
        order.append(f"prepare {len(batches)}")
        if len(order) == 2:
            prepared.set()
        return Group(batches)

    def store(group: Group) -> None:
        gate.wait(5)
        order.append(f"store {len(group.batches)}")
        settle(group)

    committer = Committer(prepare, store, group=group, queue=100_000)
    loads = [Load(size) for _ in range(5)]
    committer.put(*loads[:3], wait=False, full=full)
    assert wait_until(lambda: order)
    committer.put(*loads[3:], Load(size), wait=False, full=full)
    assert prepared.wait(5)
    gate.set()
    assert loads[-1].done.result(5) == "stored"
    committer.close()
    assert order == ["prepare 3", "prepare 3", "store 3", "store 3"]


@pytest.mark.parametrize("fails", ["", "prepare", "store"])
def test_nothing_of_a_group_stays_once_it_is_settled(fails: str) -> None:
    """However long no other comes: it is large, and about people."""
    seen: list[weakref.ref[Load]] = []

    def prepare(batches: Sequence[Load]) -> Group:
        if fails == "prepare":
            raise ValueError
        return Group(batches)

    def store(group: Group) -> None:
        if fails == "store":
            raise ValueError
        settle(group)

    committer = Committer(prepare, store, group=10, queue=10)
    load = Load()
    done = load.done
    seen.append(weakref.ref(load))
    committer.put(load, wait=False)
    del load
    assert bool(done.exception(5)) == bool(fails)
    assert wait_until(lambda: seen[0]() is None)
    committer.close()


def test_those_who_were_answered_together_are_waited_for() -> None:
    """Eight callers who send again as soon as they are answered share their inserts; a lone one is never held back."""
    groups: list[int] = []

    def store(group: Group) -> None:
        groups.append(len(group.batches))
        time.sleep(0.02)
        settle(group)

    committer = committer_of(store)

    def call(times: int) -> None:
        for _ in range(times):
            load = Load()
            committer.put(load, wait=True)
            load.done.result(5)
            time.sleep(random.random() * 0.005)

    callers = [threading.Thread(target=call, args=(20,)) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sum(groups) == 160
    # 21 when they are waited for, 40 when they are not.
    assert len(groups) < 32
    call(2)
    # Now one is expected, and one that comes is not held back.
    assert committer._expected == 1
    committer.close()


def test_who_comes_late_waits_for_nobody() -> None:
    """Those who were answered together are expected for a moment, and not for ever: after a silence one who comes alone is not held back."""

    def store(group: Group) -> None:
        time.sleep(0.02)
        settle(group)

    committer, waits = committer_of(store), []
    wait_for = committer._changed.wait_for

    def noted(predicate: Callable[[], object], timeout: float | None = None) -> object:
        if timeout is not None:
            waits.append(timeout)
        return wait_for(predicate, timeout)

    committer._changed.wait_for = noted  # type: ignore[method-assign, assignment]
    loads = [Load() for _ in range(5)]
    committer.put(*loads, wait=False)
    assert [load.done.result(5) for load in loads] == ["stored"] * 5
    assert wait_until(lambda: committer._expected == 5)
    time.sleep(0.1)
    committer.put(late := Load(), wait=False)
    late.done.result(5)
    assert waits[-1] == 0
    committer.close()


@pytest.mark.parametrize("where", ["prepare", "store"])
def test_what_is_committed_alone(where: str) -> None:
    """It goes when all that was taken before is stored, before all that waits, and one poisonous batch of it fails alone."""
    order: list[Load] = []
    started, gate, waits = threading.Event(), threading.Event(), threading.Event()

    def refuse(batches: Sequence[Load], place: str) -> None:
        if place == where and any(batch.poison for batch in batches):
            raise ValueError

    def prepare(batches: Sequence[Load]) -> Group:
        refuse(batches, "prepare")
        return Group(batches)

    def store(group: Group) -> None:
        started.set()
        gate.wait(5)
        refuse(group.batches, "store")
        order.extend(group.batches)
        settle(group)

    committer = Committer(prepare, store, group=10, queue=100)
    before, after = [Load(), Load()], [Load(), Load()]
    own, bad = [Load(), Load()], Load(poison=True)
    committer.put(before[0], wait=False)
    started.wait(5)
    # Full, so that it is made ready while the first one is stored.
    committer.put(before[1], Load(9), wait=False)
    while len(committer.waiting):
        time.sleep(0.001)

    def alone() -> None:
        with committer.alone() as commit:
            waits.set()
            while len(committer.waiting) < 2:
                time.sleep(0.001)
            commit([own[0], bad, own[1]])

    thread = threading.Thread(target=alone)
    thread.start()
    assert not waits.wait(0.05)
    gate.set()
    assert waits.wait(5)
    for load in after:
        committer.put(load, wait=False)
    thread.join(5)
    assert [load.done.result(5) for load in after] == ["stored"] * 2
    committer.close()
    assert [load for load in order if len(load) == 1] == [*before, *own, *after]
    with pytest.raises(StoreUnavailable):
        bad.done.result(0)


@pytest.mark.parametrize("fails", ["", "prepare", "store"])
def test_who_waits_is_counted_until_they_were_told(fails: str) -> None:
    """Those in the queue, those whose group is made ready, and those whose group is stored; nobody once that has ended, however it did."""
    gate, started = threading.Event(), threading.Event()

    def prepare(batches: Sequence[Load]) -> Group:
        if fails == "prepare":
            wait_at(gate, started)
            raise ValueError
        return Group(batches)

    def store(group: Group) -> None:
        wait_at(gate, started)
        if fails == "store":
            raise ValueError
        settle(group)

    committer = Committer(prepare, store, group=4, queue=100)
    loads = [Load(requests=number) for number in (1, 2, 3)]
    committer.put(loads[0], wait=False)
    assert started.wait(5)
    for load in loads[1:]:
        committer.put(load, wait=False)
    assert committer.requests == 6
    gate.set()
    for load in loads:
        assert load.done.exception(5) is None or fails
    committer.close()
    assert committer.requests == 0


def wait_at(gate: threading.Event, started: threading.Event) -> None:
    started.set()
    gate.wait(5)


def test_closing_stores_what_was_taken_and_then_takes_nothing() -> None:
    """Nothing that was put is lost by closing; nothing is put after it."""
    committer = committer_of(settle)
    loads = [Load() for _ in range(30)]
    for load in loads:
        committer.put(load, wait=True)
    committer.close()
    committer.close()
    assert all(load.done.result(0) == "stored" for load in loads)
    with pytest.raises(StoreUnavailable):
        committer.put(Load(), wait=True)
