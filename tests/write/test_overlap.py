"""Groups that overlap: one is made ready while the one before it is still being stored, and nothing is lost or doubled by it."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import wait
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import lrs
from lrs.batch import Batch
from lrs.settings import Settings
from lrs.storage.contract import Record
from lrs.xapi.multipart import Content

GROUP = 2


class Gate:
    """Stands before the warehouse: holds the first rows until it is opened, and may let it fail."""

    def __init__(self, store: lrs.LRS) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        self.fails = False
        self._put = store._warehouse.put

    def put(self, record: Record) -> None:
        first = not self.reached.is_set()
        self.reached.set()
        if first:
            assert self.opened.wait(10)
            if self.fails:
                raise lrs.StoreUnavailable("the test says so")
        self._put(record)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[lrs.LRS]:
    """A store whose groups are small."""
    with lrs.open(Settings(data=tmp_path, group_statements=GROUP)) as opened:
        yield opened


@pytest.fixture
def gate(store: lrs.LRS, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Hold the first insert."""
    made = Gate(store)
    monkeypatch.setattr(store._warehouse, "put", made.put)
    return made


def batch(**more: Any) -> list[dict[str, Any]]:
    """A batch that fills a group."""
    statement = {"actor": {"mbox": "mailto:a@example.fr"}, "verb": {"id": "https://v.example/did"}, "object": {"id": "https://a.example/1"}}
    return [statement | {"id": str(uuid4())} | more for _ in range(GROUP)]


def send(store: lrs.LRS, statements: list[dict[str, Any]]) -> Any:
    """Hand a batch in without waiting for it."""
    return store.submit(json.dumps(statements).encode(), principal=store._owner, version="1.0.3")


def is_ready(store: lrs.LRS) -> bool:
    """Wait until a second group is ready while the first is held."""
    committer = store._committer
    with committer._changed:
        return committer._changed.wait_for(lambda: committer._ready is not None, 10)


def test_what_is_on_its_way_is_known(store: lrs.LRS, gate: Gate) -> None:
    """A batch that repeats one whose insert is under way is recognised, acknowledged after it, and stored once."""
    sent = batch()
    first = send(store, sent)
    assert gate.reached.wait(10)
    second = send(store, sent)
    assert is_ready(store)
    assert not second.done()
    gate.opened.set()
    assert first.result(10).replayed == frozenset()
    assert second.result(10).replayed == {0, 1}
    assert len(store.query().statements) == GROUP


def test_another_statement_under_an_id_on_its_way_is_refused(store: lrs.LRS, gate: Gate) -> None:
    """Before the first one is stored as after it."""
    sent = batch()
    first = send(store, sent)
    assert gate.reached.wait(10)
    second = send(store, [each | {"result": {"success": True}} for each in sent])
    assert is_ready(store)
    gate.opened.set()
    first.result(10)
    with pytest.raises(lrs.Conflict):
        second.result(10)
    assert [each for each in store.query().statements if "result" in each] == []


@pytest.mark.parametrize("more", [{}, {"result": {"success": True}}])
def test_what_was_on_its_way_and_did_not_arrive_is_forgotten(store: lrs.LRS, gate: Gate, more: dict[str, Any]) -> None:
    """Where the first insert fails, the batch that was taken to repeat or contradict it is stored in its own right."""
    sent = batch()
    gate.fails = True
    first = send(store, sent)
    assert gate.reached.wait(10)
    second = send(store, [each | more for each in sent])
    assert is_ready(store)
    gate.opened.set()
    with pytest.raises(lrs.StoreUnavailable):
        first.result(10)
    assert second.result(10).replayed == frozenset()
    shown = store.query().statements
    assert {each["id"] for each in shown} == {each["id"] for each in sent}
    assert all(("result" in each) == bool(more) for each in shown)


@pytest.mark.parametrize("more", [{}, {"result": {"success": True}}], ids=["the same", "another"])
@pytest.mark.parametrize("arrives", [True, False], ids=["stored", "not stored either"])
def test_nobody_is_told_that_a_later_group_was_stored_before_it_is(
    store: lrs.LRS, gate: Gate, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], *, arrives: bool
) -> None:
    """Sent three times: the first fails, so that the third is new; the second, which repeats or contradicts it then, hears neither, whatever becomes of it."""
    sent, calls, begun = batch(), [], threading.Event()
    tokenise = store._writer._tokenise

    def held(batches: Sequence[Batch]) -> Any:
        calls.append(len(batches))
        if len(calls) == 3:
            begun.set()
            assert wait([first], 10).done
        return tokenise(batches)

    monkeypatch.setattr(store._writer, "_tokenise", held)
    gate.fails = True
    monkeypatch.setattr(gate, "_put", gate._put if arrives else unavailable)
    first = send(store, sent)
    assert gate.reached.wait(10)
    second = send(store, sent)
    assert is_ready(store)
    third = send(store, sent)
    assert begun.wait(10)
    gate.opened.set()
    for waiting in (first, second, *([] if arrives else [third])):
        with pytest.raises(lrs.StoreUnavailable):
            waiting.result(10)
    if arrives:
        assert third.result(10).replayed == frozenset()
        assert send(store, sent).result(10).replayed == {0, 1}
    assert len(store.query().statements) == (GROUP if arrives else 0)


def test_somebody_who_is_erased_stops_no_second_try(store: lrs.LRS, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches that are made ready anew, one by one, with another group ready behind them, while an erasure waits for all: they come to their end."""
    put = gate.put

    def failing(record: Record) -> None:
        first = not gate.reached.is_set()
        put(record)
        if first:
            raise RuntimeError("the test says so")

    monkeypatch.setattr(store._warehouse, "put", failing)
    bodies = [json.dumps(each).encode() for each in batch(actor={"mbox": "mailto:b@example.fr"})]
    together = [store._preparer.prepare(body, store.owner, version="1.0.3", limit=1) for body in bodies]
    store._committer.put(*together, wait=False, full=True)
    assert gate.reached.wait(10)
    behind = send(store, batch())
    assert is_ready(store)
    erasing = threading.Thread(target=store.erase, args=({"mbox": "mailto:a@example.fr"},), daemon=True)
    erasing.start()
    time.sleep(0.3)
    assert erasing.is_alive()
    gate.opened.set()
    assert [each.done.result(10).replayed for each in together] == [{0}, {0}]
    assert behind.result(10).replayed == frozenset()
    erasing.join(30)
    assert not erasing.is_alive()
    assert {each["actor"]["mbox"] for each in store.query().statements} == {"mailto:b@example.fr"}


def unavailable(_: Record) -> None:
    """Store nothing."""
    raise lrs.StoreUnavailable("the test says so")


def test_an_empty_batch_stops_nothing(store: lrs.LRS) -> None:
    """A batch of no statements is acknowledged as such, and what comes after it is stored."""
    assert send(store, []).result(10).ids == []
    assert len(send(store, batch()).result(10).ids) == GROUP


def test_consistent_through_waits_for_every_group(store: lrs.LRS, gate: Gate) -> None:
    """While a group is held nothing is promised from its time on, and all of it afterwards."""
    first, second = send(store, batch()), send(store, batch())
    assert gate.reached.wait(10)
    assert is_ready(store)
    promised = store.consistent_through()
    gate.opened.set()
    first.result(10)
    second.result(10)
    shown = store.query().statements
    assert all(each["stored"] > promised.isoformat() for each in shown)
    assert store.consistent_through().isoformat() > max(each["stored"] for each in shown)


def test_batches_under_one_authority_share_no_contents(store: lrs.LRS, gate: Gate) -> None:
    """Two in one group, of which one has sent a content that the other one only names: the other one's statement has none."""
    content = b"an essay"
    attachment = {
        "usageType": "https://u.example/essay",
        "display": {"fr": "dissertation"},
        "contentType": "text/plain",
        "length": len(content),
        "sha2": hashlib.sha256(content).hexdigest(),
    }
    first = send(store, batch())
    assert gate.reached.wait(10)
    (own,), (other,) = (batch(attachments=[attachment | more])[:1] for more in ({}, {"fileUrl": "https://f.example/essay"}))
    contents = {attachment["sha2"]: Content(content)}
    waiting = [
        store.submit(json.dumps(each).encode(), principal=store.owner, version="1.0.3", contents=its)
        for each, its in ((own, contents), (other, {}))
    ]
    assert is_ready(store)
    gate.opened.set()
    assert [each.result(10).replayed for each in (first, *waiting)] == [frozenset()] * 3
    assert dict(store.query(statement_id=own["id"], attachments=True).attachments) == {attachment["sha2"]: content}
    assert not dict(store.query(statement_id=other["id"], attachments=True).attachments)


def test_what_a_batch_contradicts_in_its_group_is_its_own(store: lrs.LRS, gate: Gate) -> None:
    """Of two in one group each is told of its own statements, by their places in it."""
    first = send(store, batch())
    assert gate.reached.wait(10)
    (kept, _) = batch()
    waiting = send(store, [kept])
    contradicting = independent(store, [kept | {"result": {"success": True}}])
    store._committer.put(contradicting, wait=False)
    assert is_ready(store)
    gate.opened.set()
    assert first.result(10).replayed == waiting.result(10).replayed == frozenset()
    receipt = contradicting.done.result(10)
    assert (receipt.replayed, [*receipt.refused]) == (frozenset(), [0])
    assert sum(number for _, number in store.count("verb")) == GROUP + 1


def test_whoever_was_erased_is_in_no_batch_that_waits_elsewhere(store: lrs.LRS, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that can't be stored may go into the spool, or a part of it into quarantine: by then it has the stub, as what is stored would have."""
    gone = {"mbox": "mailto:gone@example.fr", "name": "Élodie Disparue"}
    store.ingest(batch(actor=gone))
    store.erase(gone)

    def away(_: Record) -> None:
        raise lrs.StoreUnavailable("the test says so")

    monkeypatch.setattr(store._warehouse, "put", away)
    other, own = batch(context={"instructor": gone})[0], batch(actor=gone)[0]
    waiting = independent(store, [other, own])
    store._committer.put(waiting, wait=False)
    with pytest.raises(lrs.StoreUnavailable):
        waiting.done.result(10)
    assert waiting.withheld == {1}
    texts = [store._preparer.drafts(waiting).text(n) for n in range(2)]
    assert [json.loads(text)["verb"] for text in texts] == [other["verb"], own["verb"]]
    assert not any(b"gone" in text or b"Disparue" in text for text in texts)


def independent(store: lrs.LRS, statements: list[dict[str, Any]]) -> Batch:
    """A batch whose statements do not fail together."""
    return store._preparer.prepare_lines([json.dumps(each).encode() for each in statements], store.owner, version="1.0.3")[0]
