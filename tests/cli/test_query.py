"""``lrs query``: what is stored, on the command line."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import lrs
from tests.cli.calling import call
from tests.cli.conftest import statements

FUTURE = "2999-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Store the course once: no query changes it."""
    data = tmp_path_factory.mktemp("queried") / "data"
    with lrs.open(data) as store:
        store.ingest(statements())
    return data


def found(done: Any) -> list[Any]:
    """Read the lines of an answer."""
    assert done.status == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


def test_statements_come_as_lines(stored: Path, course: list[dict[str, Any]]) -> None:
    """Newest first; ascending turns them around; each as it was sent."""
    back = found(call("query", "--data", stored))
    assert [statement["id"] for statement in back] == [statement["id"] for statement in reversed(course)]
    oldest = found(call("query", "--data", stored, "--ascending", "--limit", 1))[0]
    assert {key: oldest[key] for key in course[0]} == course[0]


def test_limits_and_pages(stored: Path) -> None:
    """A limit holds over pages, and all means all."""
    assert len(found(call("query", "--data", stored, "--limit", 25, LRS_MAX_PAGE_STATEMENTS="10"))) == 25
    assert len({each["id"] for each in found(call("query", "--data", stored, "--all", LRS_MAX_PAGE_STATEMENTS="7"))}) == 60


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (("--agent", "mailto:zoe-3@example.fr"), 9),
        (("--agent", '{"mbox": "mailto:zoe-0@example.fr"}', "--verb", "http://verbs.example/played"), 3),
        (("--agent", "mailto:nobody@example.fr"), 0),
        (("--verb", "http://verbs.example/paused"), 20),
        (("--activity", "https://lms.example.fr/video/4"), 12),
        (("--since", FUTURE), 0),
        (("--until", FUTURE), 60),
        (("--registration", "00000000-0000-4000-8000-000000000000"), 0),
    ],
)
def test_filters(arguments: tuple[str, ...], count: int, stored: Path) -> None:
    """Those of the specification."""
    assert len(found(call("query", "--data", stored, *arguments))) == count


@pytest.mark.parametrize(
    ("by", "key"), [("verb", lambda s: s["verb"]["id"]), ("activity", lambda s: s["object"]["id"]), ("actor", lambda s: s["actor"]["mbox"])]
)
def test_counts_are_those_of_the_file(by: str, key: Any, stored: Path, course: list[dict[str, Any]]) -> None:
    """By verb, activity and actor; largest first."""
    back = found(call("query", "--data", stored, "--count-by", by))
    counts = {(each[by]["mbox"] if by == "actor" else each[by]): each["count"] for each in back}
    assert counts == Counter(map(key, course))
    assert [each["count"] for each in back] == sorted(counts.values(), reverse=True)


def test_counts_are_complete_however_many_there_are(data: Path, course: list[dict[str, Any]]) -> None:
    """More groups than a page has statements are all counted, unless a limit is given."""
    many = [course[0] | {"id": None, "actor": {"mbox": f"mailto:person-{n}@example.fr"}} for n in range(25)]
    with lrs.open(data) as store:
        store.ingest([{key: value for key, value in statement.items() if value} for statement in many])
    small = {"LRS_MAX_PAGE_STATEMENTS": "10"}
    assert len(found(call("query", "--data", data, "--count-by", "actor", **small))) == 25
    assert len(found(call("query", "--data", data, "--count-by", "actor", "--limit", 5, **small))) == 5


def test_a_table_and_the_other_formats(stored: Path) -> None:
    """Tabs in a pipe; ids without names; canonical."""
    header, *rows = call("query", "--data", stored, "--output", "table", "--limit", 2).out.splitlines()
    assert header.split("\t") == ["stored", "actor", "verb", "object", "id"]
    assert rows[0].split("\t")[1:4] == ["Zoé 3", "completed", "https://lms.example.fr/video/4"]
    assert "name" not in found(call("query", "--data", stored, "--format", "ids", "--limit", 1))[0]["actor"]
    assert len(found(call("query", "--data", stored, "--format", "canonical"))) == 60
    assert call("query", "--data", stored, "--count-by", "day", "--output", "table").out.splitlines()[1].endswith("\t60")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--agent", "Canari41ab"),
        ("--agent", '{"mbox":"Canari41ab"}'),
        ("--verb", "Canari41ab"),
        ("--since", "Canari41ab"),
        ("--registration", "Canari41ab"),
    ],
)
def test_a_wrong_filter_is_refused_without_being_repeated(arguments: tuple[str, ...], stored: Path) -> None:
    """One block, exit status 1."""
    done = call("query", "--data", stored, *arguments)
    assert done.status == 1
    assert done.err.startswith("lrs: ")
    assert "Canari41ab" not in done.err + done.out


def test_a_reader_that_has_seen_enough_is_no_error(stored: Path) -> None:
    """``lrs query | head`` ends quietly."""
    import subprocess
    import sys

    command = f"{sys.executable} -m lrs query --data {stored} --all | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1
