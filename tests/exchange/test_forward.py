"""Statements go to other record stores: what each shall have, at least once and there once, whatever happens on the way."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

import lrs
from lrs.errors import ConfigurationError, NotAuthenticated, StoreUnavailable
from lrs.exchange.channel import Told
from lrs.exchange.targets import load
from lrs.settings import Settings
from tests.cli.calling import call
from tests.exchange.conftest import made
from tests.exchange.proxy import Handler, Proxy, answers, closes, half, unheard
from tests.promises.corpus import Corpus
from tests.promises.test_canary import found_in
from tests.server.process import BOTH, Server, add_credentials

ENVIRON = {"OTHER": ":".join(BOTH), "WRONG": "both:wrong"}
VERB = "http://verbs.example/1"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "here"


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    """What the forwarding logs."""
    stream, logger = io.StringIO(), logging.getLogger("lrs.forward")
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    logger.setLevel(1)
    yield stream
    logger.removeHandler(handler)


def targets(data: Path, **tables: dict[str, Any]) -> None:
    """Write forward.toml."""
    defaults = {"view": "identified", "erasure": "void", "credential_variable": "OTHER"}
    data.mkdir(mode=0o700, exist_ok=True)
    lines = []
    for name, told in tables.items():
        lines.append(f"[targets.{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in (defaults | told).items()]
    (data / "forward.toml").write_text("\n".join(lines))


def run(store: lrs.LRS, *names: str, **how: Any) -> list[Told]:
    store.forwarding._environ = ENVIRON
    return store.forwarding.run(*names, **how)


def at(other: Server, **parameters: Any) -> dict[str, dict[str, Any]]:
    """Give everything that the other store has: id -> statement; each is there once."""
    found: list[dict[str, Any]] = []
    with other.client() as client:
        page = client.get("/xapi/statements", params={"limit": 0, **parameters}).json()
        found += page["statements"]
        while page.get("more"):
            page = client.get(page["more"]).json()
            found += page["statements"]
    assert len({each["id"] for each in found}) == len(found)
    return {each["id"]: each for each in found}


def ids(statements: list[dict[str, Any]]) -> set[str]:
    return {each["id"] for each in statements}


def test_a_target_gets_everything_and_then_what_is_new(other: Server, data: Path) -> None:
    """As it is here, over pages, voiding statements too; a second run gives what came since, a third one nothing."""
    targets(data, a={"url": other.address, "batch": 20, "purpose": "records"})
    sent = made(50)
    with lrs.open(data) as store:
        store.ingest(sent)
        (told,) = run(store)
        assert (told.statements, told.refused, told.error) == (50, 0, None)
        there = at(other)
        for each in sent:
            assert {name: there[each["id"]][name] for name in each} == each
        new = made(2)
        voiding = made(1, verb={"id": "http://adlnet.gov/expapi/verbs/voided"}, object={"objectType": "StatementRef", "id": sent[0]["id"]})
        store.ingest(new + voiding)
        assert run(store)[0].statements == 3
        assert run(store)[0].statements == 0
        assert at(other).keys() == there.keys() - {sent[0]["id"]} | ids(new + voiding)
    entries = [json.loads(line) for path in (data / "audit").rglob("*.jsonl") for line in path.read_bytes().splitlines()]
    given = [each for each in entries if each.get("action") == "forward statements"]
    assert sum(each["counts"]["statements"] for each in given) == 53
    assert {(each["object"], each["purpose"], each["credential"]) for each in given} == {("a", "records", "forward-a")}


def test_a_target_gets_what_it_shall_have(other: Server, data: Path) -> None:
    """Of one verb, of one activity, and from a time on."""
    sent = made(30)
    targets(
        data,
        verb={"url": other.address, "verb": VERB},
        activity={"url": other.address, "activity": "https://elsewhere.example"},
        since={"url": other.address, "since": "2999-01-01T00:00:00Z"},
    )
    with lrs.open(data) as store:
        store.ingest(sent)
        assert [(told.target, told.statements) for told in run(store)] == [("verb", 10), ("activity", 0), ("since", 0)]
    assert ids(sent) & at(other).keys() == {each["id"] for each in sent if each["verb"]["id"] == VERB}


def test_a_bad_network_loses_and_doubles_nothing(other: Server, between: Proxy, data: Path) -> None:
    """Connections that break before, after and in the answer, and a target that is busy: everything arrives, and is there once."""
    sent = made(60)
    targets(data, a={"url": between.address, "batch": 20})
    faults = [closes, answers(429, Retry_After="0"), half, None, unheard, answers(503, Retry_After="0"), answers(500)]
    between.faults.extend(faults)
    with lrs.open(data) as store:
        store.ingest(sent)
        (told,) = run(store)
        assert (told.refused, told.error) == (0, None)
    assert ids(sent) <= at(other).keys()
    assert not between.faults


def poisoned(what: str, status: int) -> Callable[[Handler], None]:
    """Answer with a status to every request that has a statement with this in it."""

    def fault(handler: Handler) -> None:
        body = handler.server.seen[-1][2]
        if what.encode() in body:
            answers(status)(handler)
        else:
            handler.answer(*handler.fetched(body))

    return fault


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "invalid-request"), (409, "conflict"), (413, "limit-exceeded"), (500, "store-unavailable"), (403, "not-permitted")],
)
def test_what_is_refused_holds_nothing_up_and_can_be_given_again(other: Server, between: Proxy, data: Path, status: int, code: str) -> None:
    """A statement that the target refuses is a dead letter, its neighbours arrive; given again once it is taken, the letter is gone."""
    sent = made(10)
    targets(data, a={"url": between.address})
    between.always = poisoned(sent[3]["id"], status)
    with lrs.open(data) as store:
        store.ingest(sent)
        (told,) = run(store)
        assert (told.statements, told.refused, told.error) == (9, 1, None)
        assert ids(sent) & at(other).keys() == ids(sent) - {sent[3]["id"]}
        (standing,) = store.forwarding.standing()
        assert [letter.code for letter in standing.letters] == [code]
        assert run(store)[0].refused == 0
        run(store, replay=True)
        assert len(store.forwarding.standing()[0].letters) == 1
        between.always = None
        (told,) = run(store, replay=True)
        assert (told.statements, told.error) == (1, None)
        assert store.forwarding.standing()[0].letters == []
    assert ids(sent) <= at(other).keys()


def test_letters_can_be_dropped_and_hold_no_statement(between: Proxy, data: Path) -> None:
    """What is forgotten is not given again; the vault has nothing of the statement but when it was stored."""
    sent = made(5)
    targets(data, a={"url": between.address})
    between.always = poisoned(sent[3]["id"], 400)
    with lrs.open(data) as store:
        store.ingest(sent)
        run(store)
        (letter,) = store.forwarding.standing()[0].letters
        assert set(letter.__struct_fields__) == {"stored", "code", "tried"}
        assert store.forwarding.drop() == 1
        between.always = None
        assert run(store, replay=True)[0].statements == 0


def test_targets_are_independent(other: Server, between: Proxy, data: Path) -> None:
    """One that is ill, one that does not know the credential and one that is not there keep their places; the others get everything."""
    sent = made(6)
    targets(
        data,
        ill={"url": between.address},
        stranger={"url": other.address, "credential_variable": "WRONG"},
        secretless={"url": other.address, "credential_variable": "NONE"},
        well={"url": other.address},
    )
    between.always = answers(500)
    with lrs.open(data) as store:
        store.ingest(sent)
        told = {each.target: each for each in run(store)}
        assert [type(told[name].error) for name in ("ill", "stranger", "secretless", "well")] == [
            StoreUnavailable,
            NotAuthenticated,
            ConfigurationError,
            type(None),
        ]
        standing = {each.target.name: each for each in store.forwarding.standing()}
        assert [standing[name].through for name in ("ill", "stranger", "secretless")] == [None] * 3
        assert not any(each.letters for each in standing.values())
        assert told["well"].statements == 6
        between.always = None
        assert run(store, "ill")[0].statements == 6


def test_it_never_goes_past_what_can_be_read(other: Server, data: Path) -> None:
    """What is stored behind a statement that is still on its way waits for it, so that none is passed over."""
    targets(data, a={"url": other.address})
    before, after = made(2), made(2)
    with lrs.open(data) as store:
        store.ingest(before)
        under_way = store._times.claim([("default", uuid4())])
        store.ingest(after)
        run(store)
        assert ids(before + after) & at(other).keys() == ids(before)
        (standing,) = store.forwarding.standing()
        assert standing.through is not None
        assert standing.through < under_way
        store._times.settle(under_way)
        run(store)
        assert ids(before + after) <= at(other).keys()


def test_a_target_that_may_not_see_people_sees_none(other: Server, between: Proxy, data: Path, logs: io.StringIO) -> None:
    """No identity, text, id or registration is in what is sent, logged or kept; what is sent twice is the same, so that it is recognised."""
    corpus = Corpus("forward")
    targets(data, a={"url": between.address, "view": "pseudonymous", "version": "2.0.0"})
    with lrs.open(data) as store:
        sent = list(corpus.statements())
        store.ingest(sent)
        between.faults.extend([unheard, unheard])
        (told,) = run(store)
        assert (told.statements, told.refused, told.error) == (len(sent), 0, None)
    bodies = b"".join(body for _, _, body in between.seen)
    assert len(bodies) > 100_000
    leaked = found_in(bodies + logs.getvalue().encode() + repr(told).encode(), corpus.markers)
    assert not leaked, sorted(corpus.markers[marker] for marker in leaked)
    assert between.seen[0][2] == between.seen[1][2]
    assert "target a: has everything through" in logs.getvalue()
    assert at(other)


@pytest.mark.parametrize("view", ["identified", "pseudonymous"])
def test_a_target_is_told_of_erasures(other: Server, between: Proxy, data: Path, view: str) -> None:
    """By a voiding statement of the id that it knows, once it can be reached; until then the id is sealed in the vault."""
    targets(
        data,
        a={"url": between.address, "view": view},
        never={"url": other.address},
        silent={"url": other.address, "erasure": "none", "verb": "http://verbs.example/none"},
    )
    sent, before = made(3), at(other).keys()
    with lrs.open(data) as store:
        store.ingest(sent)
        run(store, "a", "silent")
        erased = [UUID(sent[0]["id"]), UUID(sent[1]["id"])]
        assert store.forwarding.tell_erasure(erased, tenant="elsewhere") == 0
        assert store.forwarding.tell_erasure(erased, tenant="default") == 2
        assert store.forwarding.tell_erasure(erased, tenant="default") == 2
        (standing,) = store.forwarding.standing("a")
        assert standing.notices == 2
        known = {str(store.forwarding._channel(standing.target).named(each)) for each in erased}
        assert known <= at(other).keys() - before
        assert (known == {str(each) for each in erased}) is (view == "identified")
        between.always = answers(403)
        assert run(store, "a")[0].erasures == 0
        between.always = None
        between.faults.extend([unheard])
        assert run(store, "a")[0].erasures == 2
        assert store.forwarding.standing("a")[0].notices == 0
        assert run(store, "a")[0].erasures == 0
    vault = b"".join(path.read_bytes() for path in data.glob("vault*"))
    assert not [each for each in erased if each.bytes in vault or str(each).encode() in vault]
    assert not known & at(other).keys()


def test_a_target_can_be_told_to_delete(between: Proxy, data: Path) -> None:
    """One that deletes is asked to, statement by statement; that it has none is as good."""
    targets(data, a={"url": between.address, "erasure": "delete"})
    sent = made(2)
    with lrs.open(data) as store:
        store.ingest(sent)
        run(store)
        store.forwarding.tell_erasure([UUID(each["id"]) for each in sent], tenant="default")
        between.faults.extend([answers(204), answers(404)])
        between.seen.clear()
        assert run(store)[0].erasures == 2
        assert {(method, path) for method, path, _ in between.seen} == {
            ("DELETE", f"/xapi/statements?statementId={each['id']}") for each in sent
        }


@pytest.mark.parametrize("attachments", [True, False])
def test_attachments_go_along_where_they_shall(other: Server, data: Path, attachments: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    """With their contents; elsewhere what could not be had there is left out, and the statement arrives all the same."""
    content = f"an essay {attachments}".encode()
    sha2 = hashlib.sha256(content).hexdigest()
    attached = {
        "usageType": "https://x.example/e",
        "display": {"fr": "x"},
        "contentType": "text/plain",
        "length": len(content),
        "sha2": sha2,
    }
    linked = attached | {"sha2": "0" * 64, "fileUrl": "https://files.example/1"}
    (whole,) = made(1, attachments=[attached, linked])
    inner = {name: whole[name] for name in ("actor", "verb", "object")} | {"objectType": "SubStatement", "attachments": [attached]}
    (nested,) = made(1, object=inner)
    targets(data, a={"url": other.address, "attachments": attachments})
    with lrs.open(data) as store:
        store.ingest([whole], attachments={sha2: content})
        store.ingest([nested], attachments={sha2: content})
        (told,) = run(store)
        assert (told.statements, told.refused, told.error) == (2, 0, None)
    there = at(other)
    assert there[whole["id"]]["attachments"] == ([attached, linked] if attachments else [linked])
    assert ("attachments" in there[nested["id"]]["object"]) is attachments
    with other.client() as client:
        found = client.get("/xapi/statements", params={"statementId": whole["id"], "attachments": "true"}).content
    assert (content in found) is attachments


def test_a_run_that_is_killed_is_gone_on_with(other: Server, between: Proxy, data: Path) -> None:
    """After kill -9 while a page is on its way the next run gives the rest; nothing is lost, nothing is there twice."""
    targets(data, a={"url": between.address, "batch": 10})
    sent = made(100)
    with lrs.open(data) as store:
        store.ingest(sent)

    def lost(handler: Handler) -> None:
        time.sleep(0.5)
        closes(handler)

    between.faults.extend([None, None, None, lost])
    command = [sys.executable, "-m", "lrs", "forward", "--data", str(data)]
    with subprocess.Popen(command, env={**ENVIRON, "PATH": ""}, stdout=subprocess.DEVNULL) as process:
        while len(between.seen) < 4:
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    between.faults.clear()
    between.seen.clear()
    done = call("forward", "--data", data, **ENVIRON)
    assert done.status == 0, done.err
    assert ids(sent) <= at(other).keys()
    assert sum(len(json.loads(body)) for _, _, body in between.seen) < 100


def test_a_target_that_is_killed_gets_the_rest(data: Path, tmp_path: Path) -> None:
    """A target that dies by kill -9 with statements on their way has each of them once when it is back."""
    (tmp_path / "target" / "data").mkdir(parents=True, mode=0o700)
    add_credentials(tmp_path / "target" / "data")
    server = Server(tmp_path / "target")
    port = server.address.rpartition(":")[2]
    targets(data, a={"url": server.address, "batch": 10})
    sent = made(400)
    with lrs.open(data) as store:
        store.ingest(sent)
        store.forwarding._environ = ENVIRON
        with store.forwarding.following(every=0.1):
            while (standing := store.forwarding.standing()[0]).through is None:
                time.sleep(0.005)
            server.process.kill()
            server.process.wait()
            again = Server(tmp_path / "target", "--port", port)
            try:
                newest = store._warehouse.last_stored()
                end = time.monotonic() + 60
                while (store.forwarding.standing()[0].through or 0) < newest and time.monotonic() < end:
                    time.sleep(0.02)
            finally:
                there = at(again)
                again.stop()
    assert standing.through is not None
    assert ids(sent) == there.keys()


def test_the_command_says_what_it_did(other: Server, between: Proxy, data: Path) -> None:
    """Once, how targets stand, what was refused, and a status of 1 where something was."""
    sent = made(3)
    targets(data, a={"url": between.address})
    between.always = poisoned(sent[1]["id"], 400)
    with lrs.open(data) as store:
        store.ingest(sent)
    done = call("forward", "--data", data, **ENVIRON)
    assert (done.status, done.out) == (1, "a: 2 statements given, 1 refused, 0 erasures told.\n")
    assert call("forward", "--data", data, "--status").out.splitlines()[1].split("\t")[::3] == ["a", "1"]
    assert call("forward", "--data", data, "--letters").out.splitlines()[1].split("\t")[2] == "invalid-request"
    between.always = None
    assert call("forward", "--data", data, "--replay", **ENVIRON).out == "a: 1 statements given, 0 refused, 0 erasures told.\n"
    assert call("forward", "--data", data, "--drop").out == "0 dead letters dropped.\n"
    assert call("forward", "--data", data, "--target", "b", **ENVIRON).status == 1
    assert ids(sent) <= at(other).keys()


def test_a_server_forwards_meanwhile(other: Server, tmp_path: Path) -> None:
    """What it takes in goes on to its targets while it serves, and it still ends when it is asked to."""
    folder = tmp_path / "serving"
    folder.mkdir()
    (folder / "data").mkdir(mode=0o700)
    add_credentials(folder / "data")
    targets(folder / "data", a={"url": other.address})
    sent = made(5)
    server = Server(folder, "--forward", **ENVIRON)
    with server.client() as client:
        assert client.post("/xapi/statements", json=sent).status_code == 200
    end = time.monotonic() + 30
    while not ids(sent) <= at(other).keys() and time.monotonic() < end:
        time.sleep(0.1)
    assert server.stop() == 0
    assert ids(sent) <= at(other).keys()


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"view": "aggregate"}, "counts only"),
        ({"view": "everything"}, "view"),
        ({"erasure": "perhaps"}, "erasure"),
        ({"verb": "no IRI"}, "verb"),
        ({"since": "yesterday"}, "since"),
        ({"batch": 0}, "batch"),
        ({"password": "x"}, "password"),
        ({"attachments": "no"}, "attachments"),
    ],
)
def test_a_target_that_is_not_clear_is_refused(data: Path, entry: dict[str, Any], reason: str) -> None:
    """Before anything is sent, with what is wrong about it."""
    targets(data, a={"url": "https://x.example", **entry})
    with pytest.raises(ConfigurationError, match=f"target a: .*{reason}"):
        load(Settings(data=data))


def test_a_target_has_to_say_how_much_it_sees(data: Path) -> None:
    """Neither the view nor what it hears of erasures has a default; no target at all is said by the command, not by the store."""
    data.mkdir()
    for missing in ("view", "erasure", "url"):
        told = {"view": "identified", "erasure": "void", "url": "https://x.example"}
        del told[missing]
        (data / "forward.toml").write_text("[targets.a]\n" + "\n".join(f'{key} = "{value}"' for key, value in told.items()))
        with pytest.raises(ConfigurationError, match=missing):
            load(Settings(data=data))
    (data / "forward.toml").write_text("[target.a]\n")
    with pytest.raises(ConfigurationError, match=r"\[targets.NAME\]"):
        load(Settings(data=data))
    (data / "forward.toml").unlink()
    assert load(Settings(data=data)) == []
    assert "no target is named" in call("forward", "--data", data).err
