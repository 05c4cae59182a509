"""Single statements of many senders, gathered into one batch: nothing but the time that it takes may tell that they were not alone."""

from __future__ import annotations

import gc
import json
import os
import signal
import weakref
from collections.abc import Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest

import lrs
from lrs import second, singles
from lrs.access import Principal, Scope, View, software_authority
from lrs.batch import Receipt
from lrs.committer import Committer
from lrs.errors import Conflict, InvalidStatement, KeyUnavailable, NotPermitted, StoreBusy
from lrs.privacy.audit.verify import entries
from lrs.settings import Settings
from lrs.write import Writer
from tests.policy.stores import POLICY
from tests.store.test_second import PATIENCE, STATEMENT, batches, started, stored, until


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Gather from the first one on -> how many requests each batch answers that enters the queue."""
    put: list[int] = []
    ordinary = Committer.put

    def noting(self: Committer, *batches: Any, **how: Any) -> None:
        put.extend(batch.requests for batch in batches)
        ordinary(self, *batches, **how)

    monkeypatch.setattr(singles, "_CROWD", 0)
    monkeypatch.setattr(singles, "_MOMENT", 0.2)
    monkeypatch.setattr(second, "_WORTH", -1)
    monkeypatch.setattr(Committer, "put", noting)
    return put


def new(**more: Any) -> dict[str, Any]:
    return {"id": str(uuid4())} | STATEMENT | more


def sent(store: lrs.LRS, statements: Sequence[Any], principal: Principal | None = None, version: str = "1.0.3") -> list[Future[Receipt]]:
    """Hand in each on its own, and wait for none in between."""
    bodies = [json.dumps(each).encode() for each in statements]
    return [store.submit(body, principal=principal or store.owner, version=version) for body in bodies]


def ids(futures: Sequence[Future[Receipt]]) -> list[str]:
    receipts = [each.result(PATIENCE) for each in futures]
    assert all(len(receipt.ids) == 1 and not receipt.refused for receipt in receipts)
    return [str(receipt.ids[0]) for receipt in receipts]


def writer(name: str, *scopes: Scope, tenant: str = "default") -> Principal:
    return Principal(tenant, name, frozenset(scopes), View.IDENTIFIED, software_authority("https://lms.example.fr", name), name=name)


@pytest.mark.parametrize("policy", ["", "without-identity"])
@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
@pytest.mark.parametrize("process", [True, False])
def test_what_is_stored_is_the_same(crowd: list[int], version: str, policy: str, *, process: bool, tmp_path: Path) -> None:
    """Every place of a person and of a text, in both versions, with and without a second process, as each alone and all together."""
    statements = [each for batch in batches(version) for each in batch]
    read = []
    for together in (False, True):
        data = tmp_path / str(together)
        data.mkdir()
        if policy:
            (data / "policy.toml").write_text(POLICY.replace("UNASSIGNED", policy), "utf-8")
        with lrs.open(Settings(data=data, second_process=process)) as store:
            if together and process:
                started(store)
            if together:
                assert ids(sent(store, statements, version=version)) == [each["id"] for each in statements]
                assert max(crowd) > 1
            else:
                store.ingest((json.dumps(each).encode() for each in statements), version=version)
            again = sent(store, statements, version=version)
            assert ids(again) == [each["id"] for each in statements]
            assert all(each.result().replayed == {0} for each in again)
            read.append(stored(store))
    assert read[0] == read[1]
    assert len(read[0]) == len(statements)


@pytest.mark.parametrize("process", [True, False])
def test_each_is_told_what_is_wrong_with_its_own(crowd: list[int], *, process: bool, tmp_path: Path) -> None:
    """A rule that is broken, an id that is taken, one that comes twice at once: whoever sent the others does not notice."""
    taken, twice, same = new(), new(), new()
    with lrs.open(Settings(data=tmp_path, second_process=process)) as store:
        if process:
            started(store)
        store.ingest(taken)
        other = {"object": {"id": "https://b.example"}}
        futures = sent(store, [new(), new(verb={"id": "no IRI"}), taken | other, twice, twice | other, same, same, new(), {"id": 1}])
        wait(futures, PATIENCE)
        errors = [each.exception() for each in futures]
        assert [type(error) for error in errors] == [
            *(type(None), InvalidStatement, Conflict),
            *(type(None), Conflict),
            *(type(None),) * 3,
            InvalidStatement,
        ]
        assert [error.index for error in errors if isinstance(error, InvalidStatement | Conflict)] == [0, 0, 0, 0]
        with pytest.raises(InvalidStatement) as alone:
            store.ingest(new(verb={"id": "no IRI"}))
        assert str(errors[1]) == str(alone.value)
        assert [each.result().replayed for each in futures[5:7]] == [set(), {0}]
        assert max(crowd) > 1
        assert {str(each) for each in stored(store)} == {taken["id"], twice["id"], same["id"], *ids([futures[0], futures[7]])}


@pytest.mark.parametrize("process", [True, False])
def test_each_is_its_senders(crowd: list[int], *, process: bool, tmp_path: Path) -> None:
    """The authority, the tenant, the right to write and the entry in the audit trail are those of who sent it, whoever else did at the same time."""
    with lrs.open(Settings(data=tmp_path, second_process=process)) as store:
        if process:
            started(store)
        store.credentials.add("one", username="one", tenant="other")
        one, two = writer("one", Scope.STATEMENTS_WRITE), writer("two", Scope.ALL)
        # The policy knows one by the name of the other.
        three = attrs.evolve(writer("three", Scope.ALL), name="one")
        elsewhere, nobody = writer("one", Scope.ALL, tenant="other"), writer("nobody", Scope.STATEMENTS_READ)
        senders = [one, two, elsewhere, nobody, three] * 5
        statements = [new(actor={"mbox": f"mailto:learner.{n}@example.fr", "name": f"Learner {n}"}) for n in range(len(senders))]
        futures = [
            sent(store, [statement], attrs.evolve(principal, request_id=f"request-{number}"))[0]
            for number, (statement, principal) in enumerate(zip(statements, senders, strict=True))
        ]
        wait(futures, PATIENCE)
        for principal, statement, each in zip(senders, statements, futures, strict=True):
            if principal is nobody:
                assert isinstance(each.exception(), NotPermitted)
                continue
            reader = elsewhere if principal is elsewhere else store.owner
            (shown,) = store.query(statement_id=each.result().ids[0], principal=reader).statements
            assert json.dumps(shown["authority"], separators=(",", ":")).encode() == principal.authority
            assert (shown["id"], shown["actor"]) == (statement["id"], statement["actor"])
        assert max(crowd) == 5
        trail = [each for _, each in entries(tmp_path / "audit") if each.action == "write statements"]
        refused = [each for each in trail if each.outcome == "refused"]
        assert {each.request for each in refused} == {f"request-{n}" for n, each in enumerate(senders) if each is nobody}
        done = [each for each in trail if each.outcome == "done"]
        assert {(each.tenant, each.credential) for each in done} == {
            ("default", "one"),
            ("default", "two"),
            ("other", "one"),
            ("default", "three"),
        }
        assert [sum(each.counts[what] for each in done) for what in ("batches", "statements")] == [20, 20]


def test_who_is_left_alone_is_named(crowd: list[int], tmp_path: Path) -> None:
    """Of two the other one broke a rule: what is stored is told in the audit trail with the request that it came by."""
    with lrs.open(tmp_path) as store:
        owners = [attrs.evolve(store.owner, request_id=name) for name in ("good", "bad")]
        futures = sent(store, [new()], owners[0]) + sent(store, [new(verb={"id": "no IRI"})], owners[1])
        wait(futures, PATIENCE)
        assert crowd == [1]
        trail = [each for _, each in entries(tmp_path / "audit") if each.action == "write statements"]
        assert [each.request for each in trail] == ["good"]


@pytest.mark.parametrize("process", [True, False])
@pytest.mark.usefixtures("crowd")
def test_a_tenant_without_keys_stops_nobody(*, process: bool, tmp_path: Path) -> None:
    """A tenant may have ended while its credential is remembered: that is what its own senders are told."""
    with lrs.open(Settings(data=tmp_path, second_process=process)) as store:
        if process:
            started(store)
        ended = writer("one", Scope.ALL, tenant="ended")
        futures = [sent(store, [new()], principal)[0] for principal in [store.owner, ended, store.owner, ended]]
        wait(futures, PATIENCE)
        assert all(isinstance(each.exception(), KeyUnavailable) for each in futures[1::2])
        assert len(ids(futures[::2])) == len(stored(store)) == 2


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_whatever_keeps_the_second_process_all_are_stored(
    crowd: list[int], how: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed, or stopped for longer than anybody waits."""
    monkeypatch.setattr(singles, "_PATIENCE", 0.5)
    statements = [new() for _ in range(100)]
    with lrs.open(tmp_path) as store:
        running = started(store)
        os.kill(running._process.pid, how)
        assert ids(sent(store, statements)) == [each["id"] for each in statements]
        assert {str(each) for each in stored(store)} == {each["id"] for each in statements}


def test_one_that_nobody_can_store_fails_alone(crowd: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody foresaw, in one statement of many, is that one's."""
    poison = new()
    ordinary = Writer._recognise

    def failing(self: Writer, found: Any, first: int) -> Any:
        if any(UUID(poison["id"]) in share.ids for share in found):
            raise ZeroDivisionError
        return ordinary(self, found, first)

    monkeypatch.setattr(Writer, "_recognise", failing)
    statements = [new() for _ in range(10)]
    with lrs.open(tmp_path) as store:
        futures = sent(store, [*statements[:5], poison, *statements[5:]])
        wait(futures, PATIENCE)
        assert "ZeroDivisionError" in str(futures.pop(5).exception())
        assert ids(futures) == [each["id"] for each in statements]
        assert max(crowd) > 1


def test_what_failed_together_keeps_its_ids(crowd: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody foresaw, after all was stored: what is tried once more is recognised, whoever gave it its id."""
    failures = [ZeroDivisionError]
    ordinary = Writer._count

    def failing(self: Writer, group: Any, seconds: float) -> None:
        if failures:
            raise failures.pop()
        ordinary(self, group, seconds)

    monkeypatch.setattr(Writer, "_count", failing)
    with lrs.open(tmp_path) as store:
        given = ids(sent(store, [STATEMENT] * 10))
        assert not failures
        assert max(crowd) > 1
        assert len(set(given)) == 10
        assert {str(each) for each in stored(store)} == set(given)


def test_a_full_queue_says_so_to_each(crowd: list[int], tmp_path: Path) -> None:
    """As many have room as if each had come alone; nothing of what is refused is stored."""
    statements = [new() for _ in range(60)]
    with lrs.open(Settings(data=tmp_path, queue_statements=40)) as store:
        with store._committer.alone():
            futures = sent(store, statements[:8])
            until(lambda: len(store._committer.waiting) == 8)
            futures += sent(store, statements[8:])
            until(lambda: sum(each.done() for each in futures) == 40)
            taken = [each for each in futures if not each.done()]
            assert all(isinstance(each.exception(), StoreBusy) for each in futures if each.done())
        assert sorted(ids(taken)) == sorted(str(each) for each in stored(store))
    assert max(crowd) > 1


def test_closing_stores_what_is_on_its_way(crowd: list[int], tmp_path: Path) -> None:
    """Whoever was not answered yet when the store was closed is."""
    statements = [new() for _ in range(100)]
    with lrs.open(tmp_path) as store:
        futures = sent(store, statements)
    assert ids(futures) == [each["id"] for each in statements]
    assert max(crowd) > 1
    with lrs.open(tmp_path) as store:
        assert {str(each) for each in stored(store)} == {each["id"] for each in statements}


def test_few_are_stored_one_by_one(tmp_path: Path) -> None:
    """Nobody waits for others who are not there."""
    with lrs.open(tmp_path) as store:
        taken = store._intake._singles.take
        assert taken(json.dumps(new()).encode(), store.owner, "1.0.3") is None


@pytest.mark.usefixtures("crowd")
def test_what_is_more_than_one_statement_is_not_put_together_with_others(tmp_path: Path) -> None:
    """A batch is stored whole or not at all, and what is large is better checked alone."""
    large = new(result={"response": "x" * 20_000})
    with lrs.open(tmp_path) as store:
        taken = store._intake._singles.take
        for body in ([new()], large):
            assert taken(json.dumps(body).encode(), store.owner, "1.0.3") is None
        assert taken(json.dumps(new()).encode(), store.owner, "1.0.3") is not None


@pytest.mark.parametrize("process", [True, False])
def test_what_was_stored_is_let_go_of_at_once(crowd: list[int], *, process: bool, tmp_path: Path) -> None:
    """Nothing of a batch waits for the garbage collector, which would stop everybody for longer than storing takes."""
    with lrs.open(Settings(data=tmp_path, second_process=process)) as store:
        if process:
            started(store)
        gc.collect()
        gc.disable()
        try:
            futures = sent(store, [new() for _ in range(20)])
            ids(futures)
            kept = [weakref.ref(each) for each in futures]
            del futures
            for _ in range(3):  # Threads hold on to what they did last.
                ids(sent(store, [new()]))
            until(lambda: all(ref() is None for ref in kept))
        finally:
            gc.enable()
    assert max(crowd) > 1
