"""``lrs backup`` and ``lrs restore``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.calling import Done, call

STATEMENT = b'{"actor":{"mbox":"mailto:ana@example.fr"},"verb":{"id":"http://v.example/a"},"object":{"id":"http://a.example/1"}}\n'


@pytest.fixture
def places(tmp_path: Path) -> list[str]:
    """Options that name three places."""
    return [word for part in ("statements", "vault", "keys") for word in (f"--{part}", str(tmp_path / part))]


def test_a_store_comes_back(tmp_path: Path, data: Path, places: list[str]) -> None:
    """Backed up and put back into another directory, a store counts what it counted; the second backup says what it adds to."""
    call("ingest", "-", "--data", data, stdin=STATEMENT)
    first = call("backup", "--data", data, *places)
    assert first.status == 0, first.err
    assert [line.partition(":")[0] for line in first.out.splitlines()] == ["statements", "vault", "keys"]
    assert "adds to 2" in call("backup", "--data", data, *places).out
    done = call("restore", "--data", tmp_path / "restored", *places)
    assert done.status == 0, done.err
    assert (
        call("query", "--data", tmp_path / "restored", "--count-by", "verb").out == call("query", "--data", data, "--count-by", "verb").out
    )


def test_what_cannot_be_is_said(tmp_path: Path, data: Path, places: list[str]) -> None:
    """One place for all, no backup there, a directory that is not empty, a key that is none: each is refused in words."""
    call("ingest", "-", "--data", data, stdin=STATEMENT)

    def refused(*arguments: object) -> str:
        done: Done = call(*arguments)
        assert done.status != 0
        return done.err

    same = ["--statements", tmp_path / "one", "--vault", tmp_path / "one", "--keys", tmp_path / "two"]
    assert "not apart" in refused("backup", "--data", data, *same)
    assert "three places" in refused("backup", "--data", data)
    assert "there is no backup" in refused("restore", "--data", tmp_path / "restored", *places)
    call("backup", "--data", data, *places)
    assert "is not empty" in refused("restore", "--data", data, *places)
    assert "--key is not a public key" in refused("restore", "--data", tmp_path / "restored", "--key", "x", *places)
    other = call("receipt", "key", "--data", data).out.strip()
    assert call("restore", "--data", tmp_path / "restored", "--key", other, *places).status == 0
