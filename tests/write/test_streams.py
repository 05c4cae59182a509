"""Streams are stored in groups of a bounded size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

import lrs
from lrs import streams
from lrs.settings import Settings

SIZE = 3
"""Statements in a body."""


def bodies(number: int) -> list[bytes]:
    statement = {"actor": {"mbox": "mailto:ana@example.fr"}, "verb": {"id": "https://v.example"}, "object": {"id": "https://a.example"}}
    return [json.dumps([{"id": str(uuid4())} | statement for _ in range(SIZE)]).encode() for _ in range(number)]


@pytest.fixture(params=["statements", "bytes"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[lrs.LRS]:
    """A store whose groups have two bodies: by the statements in them, or by their size."""
    if request.param == "bytes":
        monkeypatch.setattr(streams, "_BYTES", int(2.5 * len(bodies(1)[0])))
    with lrs.open(Settings(data=tmp_path, group_statements=2 * SIZE + 1 if request.param == "statements" else 100)) as opened:
        yield opened


def test_a_group_has_so_many_statements_and_so_many_bytes(store: lrs.LRS, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is put together, and waits for no more; a body that is larger than a group is one of its own."""
    put, groups = store._committer.put, []

    def counting(*batches: streams.Batch, wait: bool, full: bool) -> None:
        groups.append([len(batch) for batch in batches])
        assert full
        put(*batches, wait=wait, full=full)

    monkeypatch.setattr(store._committer, "put", counting)
    sent = bodies(5)
    large = json.dumps([each for body in bodies(4) for each in json.loads(body)]).encode()
    sent.insert(3, large)
    assert store.ingest(iter(sent)) == [UUID(each["id"]) for body in sent for each in json.loads(body)]
    assert groups == [[SIZE, SIZE], [SIZE], [4 * SIZE], [SIZE, SIZE]]


def test_a_list_of_bodies_is_a_stream_as_well(store: lrs.LRS) -> None:
    """Whatever it is that gives bytes, each of them is a batch of its own."""
    assert [len(store.ingest(made)) for made in (bodies(3), tuple(bodies(2)))] == [3 * SIZE, 2 * SIZE]
