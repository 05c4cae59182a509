"""What came out, as numbers for a file and as a table for people."""

from __future__ import annotations

import importlib
import statistics
from itertools import groupby
from typing import Any

from benchmarks.result import Result
from benchmarks.row import MEASURES, Goal, Row

NOTE = (
    "\nMedians of all rounds, and the lowest and highest. What lrs has to reach is compared within each round; the median of those is shown.\n"
    "CPU: processor time of what is measured, of all its threads, a statement. Memory: the most that the server held.\n"
    "Numbers of a shared machine are proportions, not promises."
)
NAMED = {"p50", "p95", "p99", "growth"}  # the others are known by their units
_SAMPLES = 240
_WIDTHS = (11, 20, 11, 20, 9)
Measured = dict[tuple[str, str], list[Result]]
Numbers = dict[str, Any]


def rows(chosen: list[Row], measured: Measured) -> list[Numbers]:
    """Give an entry for each row and each rival in it."""
    return [
        {"row": row.name, "title": row.title, "rival": rival, "named": title(rival), **_numbers(row, measured[row.name, rival])}
        | ({"goals": _goals(row, measured)} if rival == "lrs" else {})
        for row in chosen
        for rival in row.rivals
        if (row.name, rival) in measured
    ]


def title(rival: str) -> str:
    """Give the name of a rival."""
    return str(importlib.import_module(f"benchmarks.rivals.{rival}").TITLE)


def shown(row: Row, result: Result) -> str:
    """Write down what a row shows of one result."""
    measure = MEASURES[row.shows]
    return measure.shown(measure.read(result))


def _numbers(row: Row, results: list[Result]) -> Numbers:
    measure = MEASURES[row.shows]
    values = [measure.read(result) for result in results]
    numbers: Numbers = {
        "measure": row.shows,
        "unit": measure.unit,
        "values": [round(value, 3) for value in values],
        "median": statistics.median(values),
        "processor_us": _processor(results),
    }
    if results[0].latencies:
        numbers |= {name: statistics.median(MEASURES[name].read(result) for result in results) for name in ("p50", "p95", "p99")}
        numbers["client_busy"] = statistics.median(result.client / result.seconds for result in results)
        numbers["memory_mb"] = round(max(result.peak_memory for result in results) / 1e6)
    if results[0].memory:
        numbers["memory_course_mb"] = [round(sample / 1e6) for sample in results[-1].memory[:: len(results[-1].memory) // _SAMPLES + 1]]
    return numbers


def _processor(results: list[Result]) -> float:
    return round(statistics.median(result.processor / result.statements for result in results) * 1e6, 2)


def _goals(row: Row, measured: Measured) -> list[Numbers]:
    return [each for goal in row.goals if (each := _goal(row, goal, measured)) is not None]


def _goal(row: Row, goal: Goal, measured: Measured) -> Numbers | None:
    """Compare lrs with what a goal names, round by round; None: that was not measured."""
    other, _, rival = goal.of.rpartition("/")
    others = measured.get((other or row.name, rival)) if goal.of else [None] * len(measured[row.name, "lrs"])
    if others is None:
        return None
    value = statistics.median(goal.value(*each) for each in zip(measured[row.name, "lrs"], others, strict=True))
    of = title(rival) if rival and rival != "lrs" else f"lrs, {other}" if goal.of else ""
    return {
        "measure": goal.measure,
        "of": of,
        "goal": goal.shown,
        "bound": goal.bound,
        "beyond": goal.beyond,
        "value": value,
        "shown": goal.written(value),
        "reached": goal.reached(value),
    }


def table(numbers: Numbers) -> str:
    """Write down medians, spread, and lrs beside what it is to reach; in the markup of rich, 150 columns wide."""
    lines = [_line("", "median", "lowest - highest", "CPU each", "p50 / p99", "memory", "  lrs beside what it has to reach")]
    for _, entries in groupby(numbers["rows"], key=lambda entry: entry["row"]):
        for place, entry in enumerate(entries):
            if place == 0:
                lines.append(f"\n[bold]{entry['title']}[/bold]")
            first, *more = [*map(_beside, entry.get("goals", [])), ""]
            lines.append(_line(*_cells(entry), first))
            lines += [_line(*[""] * 6, each) for each in more if each]
    return "\n".join(lines)


def _line(*cells: str) -> str:
    name, *numbers, beside = cells
    return "".join([f"{name:31}", *(f"{number:>{width}}" for number, width in zip(numbers, _WIDTHS, strict=True)), f"   {beside}"]).rstrip()


def _cells(entry: Numbers) -> list[str]:
    measure = MEASURES[entry["measure"]]
    digits = f",.{measure.digits}f"
    return [
        f"  {entry['named']}",
        measure.shown(entry["median"]),
        f"{min(entry['values']):{digits}} - {max(entry['values']):{digits}}",
        f"{entry['processor_us']:.1f} µs" if entry["processor_us"] else "",
        f"{entry['p50']:.1f} / {entry['p99']:.1f} ms" if "p50" in entry else "",
        f"{entry['memory_mb']:,} MB" if "memory_mb" in entry else "",
    ]


def _beside(goal: Numbers) -> str:
    what = f"{goal['measure']} " if goal["measure"] in NAMED else ""
    of = f" {'more than' if goal['beyond'] else ''} {goal['of']}".replace("  ", " ") if goal["of"] else ""
    return f"{'[green]' if goal['reached'] else '[red]'}{what}{goal['shown']}[/]{of} (goal {goal['goal'].removesuffix(' x')})"
