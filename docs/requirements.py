"""What xAPI requires and which tests cover it, read from requirements.toml: a page of the reference, and what is wrong with the list."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import attrs

FILE = Path(__file__).parent / "requirements.toml"
TESTS = Path(__file__).parent.parent / "tests"
HEAD = """What the two versions of xAPI require of a record store, in our words, with the tests that would notice its absence: a file under
`tests/` and, in it, a test or a case of its tables. The first column is the part of xAPI 1.0.3 and the anchor of the sentence there (a star:
SHOULD*, which is to become MUST), the second the section of IEEE 9274.1.1 (xAPI 2.0) and the number of the sentence among its requirements.
What is required of clients alone is left out."""


@attrs.frozen
class Requirement:
    """What is required, where each version says so (or nothing), and the tests that cover it."""

    place: str
    says: str
    tests: tuple[str, ...]

    @property
    def places(self) -> tuple[str, str]:
        """Give where 1.0.3 and where 2.0 says so."""
        first, _, second = self.place.partition("|")
        return first.strip(), second.strip()


@attrs.frozen
class Requirements:
    """All requirements by topic, and why some have no test."""

    topics: dict[str, list[Requirement]]
    missing: dict[str, str]

    def each(self) -> Iterator[Requirement]:
        """Give one after the other."""
        for topic in self.topics.values():
            yield from topic

    def covered(self) -> int:
        """Count those that have a test."""
        return sum(bool(requirement.tests) for requirement in self.each())


def read() -> Requirements:
    """Read the list."""
    found = tomllib.loads(FILE.read_text("utf-8"))
    missing = found.pop("missing")
    return Requirements(
        {topic: [Requirement(place, says, tuple(tests)) for place, (says, *tests) in rows.items()] for topic, rows in found.items()},
        missing,
    )


def page() -> str:
    """List what has no test, then everything."""
    requirements = read()
    total, covered = len([*requirements.each()]), requirements.covered()
    parts = [HEAD, f"{total} requirements; {covered} have tests, {total - covered} do not:"]
    parts.append(
        table("without a test", "why", ((each, requirements.missing.get(each.place, "")) for each in requirements.each() if not each.tests))
    )
    for topic, rows in requirements.topics.items():
        parts += [f"## {topic}", table("requirement", "tests", ((each, "<br>".join(f"`{test}`" for test in each.tests)) for each in rows))]
    return "\n\n".join(parts) + "\n"


def table(what: str, last: str, rows: Iterator[tuple[Requirement, str]]) -> str:
    """Write a table of requirements."""
    lines = [f"| 1.0.3 | 2.0 | {what} | {last} |", "|---|---|---|---|"]
    for each, text in rows:
        first, second = each.places
        lines.append(f"| {first} | {second} | {each.says} | {text} |")
    return "\n".join(lines)


def unknown(test: str) -> bool:
    """Tell whether no such test is there: a function of the file, or a case by its name."""
    file, _, name = test.partition("::")
    return name not in names(TESTS / file)


@cache
def names(file: Path) -> frozenset[str]:
    """Give the names of all tests in a file and of all cases in the tables of it; none where there is no such file."""
    if not file.exists():
        return frozenset()
    nodes = [*ast.walk(ast.parse(file.read_text("utf-8")))]
    tests = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")}
    keys = (key for node in nodes if isinstance(node, ast.Dict) for key in node.keys)
    return frozenset(tests | {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)})
