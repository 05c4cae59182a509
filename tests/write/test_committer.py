"""Group commit: groups form under load, a full queue says so, and one bad batch fails alone."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future

import pytest

from lrs.committer import Committer
from lrs.errors import StoreBusy, StoreUnavailable


class Load:
    def __init__(self, size: int = 1, *, poison: bool = False) -> None:
        self.size = size
        self.poison = poison
        self.done: Future[str] = Future()

    def __len__(self) -> int:
        return self.size


def settle(batches: Sequence[Load]) -> None:
    for batch in batches:
        batch.done.set_result("stored")


def test_what_arrives_during_a_commit_shares_the_next() -> None:
    """A lone batch goes at once; what gathers meanwhile goes together, up to the size of a group."""
    gate, started = threading.Event(), threading.Event()
    groups: list[int] = []

    def commit(batches: Sequence[Load]) -> None:
        groups.append(len(batches))
        started.set()
        gate.wait(5)
        settle(batches)

    committer = Committer(commit, group=4, queue=100)
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

    def commit(batches: Sequence[Load]) -> None:
        started.set()
        gate.wait(5)
        settle(batches)

    committer = Committer(commit, group=10, queue=10)
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


def test_one_poisonous_batch_fails_alone() -> None:
    """An unexpected error names its place, not its contents, and the other batches of the group are stored."""

    def commit(batches: Sequence[Load]) -> None:
        if any(batch.poison for batch in batches):
            raise ValueError("mailto:secret@example.fr")
        settle(batches)

    gate = threading.Event()
    first = Load()
    committer = Committer(lambda batches: (gate.wait(5), commit(batches)), group=10, queue=10)  # type: ignore[arg-type, func-returns-value]
    committer.put(first, wait=False)
    good, bad = Load(), Load(poison=True)
    committer.put(bad, wait=False)
    committer.put(good, wait=False)
    gate.set()
    assert good.done.result(5) == "stored"
    with pytest.raises(StoreUnavailable) as failed:
        bad.done.result(5)
    assert "secret" not in str(failed.value)
    committer.close()


def test_closing_stores_what_was_taken_and_then_takes_nothing() -> None:
    """Nothing that was put is lost by closing; nothing is put after it."""
    committer = Committer(settle, group=10, queue=100)
    loads = [Load() for _ in range(30)]
    for load in loads:
        committer.put(load, wait=True)
    committer.close()
    committer.close()
    assert all(load.done.result(0) == "stored" for load in loads)
    with pytest.raises(StoreUnavailable):
        committer.put(Load(), wait=True)
