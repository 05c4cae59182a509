"""The rules of cmi5."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.sources.cmi5 import Sessions, check
from lrs.xapi.rules import Checker
from tests.sources.cmi5.unit import CONTEXT, MASTERY, RESULTS, W3ID, allowed, session, statement
from tests.sources.hostile import mutated

GOOD = {
    "typical": session("launched", "initialized", "completed", "passed", "terminated", "satisfied"),
    "allowed": [*session("launched", "initialized"), allowed(), *session("terminated")],
    "left": session("launched", "initialized", "abandoned"),
    "waived": session("waived", "satisfied"),
    "failed first": [
        *session("launched", "initialized", "failed", "terminated"),
        *session("launched", "initialized", "passed", session="s2"),
    ],
    "satisfied twice": session("launched", "initialized", "satisfied", "satisfied", "completed", "terminated"),
    "mastered": session("launched", "initialized", "passed", "terminated", extensions=MASTERY),
    "mixed": [
        s for pair in zip(session("launched", "initialized"), session("launched", "initialized", session="s2"), strict=True) for s in pair
    ],
}


def breaches(*statements: dict[str, Any]) -> list[tuple[int, str]]:
    """Give the numbers of the statements that break something, with the sections."""
    return [(breach.index, breach.section) for breach in check(statements)]


@pytest.mark.parametrize("name", GOOD)
def test_what_the_specification_asks_breaks_nothing(name: str) -> None:
    """Sessions by the book, also mixed, are silent; each of their statements is xAPI, unchanged, under both versions."""
    assert list(check(GOOD[name])) == []
    for one in GOOD[name]:
        raw = json.dumps(one).encode()
        for version in ("1.0.3", "2.0.0"):
            assert Checker(version).check(raw).verb == one["verb"]["id"]


def test_a_course_that_is_satisfied_has_no_publisher() -> None:
    """The id of a unit is asked for of what is said of a unit; samples of the specification have it of courses, and lack it."""
    satisfied = statement("satisfied")
    del satisfied["context"]["contextActivities"]["grouping"]
    assert breaches(satisfied) == []


def test_other_statements_are_not_looked_at() -> None:
    """A statement without category and session has nothing to do with cmi5."""
    assert (
        breaches({"actor": {"mbox": "mailto:a@example.fr"}, "verb": {"id": "https://x.example/v"}, "object": {"id": "https://x.example/o"}})
        == []
    )


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (session("initialized"), [(0, "9.3.2")]),
        (session("launched", "completed"), [(1, "9.3.2")]),
        (session("initialized", "launched"), [(0, "9.3.2"), (1, "9.3.1")]),
        (session("launched", "initialized", "initialized"), [(2, "9.3")]),
        (session("launched", "initialized", "terminated", "completed"), [(3, "9.3.8")]),
        (session("launched", "initialized", "abandoned", "terminated"), [(3, "9.3.6")]),
        (session("launched", "initialized", "passed", "failed"), [(3, "9.3"), (3, "9.3")]),
        (session("launched", "waived"), [(1, "9.3.7")]),
        (session("waived", "launched"), [(1, "9.3.7"), (1, "9.3.1")]),
        ([allowed(), *session("launched", "initialized", "terminated"), allowed()], [(0, "7.1.3"), (4, "7.1.3")]),
    ],
)
def test_order_within_a_session(statements: list[dict], expected: list[tuple[int, str]]) -> None:
    """Launched, initialized, what the unit says, terminated; each once; nothing after the end."""
    assert sorted(breaches(*statements)) == sorted(expected)


def test_order_under_a_registration() -> None:
    """Completed and passed come once of a unit, and failed not after passed; another registration begins anew."""
    first = session("launched", "initialized", "completed", "passed", "terminated")
    again = session("launched", "initialized", "completed", "passed", session="s2")
    failed = session("launched", "initialized", "failed", session="s3")
    assert breaches(*first, *again, *failed) == [(7, "9.3"), (8, "9.3"), (11, "9.3")]
    other = session("launched", "initialized", "completed", "passed", session="s4", registration="00000000-0000-4000-8000-000000000000")
    assert breaches(*first, *other) == []


@pytest.mark.parametrize("mode", ["Browse", "Review"])
def test_who_only_looks_is_not_judged(mode: str) -> None:
    """A unit that is browsed or reviewed is initialized and terminated, and says no more."""
    launched = statement("launched", extensions={f"{CONTEXT}/launchmode": mode})
    assert breaches(launched, *session("initialized", "terminated")) == []
    assert breaches(launched, *session("initialized", "completed", "terminated")) == [(2, "10.0")]


@pytest.mark.parametrize(
    ("verb", "scaled", "extensions", "expected"),
    [
        ("passed", 0.8, MASTERY, []),
        ("passed", 0.79, MASTERY, ["9.3.4"]),
        ("failed", 0.79, MASTERY, []),
        ("failed", 0.8, MASTERY, ["9.3.5"]),
        ("passed", 0.9, {}, ["9.6.3.2"]),
        ("passed", 0.1, {}, ["9.6.3.2", "9.3.4"]),
    ],
)
def test_scores_agree_with_the_mastery_score(verb: str, scaled: float, extensions: dict, expected: list[str]) -> None:
    """Who reaches it passed, who doesn't failed; and it is told, when the unit was launched with one."""
    judged = statement(verb, extensions=extensions, result=RESULTS[verb] | {"score": {"scaled": scaled}})
    found = breaches(statement("launched", extensions=MASTERY), statement("initialized"), judged)
    assert found == [(2, section) for section in expected]


def without(verb: str, *path: str) -> dict[str, Any]:
    """Make a statement and take a part out of it."""
    made = json.loads(json.dumps(statement(verb)))
    inner = made
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return made


@pytest.mark.parametrize(
    ("given", "section"),
    [
        (statement("launched", actor={"mbox": "mailto:a@example.fr"}), "9.2"),
        (statement("launched", actor={"objectType": "Group", "account": {"homePage": "https://x.example", "name": "g"}}), "9.2"),
        (statement("launched", verb={"id": "https://x.example/verb"}), "9.3"),
        (statement("satisfied", object={"id": "https://lms.example.fr/course/1"}), "9.3.9"),
        (statement("launched", object={"objectType": "Agent", "mbox": "mailto:a@example.fr"}), "9.4"),
        (statement("launched", result={"score": {"scaled": 1}}), "9.5.1"),
        (statement("passed", result=RESULTS["passed"] | {"score": {"scaled": -0.5}}), "9.5.1"),
        (statement("passed", result=RESULTS["passed"] | {"score": {"raw": 5}}), "9.5.1"),
        (statement("passed", result=RESULTS["passed"] | {"success": False}), "9.5.2"),
        (statement("failed", result=RESULTS["failed"] | {"success": True}), "9.5.2"),
        (statement("completed", result={"duration": "PT1M", "success": True}), "9.5.3"),
        (statement("passed", result=RESULTS["passed"] | {"completion": True}), "9.5.3"),
        (without("terminated", "result"), "9.5.4"),
        (without("passed", "result", "duration"), "9.5.4"),
        (statement("launched", result={"extensions": {f"{W3ID}/cmi5/result/extensions/progress": 50.5}}), "9.5.5.1"),
        (statement("launched", result={"extensions": {f"{W3ID}/cmi5/result/extensions/progress": 101}}), "9.5.5.1"),
        (without("waived", "result", "extensions"), "9.5.5.2"),
        (without("launched", "context", "registration"), "9.6.1"),
        (without("launched", "context", "contextActivities", "grouping"), "9.6.2.3"),
        (without("launched", "context", "extensions", f"{CONTEXT}/sessionid"), "9.6.3.1"),
        (statement("launched", extensions={f"{CONTEXT}/masteryscore": 80}), "9.6.3.2"),
        (statement("launched", extensions={f"{CONTEXT}/launchmode": "normal"}), "9.6.3.3"),
        (without("launched", "context", "extensions", f"{CONTEXT}/launchurl"), "9.6.3.4"),
        (statement("launched", extensions={f"{CONTEXT}/moveon": "Never"}), "9.6.3.6"),
        (without("launched", "timestamp"), "9.7"),
        (statement("launched", timestamp="2026-03-02T10:00:00+01:00"), "9.7"),
    ],
)
def test_one_statement(given: dict, section: str) -> None:
    """Each rule about one statement, broken once."""
    assert section in [breach.section for breach in check([given])]


@pytest.mark.parametrize("categories", [["cmi5"], ["cmi5", "moveon"]])
def test_moveon_goes_with_success_and_completion(categories: list[str]) -> None:
    """The category stands where there is one of the two, and only there."""
    activities = [{"id": f"{W3ID}/cmi5/context/categories/{name}"} for name in categories]
    for verb, wanted in (("completed", True), ("terminated", False)):
        made = statement(verb)
        made["context"]["contextActivities"]["category"] = activities
        assert ("9.6.2.2" in [breach.section for breach in check([made])]) == (("moveon" in categories) != wanted)


def test_a_lone_activity_is_a_list_of_one() -> None:
    """xAPI 1.0.3 takes an activity where a list stands (Data 2.4.6.2)."""
    made = statement("launched")
    for kind, activities in made["context"]["contextActivities"].items():
        made["context"]["contextActivities"][kind] = activities[0]
    assert breaches(made) == []


def test_sessions_are_kept_between_calls_in_bounded_memory() -> None:
    """Statements may come one at a time; the oldest session is forgotten first."""
    sessions = Sessions(largest=2)
    launched, initialized, *_ = GOOD["typical"]
    assert list(check([launched], sessions)) == []
    assert list(check([initialized], sessions)) == []
    for name in ("x", "y", "z"):
        list(check([statement("launched", session=name)], sessions))
    assert [breach.section for breach in check([statement("terminated")], sessions)] == ["9.3.2"]


@given(st.data())
def test_nothing_makes_the_rules_raise(data: st.DataObject) -> None:
    """Whatever stands in a statement, the rules report, and hold nothing of it."""
    lines = [data.draw(mutated(GOOD["typical"])) for _ in range(3)]
    statements = []
    for line in lines:
        try:
            statements.append(json.loads(line))
        except ValueError:
            statements.append({})
    for breach in check(statements):
        assert "lms.example.fr" not in repr(breach)
