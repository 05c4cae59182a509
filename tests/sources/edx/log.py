"""Made-up lines of tracking logs, with a mark in every place that can name a person."""

from __future__ import annotations

import json
from typing import Any

from lrs.errors import InvalidEvent
from lrs.sources import Outcome, Person, Platform
from lrs.sources.edx import EVENTS, convert

HOME = "https://lms.example.fr"
COURSE = "course-v1:Ecole+Chimie+2026"
PROBLEM = "block-v1:Ecole+Chimie+2026+type@problem+block@acides"
TIME = "2026-03-02T09:30:15.250000+00:00"
SESSION = "5f0c6a1e5f0c6a1e5f0c6a1e5f0c6a1e"
MARK = "Canari7c1d"
PLATFORM = Platform(HOME, bytes(range(32)), names={COURSE: "La chimie du quotidien"})
PARENT = {
    "objectType": "Activity",
    "id": f"{HOME}/course/{COURSE}",
    "definition": {"type": "http://adlnet.gov/expapi/activities/course", "name": {"en-US": "La chimie du quotidien"}},
}
CONTEXT = {
    "contextActivities": {"parent": [PARENT]},
    "extensions": {
        "https://w3id.org/xapi/openedx/extension/transformer-version": "lrs@1",
        "https://w3id.org/xapi/openedx/extensions/session-id": SESSION,
    },
}


DATA: dict[str, Any] = {
    # What any rule wants to know,
    "id": "0b1c2d",
    "duration": 300,
    "currentTime": 12.34567,
    "old_time": 10,
    "new_time": "20.5",
    "old_speed": "1.0",
    "new_speed": "1.50",
    "problem_id": PROBLEM,
    "module_id": PROBLEM,
    "block_id": PROBLEM,
    "subsection_id": PROBLEM,
    "component_usage_id": PROBLEM,
    "course_id": COURSE,
    "hint_index": 0,
    "weighted_earned": 3,
    "weighted_possible": 4,
    "percent": 0.5,
    "completion": 1.0,
    "percent_grade": 0.75,
    "exam_content_id": "block-v1:Ecole+Chimie+2026+type@sequential+block@partiel",
    "exam_name": "Partiel",
    "attempt_code": "438AD672-DE2C-4F0B-8876-35444E7DD746",
    "attempt_id": 7,
    "discussion": {"id": "64a8"},
    "target_url": f"https://{MARK}:{MARK}@ailleurs.example.org/page?mail={MARK}#{MARK}",
    "target_name": "Séance 2",
    "current_tab": 1,
    "target_tab": 2,
    "tab_count": 3,
    "team_id": "equipe-bleue",
    "cohort_id": 12,
    "child_id": PROBLEM,
    "chapter": "/asset-v1:Ecole+Chimie+2026+type@asset+block@chapitre.pdf",
    "parts": [{"option": {"points": 2}, "criterion": {"points_possible": 3}, "feedback": MARK}],
    # and what none may pass on.
    "title": MARK,
    "body": MARK,
    "target_username": MARK,
    "bookmark_id": f"{MARK},{PROBLEM}",
    "note_text": MARK,
    "highlighted_content": MARK,
    "query": MARK,
    "search_string": MARK,
    "answer": {"text": MARK, "file_names": [MARK]},
    "hint_text": MARK,
    "feedback_text": MARK,
    "feedback": MARK,
    "fileName": MARK,
    "cohort_name": MARK,
    "choice": MARK,
    "certificate_id": MARK,
    "certificate_url": f"{HOME}/certificates/{MARK}",
    "requesting_student_id": MARK,
    "scorer_id": MARK,
    "url": f"{HOME}/u/{MARK}",
    "unknown": {"deep": [MARK]},
}


def event(name: str, data: object, *, source: str = "server", **parts: Any) -> dict[str, Any]:
    """Make a line of a tracking log as the documentation of Open edX describes it."""
    made = {
        "name": name,
        "event_type": name,
        "event_source": source,
        "time": TIME,
        "username": MARK,
        "session": SESSION,
        "ip": f"192.0.2.7, {MARK}",
        "agent": f"Mozilla/5.0 {MARK}",
        "host": f"{MARK}.example.fr",
        "referer": f"{HOME}/courses/x?email={MARK}@example.fr&token={MARK}",
        "accept_language": MARK,
        "page": f"{HOME}/courses/{COURSE}/courseware/?next={MARK}#{MARK}",
        "event": data,
        "context": {
            "course_id": COURSE,
            "course_user_tags": {"tag": MARK},
            "org_id": "Ecole",
            "path": "/event",
            "user_id": 1042,
            "enterprise_uuid": MARK,
            "module": {"display_name": "Acides et bases", "usage_key": PROBLEM},
        },
    }
    context = parts.pop("context", {})
    return {**made, **parts, "context": {**made["context"], **context}}


def line(*arguments: Any, **parts: Any) -> bytes:
    """Spell such a line."""
    return json.dumps(event(*arguments, **parts)).encode()


def converted(given: bytes | dict[str, Any], platform: Platform = PLATFORM) -> Outcome:
    """Convert one event."""
    (outcome,) = convert([given if isinstance(given, bytes) else json.dumps(given).encode()], platform)
    return outcome


def statements(given: bytes | dict[str, Any], platform: Platform = PLATFORM) -> list[dict[str, Any]]:
    """Give the statements of an event that must have some."""
    outcome = converted(given, platform)
    assert outcome.error is None, outcome.error
    assert not outcome.unmapped
    return list(outcome.statements)


def refusal(given: bytes | dict[str, Any]) -> InvalidEvent:
    """Give the error of an event that must have one."""
    outcome = converted(given)
    assert outcome.error is not None
    assert outcome.statements == ()
    return outcome.error


def found_by_login(person: Person) -> dict[str, Any]:
    """Make an agent of a login name."""
    return {"objectType": "Agent", "account": {"homePage": HOME, "name": f"externe-{len(person.username)}"}}


def questions() -> dict[str, Any]:
    """Make the event of a problem with two questions."""
    answers = (
        {"answer": ["le citron", "le savon"], "response_type": "choiceresponse"},
        {"answer": "7", "response_type": "numericalresponse"},
    )
    found = {f"acides_{n}_1": {"question": f"Question {n} ?", "correct": n == 2, **answer} for n, answer in enumerate(answers, 2)}
    data = {"problem_id": PROBLEM, "success": "incorrect", "grade": 1, "max_grade": 4, "attempts": 3, "submission": found}
    return event("problem_check", data | {"state": {"student_answers": {"x": MARK}}, "correct_map": {"x": {"msg": MARK, "hint": MARK}}})


SAMPLES = [
    questions(),
    event("problem_check", "input_acides_2_1%5B%5D=choice_0&input_acides_2_1%5B%5D=choice_2", source="browser"),
    event("play_video", json.dumps(DATA), source="browser"),
    *(event(kind, DATA) for kind in sorted(EVENTS)),
]
