"""The benchmarks run, and say what they are said to say. How fast anything is decides nothing here."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import lrs
from benchmarks import client, data
from benchmarks.result import Result
from benchmarks.rivals import echo
from benchmarks.rivals import lrs as ours
from benchmarks.row import Goal
from benchmarks.rows import ROWS

ROOT = Path(__file__).parent.parent.parent
RALPH = ("ralph", "ralph_null", "ralph_clickhouse")  # to be fetched first
NEEDED = {"checking": "checker", "embedded": "opened", "http": "served", "starting": "STARTED"}


@pytest.mark.timeout(900)
def test_a_short_run_measures_writes_and_draws(tmp_path: Path) -> None:
    """One round of very few statements: each row has its numbers beside its floor's, in a table, a file and a drawing."""
    only = [argument for row in ("checking", "replay", "singles") for argument in ("--only", row)]
    without = [argument for rival in RALPH for argument in ("--without", rival)]
    command = [sys.executable, "-m", "benchmarks.run", "--smoke", *only, *without, "--results", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    (file,), (drawing,) = tmp_path.glob("*.json"), tmp_path.glob("*.svg")
    numbers = json.loads(file.read_text())
    measured = {(row["row"], row["rival"]): row for row in numbers["rows"]}
    inside = {(row, rival) for row in ("checking", "stream") for rival in ("lrs", "floor")} | {("replay", "lrs")}
    assert measured.keys() == inside | {("singles", rival) for rival in ("lrs", "answering", "echo")}
    assert all(row["median"] > 0 and len(row["values"]) == 1 for row in measured.values())
    assert [goal["goal"] for goal in measured["singles", "lrs"]["goals"]] == ["≥ 0.30 x", "≥ 4,000/s", "≤ 100.0 ms"]
    assert measured["singles", "lrs"]["p99"] >= measured["singles", "lrs"]["p50"] > 0
    assert numbers["not measured"] == dict.fromkeys(RALPH, "left out")
    for row in ROWS:
        assert (row.title in done.stdout) == (row.title in drawing.read_text()) == any(row.name == name for name, _ in measured)


def test_a_filled_store_is_not_written_to(tmp_path: Path) -> None:
    """What is measured on a filled store goes into a copy of it, and neither merges nor statements there reach the original."""
    original = tmp_path / "filled"
    statements = data.made(40)
    with lrs.open(original) as store:
        store.ingest(iter(statements[:20]))
    before = _contents(original)
    (tmp_path / "own").mkdir()
    with ours.opened(tmp_path / "own", original) as copy:
        assert copy.count() == 20
        copy.each(statements[20:])
        assert copy.count() == 40
    assert _contents(original) == before


def _contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_names_what_is_there(row) -> None:
    """Everyone in a row can do what the row asks, lrs is measured in it, and its goals look at what is measured."""
    pairs = {(other.name, rival) for other in ROWS for rival in other.rivals}
    assert callable(importlib.import_module(f"benchmarks.{row.module}").measure)
    for rival in row.rivals:
        module = importlib.import_module(f"benchmarks.rivals.{rival}")
        assert module.TITLE
        assert callable(module.ready)
        assert row.module not in NEEDED or hasattr(module, NEEDED[row.module])
    assert row.rivals[0] == "lrs"
    for goal in row.goals:
        of, _, rival = goal.of.rpartition("/")
        assert not goal.of or (of or row.name, rival) in pairs


def test_goals_compare_in_the_right_direction() -> None:
    """More of a rate is better and less of a time is; a share is of the other's number, "beyond" is added to it."""
    slow, fast = Result(statements=100, seconds=1.0), Result(statements=100, seconds=0.5)
    share = Goal("rate", 0.75, "floor")
    assert share.value(slow, fast) == 0.5
    assert not share.reached(share.value(slow, fast))
    assert share.reached(share.value(fast, slow))
    added = Goal("seconds", 80, "floor", beyond=True)
    assert added.value(slow, fast) == pytest.approx(500)
    assert not added.reached(500)
    assert added.reached(79)
    assert Goal("rate", 150).reached(Goal("rate", 150).value(fast, None))


def test_growth_is_of_the_last_quarter_over_the_second() -> None:
    """What a server takes while it warms up is no growth; what it takes later is."""
    flat = Result(statements=1, seconds=1.0, memory=[10, 50, 100, 100, 101, 100, 100, 100])
    assert flat.growth == pytest.approx(100 / 100, abs=0.01)
    assert Result(statements=1, seconds=1.0, memory=[100] * 4 + [110] * 2 + [150] * 2).growth == 1.5


def test_the_client_gets_every_answer(tmp_path: Path) -> None:
    """As many latencies as requests, whether a request fits into a socket's buffer or not, and whether there are more connections than requests."""
    with echo.served(tmp_path, None, []) as server:
        for size, count, connections in ((100, 50, 4), (3_000_000, 6, 2), (100, 3, 8)):
            requests = [client.request(server, b"x" * size)] * count
            load = client.send(server, requests, connections)
            assert len(load.latencies) == count
            assert 0 < max(load.latencies) <= load.seconds
        assert server.memory() > 0


def test_the_client_takes_no_refusal_for_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything but 200 ends the measurement: a server that refuses quickly is not a quick server."""
    refusing = (ROOT / "benchmarks" / "rivals" / "echo.py").read_text().replace("200 OK", "503 Busy")
    (tmp_path / "refusing.py").write_text(refusing)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    port = echo.process.free_port()
    with (
        echo.process.started([sys.executable, "-m", "refusing", str(port)], tmp_path, port) as server,
        pytest.raises(RuntimeError, match="503 Busy"),
    ):
        client.send(server, [client.request(server, b"x")], 1)
