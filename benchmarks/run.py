"""All measurements: each in fresh processes, in turn with its floor and its rivals, several rounds; a table, a file of numbers, a drawing.

./dev bench [--quick | --smoke] [--only ROW] [--without RIVAL] [--filled DIR] [--real] [--rounds N] [--statements N] [--results DIR]
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks import data, plot, report
from benchmarks.machine import ROOT, machine
from benchmarks.report import Measured
from benchmarks.result import Result
from benchmarks.row import Row
from benchmarks.rows import ROWS

RESULTS = ROOT / "benchmarks" / "results"
RIVALS = sorted({rival for row in ROWS for rival in row.rivals})
SIZES = {"full": (5, 1_000_000), "quick": (2, 50_000), "smoke": (1, 2_000)}  # rounds, statements
STATEMENTS_PER_PERSON = 10
SEED = 11  # not that of anything which fills stores: the ids must be new to them


def main() -> None:
    """Measure, print, keep the numbers and draw them."""
    options = parse()
    console = Console(highlight=False, soft_wrap=True)
    rows = chosen(options)
    missing = unready(rows, options.without)
    about = machine()
    about |= versions(rows, missing)
    console.print("\n".join(f"{name}: {value}" for name, value in about.items()))
    for rival, reason in missing.items():
        console.print(f"{rival} is not measured: {reason}")
    with tempfile.TemporaryDirectory(prefix="lrs-bench-") as directory:
        file, source = statements(options, Path(directory))
        console.print(f"measured with: {source}")
        measured, failed = rounds(rows, set(missing), options, file, console)
    numbers = {**about, "measured with": source, "not measured": missing, "failed": failed, "rows": report.rows(rows, measured)}
    console.print(report.table(numbers))
    console.print(report.NOTE)
    keep(numbers, options.results, console)
    sys.exit(f"failed, see above: {', '.join(failed)}" if failed else 0)


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(prog="./dev bench", description="Measure speed, each number beside its floor in the same run.")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="size", action="store_const", const="quick", help="two rounds of 50,000 statements: some minutes")
    size.add_argument(
        "--smoke", dest="size", action="store_const", const="smoke", help="one round of very few: only to see that all of it runs"
    )
    parser.add_argument("--rounds", type=int, help="how often everything is measured (5)")
    parser.add_argument("--statements", type=int, help="how many statements there are (1,000,000); a tenth as many people, 100,000 at most")
    parser.add_argument(
        "--only", action="append", choices=[row.name for row in ROWS], metavar="ROW", help="measure this row; may be repeated"
    )
    parser.add_argument(
        "--without", action="append", choices=RIVALS, metavar="RIVAL", default=[], help="leave a rival out; may be repeated"
    )
    parser.add_argument(
        "--filled", type=Path, metavar="DIR", help="data directory of a store that holds much already; it is not written to"
    )
    parser.add_argument("--real", action="store_true", help="take the statements from the file that LRS_REAL_STATEMENTS names")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help="where the numbers go (benchmarks/results)")
    options = parser.parse_args()
    times, count = SIZES[options.size or "full"]
    options.rounds, options.statements = options.rounds or times, options.statements or count
    return options


def chosen(options: argparse.Namespace) -> list[Row]:
    """Choose the rows, with those that their goals look at."""
    names = set(options.only or (row.name for row in ROWS if options.filled or not row.filled))
    while more := set().union(*(row.needed for row in ROWS if row.name in names)) - names:
        names |= more
    rows = [row for row in ROWS if row.name in names]
    if unfit := [row.name for row in rows if row.filled and not options.filled]:
        sys.exit(f"{', '.join(unfit)}: give a filled store with --filled DIR")
    return rows


def unready(rows: Iterable[Row], without: list[str]) -> dict[str, str]:
    """Get the rivals ready -> those that are not measured, and why."""
    missing = dict.fromkeys(without, "left out")
    for rival in sorted({rival for row in rows for rival in row.rivals} - missing.keys()):
        try:
            importlib.import_module(f"benchmarks.rivals.{rival}").ready()
        except (OSError, subprocess.CalledProcessError) as error:
            missing[rival] = f"it could not be installed ({error})"
    return missing


def versions(rows: Iterable[Row], missing: Mapping[str, str]) -> dict[str, str]:
    """Name what the rivals run on that bring packages of their own."""
    modules = {rival: importlib.import_module(f"benchmarks.rivals.{rival}") for row in rows for rival in row.rivals if rival not in missing}
    return {rival: module.versions() for rival, module in sorted(modules.items()) if hasattr(module, "versions")}


def statements(options: argparse.Namespace, directory: Path) -> tuple[Path, str]:
    """Write the statements to a file, one a line -> the file, and what is in it in words."""
    if options.real:
        path = os.environ.get("LRS_REAL_STATEMENTS") or sys.exit("LRS_REAL_STATEMENTS names no file")
        lines, kind = data.real(Path(path), options.statements), "real statements"
    else:
        people = max(min(options.statements // STATEMENTS_PER_PERSON, 100_000), 1)
        lines, kind = data.made(options.statements, seed=SEED, people=people), f"made statements (seed {SEED})"
    file = directory / "statements.jsonl"
    file.write_bytes(b"\n".join(lines))
    people = len(data.one_for_each_person(lines))
    return file, f"{len(lines):,} {kind} of {people:,} people, {sum(map(len, lines)) / len(lines):,.0f} bytes on average"


def rounds(rows: list[Row], missing: set[str], options: argparse.Namespace, file: Path, console: Console) -> tuple[Measured, list[str]]:
    """Measure everything in turn, so that a slow minute of the machine hits all alike -> the results, and what failed and has none."""
    measured: Measured = {(row.name, rival): [] for row in rows for rival in row.rivals if rival not in missing}
    failed = []
    for number in range(1, options.rounds + 1):
        for row, rival in [(each, rival) for each in rows for rival in each.rivals if (each.name, rival) in measured]:
            start, what = time.monotonic(), f"{row.name}, {rival}"
            try:
                with console.status(f"round {number} of {options.rounds}: {what}"):
                    result = once(row, rival, file, options)
            except subprocess.CalledProcessError:  # an hour's other measurements are worth keeping
                del measured[row.name, rival]
                failed.append(what)
                continue
            measured[row.name, rival].append(result)
            console.print(f"  round {number}: {what}: {report.shown(row, result)} ({time.monotonic() - start:.0f} s)")
    return measured, failed


def once(row: Row, rival: str, file: Path, options: argparse.Namespace) -> Result:
    """Measure in a fresh process, in the rival's own environment where it works inside the process."""
    inside = row.module == "checking"
    python = importlib.import_module(f"benchmarks.rivals.{rival}").python() if inside else sys.executable
    filled = options.filled if row.filled or row.name == "memory" else None
    command = [python, "-m", "benchmarks.once", row.module, row.case, str(file), rival, str(filled or "")]
    output = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT).stdout
    return Result(**json.loads(output.splitlines()[-1]))


def keep(numbers: report.Numbers, directory: Path, console: Console) -> None:
    """Write the numbers down, and draw them."""
    directory.mkdir(parents=True, exist_ok=True)
    when = datetime.now(UTC)
    path = directory / f"{when:%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps({"when": when.isoformat(timespec="seconds"), **numbers}, indent=1) + "\n")
    drawing = path.with_suffix(".svg")
    drawing.write_text(plot.draw(numbers))
    console.print(f"written to {path} and {drawing.name} beside it")


if __name__ == "__main__":
    main()
