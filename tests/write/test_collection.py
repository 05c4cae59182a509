"""The garbage collector while statements come in: out of the way, never away."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

import lrs
from lrs import collection

STATEMENT = {"actor": {"mbox": "mailto:ana@example.fr"}, "verb": {"id": "https://v.example"}, "object": {"id": "https://a.example"}}


class Ring:
    """What only the collector frees."""

    def __init__(self) -> None:
        self.own = self


def bodies(number: int) -> Iterator[bytes]:
    return (json.dumps([STATEMENT]).encode() for _ in range(number))


@pytest.mark.parametrize("by_line", [False, True])
def test_during_a_stream_it_waits_for_many_objects(tmp_path: Path, *, by_line: bool) -> None:
    """Of bodies and of lines; after the stream all is as before."""
    usual = gc.get_threshold()
    met: list[int] = []

    def watched() -> Iterator[bytes]:
        for body in bodies(3):
            met.append(gc.get_threshold()[0])
            yield body

    with lrs.open(tmp_path) as store:
        assert len(list(store.ingest_lines(watched()) if by_line else store.ingest(watched()))) == 3
    assert met == [collection._MANY] * 3
    assert gc.get_threshold() == usual


def test_what_fails_leaves_it_as_it_was(tmp_path: Path) -> None:
    """Whoever is to blame: the statements, or the program that makes them."""
    usual = gc.get_threshold()

    def broken() -> Iterator[bytes]:
        yield from bodies(1)
        raise KeyError

    with lrs.open(tmp_path) as store:
        with pytest.raises(KeyError):
            store.ingest(broken())
        with pytest.raises(lrs.InvalidStatement):
            store.ingest(iter([b"nothing"]))
        with pytest.raises(lrs.InvalidStatement):
            store.ingest(b"nothing")
    assert gc.get_threshold() == usual


def test_what_a_program_leaves_behind_meanwhile_is_collected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the stream is."""
    monkeypatch.setattr(collection, "_MANY", 10_000)
    left: list[weakref.ref[Ring]] = []

    def littering() -> Iterator[bytes]:
        for body in bodies(5):
            left.append(weakref.ref(Ring()))
            litter = [Ring() for _ in range(20_000)]
            del litter
            yield body
        assert left[0]() is None

    with lrs.open(tmp_path) as store:
        store.ingest(littering())
    assert len(left) == 5


def test_where_it_is_off_it_stays_off() -> None:
    """A program that switched it off by either of the two ways has its reasons; one stream may run within another."""
    usual = gc.get_threshold()
    gc.set_threshold(0)
    with collection.rare_collection(), collection.rare_collection():
        assert gc.get_threshold()[0] == 0
    gc.set_threshold(*usual)
    gc.disable()
    with collection.rare_collection(), collection.paused_collection():
        pass
    assert not gc.isenabled()
    gc.enable()
    with collection.rare_collection():
        with collection.rare_collection():
            pass
        assert gc.get_threshold()[0] == collection._MANY
    assert gc.get_threshold() == usual
