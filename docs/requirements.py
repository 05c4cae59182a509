"""What xAPI and the law require and which tests cover it, read from requirements.toml and privacy.toml: pages of the reference."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import attrs

HERE = Path(__file__).parent
TESTS = Path(__file__).parent.parent / "tests"
XAPI = """What the two versions of xAPI require of a record store, in our words, with the tests that would notice its absence: a file under
`tests/` and, in it, a test or a case of its tables. The first column is the part of xAPI 1.0.3 and the anchor of the sentence there (a star:
SHOULD*, which is to become MUST), the second the section of IEEE 9274.1.1 (xAPI 2.0) and the number of the sentence among its requirements.
What is required of clients alone is left out."""
PRIVACY = """What the law and the regulators ask of whoever keeps learners' traces, as far as a record store can answer for it, with the tests that would
notice its absence: a file under `tests/` and, in it, a test or a case of its tables. GDPR: Regulation (EU) 2016/679. A test shows what the
program does; that it is used lawfully is for the controller to show."""


@attrs.frozen
class Requirement:
    """What is required, where (two names, one of which may be missing), and the tests that cover it."""

    place: str
    says: str
    tests: tuple[str, ...]

    @property
    def places(self) -> tuple[str, str]:
        """Give both names: where 1.0.3 and where 2.0 says so; or our name for it, and the law."""
        first, _, second = self.place.partition("|")
        return first.strip(), second.strip()


@attrs.frozen
class Requirements:
    """All requirements by topic, and why some have no test; ``columns`` are the two names of a place."""

    title: str
    head: str
    columns: tuple[str, str]
    topics: dict[str, list[Requirement]]
    missing: dict[str, str]

    def each(self) -> Iterator[Requirement]:
        """Give one after the other."""
        for topic in self.topics.values():
            yield from topic

    def covered(self) -> int:
        """Count those that have a test."""
        return sum(bool(requirement.tests) for requirement in self.each())


def xapi() -> Requirements:
    """Read what xAPI requires."""
    return read("requirements.toml", "Requirements and their tests", XAPI, ("1.0.3", "2.0"))


def privacy() -> Requirements:
    """Read what the law requires."""
    return read("privacy.toml", "Privacy: what is required, and its tests", PRIVACY, ("name", "source"))


def read(file: str, title: str, head: str, columns: tuple[str, str]) -> Requirements:
    """Read a list."""
    found = tomllib.loads((HERE / file).read_text("utf-8"))
    missing = found.pop("missing")
    return Requirements(
        title,
        head,
        columns,
        {topic: [Requirement(place, says, tuple(tests)) for place, (says, *tests) in rows.items()] for topic, rows in found.items()},
        missing,
    )


def page(requirements: Requirements) -> str:
    """List what has no test, then everything."""
    total, covered = len([*requirements.each()]), requirements.covered()
    parts = [
        requirements.head,
        f"{total} requirements; {covered} have tests" + (f", {total - covered} do not:" if covered < total else "."),
    ]
    if covered < total:
        untested = ((each, requirements.missing.get(each.place, "")) for each in requirements.each() if not each.tests)
        parts.append(table(requirements.columns, "without a test", "why", untested))
    for topic, rows in requirements.topics.items():
        parts += [
            f"## {topic}",
            table(requirements.columns, "requirement", "tests", ((each, "<br>".join(f"`{test}`" for test in each.tests)) for each in rows)),
        ]
    return "\n\n".join(parts) + "\n"


def table(columns: tuple[str, str], what: str, last: str, rows: Iterator[tuple[Requirement, str]]) -> str:
    """Write a table of requirements."""
    lines = [f"| {columns[0]} | {columns[1]} | {what} | {last} |", "|---|---|---|---|"]
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
