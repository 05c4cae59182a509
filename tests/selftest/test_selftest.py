"""The selftest passes where all is well, fails where one promise is broken, and leaves nobody behind (SEC-5)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lrs
from lrs.crypto.providers import open_keyring
from lrs.crypto.seal import Dek
from lrs.privacy.policy.reader import preset
from lrs.privacy.receipts import facts_of
from lrs.selftest import drills
from lrs.settings import Settings
from tests.cli.calling import call
from tests.policy.stores import POLICY
from tests.store.conftest import World

ALL = {"stored", "sealed", "found", "bound", "trail", "erased", "gone"}


def failed(data: Path) -> set[str]:
    """Run the drills and name those that failed."""
    with lrs.open(data) as store:
        outcome = store.selftest()
    assert {each.drill for each in outcome.findings} == ALL
    assert outcome.passed is all(each.passed for each in outcome.findings)
    return {each.drill for each in outcome.findings if not each.passed}


@pytest.mark.parametrize("name", ["fun-mooc", "research", "rules with conditions", None])
def test_all_is_well(tmp_path: Path, name: str | None) -> None:
    """Under presets, under rules that want much of a statement, and without a policy; what others stored stays as it was, and nobody else is left."""
    if name == "rules with conditions":
        # The rule that wants most comes first.
        head, first, second = POLICY.replace("UNASSIGNED", "refuse").split("[[rules]]")
        (tmp_path / "policy.toml").write_text(f"{head}[[rules]]{second}[[rules]]{first}", "utf-8")
    elif name:
        (tmp_path / "policy.toml").write_text(preset(name), "utf-8")
    with lrs.open(tmp_path) as store:
        (kept,) = store.ingest(World().statement(verb={"id": "https://v.example/served"}))
    before = rows(tmp_path)
    assert failed(tmp_path) == set()
    assert rows(tmp_path) == before == [str(kept)]
    with lrs.open(tmp_path) as store, store._vault._read() as connection:
        (people,) = connection.exec_driver_sql("SELECT count(*) FROM identifier").one()
        assert people == 2  # who stood there before: the actor, and the authority


def rows(data: Path) -> list[str]:
    """The ids of all rows of the warehouse."""
    with lrs.open(data) as store, store._warehouse._sessions.reader() as session:
        return [str(row[0]) for row in session.query("SELECT id FROM statements ORDER BY stored", {})]


def test_the_report_is_signed_and_names_nobody(tmp_path: Path) -> None:
    """It is printed and written, it verifies, and the trail knows of it."""
    out = tmp_path / "report.txt"
    data = tmp_path / "data"
    done = call("privacy", "selftest", "--data", data, "--out", out)
    assert (done.status, done.out) == (0, out.read_text("utf-8"))
    facts = facts_of(done.out, open_keyring(Settings(data=data), create=False).signer.key)
    assert (facts["kind"], facts["passed"], set(facts["drills"])) == ("selftest", True, ALL)
    entries = [json.loads(line) for path in (data / "audit").rglob("*.jsonl") for line in path.read_bytes().splitlines()]
    assert {"drills": 7, "failed": 0} in [each["counts"] for each in entries if each.get("action") == "drill"]


def test_a_policy_that_keeps_free_text_in_the_clear_is_found(tmp_path: Path) -> None:
    """What people write names them: the status is 1, and the report says so in both languages."""
    text = preset("campus").replace('free_text = "seal"', 'free_text = "keep"')
    (tmp_path / "policy.toml").write_text(text, "utf-8")
    done = call("privacy", "selftest", "--data", tmp_path)
    assert done.status == 1
    assert "ÉCHEC: aucun mot" in done.out
    assert "FAILED: no word" in done.out
    assert " rows of the warehouse hold a word" in done.out


def leak(monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    made = drills.cast

    def leaking(like: Any) -> Any:
        found = made(like)
        (data / "forgotten.log").write_text(f"so {min(found.marks).upper()} came", "utf-8")
        return found

    monkeypatch.setattr(drills, "cast", leaking)


def blind(monkeypatch: pytest.MonkeyPatch, _data: Path) -> None:
    monkeypatch.setattr(drills, "files_with", lambda *_, **__: [])


def blind_to_rows(monkeypatch: pytest.MonkeyPatch, _data: Path) -> None:
    monkeypatch.setattr("lrs.storage.warehouse.Warehouse.mentions", lambda *_, **__: 0)


def unbound(monkeypatch: pytest.MonkeyPatch, _data: Path) -> None:
    opened = Dek.open

    def careless(self: Dek, kind: str, record: bytes, sealed: bytes) -> bytes:
        try:
            return opened(self, kind, record, sealed)
        except lrs.TamperedData:
            return b""

    monkeypatch.setattr(Dek, "open", careless)


def altered(_monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    with lrs.open(data):
        pass
    (path,) = (data / "audit").rglob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b"open the store", b"shut the store", 1))


def kept(monkeypatch: pytest.MonkeyPatch, _data: Path) -> None:
    monkeypatch.setattr(lrs.LRS, "erase", lambda *_, **__: None)


def forgiving(monkeypatch: pytest.MonkeyPatch, _data: Path) -> None:
    """Nobody is suppressed: late batches bring people back."""
    for name in ("people", "statements"):
        monkeypatch.setattr(f"lrs.privacy.suppression.Suppression.{name}", lambda *_, **__: set())


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (leak, {"sealed", "gone"}),
        (blind, {"found"}),
        (blind_to_rows, {"found"}),
        (unbound, {"bound"}),
        (altered, {"trail"}),
        (kept, {"erased", "gone"}),
        (forgiving, {"erased"}),
    ],
)
def test_a_broken_promise_is_found(
    broken: Callable[[pytest.MonkeyPatch, Path], None], expected: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each drill can fail, and does for its own reason alone."""
    broken(monkeypatch, tmp_path)
    assert failed(tmp_path) == expected


def test_where_no_statement_is_taken_nothing_is_claimed(tmp_path: Path) -> None:
    """A policy that refuses everything: what could not be tried is not called passed."""
    text = POLICY.replace("UNASSIGNED", "refuse").split("[[rules]]")[0]
    (tmp_path / "policy.toml").write_text(text, "utf-8")
    assert failed(tmp_path) == ALL - {"trail"}


def test_a_word_over_the_edge_of_a_piece_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in pieces; old files are not read again."""
    from lrs.selftest import search

    monkeypatch.setattr(search, "_PIECE", 8)
    (tmp_path / "new").write_bytes(b"....." + b"CaNaRy" + b"....")
    assert search.files_with(tmp_path, ["canary"], since=0) == ["new"]
    assert search.files_with(tmp_path, ["other"], since=0) == []
    assert search.files_with(tmp_path, ["canary"], since=4_000_000_000) == []
