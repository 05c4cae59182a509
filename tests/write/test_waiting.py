"""The queue of writes: bounded, and shared by those who write at once."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import Future

from lrs.committer import Committer
from lrs.errors import StoreBusy
from lrs.waiting import Waiting
from tests.effort import Effort
from tests.write.test_committer import Group, Load, settle


def taken(waiting: Waiting, most: int) -> list[tuple[str, int]]:
    return [(batch.tenant, len(batch)) for batch in waiting.take(most)]


def is_taken(committer: Committer, load: Load) -> bool:
    try:
        committer.put(load, wait=False)
    except StoreBusy:
        return False
    return True


def filled(most: int, *loads: Load) -> Waiting:
    waiting = Waiting(most)
    for load in loads:
        waiting.put(load)
    return waiting


def test_a_group_has_something_of_everybody() -> None:
    """Each tenant gets about as many statements of a group as the others, however many of them wait and in whatever batches."""
    flood = [Load(2, tenant="a") for _ in range(50)]
    waiting = filled(1000, *flood, *(Load(tenant="b") for _ in range(9)), Load(3, tenant="c"))
    group = taken(waiting, 10)
    assert sum(size for tenant, size in group if tenant == "a") == 4
    assert sum(size for tenant, size in group if tenant == "b") == 3
    assert ("c", 3) in group
    assert len(waiting) == 60 - len(group)
    assert waiting.size == 112 - sum(size for _, size in group)


def test_a_tenant_alone_has_whole_groups_in_order() -> None:
    """Where nobody else waits, nothing is held back for anybody, and what came first goes first."""
    loads = [Load(3) for _ in range(5)]
    waiting = filled(1000, *loads)
    assert waiting.take(9) == loads[:3]
    assert waiting.take(9) == loads[3:]
    assert waiting.take(9) == []
    assert (len(waiting), waiting.size) == (0, 0)


def test_a_batch_that_fills_a_group_has_its_turn() -> None:
    """A tenant whose batch fits beside nobody else's comes first once it has waited for a group."""
    waiting = filled(1000, Load(1, tenant="a"), Load(1, tenant="a"), Load(10, tenant="b"), Load(1, tenant="a"))
    assert taken(waiting, 10) == [("a", 1)] * 3
    waiting.put(Load(1, tenant="a"))
    assert taken(waiting, 10) == [("b", 10)]
    waiting = filled(1000, Load(9, tenant="a"), Load(9, tenant="a"), Load(10, tenant="b"), Load(10, tenant="b"))
    assert [taken(waiting, 10) for _ in range(4)] == [[("a", 9)], [("b", 10)], [("a", 9)], [("b", 10)]]


def test_a_flood_leaves_room_for_others() -> None:
    """One tenant fills half of the queue, the next one half of what is left; together never more than the queue."""
    waiting = Waiting(1000)
    room = {}
    for tenant in ("a", "b", "c"):
        room[tenant] = 0
        while waiting.has_room(tenant, 1):
            waiting.put(Load(tenant=tenant))
            room[tenant] += 1
    assert room == {"a": 500, "b": 250, "c": 125}
    assert waiting.has_room("d", 125)
    while waiting.size:
        waiting.take(100)
    assert waiting.has_room("a", 2000)


def test_thousands_of_tenants_cost_little() -> None:
    """Ten thousand batches of as many tenants are sorted into groups in well under a second each."""
    waiting = filled(100_000, *(Load(tenant=f"t{n % 5000}") for n in range(20_000)))
    with Effort() as effort:
        assert len(waiting.take(10_000)) == 10_000
    assert effort.seconds < 1


def test_who_comes_during_a_flood_waits_for_few_groups() -> None:
    """While one tenant's statements fill twenty groups, another tenant's single one is in the next or next but one that is made ready."""
    gate, started = threading.Event(), threading.Event()
    groups: list[list[str]] = []

    def store(group: Group) -> None:
        started.set()
        gate.wait(5)
        groups.append([batch.tenant for batch in group.batches])
        settle(group)

    committer = Committer(Group, store, group=10, queue=1000)
    flood = [Load(10, tenant="a") for _ in range(20)]
    for load in flood:
        committer.put(load, wait=False)
    assert started.wait(5)
    single: Load = Load(tenant="b")
    committer.put(single, wait=False)
    gate.set()
    assert single.done.result(5) == "stored"
    futures: list[Future[str]] = [load.done for load in flood]
    assert [future.result(5) for future in futures] == ["stored"] * 20
    committer.close()
    # Three were under way when it came (one being stored, one ready, one waiting to be), and one may have been due.
    assert groups.index(["b"]) <= 4
    assert len(groups) == 21


def test_a_flooded_queue_is_busy_for_the_flooder_alone() -> None:
    """The tenant that sends more than can be stored is refused, and takes no place; another one is not."""
    gate, started = threading.Event(), threading.Event()

    def store(group: Group) -> None:
        started.set()
        gate.wait(5)
        settle(group)

    committer = Committer(Group, store, group=1, queue=100)
    committer.put(Load(tenant="a"), wait=False)
    assert started.wait(5)
    loads = [Load(tenant="a") for _ in range(60)]
    accepted = list(itertools.takewhile(lambda load: is_taken(committer, load), loads))
    assert 50 <= len(accepted) <= 52
    other = Load(40, tenant="b")
    committer.put(other, wait=False)
    gate.set()
    assert other.done.result(5) == "stored"
    committer.close()
    assert not any(load.done.done() for load in loads[len(accepted) :])
    assert all(load.done.result(0) == "stored" for load in accepted)
