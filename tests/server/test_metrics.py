"""The numbers of the server: right, in Prometheus's format, without anybody in them, and for those alone who may have them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import httpx
import pytest

import lrs
from lrs.asgi import create_app
from lrs.metrics import Counter, Histogram
from tests.server.process import BOTH, VERSION, WATCHER, add_credentials

LINE = re.compile(r'([a-z_]+)(\{[a-z]+="[^"{}\\\n]*"(?:,[a-z]+="[^"{}\\\n]*")*\})? (\S+)')


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrs.LRS]:
    """A store that somebody watches."""
    data = tmp_path_factory.mktemp("watched")
    add_credentials(data)
    with lrs.open(data) as opened:
        yield opened


def asked(store: lrs.LRS, method: str, path: str, who: tuple[str, str] | None = BOTH, **more: Any) -> httpx.Response:
    """Ask the server once."""

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(store))
        async with httpx.AsyncClient(transport=transport, base_url="http://lrs.example", auth=who, headers=VERSION) as client:
            return await client.request(method, path, **more)

    return anyio.run(run)


def numbers(store: lrs.LRS) -> dict[str, float]:
    """Read all numbers, as Prometheus does."""
    reply = asked(store, "GET", "/metrics", WATCHER, headers={"X-Experience-API-Version": ""})
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = {}
    for line in reply.text.splitlines():
        if line.startswith(("# HELP ", "# TYPE ")):
            continue
        parsed = LINE.fullmatch(line)
        assert parsed, line
        found[parsed[1] + (parsed[2] or "")] = float(parsed[3])
    return found


def made() -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "actor": {"mbox": "mailto:canary@example.fr", "name": "Canary"},
        "verb": {"id": "https://v.example/canary"},
        "object": {"id": "https://a.example/canary"},
    }


@pytest.mark.parametrize("who", [None, BOTH, ("reader", "r"), ("writer", "w"), ("counter", "c"), ("watcher", "wrong")])
def test_nobody_sees_them_without_the_scope(store: lrs.LRS, who: tuple[str, str] | None) -> None:
    """Not even who may do everything: the numbers are those of all tenants."""
    reply = asked(store, "GET", "/metrics", who)
    assert reply.status_code == (401 if who is None or who[1] == "wrong" else 403)
    assert "lrs_" not in reply.text


def test_who_watches_sees_nothing_else(store: lrs.LRS) -> None:
    """The scope opens no statement."""
    assert asked(store, "GET", "/xapi/statements", WATCHER).status_code == 403


def test_what_happens_is_counted(store: lrs.LRS) -> None:
    """Stored, replayed, refused, read, answered, failed: each once more than before."""
    before = numbers(store)
    sent = [made(), made()]
    assert asked(store, "POST", "/xapi/statements", json=sent).status_code == 200
    assert asked(store, "POST", "/xapi/statements", json=sent).status_code == 200
    assert asked(store, "POST", "/xapi/statements", json=sent[0] | {"result": {"success": True}}).status_code == 409
    assert asked(store, "GET", "/xapi/statements?limit=1").status_code == 200
    assert asked(store, "GET", "/canary@example.fr").status_code == 404
    after = numbers(store)

    def more(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert more('lrs_statements_total{outcome="stored"}') == 2
    assert more('lrs_statements_total{outcome="replayed"}') == 2
    assert more('lrs_statements_total{outcome="refused"}') == 1
    assert more("lrs_statements_read_total") == 1
    assert more("lrs_group_statements_count") == 1
    assert more("lrs_group_statements_sum") == 2
    assert more("lrs_store_seconds_count") == 1
    assert more('lrs_errors_total{code="conflict"}') == 1
    assert more('lrs_errors_total{code="not-found"}') == 1
    assert more('lrs_answers_total{resource="/xapi/statements",method="POST",status="200"}') == 2
    assert more('lrs_answers_total{resource="(unknown path)",method="GET",status="404"}') == 1
    assert more('lrs_request_seconds_bucket{resource="/xapi/statements",method="POST",le="+Inf"}') == 3
    assert (after["lrs_queue_statements"], after["lrs_queue_batches"]) == (0, 0)
    assert (after['lrs_up{store="vault"}'], after['lrs_up{store="warehouse"}']) == (1, 1)
    assert not re.search("canary|example|watcher|both", " ".join(after))


def test_a_store_that_is_away_is_shown(store: lrs.LRS, monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers are there all the same, and say which of the two does not answer."""

    def away() -> None:
        raise lrs.StoreUnavailable("the test says so")

    monkeypatch.setattr(store._warehouse, "ping", away)
    found = numbers(store)
    assert (found['lrs_up{store="vault"}'], found['lrs_up{store="warehouse"}']) == (1, 0)


def test_a_histogram_counts_what_lies_below_each_bound() -> None:
    """A value on a bound is below it, what is above all of them is in the last, and each bound has what the smaller ones have."""
    histogram = Histogram("h", "a trial", (1.0, 2.0), "kind")
    for value in (0.5, 1.0, 1.5, 99.0):
        histogram.observe(value, "x")
    assert list(histogram.lines()) == [
        'h_bucket{kind="x",le="1.0"} 2',
        'h_bucket{kind="x",le="2.0"} 3',
        'h_bucket{kind="x",le="+Inf"} 4',
        'h_sum{kind="x"} 102.000000',
        'h_count{kind="x"} 4',
    ]
    assert list(Counter("c", "a trial").lines()) == ["c 0"]


def test_every_number_is_documented(store: lrs.LRS) -> None:
    """Each has its line on the page for operators."""
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "operate.md").read_text("utf-8")
    assert {name for name in [*store.metrics.names, "lrs_up"] if f"`{name}`" not in page} == set()
