"""Quarantine: what can't be taken is sealed and kept, stops nothing, is replayed, and goes when its time is up."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest

import lrs
from lrs.access import Handling, Principal, Scope
from lrs.errors import InvalidStatement, NotFound, NotPermitted, StoreBusy
from lrs.exchange.replay import Replay
from lrs.privacy.audit.verify import entries
from lrs.storage.contract import QuarantinedRow
from tests.store.conftest import World
from tests.vault.databases import DATABASES, empty_vault

DAY = 86_400_000_000
MARK = "canary-4711"


class Clock:
    now = 1_800_000_000_000_000

    def __call__(self) -> int:
        self.now += 1
        return self.now


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module", params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[lrs.LRS]:
    settings = empty_vault(request.param, tmp_path_factory.mktemp("quarantine"))
    with lrs.LRS(attrs.evolve(settings, max_quarantine_bytes=50_000), clock=clock) as opened:
        yield opened


@pytest.fixture
def sender(store: lrs.LRS) -> Iterator[Principal]:
    """A credential with a quarantine of 30 days, which is empty before and after."""
    row, _, _ = store.credentials.add(f"sender {uuid4()}", scopes=["all"], handling=Handling(quarantine_days=30))
    yield store.credentials.principal(row.id)
    store.quarantine.drop("default", [each.key.hex() for each in store.quarantine.entries("default")])


def bad(world: World, **more: Any) -> dict[str, Any]:
    """Make a statement that breaks a rule, with a mark in it."""
    return world.statement(**{"actor": {"mbox": f"mailto:{MARK}@example.fr"}, "result": {"success": MARK}, **more})


def submit(store: lrs.LRS, sender: Principal, *statements: Any) -> list[UUID]:
    """Post a batch as the server does."""
    return store.submit(json.dumps(statements).encode(), principal=sender, version="1.0.3").result().ids


def kept(store: lrs.LRS) -> list[QuarantinedRow]:
    return store.quarantine.entries("default")


def test_a_bad_statement_loses_no_neighbour(store: lrs.LRS, sender: Principal, world: World) -> None:
    """The others are stored, it is kept as it was sent, and the client is told that all were taken, in order, under their ids."""
    wrong = bad(world, id=str(uuid4()))
    good = [world.statement(id=str(uuid4())) for _ in range(2)]
    assert [str(each) for each in submit(store, sender, good[0], wrong, good[1])] == [good[0]["id"], wrong["id"], good[1]["id"]]
    assert len(store.query(verb=world.verb).statements) == 2
    (row,) = kept(store)
    assert (row.credential, row.source, row.code) == (sender.credential_id, "", "invalid-statement")
    assert "$.result.success" in row.reason
    assert MARK not in row.reason
    assert json.loads(store.quarantine.content("default", row.key.hex())) == wrong


def test_sent_again_it_is_kept_once(store: lrs.LRS, sender: Principal, world: World) -> None:
    """However often a client repeats it; another credential's is another's."""
    wrong = bad(world)
    for _ in range(3):
        submit(store, sender, wrong)
    assert len(kept(store)) == 1
    submit(store, attrs.evolve(sender, credential_id="another"), wrong)
    assert len(kept(store)) == 2


def test_a_conflict_is_kept_too(store: lrs.LRS, sender: Principal, world: World) -> None:
    """An emitter that gets 409 would send it for ever, and its neighbours with it."""
    first = world.statement(id=str(uuid4()))
    submit(store, sender, first)
    other = {**first, "object": {"id": "https://lms.example.fr/other"}}
    neighbour = world.statement(id=str(uuid4()))
    assert len(submit(store, sender, other, neighbour, first)) == 3
    assert [row.code for row in kept(store)] == ["conflict"]
    assert len(store.query(verb=world.verb).statements) == 2


def test_without_a_quarantine_a_batch_is_refused_whole(store: lrs.LRS, sender: Principal, world: World) -> None:
    """As the specification has it; so is what a quarantine can't help, and what may not write."""
    plain = attrs.evolve(sender, handling=Handling())
    with pytest.raises(InvalidStatement):
        submit(store, plain, world.statement(), bad(world))
    for body in (b"", b"{", b"[1]", b"\xff", b"[[" + json.dumps(world.statement()).encode() + b"]]"):
        with pytest.raises(InvalidStatement):
            store.submit(body, principal=sender, version="1.0.3")
    with pytest.raises(NotPermitted):
        submit(store, attrs.evolve(sender, scopes=frozenset({Scope.STATEMENTS_READ})), bad(world))
    assert kept(store) == []
    assert store.query(verb=world.verb).statements == []


def test_lines_are_kept_as_well(store: lrs.LRS, sender: Principal, world: World) -> None:
    """Each with its outcome, which says so."""
    lines = [json.dumps(each).encode() for each in (world.statement(), bad(world))] + [b"{"]
    outcomes = list(store.ingest_lines(lines, principal=sender))
    assert [(each.error is None, each.held) for each in outcomes] == [(True, False), (False, True), (False, True)]
    assert len(kept(store)) == 2


def test_replayed_with_a_repair_it_is_stored(store: lrs.LRS, sender: Principal, world: World) -> None:
    """What the repairs of now can mend is taken and leaves the quarantine; what they can't stays, with the reason."""
    home = world.statement(actor={"account": {"homePage": "pod.example.fr", "name": MARK}})
    submit(store, sender, home, bad(world))
    ids = [row.key.hex() for row in kept(store)]
    assert [each.error is None for each in store.replay(*ids)] == [False, False]
    store.credentials.change_handling(sender.credential_id, repairs=("host-as-home-page",))
    told = {each.key: each.error for each in store.replay(*ids)}
    assert sorted(error is None for error in told.values()) == [False, True]
    assert len(kept(store)) == 1
    assert store.query(verb=world.verb).statements[0]["actor"]["account"]["homePage"] == "https://pod.example.fr"
    with pytest.raises(NotFound):
        store.replay(*ids)


def test_what_others_ask_for_is_tried_once(store: lrs.LRS, sender: Principal, world: World) -> None:
    """However many processes look: one of them tries it, in the name that was asked for; the reason why it stays is that of now."""
    home = world.statement(actor={"account": {"homePage": "pod.example.fr", "name": MARK}})
    submit(store, sender, home, bad(world))
    ids = [row.key.hex() for row in kept(store)]
    other, _, _ = store.credentials.add(f"other {uuid4()}", scopes=["all"], handling=Handling(repairs=("host-as-home-page",)))
    store.quarantine.ask("default", ids, other.id)
    with ExitStack() as following:
        for _ in range(4):
            following.enter_context(Replay(store.quarantine, store._take, lambda: store.reception, store.credentials.principal).following())
        wait_until(lambda: all(row.asked is None for row in kept(store)) and len(kept(store)) == 1)
    (statement,) = store.query(verb=world.verb).statements
    assert statement["authority"]["account"]["name"] == other.id
    assert "$.result.success" in kept(store)[0].reason
    store.quarantine.ask("default", [kept(store)[0].key.hex()], "revoked or never there")
    with store.replays.following():
        wait_until(lambda: kept(store)[0].asked is None)
    assert kept(store)[0].code == "configuration"


def test_it_is_claimed_by_one(store: lrs.LRS, sender: Principal, world: World) -> None:
    """Of many who look at the same time; who asks once more may have it claimed anew, and who takes that back has not."""
    submit(store, sender, bad(world))
    key = kept(store)[0].key.hex()
    for asked, claims in (("", 1), ("", 1), (None, 0)):
        store.quarantine.ask("default", [key], asked)
        with ThreadPoolExecutor(8) as threads:
            claimed = list(threads.map(lambda _: store.quarantine.claim(), range(16)))
        assert [tenant for tenant, _ in filter(None, claimed)] == ["default"] * claims


def wait_until(done: Callable[[], bool]) -> None:
    """Wait for a thread, half a minute at most."""
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_its_time_is_bounded(store: lrs.LRS, sender: Principal, world: World, clock: Clock) -> None:
    """Past it nothing is shown, and pruning takes it off the disk; another tenant's prune is the same."""
    submit(store, sender, bad(world))
    key = kept(store)[0].key.hex()
    clock.now += 30 * DAY - 1000
    assert len(kept(store)) == 1
    assert store.quarantine.prune() == 0
    clock.now += 1000
    assert kept(store) == []
    with pytest.raises(NotFound):
        store.quarantine.content("default", key)
    assert store.quarantine.prune() == 1
    assert store.quarantine.prune() == 0


def test_its_size_is_bounded(store: lrs.LRS, sender: Principal, world: World) -> None:
    """What finds no room is refused as busy, so that it is sent again; what was kept stays, and a neighbour that was stored is recognised."""
    big = {"result": {"response": "x" * 30_000, "success": MARK}}
    submit(store, sender, world.statement(**big))
    good = world.statement(id=str(uuid4()))
    with pytest.raises(StoreBusy):
        submit(store, sender, good, world.statement("bob", **big))
    assert len(kept(store)) == 1
    store.quarantine.drop("default", [kept(store)[0].key.hex()])
    submit(store, sender, good, world.statement("bob", **big))
    assert (len(kept(store)), len(store.query(verb=world.verb).statements)) == (1, 1)


def test_who_looked_is_in_the_audit_trail(store: lrs.LRS, sender: Principal, world: World) -> None:
    """And who dropped; what is in quarantine is nowhere in the clear."""
    submit(store, sender, bad(world))
    key = kept(store)[0].key.hex()
    store.quarantine.content("default", key)
    store.quarantine.drop("default", [key])
    actions = [entry.action for _, entry in entries(store.settings.data / "audit")]
    assert actions[-2:] == ["show quarantined", "drop quarantined"]
    assert "quarantine" in actions
    assert not [path for path in _files(store.settings.data) if MARK.encode() in path.read_bytes()]


@pytest.mark.parametrize("key", ["00" * 16, "not hexadecimal", ""])
def test_an_unknown_id_is_not_found(store: lrs.LRS, key: str) -> None:
    """Whatever it looks like."""
    with pytest.raises(NotFound):
        store.quarantine.content("default", key)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
