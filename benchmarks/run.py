"""All measurements: each in fresh processes, in turn with the floor, several rounds; medians, spread and the share of the floor.

./dev bench [--quick] [--rounds N] [--statements N] [--only MODULE] [--real]
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

import lrs
from benchmarks import data
from benchmarks.result import Result

MODULES = ("embedded", "http", "checking")
PACKAGES = ("msgspec", "clickhouse-connect", "chdb", "cryptography", "SQLAlchemy", "starlette", "uvicorn")
RESULTS = Path(__file__).parent / "results"
Measured = dict[tuple[str, str], list[Result]]


def main() -> None:
    """Measure, print, and keep the numbers in benchmarks/results/."""
    options = parse()
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print("\n".join(f"{name}: {value}" for name, value in machine().items()), highlight=False)
    with tempfile.TemporaryDirectory(prefix="lrs-bench-") as directory:
        file, source = statements(options, Path(directory))
        console.print(source, highlight=False)
        measured = rounds(options, file, console)
    console.print(table(measured))
    console.print(
        "Shares are medians of each round's own share. Numbers of a shared machine are proportions, not promises.", highlight=False
    )
    keep(measured, source)


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two rounds of fewer statements")
    parser.add_argument("--rounds", type=int, help="rounds (5; quick: 2)")
    parser.add_argument("--statements", type=int, help="statements a measurement (100,000; quick: 20,000)")
    parser.add_argument("--only", action="append", choices=MODULES, help="measure this beside the floor; may be repeated")
    parser.add_argument("--real", action="store_true", help="use the file that LRS_REAL_STATEMENTS names")
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.statements = options.statements or (20_000 if options.quick else 100_000)
    return options


def statements(options: argparse.Namespace, directory: Path) -> tuple[Path, str]:
    """Write the statements to a file, one a line -> the file, and what is in it in words."""
    if options.real:
        path = os.environ.get("LRS_REAL_STATEMENTS") or sys.exit("LRS_REAL_STATEMENTS names no file")
        lines, kind = data.real(Path(path), options.statements), "real statements"
    else:
        lines, kind = data.made(options.statements), "made statements (seed 1)"
    file = directory / "statements.jsonl"
    file.write_bytes(b"\n".join(lines))
    people = len(data.one_for_each_person(lines))
    return file, f"measured with: {len(lines):,} {kind} of {people:,} people, {sum(map(len, lines)) / len(lines):,.0f} bytes on average"


def rounds(options: argparse.Namespace, file: Path, console: Console) -> Measured:
    """Measure everything in turn, so that a slow minute of the machine hits all alike."""
    chosen = [("floor", "floor")]
    for module in options.only or MODULES:
        chosen += [(module, case) for case in importlib.import_module(f"benchmarks.{module}").CASES]
    measured: Measured = {}
    for number in range(1, options.rounds + 1):
        for module, case in chosen:
            start = time.monotonic()
            with console.status(f"round {number} of {options.rounds}: {module}, {case}"):
                result = once(module, case, file)
            measured.setdefault((module, case), []).append(result)
            console.print(f"  round {number}: {module}, {case}: {result.rate:,.0f}/s ({time.monotonic() - start:.0f} s)", highlight=False)
    return measured


def once(module: str, case: str, file: Path) -> Result:
    """Measure in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.once", module, case, str(file)]
    output = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return msgspec.json.decode(output.splitlines()[-1], type=Result)


def table(measured: Measured) -> Table:
    """Show medians, spread and shares."""
    shown = Table("", "statements/s", "lowest - highest", "share of the floor", "processor time each", "latency p50 / p99", "peak memory")
    for (module, case), results in measured.items():
        rates = [result.rate for result in results]
        latencies = sorted(latency for result in results for latency in result.latencies)
        processor = statistics.median(result.processor / result.statements for result in results)
        shown.add_row(
            case if case == module else f"{module}: {case}",
            f"{statistics.median(rates):,.0f}",
            f"{min(rates):,.0f} - {max(rates):,.0f}",
            f"{share(measured, (module, case)):.2f}",
            f"{processor * 1e6:.1f} µs" if processor else "",
            f"{1000 * latencies[len(latencies) // 2]:.1f} / {1000 * latencies[len(latencies) * 99 // 100]:.1f} ms" if latencies else "",
            f"{max(result.peak_memory for result in results) / 1e6:,.0f} MB",
        )
    return shown


def share(measured: Measured, key: tuple[str, str]) -> float:
    """Compare each round with the floor of the same round."""
    return statistics.median(result.rate / floor.rate for result, floor in zip(measured[key], measured["floor", "floor"], strict=True))


def machine() -> dict[str, str]:
    """Say what was measured on."""
    cpu = next((line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    memory = next((int(line.split()[1]) / 2**20 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0.0)
    versions = f"lrs {lrs.__version__}, " + ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    return {
        "machine": f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": versions,
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def keep(measured: Measured, source: str) -> None:
    """Write the numbers down."""
    RESULTS.mkdir(exist_ok=True)
    when = datetime.now(UTC)
    report = {
        "when": when.isoformat(timespec="seconds"),
        **machine(),
        "source": source,
        "measured": [
            {"module": module, "case": case, "share": share(measured, (module, case)), "rates": [round(result.rate) for result in results]}
            for (module, case), results in measured.items()
        ],
    }
    path = RESULTS / f"{when:%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written to {path}")


if __name__ == "__main__":
    main()
