"""What the statements say, by the mapping that Open edX publishes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lrs.xapi.rules import Checker
from tests.sources.edx.log import CONTEXT, COURSE, HOME, PARENT, PROBLEM, TIME, event, questions, refusal, statements

ADL = "http://adlnet.gov/expapi"
VIDEO = "https://w3id.org/xapi/video"
CHECKER = Checker("1.0.3")
COURSE_BLOCK = "block-v1:Ecole+Chimie+2026+type@course+block@course"


def only(given: dict[str, Any]) -> dict[str, Any]:
    """Give the only statement of an event, checked, without its id."""
    (statement,) = statements(given)
    CHECKER.check(json.dumps(statement).encode())
    del statement["id"]
    return statement


def context(**extensions: Any) -> dict[str, Any]:
    """Give the context of a course with more extensions."""
    named = {key.replace("__", "/"): value for key, value in extensions.items()}
    return CONTEXT | {"extensions": CONTEXT["extensions"] | named}


def test_a_video_is_played() -> None:
    """The whole statement, for once."""
    given = event("play_video", {"id": "v42", "code": "html5", "currentTime": 12.34567, "duration": 195}, source="browser")
    assert only(given) == {
        "actor": {"objectType": "Agent", "account": {"homePage": HOME, "name": "1042"}},
        "verb": {"id": f"{VIDEO}/verbs/played", "display": {"en": "played"}},
        "object": {
            "objectType": "Activity",
            "id": f"{HOME}/xblock/block-v1:Ecole+Chimie+2026+type@video+block@v42",
            "definition": {"type": f"{VIDEO}/activity-type/video"},
        },
        "result": {"extensions": {f"{VIDEO}/extensions/time": 12.346}},
        "context": {
            "contextActivities": {"parent": [PARENT]},
            "extensions": CONTEXT["extensions"] | {f"{VIDEO}/extensions/length": 195.0},
        },
        "timestamp": TIME,
        "version": "1.0.3",
    }


@pytest.mark.parametrize(
    ("name", "data", "verb", "result"),
    [
        ("pause_video", {"current_time": 3}, f"{VIDEO}/verbs/paused", {"extensions": {f"{VIDEO}/extensions/time": 3.0}}),
        ("stop_video", {"currentTime": None}, f"{ADL}/verbs/terminated", {"extensions": {}}),
        (
            "seek_video",
            {"old_time": 194.381, "new_time": 10},
            f"{VIDEO}/verbs/seeked",
            {"extensions": {f"{VIDEO}/extensions/time-from": 194.381, f"{VIDEO}/extensions/time-to": 10.0}},
        ),
        (
            "complete_video",
            {"duration": 3795.5},
            f"{ADL}/verbs/completed",
            {"extensions": {f"{VIDEO}/extensions/time": 3795.5}, "completion": True, "duration": "PT01H03M15.5S"},
        ),
        (
            "speed_change_video",
            {"old_speed": "1.0", "new_speed": "1.25"},
            f"{ADL}/verbs/interacted",
            {
                "extensions": {
                    "https://w3id.org/xapi/openedx/extension/speed-from": "1.0x",
                    "https://w3id.org/xapi/openedx/extension/speed-to": "1.25x",
                }
            },
        ),
        (
            "edx.video.closed_captions.hidden",
            {"current_time": 0},
            f"{ADL}/verbs/interacted",
            {"extensions": {f"{VIDEO}/extensions/time": 0.0, f"{VIDEO}/extensions/cc-enabled": False}},
        ),
        ("show_transcript", {}, f"{ADL}/verbs/interacted", {"extensions": {f"{VIDEO}/extensions/cc-enabled": True}}),
        ("load_video", {}, f"{ADL}/verbs/initialized", None),
        (
            "complete_video",
            {"duration": 60},
            f"{ADL}/verbs/completed",
            {"extensions": {f"{VIDEO}/extensions/time": 60.0}, "completion": True, "duration": "PT01M00S"},
        ),
        ("complete_video", {"duration": -1}, f"{ADL}/verbs/completed", {"extensions": {}, "completion": True}),
    ],
)
def test_the_ways_to_watch(name: str, data: dict[str, Any], verb: str, result: dict[str, Any] | None) -> None:
    """Times in seconds to the millisecond; what is not known is left out."""
    made = only(event(name, {"id": "v42", **data}))
    assert (made["verb"]["id"], made.get("result")) == (verb, result)


@pytest.mark.parametrize(
    ("course", "block"),
    [
        ("ccx-v1:Ecole+Chimie+2026+ccx@1", "ccx-block-v1:Ecole+Chimie+2026+ccx@1+type@video+block@v42"),
        ("Ecole/Chimie/2014", "v42"),
    ],
)
def test_other_keys_of_courses(course: str, block: str) -> None:
    """Custom courses have blocks of their own; old courses had no keys to make one of."""
    made = only(event("load_video", {"id": "v42"}, context={"course_id": course}))
    assert made["object"]["id"] == f"{HOME}/xblock/{block}"
    assert made["context"]["contextActivities"]["parent"][0]["id"] == f"{HOME}/course/{course}"


@pytest.mark.parametrize(
    ("name", "kind", "end"), [("tab_selected", 0, 8), ("next_selected", 0, "next unit"), ("previous_selected", 0, "previous unit")]
)
def test_the_ways_through_a_sequence(name: str, kind: int, end: object) -> None:
    """Where from and where to."""
    data = {"id": PROBLEM, "current_tab": 4, "target_tab": 8, "tab_count": 10}
    made = only(event(f"edx.ui.lms.sequence.{name}", data, source="browser"))
    assert made["verb"] == {"id": "https://w3id.org/xapi/dod-isd/verbs/navigated", "display": {"en": "navigated"}}
    assert made["object"]["definition"] == {
        "type": "http://id.tincanapi.com/activitytype/resource",
        "extensions": {"https://w3id.org/xapi/acrossx/extensions/total-items": 10},
    }
    extensions = made["context"]["extensions"]
    assert extensions["http://id.tincanapi.com/extension/starting-position"] == 4 + kind
    assert extensions["http://id.tincanapi.com/extension/ending-point"] == end


def test_enrolment() -> None:
    """The course is the activity, not its own parent; its title is given once it is known."""
    made = only(event("edx.course.enrollment.activated", {"course_id": COURSE, "mode": "audit", "user_id": 1042}))
    assert made["verb"]["id"] == f"{ADL}/verbs/registered"
    assert made["object"] == {
        "objectType": "Activity",
        "id": f"{HOME}/course/{COURSE}",
        "definition": {
            "type": f"{ADL}/activities/course",
            "name": {"en": "La chimie du quotidien"},
            "extensions": {"https://w3id.org/xapi/acrossx/extensions/type": "audit"},
        },
    }
    assert made["context"] == {"extensions": CONTEXT["extensions"]}


def answered(*answers: dict[str, Any], **data: Any) -> dict[str, Any]:
    """Make the event of an answered problem."""
    submission = {f"acides_{n}_1": {"question": f"Question {n} ?", **answer} for n, answer in enumerate(answers, 2)}
    given = {"problem_id": PROBLEM, "success": "incorrect", "grade": 1, "max_grade": 4, "attempts": 3, "submission": submission}
    return event("problem_check", given | data)


CHOICES = {"answer": ["le citron", "le savon"], "correct": False, "response_type": "choiceresponse"}
NUMBER = {"answer": "7", "correct": True, "response_type": "numericalresponse"}


def test_one_question() -> None:
    """The question, the answer, the points, the number of the attempt."""
    made = only(answered(CHOICES))
    assert made["verb"]["id"] == "https://w3id.org/xapi/acrossx/verbs/evaluated"
    assert made["object"] == {
        "objectType": "Activity",
        "id": f"{HOME}/xblock/{PROBLEM}",
        "definition": {
            "type": f"{ADL}/activities/cmi.interaction",
            "interactionType": "choice",
            "description": {"en-US": "Question 2 ?"},
            "extensions": {"http://id.tincanapi.com/extension/attempt-id": 3},
        },
    }
    assert made["result"] == {
        "success": False,
        "response": '["le citron", "le savon"]',
        "score": {"min": 0, "max": 4, "raw": 1, "scaled": 0.25},
    }


def test_several_questions() -> None:
    """One statement for the problem, then one for each question, which refers to the first."""
    whole, *parts = statements(answered(CHOICES, NUMBER))
    for statement in (whole, *parts):
        CHECKER.check(json.dumps(statement).encode())
    attempt = {"extensions": {"http://id.tincanapi.com/extension/attempt-id": 3}}
    assert whole["object"]["definition"] == attempt | {
        "type": f"{ADL}/activities/cmi.interaction",
        "name": {"en-US": "Acides et bases"},
        "interactionType": "other",
    }
    assert [part["object"]["definition"]["extensions"] for part in parts] == [attempt["extensions"]] * 2
    assert whole["result"] == {"success": False, "score": {"min": 0, "max": 4, "raw": 1, "scaled": 0.25}}
    assert [part["object"]["id"].rpartition("@")[2] for part in parts] == ["acides_2_1", "acides_3_1"]
    assert [part["object"]["definition"]["interactionType"] for part in parts] == ["choice", "numeric"]
    assert parts[1]["result"] == {"success": True, "response": "7"}
    assert parts[1]["context"] == {
        "statement": {"objectType": "StatementRef", "id": whole["id"]},
        "contextActivities": {"parent": [whole["object"]], "grouping": [PARENT]},
        "extensions": CONTEXT["extensions"],
    }
    assert len({whole["id"], *(part["id"] for part in parts)}) == 3


def test_answers_of_old_logs() -> None:
    """No submission, or one that doesn't tell its kind: the problem's name, and the answers as they stand."""
    untold = {key: value for key, value in CHOICES.items() if key != "response_type"}
    made = only(answered(untold, answers={"acides_2_1": ["choice_0"]}, success="correct"))
    assert made["object"]["definition"]["name"] == {"en-US": "Acides et bases"}
    assert made["result"]["response"] == "{'acides_2_1': ['choice_0']}"
    assert made["result"]["success"] is True


def test_a_browser_checks_a_problem() -> None:
    """Its form names the block, or the page that was opened for one; what was filled in stays out."""
    form = "input_acides_2_1%5B%5D=choice_0&input_acides_2_1%5B%5D=choice_2"
    made = only(event("problem_check", form, source="browser"))
    assert made["verb"]["id"] == f"{ADL}/verbs/attempted"
    assert made["object"]["id"] == f"{HOME}/xblock/{PROBLEM}"
    assert "result" not in made
    opened = f"{HOME}/courses/x/?activate_block_id={PROBLEM.replace('+', '%2B').replace('@', '%40')}x"
    assert only(event("problem_check", form, source="browser", referer=opened))["object"]["id"] == f"{HOME}/xblock/{PROBLEM}x"
    worded = only(event("problem_check", "input_gaz_parfait_2_1=3&input_gaz_parfait_3_1_choiceinput_0=x", source="browser"))
    assert worded["object"]["id"] == f"{HOME}/xblock/block-v1:Ecole+Chimie+2026+type@problem+block@gaz_parfait"
    tricky = only(event("problem_check", form, source="browser", referer=f"{HOME}/?activate_block_id=Zoe@example.fr"))
    assert tricky["object"]["id"] == f"{HOME}/xblock/{PROBLEM}"
    graded = only(event("problem_graded", [form, "<p>...</p>"], source="browser"))
    assert graded["object"]["id"] == f"{HOME}/xblock/{PROBLEM}"


@pytest.mark.parametrize(
    ("earned", "possible", "expected"),
    [
        (3, 4, {"min": 0, "max": 4, "raw": 3, "scaled": 0.75}),
        (0, 0, {"min": 0, "raw": 0, "scaled": 0}),
        (0, None, {"min": 0, "raw": 0, "scaled": 0}),
        (5, 4, {"raw": 5}),
        (-1, 4, {"raw": -1}),
    ],
)
def test_points(earned: float, possible: float | None, expected: dict[str, Any]) -> None:
    """A bonus and a penalty lie outside the range, so that only the points can be said."""
    given = event("edx.grades.problem.submitted", {"problem_id": PROBLEM, "weighted_earned": earned, "weighted_possible": possible})
    made = only(given)
    assert made["result"] == {"success": earned >= (possible or 0), "score": expected}
    assert made["object"]["definition"]["type"] == f"{ADL}/activities/question"


def test_help() -> None:
    """Solutions and hints are activities of their own."""
    shown = only(event("showanswer", {"problem_id": PROBLEM}))
    hinted = only(event("edx.problem.hint.demandhint_displayed", {"module_id": PROBLEM, "hint_index": 0, "hint_text": "..."}))
    assert shown["verb"]["id"] == hinted["verb"]["id"] == f"{ADL}/verbs/asked"
    assert shown["object"]["id"] == f"{HOME}/xblock/{PROBLEM}/answer"
    assert hinted["object"]["id"] == f"{HOME}/xblock/{PROBLEM}/hint/0"


def test_grades() -> None:
    """Of a course with its letter, of a part with its points; progress in percent."""
    course = only(event("edx.grades.course.grade_calculated", {"percent_grade": 0.02, "letter_grade": ""}))
    assert course["result"] == {
        "score": {"min": 0, "max": 1.0, "raw": 0.02, "scaled": 0.02},
        "extensions": {"http://www.tincanapi.co.uk/activitytypes/grade_classification": "Fail"},
    }
    part = only(
        event("edx.grades.subsection.grade_calculated", {"block_id": PROBLEM, "weighted_total_earned": 3.0, "weighted_total_possible": 3.0})
    )
    assert part["result"] == {"success": True, "score": {"min": 0, "max": 3.0, "raw": 3.0, "scaled": 1.0}}
    block = only(event("edx.completion.block_completion.changed", {"block_id": PROBLEM, "completion": 1.0}))
    assert block["result"] == {"completion": True, "extensions": {"https://w3id.org/xapi/cmi5/result/extensions/progress": 100.0}}
    whole = only(event("openedx.completion_aggregator.progress.course", {"block_id": COURSE_BLOCK, "percent": 0.8}))
    assert whole["object"]["id"] == f"{HOME}/xblock/{COURSE_BLOCK}"
    assert whole["result"] == {"completion": False, "extensions": {"https://w3id.org/xapi/cmi5/result/extensions/progress": 80.0}}


@pytest.mark.parametrize(
    ("name", "path", "identifier"),
    [
        ("edx.forum.thread.voted", "/api/discussion/v1/threads/64a8/", "/api/discussion/v1/threads/64a8"),
        ("edx.forum.comment.created", "/api/discussion/v1/comments/", "/api/discussion/v1/comments/64a8"),
        ("edx.forum.response.deleted", None, "/api/discussion/v1/comments/64a8"),
        ("edx.forum.thread.created", "/courses/c/discussion/i4/threads/create", "/courses/c/discussion/i4/threads/create/64a8"),
    ],
)
def test_discussions(name: str, path: str | None, identifier: str) -> None:
    """A post is named by the page that it was handled by."""
    data = {"id": "64a8", "vote_value": "up", "thread_type": "question", "title": "Bonjour", "body": "Je suis Zoé"}
    made = only(event(name, data, context={"path": path}))
    assert made["object"] == {
        "objectType": "Activity",
        "id": HOME + identifier,
        "definition": {"type": "http://id.tincanapi.com/activitytype/discussion"},
    }
    kind = {"edx.forum.thread.voted": "up", "edx.forum.thread.created": "question"}.get(name)
    assert made["context"]["extensions"].get("https://w3id.org/xapi/acrossx/extensions/type") == kind


def test_an_answer_stands_beside_its_thread() -> None:
    """The thread groups the responses and comments of it; its title, which somebody wrote, is left out."""
    data = {"id": "64b7", "discussion": {"id": "64a8"}, "response": {"id": "64a9"}, "title": "Bonjour"}
    made = only(event("edx.forum.comment.created", data, context={"path": "/api/discussion/v1/comments/"}))
    kind = {"type": "http://id.tincanapi.com/activitytype/discussion"}
    thread = {"objectType": "Activity", "id": f"{HOME}/api/discussion/v1/threads/64a8", "definition": kind}
    assert made["context"]["contextActivities"] == {"parent": [PARENT], "grouping": [thread]}
    assert "grouping" not in only(event("edx.forum.thread.viewed", {"id": "64b7", "discussion": {"id": 7}}))["context"]["contextActivities"]


@pytest.mark.parametrize(
    ("name", "data", "verb", "thing"),
    [
        ("edx.cohort.user_added", {"cohort_id": 12, "user_id": 1042}, "join", f"{HOME}/course/{COURSE}/cohort/12"),
        ("edx.cohort.user_removed", {"cohort_id": 12, "user_id": 1042}, "leave", f"{HOME}/course/{COURSE}/cohort/12"),
        ("xblock.split_test.child_render", {"child_id": PROBLEM}, "viewed", f"{HOME}/xblock/{PROBLEM}"),
        ("edx.certificate.revoked", {"course_id": COURSE, "user_id": 1042}, "lose", f"{HOME}/course/{COURSE}/certificate"),
        (
            "edx.googlecomponent.document.displayed",
            {"url": "https://docs.example.org/d/1/pub?x=1"},
            "viewed",
            "https://docs.example.org/d/1/pub",
        ),
        ("edx.special_exam.proctored.option-presented", {"exam_content_id": PROBLEM, "exam_name": "Partiel"}, "viewed", PROBLEM),
    ],
)
def test_what_open_edx_documents_beside(name: str, data: dict[str, Any], verb: str, thing: str) -> None:
    """Of the same patterns, though Open edX makes no statement of it."""
    made = only(event(name, data))
    assert (made["verb"]["id"].rpartition("/")[2], made["object"]["id"]) == (verb, thing)


def test_exams() -> None:
    """The attempt is beside the course; its code, which is no IRI, becomes one."""
    data = {
        "exam_content_id": "block-v1:Ecole+Chimie+2026+type@sequential+block@partiel",
        "exam_name": "Partiel",
        "exam_default_time_limit_mins": 60,
        "attempt_id": 7,
        "attempt_code": "438AD672-DE2C-4F0B-8876-35444E7DD746",
        "attempt_started_at": "2026-03-02T09:00:00+00:00",
        "attempt_completed_at": None,
        "attempt_event_elapsed_time_secs": 12.5,
    }
    made = only(event("edx.special_exam.proctored.attempt.created", data))
    assert made["object"] == {
        "objectType": "Activity",
        "id": "block-v1:Ecole+Chimie+2026+type@sequential+block@partiel",
        "definition": {
            "type": "https://w3id.org/xapi/openedx/activity/proctored-assessment",
            "name": {"en": "Partiel"},
            "extensions": {"https://w3id.org/xapi/acrossx/extensions/time-limit": 60},
        },
    }
    assert made["context"]["contextActivities"] == {
        "parent": [PARENT],
        "grouping": [
            {
                "objectType": "Activity",
                "id": "urn:uuid:438AD672-DE2C-4F0B-8876-35444E7DD746",
                "definition": {
                    "type": f"{ADL}/activities/attempt",
                    "name": {"en": "Partiel"},
                    "extensions": {
                        "https://w3id.org/xapi/openedx/extension/attempt-started": "2026-03-02T09:00:00+00:00",
                        "http://id.tincanapi.com/extension/duration": 12.5,
                        "http://id.tincanapi.com/extension/attempt-id": 7,
                    },
                },
            }
        ],
    }


def test_a_code_that_could_be_anything_names_no_attempt() -> None:
    """Only a UUID does."""
    made = only(event("edx.special_exam.timed.attempt.created", {"exam_content_id": PROBLEM, "attempt_code": "Zoé"}))
    assert "grouping" not in made["context"]["contextActivities"]


def test_open_responses() -> None:
    """Points of a rubric are added up; what was written, and by whom, stays out."""
    parts = [{"option": {"points": n}, "criterion": {"points_possible": 3}, "feedback": "Bravo Zoé"} for n in (1, 3)]
    made = only(event("openassessmentblock.peer_assess", {"parts": parts, "scorer_id": "ab12", "feedback": "Bravo"}))
    assert made["result"] == {"score": {"min": 0, "max": 6, "raw": 4, "scaled": 4 / 6}}
    assert made["object"]["id"] == f"{HOME}/xblock/{PROBLEM}"


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"time": "yesterday"}, "time"),
        ({"time": None}, "time"),
        ({"time": "1970-01-01T00:00:12+00:00"}, "time"),
        ({"event": {}}, "event.id"),
        ({"event": {"id": ["x"]}}, "event.id"),
        ({"event": {"id": "a b"}}, "event"),
        ({"event": 7}, "event"),
        ({"event": '{"id": "v4'}, "event"),
        ({"event": {"id": "v", "duration": "long"}}, "event.duration"),
        ({"context": {"course_id": ["future"]}}, "$.context.course_id"),
        ({"context": "future"}, "$.context"),
        ({"event": {"id": "v", "duration": 1e300}}, "event.duration"),
        ({"event": {"id": "v", "duration": "nan"}}, "event.duration"),
    ],
)
def test_what_can_t_be_read_is_named(changed: dict[str, Any], place: str) -> None:
    """The place, never the value; a clock that was never set is no time."""
    assert refusal(event("play_video", {"id": "v42"}) | changed).parameter == place


def test_the_encoding_of_what_is_not_read_counts_too() -> None:
    """A line in another encoding is not half understood."""
    other = json.dumps(event("play_video", {"id": "v42"}, agent="Zoé"), ensure_ascii=False).encode("latin-1")
    assert "UTF-8" in refusal(other).message


def test_every_id_is_an_iri_or_refused() -> None:
    """A course and the questions of a problem are named in the event as well as the problem is."""
    assert refusal(event("showanswer", {"problem_id": PROBLEM}, context={"course_id": "a b"})).parameter == "context.course_id"
    several = questions()
    several["event"]["submission"]["a b"] = {"answer": "7"}
    assert refusal(several).parameter == "event.submission"


def test_times_without_a_zone_are_utc() -> None:
    """As old logs wrote them."""
    assert only(event("play_video", {"id": "v42"}, time="2013-11-05T12:00:00.123456"))["timestamp"] == "2013-11-05T12:00:00.123456Z"
