"""The drawing: a panel for each row, a bar for each who was measured in it, a mark where the goal is. Plain SVG, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby
from typing import Any

from benchmarks.report import NAMED
from benchmarks.row import MEASURES

Numbers = dict[str, Any]

WIDTH, MARGIN, NAMES, BARS, HEIGHT = 1060, 32, 250, 400, 18
STEP, GAP = HEIGHT + 8, 46  # from bar to bar, and what a panel adds to its bars
HIDDEN = {"echo"}  # the client's ceiling would make all other bars look alike
STYLE = """
svg { font: 13px system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
.paper { fill: #fff } .text { fill: #1d2733 } .faint { fill: #66727f } .head { font-size: 22px; font-weight: 600 } .panel { font-weight: 600; font-size: 14px }
.track { fill: #f1f4f7 } .lrs { fill: #2563c9 } .other { fill: #a9b4c0 } .spread { stroke: #1d2733; stroke-width: 1.5; opacity: .55 }
.goal { stroke: #1d2733; stroke-width: 2; stroke-dasharray: 3 2 } .yes { fill: #19734a } .no { fill: #b3431c } .number { font-variant-numeric: tabular-nums }
@media (prefers-color-scheme: dark) {
  .paper { fill: #12171d } .text { fill: #e6ebf0 } .faint { fill: #93a0ad } .track { fill: #1c232b } .lrs { fill: #5b93ee } .other { fill: #56626f }
  .spread, .goal { stroke: #e6ebf0 } .yes { fill: #5cc796 } .no { fill: #f08a63 }
}
"""


def draw(numbers: Numbers) -> str:
    """Draw what was measured."""
    shown = [entry for entry in numbers["rows"] if entry["rival"] not in HIDDEN]
    panels = [list(entries) for _, entries in groupby(shown, key=lambda entry: entry["row"])]
    parts, top = list(_heading(numbers)), 108
    for entries in panels:
        parts += _panel(entries, top)
        top += GAP + STEP * max(len(entries), len(entries[0].get("goals", [])))
    parts.append(_text(MARGIN, top + 4, "Bars: medians. Whiskers: lowest and highest. Dashed: what lrs has to reach.", "faint"))
    height = top + 28
    frame = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">'
    paper = f'<rect class="paper" width="{WIDTH}" height="{height}"/>'
    return "\n".join([frame, f"<title>lrs, measured</title><style>{STYLE}</style>", paper, *parts, "</svg>"]) + "\n"


def _heading(numbers: Numbers) -> Iterator[str]:
    yield _text(MARGIN, 46, "lrs, measured", "text head")
    yield _text(MARGIN, 68, f"{numbers['machine']}; {numbers['python']}; lrs {numbers['lrs']}", "faint")
    yield _text(MARGIN, 86, f"{numbers['measured with']}; median of {len(numbers['rows'][0]['values'])}", "faint")


def _panel(entries: list[Numbers], top: float) -> Iterator[str]:
    measure = MEASURES[entries[0]["measure"]]
    marks = [mark for goal in entries[0].get("goals", []) if (mark := _mark(goal, entries)) is not None]
    scale = BARS / max([*(max(entry["values"]) for entry in entries), *marks])
    yield _text(MARGIN, top + 18, entries[0]["title"], "text panel")
    yield _text(WIDTH - MARGIN, top + 18, "more is better" if measure.more else "less is better", "faint", end=True)
    for place, entry in enumerate(entries):
        yield from _bar(entry, top + 30 + STEP * place, scale)
    for place, goal in enumerate(entries[0].get("goals", [])):
        kind = f"number {'yes' if goal['reached'] else 'no'}"
        yield _text(WIDTH - MARGIN, top + 43.5 + STEP * place, _said(goal), kind, end=True)
    for mark in marks:
        x = MARGIN + NAMES + mark * scale
        yield f'<line class="goal" x1="{x:.1f}" x2="{x:.1f}" y1="{top + 26}" y2="{top + 34 + HEIGHT}"/>'


def _bar(entry: Numbers, y: float, scale: float) -> Iterator[str]:
    left, middle = MARGIN + NAMES, y + HEIGHT / 2
    low, high = (left + bound(entry["values"]) * scale for bound in (min, max))
    yield _text(MARGIN, y + 13.5, entry["named"], "text")
    yield f'<rect class="track" x="{left}" y="{y}" width="{BARS}" height="{HEIGHT}" rx="3"/>'
    kind = "lrs" if entry["rival"] == "lrs" else "other"
    yield f'<rect class="{kind}" x="{left}" y="{y}" width="{max(entry["median"] * scale, 1):.1f}" height="{HEIGHT}" rx="3"/>'
    if high - low > 1:
        yield f'<line class="spread" x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>'
    yield _text(left + BARS + 12, y + 13.5, MEASURES[entry["measure"]].shown(entry["median"]), "text number")


def _said(goal: Numbers) -> str:
    name = f"{goal['measure']} " if goal["measure"] in NAMED else ""
    return f"{name}{goal['shown'].removesuffix(' x')} (goal {goal['goal'].removesuffix(' x')})"


def _mark(goal: Numbers, entries: list[Numbers]) -> float | None:
    """Say where on a panel's scale a goal lies; None: it is about something else."""
    if goal["measure"] != entries[0]["measure"]:
        return None
    if not goal["of"]:
        return float(goal["bound"])
    other = next((entry["median"] for entry in entries if entry["named"] == goal["of"]), None)
    if other is None:
        return None
    return float(other + goal["bound"] if goal.get("beyond") else other * goal["bound"])


def _text(x: float, y: float, text: str, kind: str, *, end: bool = False) -> str:
    return f'<text x="{x}" y="{y}" class="{kind}"{" text-anchor=" + chr(34) + "end" + chr(34) if end else ""}>{escape(text)}</text>'
