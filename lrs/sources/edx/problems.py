"""Problems: what was answered, what it was worth, which help was asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lrs.sources import Statement
from lrs.sources.edx.event import Event, iri
from lrs.sources.edx.rule import Part, Rule, activity, block, named, parent
from lrs.sources.edx.scores import score
from lrs.sources.edx.vocabulary import (
    ASKED,
    ATTEMPT_ID,
    ATTEMPTED,
    COMPLETED,
    EVALUATED,
    EXPERIENCED,
    INTERACTED,
    INTERACTION,
    QUESTION,
    SAVED,
    SCORED,
    SOLUTION,
    SUPPLEMENT,
    VIEWED,
    Verb,
)

_KINDS = {
    "annotationresponse": "fill-in",
    "choiceresponse": "choice",
    "choicetextresponse": "choice",
    "formularesponse": "fill-in",
    "imageresponse": "matching",
    "multiplechoiceresponse": "choice",
    "numericalresponse": "numeric",
    "optionresponse": "choice",
    "stringresponse": "fill-in",
    "symbolicresponse": "fill-in",
    "truefalseresponse": "true-false",
}
"""Kinds of responses -> kinds of interactions (xAPI 1.0.3 Data 2.4.4.1); all others are ``other``."""

_USAGE_KEY = re.compile(r"[\w.-]+:[\w.+@~-]+\+type@[\w.-]+\+block@[\w.-]+|i4x://[\w./-]+", re.ASCII)
_FORM_FIELD = re.compile(r"input_([0-9A-Za-z._-]+?)_[0-9]+_[0-9]+(?![0-9A-Za-z])", re.ASCII)

Submission = dict[str, Any]


def problem(event: Event) -> str:
    """Name a problem: `HOME/xblock/PROBLEM_ID`."""
    key = event.words("problem_id") or event.words("module_id") or event.words("problem") or event.module()
    return f"{event.platform.home}/xblock/{key}"


def shown_problem(event: Event) -> str:
    """Name the problem that a browser shows: `HOME/xblock/block-v1:RUN+type@problem+block@ID`."""
    if event.data:
        return problem(event)
    return f"{event.platform.home}/xblock/{_activated(event.context.referer) or _in_form(event)}"


def _activated(referer: str | None) -> str | None:
    """Find the block that a page was opened for; nothing else of the address is used."""
    keys = parse_qs(urlsplit(referer or "").query).get("activate_block_id", ())
    return next((key for key in keys if _USAGE_KEY.fullmatch(key)), None)


def _in_form(event: Event) -> str:
    field = _FORM_FIELD.match(event.text)
    return event.block("problem", field[1]) if field else event.module()


def answer(event: Event) -> str:
    """Name the solution of a problem: `HOME/xblock/PROBLEM_ID/answer`."""
    return f"{problem(event)}/answer"


def hint(event: Event) -> str:
    """Name a hint: `HOME/xblock/MODULE_ID/hint/HINT_INDEX`."""
    return f"{problem(event)}/hint/{event.needed('hint_index')}"


def bare_problem(event: Event) -> str:
    """Name a problem by its usage key alone: `PROBLEM_ID`."""
    return event.needed("problem_id")


def _submissions(event: Event) -> dict[str, Submission]:
    found = event.data.get("submission")
    return {key: value for key, value in found.items() if isinstance(value, dict) and "answer" in value} if isinstance(found, dict) else {}


def _single(event: Event) -> Submission:
    """Give the answer to the only question; empty where there are several or where its kind is not told."""
    found = _submissions(event)
    only = next(iter(found.values())) if len(found) == 1 else {}
    return only if only.get("response_type") else {}


def _definition(event: Event) -> Part:
    return _attempt(event) | (_question(only) if (only := _single(event)) else _group(event))


def _attempt(event: Event) -> Part:
    """Tell which attempt it is, of each question too: dashboards of Open edX take no ``evaluated`` without it."""
    attempts = event.number("attempts")
    return {"extensions": {ATTEMPT_ID: attempts}} if attempts else {}


def _group(event: Event) -> Part:
    module = event.context.module
    return named(module.display_name if module else None, "en-US") | {"interactionType": "other"}


def _question(submission: Submission) -> Part:
    question = submission.get("question")
    kind = _KINDS.get(str(submission.get("response_type")), "other")
    return ({"description": {"en-US": question}} if isinstance(question, str) else {}) | {"interactionType": kind}


def _result(event: Event) -> Part:
    only = _single(event)
    correct = only.get("correct") if only else event.data.get("success") == "correct"
    given = only.get("answer") if only else event.data.get("answers")
    if len(_submissions(event)) > 1:
        given = None
    return _outcome(correct, given) | {"score": score(event.number("grade"), event.number("max_grade"))}


def _outcome(correct: object, given: object) -> Part:
    success = {"success": correct} if isinstance(correct, bool) else {}
    return success | ({"response": _response(given)} if given else {})


def _response(given: object) -> str:
    """Spell an answer as Open edX does, where a statement can hold a text only."""
    if isinstance(given, str):
        return given
    return json.dumps(given, ensure_ascii=False) if isinstance(given, list) else str(given)


def _questions(event: Event, whole: Statement) -> Iterator[Statement]:
    """Give a statement for each question of a problem that has several; its parent is the problem, beside it the course."""
    found = _submissions(event)
    if len(found) < 2:  # noqa: PLR2004 -- several
        return
    around = {"parent": [whole["object"]]} | ({"grouping": [parent(event)]} if event.course else {})
    stem, attempt = whole["object"]["id"].rpartition("@")[0], _attempt(event)
    for key, submission in found.items():
        yield {
            **whole,
            "id": event.identity(whole["id"], key),
            "object": activity(iri(f"{stem}@{key}", "event.submission"), INTERACTION, attempt | _question(submission)),
            "context": {
                "statement": {"objectType": "StatementRef", "id": whole["id"]},
                "contextActivities": around,
                "extensions": whole["context"]["extensions"],
            },
            "result": _outcome(submission.get("correct"), submission.get("answer")),
        }


def _points(event: Event) -> Part:
    earned, possible = event.number("weighted_earned") or 0, event.number("weighted_possible") or 0
    return {"success": earned >= possible, "score": score(earned, possible)}


def _new_points(event: Event) -> Part:
    return {"score": score(event.number("new_weighted_earned"), event.number("new_weighted_possible"))}


def _seen(verb: Verb) -> Rule:
    return Rule(verb, INTERACTION, shown_problem)


def _failure(_event: Event) -> Part:
    return {"success": False}


ANSWER = Rule(ASKED, SOLUTION, answer, published=True)

EVENTS = {
    "problem_check": Rule(EVALUATED, INTERACTION, problem, _definition, _result, others=_questions, published=True),
    "problem_check_fail": Rule(ATTEMPTED, INTERACTION, problem, result=_failure),
    "showanswer": ANSWER,
    "problem_show": Rule(VIEWED, SOLUTION, answer),
    "edx.problem.hint.demandhint_displayed": Rule(ASKED, SUPPLEMENT, hint, published=True),
    "edx.problem.hint.feedback_displayed": Rule(EXPERIENCED, SUPPLEMENT, problem),
    "edx.problem.completed": Rule(COMPLETED, INTERACTION, bare_problem, published=True),
    "edx.grades.problem.submitted": Rule(ATTEMPTED, QUESTION, block("problem_id"), result=_points, published=True),
    "edx.grades.problem.rescored": Rule(SCORED, QUESTION, block("problem_id"), result=_new_points),
    "edx.grades.problem.score_overridden": Rule(SCORED, QUESTION, block("problem_id"), result=_new_points),
    "problem_reset": _seen(INTERACTED),
    "reset_problem": _seen(INTERACTED),
    "reset_problem_fail": Rule(INTERACTED, INTERACTION, shown_problem, result=_failure),
    "problem_save": _seen(SAVED),
    "save_problem_success": _seen(SAVED),
    "save_problem_fail": Rule(SAVED, INTERACTION, shown_problem, result=_failure),
    "problem_graded": _seen(EXPERIENCED),
}
BROWSER_EVENTS = {
    "problem_check": Rule(ATTEMPTED, INTERACTION, shown_problem, lambda _event: {"interactionType": "other"}, published=True),
}
