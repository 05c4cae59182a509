"""When the power goes, what was acknowledged is on the disk: nothing lost, nothing doubled, nobody back who was erased.

A process works, and a layer between it and the system writes down what it does to its files (``power/journal.c``). From any prefix of that,
``power/disk.py`` makes the directory that a disk would hold if the power went right then. So each run gives as many power cuts as are wanted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import attrs
import pytest

from tests.promises import mixed
from tests.promises.power.disk import Disk

ROUNDS = int(os.environ.get("LRS_TEST_POWER_ROUNDS", "4"))
SECONDS = int(os.environ.get("LRS_TEST_POWER_SECONDS", "10"))
COMPILER = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
pytestmark = pytest.mark.skipif(COMPILER is None, reason="a C compiler (cc, gcc or clang) is needed to see what a process syncs")


@attrs.frozen
class Run:
    """What a process did to the files below ``root``, line by line."""

    root: Path
    journal: Path
    lines: list[str]

    def said(self, cut: int) -> list[str]:
        """What had been said when the power went after so many lines."""
        return [line.rstrip("\n").removeprefix("mark\t") for line in self.lines[:cut] if line.startswith("mark\t")]

    def restored(self, cut: int, to: Path, *, journalling: bool, chance: Random | None, syncs: bool = True) -> Path:
        """Make what is on the disk then -> the data directory. Without ``syncs`` the disk takes no notice of them."""
        disk = Disk(self.root, journalling=journalling, chance=chance)
        disk.play([line for line in self.lines[:cut] if syncs or not line.startswith("sync\t")], self.journal)
        disk.lose_power(to)
        if (to / "data" / "keys.json").exists():
            (to / "data" / "keys.json").chmod(0o400)
        return to / "data"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Some seconds of storing, merging, erasing and rotating, all at once."""
    folder = tmp_path_factory.mktemp("power")
    layer, journal, root = folder / "journal.so", folder / "journal", folder / "root"
    root.mkdir()
    source = Path(__file__).parent / "power" / "journal.c"
    subprocess.run([str(COMPILER), "-O1", "-shared", "-fPIC", "-o", layer, source, "-ldl"], check=True)
    environ = {**os.environ, "LD_PRELOAD": str(layer), "LRS_JOURNAL": str(journal), "LRS_JOURNAL_ROOT": str(root)}
    command = [sys.executable, "-m", "tests.promises.mixed", "load", str(root / "data"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        try:
            out, _ = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
    assert "broken" not in out
    lines = journal.read_text().splitlines(keepends=True)
    assert lines[-1].endswith("\n")
    return Run(root, journal, lines)


def following(said: list[str]) -> int:
    return max((int(line.split()[1]) for line in said if line.startswith("stored")), default=-1) + 1


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_power_cut_loses_and_doubles_nothing(number: int, run: Run, tmp_path: Path) -> None:
    """At any moment, on a strict disk and on a journalling one, with and without luck: what was acknowledged is there, and the store goes on."""
    chance = Random(number)
    opened = run.lines.index("mark\topen\n") + 1
    cut = len(run.lines) if number == 0 else chance.randint(opened, len(run.lines))
    data = run.restored(cut, tmp_path / "cut", journalling=bool(number & 1), chance=chance if number & 2 else None)
    said = run.said(cut)
    mixed.expect(said, mixed.all_of(data), following=following(said))


@pytest.mark.parametrize("number", range(ROUNDS // 2))
def test_a_power_cut_before_anything_was_acknowledged(number: int, run: Run, tmp_path: Path) -> None:
    """While a store is made for the first time: afterwards it is made once more, and stores."""
    chance = Random(number)
    cut = chance.randint(0, run.lines.index("mark\topen\n"))
    data = run.restored(cut, tmp_path / "cut", journalling=bool(number & 1), chance=None)
    command = [sys.executable, "-m", "tests.promises.child", "once", str(data)]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120, check=True).stdout
    assert '"code": "stored"' in out


def test_this_test_can_fail(run: Run, tmp_path: Path) -> None:
    """A disk that takes no notice of syncs loses what was acknowledged, and it shows."""
    data = run.restored(len(run.lines), tmp_path / "cut", journalling=True, chance=Random(1), syncs=False)
    with pytest.raises((AssertionError, subprocess.CalledProcessError)):
        mixed.expect(run.said(len(run.lines)), mixed.all_of(data), following=following(run.said(len(run.lines))))
