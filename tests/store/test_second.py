"""The second process, which checks what the first one stores: nothing but the time that it takes may tell that it is there."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest

import lrs
from lrs import intake, second
from lrs.access import Handling, Narrow, Principal, Scope
from lrs.settings import Settings
from tests.policy.stores import POLICY
from tests.promises.corpus import Corpus, statements_2_0
from tests.rights.erasing import everything

PATIENCE = 60
STATEMENT = {"actor": {"mbox": "mailto:ana@example.fr"}, "verb": {"id": "https://v.example"}, "object": {"id": "https://a.example"}}


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start it for the first byte, and give it whatever it has room for."""
    monkeypatch.setattr(second, "_WORTH", -1)
    monkeypatch.setattr(second, "_LEAST", 0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count what it is asked: lines, of each task."""
    counted: list[int] = []
    ask = second._Running.ask

    def counting(self: second._Running, task: second.Task, size: int) -> Any:
        counted.append(len(task.lines))
        return ask(self, task, size)

    monkeypatch.setattr(second._Running, "ask", counting)
    return counted


def until(done: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def started(store: lrs.LRS) -> second._Running:
    """Have it started, and wait until it can be asked."""
    store._second.check([b""], store.owner, "1.0.3", apart=True)
    running = store._second._running
    assert running is not None
    until(lambda: running.has_room(0, 0))
    return running


def batches(version: str, *, size: int = 12) -> list[list[dict[str, Any]]]:
    """Statements with a person, or a text, in every place where one can stand, each with an id."""
    corpus = Corpus("second")
    found = list(corpus.statements() if version == "1.0.3" else statements_2_0(corpus)) + list(corpus.texts())
    statements = [{"id": str(uuid4()), "timestamp": "2026-11-30T08:00:00Z"} | each for each in found]
    return [statements[start : start + size] for start in range(0, len(statements), size)]


def stored(store: lrs.LRS) -> dict[UUID, dict[str, Any]]:
    """What is read of all statements, but for what the store gives them itself."""
    own = ("stored", "authority")
    return {each: {name: value for name, value in json.loads(body).items() if name not in own} for each, body in everything(store).items()}


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("policy", ["", "without-identity"])
@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_what_is_stored_is_the_same(version: str, policy: str, asked: list[int], tmp_path: Path) -> None:
    """Every place of a person and of a text, in both versions, with a policy that leaves things out and without one, as a stream and as lines."""
    sent = batches(version)
    bodies = [json.dumps(batch).encode() for batch in sent]
    read = []
    for alone in (True, False):
        data = tmp_path / str(alone)
        data.mkdir()
        if policy:
            (data / "policy.toml").write_text(POLICY.replace("UNASSIGNED", policy), "utf-8")
        with lrs.open(Settings(data=data, second_process=not alone)) as store:
            if not alone:
                started(store)
            ids = store.ingest(iter(bodies), version=version)
            assert ids == [UUID(each["id"]) for batch in sent for each in batch]
            outcomes = list(store.ingest_lines((json.dumps(each).encode() for batch in sent for each in batch), version=version))
            assert all(outcome.replayed and not outcome.error for outcome in outcomes)
            assert [outcome.ids for outcome in outcomes] == [(each,) for each in ids]
            read.append(stored(store))
    assert read[0] == read[1]
    assert len(read[0]) == sum(map(len, sent))
    assert asked[0] == 1
    assert any(lines > 1 for lines in asked)


@pytest.mark.usefixtures("eager")
def test_an_error_is_raised_in_its_turn(asked: list[int], tmp_path: Path) -> None:
    """The same error as without it, naming the same statement; all batches before it are stored, and none after it."""
    good = batches("1.0.3")
    bad = [dict(each) for each in good[3]]
    bad[7] = bad[7] | {"verb": {"id": "no IRI"}}
    with lrs.open(tmp_path) as store:
        started(store)
        with pytest.raises(lrs.InvalidStatement) as raised:
            store.ingest(json.dumps(batch).encode() for batch in [*good[:3], bad, *good[4:]])
        assert (raised.value.index, raised.value.path) == (7, "$.verb.id")
        assert sum(number for _, number in store.count("verb")) == sum(map(len, good[:3]))
        outcomes = list(store.ingest_lines(json.dumps(each).encode() for each in bad))
        assert [outcome.number for outcome in outcomes if outcome.error] == [8]
    assert asked


@pytest.mark.usefixtures("eager")
def test_it_may_die(asked: list[int], tmp_path: Path) -> None:
    """Killed in the middle of a stream: everything is stored all the same, once."""
    sent = batches("1.0.3", size=10)

    with lrs.open(tmp_path) as store:
        running = started(store)

        def bodies() -> Iterator[bytes]:
            for number, batch in enumerate(sent):
                if number == 3:
                    os.kill(running._process.pid, signal.SIGKILL)
                yield json.dumps(batch).encode()

        assert store.ingest(bodies()) == [UUID(each["id"]) for batch in sent for each in batch]
        assert sum(number for _, number in store.count("verb")) == sum(map(len, sent))
    assert asked


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_what_is_submitted_is_the_same(version: str, asked: list[int], tmp_path: Path) -> None:
    """Batches that nobody waits for, as they come over HTTP: stored as if checked here, and replayed ones recognised."""
    sent = batches(version)
    read = []
    for alone in (True, False):
        with lrs.open(Settings(data=tmp_path / str(alone), second_process=not alone)) as store:
            if not alone:
                started(store)
            for _ in range(2):
                done = [store.submit(json.dumps(batch).encode(), principal=store.owner, version=version) for batch in sent]
                ids = [[UUID(each["id"]) for each in batch] for batch in sent]
                assert [each.result(PATIENCE).ids for each in done] == ids
            assert all(len(each.result(PATIENCE).replayed) == len(batch) for each, batch in zip(done, sent, strict=True))
            read.append(stored(store))
    assert read[0] == read[1]
    assert len(asked) > 1


@pytest.mark.usefixtures("eager")
def test_what_is_wrong_with_a_batch_is_said_by_its_future(asked: list[int], tmp_path: Path) -> None:
    """What is raised at once where it is checked here: a statement that is none, a body that is no JSON, too many, and who may not write."""
    good = batches("1.0.3")[0]
    with lrs.open(Settings(data=tmp_path, max_batch_statements=len(good))) as store:
        started(store)
        reader = attrs.evolve(store.owner, scopes=frozenset({Scope.STATEMENTS_READ}))

        def refusal(body: bytes, principal: Principal = store.owner) -> BaseException | None:
            return store.submit(body, principal=principal, version="1.0.3").exception(PATIENCE)

        bad = [*good[:-1], good[-1] | {"verb": {"id": "no IRI"}}]
        found = refusal(json.dumps(bad).encode())
        assert isinstance(found, lrs.InvalidStatement)
        assert (found.index, found.path) == (len(good) - 1, "$.verb.id")
        assert isinstance(refusal(b'[{"actor":'), lrs.InvalidStatement)
        assert isinstance(refusal(json.dumps([*good, good[0]]).encode()), lrs.LimitExceeded)
        assert isinstance(refusal(json.dumps([good[0], good[0]]).encode()), lrs.InvalidRequest)
        assert isinstance(refusal(json.dumps(good).encode(), reader), lrs.NotPermitted)
        assert not store.count("verb")
        assert refusal(json.dumps(good).encode()) is None
    assert len(asked) == 6


@pytest.mark.usefixtures("eager")
def test_what_was_submitted_is_stored_before_the_store_is_closed(tmp_path: Path) -> None:
    """Closed at once, the process killed or not: what was taken is there when the store is opened again."""
    sent = batches("1.0.3")
    done = []
    for kill in (False, True):
        with lrs.open(tmp_path / str(kill)) as store:
            running = started(store)
            done += [store.submit(json.dumps(batch).encode(), principal=store.owner, version="1.0.3") for batch in sent]
            if kill:
                os.kill(running._process.pid, signal.SIGKILL)
        with lrs.open(tmp_path / str(kill)) as store:
            assert sum(number for _, number in store.count("verb")) == sum(map(len, sent))
    assert all(each.done() and not each.exception() for each in done)


@pytest.mark.usefixtures("eager")
def test_it_ends_when_somebody_is_to_be_forgotten(tmp_path: Path) -> None:
    """An erasure ends the process, and with it all that it remembers of people; the next stream starts another one."""
    agent = {"mbox": "mailto:ana@example.fr"}
    with lrs.open(tmp_path) as store:
        first = started(store)
        store.ingest({"actor": agent, "verb": {"id": "https://v.example"}, "object": {"id": "https://a.example"}})
        assert store.erase(agent).counts["statements"] == 1
        assert first._process.returncode is not None
        again = started(store)
        assert again._process.pid != first._process.pid
    assert again._process.returncode is not None


@pytest.mark.usefixtures("eager")
def test_it_is_started_again_after_it_has_ended(tmp_path: Path) -> None:
    """Killed by somebody, it is missed for one task at most."""
    with lrs.open(tmp_path) as store:
        first = started(store)
        first._process.kill()
        first._process.wait()
        assert started(store)._process.pid != first._process.pid


@pytest.mark.usefixtures("eager")
def test_one_that_was_stopped_is_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended after a while, what it was asked is checked here, and another one is started when there is need."""
    monkeypatch.setattr(second, "_PATIENCE", 1)
    with lrs.open(tmp_path) as store:
        running = started(store)
        os.kill(running._process.pid, signal.SIGSTOP)
        sent = [{"id": str(uuid4())} | STATEMENT for _ in range(200)]
        assert len(store.ingest(iter([json.dumps(sent[start : start + 50]).encode() for start in range(0, 200, 50)]))) == 200
        assert running.has_ended()
        assert started(store)._process.pid != running._process.pid


@pytest.mark.usefixtures("eager")
def test_a_small_batch_does_not_wait_for_large_ones(asked: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes while much waits there is checked here, whoever sent the other; of a stream more may wait."""
    monkeypatch.setattr(intake, "SOON", 10_000)
    with lrs.open(tmp_path) as store:
        running = started(store)
        os.kill(running._process.pid, signal.SIGSTOP)
        sent = [{"id": str(uuid4())} | STATEMENT for _ in range(100)]
        bodies = [json.dumps(sent[start : start + 20]).encode() for start in range(0, 100, 20)]
        waiting = [store.submit(body, principal=store.owner, version="1.0.3") for body in bodies]
        assert 0 < len(asked) < len(bodies)
        for each in waiting[len(asked) :]:
            assert each.result(PATIENCE)
        assert not any(each.done() for each in waiting[: len(asked)])
    # The store was closed meanwhile: what was asked is checked here, whatever keeps the other process from it.
    assert all(each.result(0) for each in waiting)


def test_what_it_can_not_do_is_done_here(tmp_path: Path) -> None:
    """It is not asked by default for little, nor where it is switched off, nor to repair, to hold to profiles or to confine: it has neither keys nor passes."""
    little = b"[]"
    with lrs.open(tmp_path / "little") as store:
        for _ in range(100):
            assert store._second.check([little * 20_000], store.owner, "1.0.3") is None
        assert store._second._running is None
    with lrs.open(Settings(data=tmp_path / "off", second_process=False)) as store:
        assert store._second.check([little * 4_000_000], store.owner, "1.0.3") is None
        assert store._second._running is None


@pytest.mark.usefixtures("eager")
def test_where_it_can_not_be_started_all_is_checked_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which no other process may be started stores a stream all the same."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python3"))
    sent = batches("1.0.3")
    with lrs.open(tmp_path / "data") as store:
        assert len(store.ingest(json.dumps(batch).encode() for batch in sent)) == sum(map(len, sent))
        assert store._second._running is None


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    "more",
    [
        {"handling": Handling(repairs=("moodle-objecttype",))},
        {"handling": Handling(profiles=("video=strict",))},
        {"narrow": Narrow({"mbox": "mailto:ana@example.fr"}, "https://a.example")},
    ],
)
def test_who_needs_more_than_checking_is_not_sent_there(more: dict[str, Any], tmp_path: Path) -> None:
    """Repairs need a key, profiles are counted and passes are held to in this process."""
    with lrs.open(tmp_path) as store:
        started(store)
        assert store._second.check([b"[]"], attrs.evolve(store.owner, **more), "1.0.3") is None


def test_a_signal_cuts_nothing_short() -> None:
    """A signal that comes in the middle of a message, as when this process is stopped and goes on, takes nothing from it."""
    ours, its = socket.socketpair()
    sent = os.urandom(1 << 20)
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    with ours, its, ThreadPoolExecutor(1) as thread:
        received = thread.submit(second._receive, ours)
        for part in (len(sent).to_bytes(second.HEAD) + sent[:1000], sent[1000:2000]):
            its.sendall(part)
            until(lambda: not _waiting(ours))
            for each in thread._threads:
                signal.pthread_kill(each.ident, signal.SIGUSR1)
        its.sendall(sent[2000:])
        assert received.result(PATIENCE) == sent
    signal.signal(signal.SIGUSR1, before)


def test_what_ends_in_the_middle_of_a_message_has_sent_nothing() -> None:
    """As when it is killed while it answers."""
    ours, its = socket.socketpair()
    with ours:
        with its:
            its.sendall((10).to_bytes(second.HEAD) + b"12345")
        assert second._receive(ours) == b""


def test_it_does_not_outlive_the_first(tmp_path: Path) -> None:
    """Its parent killed: it ends by itself."""
    script = f"""
import os, signal
import lrs
from lrs import intake, second
second._WORTH = second._LEAST = -1
store = lrs.open({str(tmp_path / "data")!r})
store._second.check([b""], store.owner, "1.0.3", apart=True)
while not store._second._running.has_room(0, 0): pass
print(store._second._running._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=False)
    pid = int(done.stdout)
    until(lambda: not _lives(pid))


def _waiting(at: socket.socket) -> int:
    """Give how many bytes were sent and not read yet."""
    return int.from_bytes(fcntl.ioctl(at, termios.FIONREAD, bytes(4)), sys.byteorder)


def _lives(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
