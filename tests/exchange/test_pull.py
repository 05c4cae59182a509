"""Statements come over from another record store: all of them, once, whatever happens on the way."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import lrs
from lrs.errors import ConfigurationError, InvalidRequest, StoreUnavailable
from lrs.exchange.peer import Peer, basic, bearer
from lrs.exchange.pull import Cursor, pages
from tests.cli.calling import Done, call
from tests.exchange.conftest import made
from tests.exchange.proxy import Handler, Proxy, answers, closes, half
from tests.server.process import BOTH, Server

CREDENTIAL = ":".join(BOTH)


def pulled(url: str, tmp_path: Path, *arguments: str) -> Done:
    """Run the command, with everything that it leaves in one folder."""
    return call("pull", url, "--data", tmp_path / "data", "--refused", tmp_path / "refused.jsonl", *arguments, LRS_CREDENTIAL=CREDENTIAL)


def stored(data: Path, **filters: Any) -> dict[str, dict[str, Any]]:
    """Give what a store has, without what every store writes itself."""
    with lrs.open(data) as store:
        found = [statement for page in store.export(**filters) for statement in page.statements]
    assert len({each["id"] for each in found}) == len(found)
    return {each["id"]: {name: value for name, value in each.items() if name not in ("stored", "authority", "version")} for each in found}


def put(other: Server, statements: list[dict[str, Any]]) -> None:
    with other.client() as client:
        assert client.post("/xapi/statements", json=statements).status_code == 200


def attach(other: Server, content: bytes) -> str:
    """Store a statement with an attachment at the other store -> its id."""
    sha2 = hashlib.sha256(content).hexdigest()
    attachment = {
        "usageType": "https://x.example/essay",
        "display": {"fr": "x"},
        "contentType": "text/plain",
        "length": len(content),
        "sha2": sha2,
    }
    (statement,) = made(1, attachments=[attachment])
    body = b"\r\n".join(
        [
            b"--sep",
            b"Content-Type: application/json",
            b"",
            json.dumps(statement).encode(),
            b"--sep",
            b"Content-Type: text/plain",
            b"Content-Transfer-Encoding: binary",
            b"X-Experience-API-Hash: " + sha2.encode(),
            b"",
            content,
            b"--sep--",
            b"",
        ]
    )
    with other.client() as client:
        done = client.post("/xapi/statements", content=body, headers={"Content-Type": "multipart/mixed; boundary=sep"})
    assert done.status_code == 200, done.text
    return str(statement["id"])


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_everything_comes_over_and_once(other: Server, tmp_path: Path, version: str) -> None:
    """Over pages, as it was sent, with contents of attachments; a second run finds what is new and nothing twice."""
    sent = made(50)
    put(other, sent)
    with_contents = attach(other, b"a long essay")
    done = pulled(other.address, tmp_path, "--xapi-version", version)
    assert done.status == 0, done.err
    found = stored(tmp_path / "data")
    assert {each["id"]: each for each in sent}.items() <= found.items()
    with lrs.open(tmp_path / "data") as store:
        page = store.query(statement_id=with_contents, attachments=True)
        assert page.attachments is not None
        assert list(page.attachments.values()) == [b"a long essay"]
    new = made(3)
    put(other, new)
    done = pulled(other.address, tmp_path, "--xapi-version", version)
    assert done.out.startswith("3 statements stored")
    assert stored(tmp_path / "data").keys() == found.keys() | {each["id"] for each in new}


def test_a_bad_network_loses_nothing(other: Server, between: Proxy, tmp_path: Path) -> None:
    """Connections that break, half pages, servers that are busy or ill: the page is asked for again."""
    sent = made(70)
    put(other, sent)
    faults = [None, closes, half, answers(429, Retry_After="0"), None, answers(500, Retry_After="0"), answers(503, Retry_After="0")]
    between.faults.extend(faults)
    done = pulled(between.address, tmp_path)
    assert done.status == 0, done.err
    assert {each["id"] for each in sent} <= stored(tmp_path / "data").keys()
    assert not between.faults


def test_a_run_that_is_killed_is_gone_on_with(other: Server, between: Proxy, tmp_path: Path) -> None:
    """After kill -9 in the middle the next run asks for what is missing, not for everything."""
    sent = made(200)
    put(other, sent)

    def slowly(handler: Handler) -> None:
        time.sleep(0.1)
        handler.answer(*handler.fetched(b""))

    between.always = slowly
    command = [sys.executable, "-m", "lrs", "pull", between.address, "--data", str(tmp_path / "data"), "--credential", CREDENTIAL]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path) as process:
        while len(between.seen) < 5:
            time.sleep(0.005)
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    between.seen.clear()
    assert pulled(between.address, tmp_path).status == 0
    assert "since=" in between.seen[0][1]
    assert {each["id"] for each in sent} <= stored(tmp_path / "data").keys()


def test_what_is_refused_is_kept_and_stops_nothing(other: Server, between: Proxy, tmp_path: Path) -> None:
    """A statement that our checks refuse goes into the file, with the reason in another; its neighbours are stored."""
    sent = made(3)
    put(other, sent)
    wrong = made(1)[0] | {"stored": "2026-11-24T10:00:00Z", "version": "9.9"}
    conflicting = sent[0] | {"verb": {"id": "http://verbs.example/other"}, "stored": "2026-11-24T10:00:00Z"}

    def with_more(handler: Handler) -> None:
        status, headers, body = handler.fetched(b"")
        page = json.loads(body)
        page["statements"] = [wrong, *page["statements"]] if page.get("more") else [*page["statements"], conflicting]
        handler.answer(status, headers, json.dumps(page).encode())

    between.always = with_more
    done = pulled(between.address, tmp_path, "--no-attachments")
    assert done.status == 1
    kept = [json.loads(line) for line in (tmp_path / "refused.jsonl").read_text().splitlines()]
    assert {each["id"] for each in kept} >= {sent[0]["id"]}
    reasons = [json.loads(line) for line in (tmp_path / "refused.reasons.jsonl").read_text().splitlines()]
    assert "conflict" in {each["code"] for each in reasons}
    assert {each["id"] for each in sent} <= stored(tmp_path / "data").keys()


def test_a_store_that_stays_ill_is_left_for_later(between: Proxy, tmp_path: Path) -> None:
    """After its attempts the run ends, with a hint, and the next one goes on."""
    between.always = answers(503, Retry_After="0")
    done = pulled(between.address, tmp_path)
    assert (done.status, "did not answer as it should in 8 attempts" in done.err) == (1, True)


def test_who_sends_its_reader_elsewhere_gets_no_password(between: Proxy, other: Server) -> None:
    """A link to the next page that leads to another host is not followed; one to itself is not followed twice."""
    put(other, made(1))
    peer = Peer(between.address, basic(CREDENTIAL), version="1.0.3")
    for link, reason in (("https://evil.example/xapi/statements?more=x", "elsewhere"), (None, "again and again")):

        def linked(handler: Handler, link: str | None = link) -> None:
            status, headers, body = handler.fetched(b"")
            page = json.loads(body) | {"more": link or handler.path}
            handler.answer(status, headers, json.dumps(page).encode())

        between.always = linked
        with pytest.raises(InvalidRequest, match=reason):
            list(pages(peer, attachments=False))
    peer.close()


def test_how_far_it_is_says_no_more_than_is_known(between: Proxy, other: Server) -> None:
    """Never past Consistent-Through, and nothing for a store that does not give the oldest first."""
    put(other, made(30))
    peer = Peer(between.address, basic(CREDENTIAL), version="1.0.3")
    early = "2026-01-01T00:00:00.000000Z"

    def lagging(handler: Handler) -> None:
        status, headers, body = handler.fetched(b"")
        kept = [(name, value) for name, value in headers if name.lower() != "x-experience-api-consistent-through"]
        handler.answer(status, [*kept, ("X-Experience-API-Consistent-Through", early)], body)

    def turned(handler: Handler) -> None:
        status, headers, body = handler.fetched(b"")
        page = json.loads(body)
        page["statements"].reverse()
        handler.answer(status, headers, json.dumps(page).encode())

    between.always = lagging
    assert {page.through for page in pages(peer, attachments=False)} == {1_767_225_600_000_000}
    between.always = turned
    assert {page.through for page in pages(peer, attachments=False)} == {None}
    peer.close()


def test_the_rate_is_kept(between: Proxy, other: Server) -> None:
    """So many requests a second, and no more."""
    put(other, made(60))
    pauses: list[float] = []
    peer = Peer(between.address, basic(CREDENTIAL), version="1.0.3", rate=0.1, pause=pauses.append)
    count = len(list(pages(peer, attachments=False)))
    assert len(pauses) == count - 1 >= 2
    assert all(5 < pause < 10 * count for pause in pauses)
    peer.close()


def test_a_cursor_belongs_to_its_store(tmp_path: Path) -> None:
    """That of another store, or one that is damaged, is refused."""
    cursor = Cursor(tmp_path / "c", "https://a.example")
    assert cursor.read() is None
    cursor.write(1_000_001)
    assert cursor.read() == 1_000_001
    with pytest.raises(ConfigurationError, match="another record store"):
        Cursor(tmp_path / "c", "https://b.example").read()
    (tmp_path / "c").write_text("{")
    with pytest.raises(ConfigurationError, match="can't be read"):
        cursor.read()


def test_a_token_is_sent_as_one(between: Proxy, tmp_path: Path) -> None:
    """A bearer token goes into its header, one that could be two headers is refused, and a wrong one ends the run."""
    assert bearer("abc") == "Bearer abc"
    with pytest.raises(ConfigurationError):
        bearer("abc\r\nX: y")
    done = call("pull", between.address, "--data", tmp_path / "data", "--token", "abc", LRS_CREDENTIAL="")
    assert done.status == 1
    assert "not HTTP Basic" in done.err


def test_an_answer_never_comes() -> None:
    """A store that is not there is given up after its attempts."""
    peer = Peer("http://127.0.0.1:1", basic(CREDENTIAL), version="1.0.3", pause=lambda _seconds: None)
    with pytest.raises(StoreUnavailable, match="8 attempts"):
        list(pages(peer))
