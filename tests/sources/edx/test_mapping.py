"""The published mapping, one row a kind of event: what Open edX's own xAPI events say of it, written down by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lrs.sources.edx import EVENTS
from lrs.xapi.rules import Checker
from tests.sources.edx.log import CONTEXT, COURSE, HOME, PARENT, PROBLEM, TIME, event, statements

CHECKER = Checker("1.0.3")
ADL, TINCAN, ISD, ACROSSX = (
    "http://adlnet.gov/expapi",
    "http://id.tincanapi.com",
    "https://w3id.org/xapi/dod-isd",
    "https://w3id.org/xapi/acrossx",
)
VIDEO, OPENEDX, CMI5 = "https://w3id.org/xapi/video", "https://w3id.org/xapi/openedx", "https://w3id.org/xapi/cmi5"

VERBS = {
    "asked": f"{ADL}/verbs/asked",
    "attempted": f"{ADL}/verbs/attempted",
    "completed": f"{ADL}/verbs/completed",
    "deleted": f"{ISD}/verbs/deleted",
    "earned": f"{TINCAN}/verb/earned",
    "edited": f"{ACROSSX}/verbs/edited",
    "evaluated": f"{ACROSSX}/verbs/evaluated",
    "failed": f"{ADL}/verbs/failed",
    "initialized": f"{ADL}/verbs/initialized",
    "interacted": f"{ADL}/verbs/interacted",
    "navigated": f"{ISD}/verbs/navigated",
    "passed": f"{ADL}/verbs/passed",
    "paused": f"{VIDEO}/verbs/paused",
    "played": f"{VIDEO}/verbs/played",
    "posted": f"{ACROSSX}/verbs/posted",
    "progressed": f"{ADL}/verbs/progressed",
    "registered": f"{ADL}/verbs/registered",
    "reported": f"{ACROSSX}/verbs/reported",
    "seeked": f"{VIDEO}/verbs/seeked",
    "terminated": f"{ADL}/verbs/terminated",
    "unregistered": f"{TINCAN}/verb/unregistered",
    "unreported": f"{OPENEDX}/verb/unreported",
    "viewed": f"{TINCAN}/verb/viewed",
    "voted": f"{OPENEDX}/verb/voted",
}
BLOCK = f"{HOME}/xblock/{PROBLEM}"
SEQUENCE = "block-v1:Ecole+Chimie+2026+type@sequential+block@seance-2"
RESOURCE = f"{TINCAN}/activitytype/resource"
INTERACTION = f"{ADL}/activities/cmi.interaction"
TYPE = f"{ACROSSX}/extensions/type"
PROGRESS = f"{CMI5}/result/extensions/progress"

WATCHED = {"id": "acides", "code": "html5", "duration": 195, "currentTime": 12.34567}
FILM = {
    "thing": f"{HOME}/xblock/block-v1:Ecole+Chimie+2026+type@video+block@acides",
    "type": f"{VIDEO}/activity-type/video",
    "extensions": {f"{VIDEO}/extensions/length": 195.0},
}
AT = {"extensions": {f"{VIDEO}/extensions/time": 12.346}}
CAPTIONS = {shown: {"extensions": {f"{VIDEO}/extensions/time": 12.346, f"{VIDEO}/extensions/cc-enabled": shown}} for shown in (True, False)}
SEEN = {"extensions": {f"{VIDEO}/extensions/time": 195.0}, "completion": True, "duration": "PT03M15S"}
SOUGHT = {"extensions": {f"{VIDEO}/extensions/time-from": 100.5, f"{VIDEO}/extensions/time-to": 20.0}}
SPED = {"extensions": {f"{OPENEDX}/extension/speed-from": "1.0x", f"{OPENEDX}/extension/speed-to": "1.50x"}}

ENROLLED = {"course_id": COURSE, "user_id": 1042, "mode": "verified"}
CLASS = {
    "thing": f"{HOME}/course/{COURSE}",
    "type": f"{ADL}/activities/course",
    "definition": {"name": {"en": "La chimie du quotidien"}, "extensions": {TYPE: "verified"}},
    "parent": False,
}
POST = {
    "id": "64a8",
    "commentable_id": "general",
    "discussion": {"id": "64a7"},
    "body": "Bonjour",
    "vote_value": "up",
    "thread_type": "question",
}
DISCUSSION = {"type": f"{TINCAN}/activitytype/discussion"}
THREAD = {"objectType": "Activity", "id": f"{HOME}/api/discussion/v1/threads/64a7", "definition": DISCUSSION}
SAID = {"thing": f"{HOME}/api/discussion/v1/comments/64a8", **DISCUSSION, "grouping": [THREAD]}
ASKED = SAID | {"thing": f"{HOME}/api/discussion/v1/threads/64a8"}
STEP = {"id": SEQUENCE, "current_tab": 4, "target_tab": 8, "tab_count": 10, "widget_placement": "top"}
UNIT = {"thing": f"{HOME}/xblock/{SEQUENCE}", "type": RESOURCE, "definition": {"extensions": {f"{ACROSSX}/extensions/total-items": 10}}}
TARGET = f"{HOME}/courses/{COURSE}/jump_to/{SEQUENCE}"
CHOSEN = {"target_url": TARGET, "target_name": "Séance 2", "current_url": HOME}
OUTLINE = {"thing": TARGET, "type": f"{ADL}/activities/module", "definition": {"name": {"en": "Séance 2"}}}
POINTS = {"problem_id": PROBLEM, "user_id": "1042", "weighted_earned": 3, "weighted_possible": 4}
THREE_OF_FOUR = {"min": 0, "max": 4, "raw": 3, "scaled": 0.75}
DONE = {"block_id": PROBLEM, "course_id": COURSE, "user_id": 1042, "percent": 0.5, "earned": 1, "possible": 2}
HALF = {"completion": False, "extensions": {PROGRESS: 50.0}}
EXAM = {
    "exam_content_id": SEQUENCE,
    "exam_name": "Partiel",
    "exam_default_time_limit_mins": 60,
    "attempt_id": 7,
    "attempt_code": "438AD672-DE2C-4F0B-8876-35444E7DD746",
    "attempt_started_at": "2026-03-02T09:00:00+00:00",
    "attempt_completed_at": "2026-03-02T09:30:00+00:00",
    "attempt_event_elapsed_time_secs": 1800.5,
}
ATTEMPT = {
    "objectType": "Activity",
    "id": "urn:uuid:438AD672-DE2C-4F0B-8876-35444E7DD746",
    "definition": {
        "type": f"{ADL}/activities/attempt",
        "name": {"en": "Partiel"},
        "extensions": {
            f"{OPENEDX}/extension/attempt-started": "2026-03-02T09:00:00+00:00",
            f"{OPENEDX}/extension/attempt-completed": "2026-03-02T09:30:00+00:00",
            f"{TINCAN}/extension/duration": 1800.5,
            f"{TINCAN}/extension/attempt-id": 7,
        },
    },
}
ANSWERED = {
    "problem_id": PROBLEM,
    "success": "incorrect",
    "grade": 3,
    "max_grade": 4,
    "attempts": 2,
    "answers": {"acides_2_1": ["choice_0"]},
    "submission": {
        "acides_2_1": {"question": "Acide ?", "answer": ["été", "citron"], "correct": False, "response_type": "choiceresponse"},
    },
}
QUESTION = {
    "description": {"en-US": "Acide ?"},
    "interactionType": "choice",
    "extensions": {f"{TINCAN}/extension/attempt-id": 2},
}


def exam(kind: str) -> dict[str, Any]:
    """Give what is said of an exam, which has no address but its key."""
    limit = {f"{ACROSSX}/extensions/time-limit": 60}
    return {
        "thing": SEQUENCE,
        "type": f"{OPENEDX}/activity/{kind}-assessment",
        "definition": {"name": {"en": "Partiel"}, "extensions": limit},
        "grouping": [ATTEMPT],
    }


def tab(end: object) -> dict[str, Any]:
    """Give what is said of a way to another part of a sequence."""
    return UNIT | {"extensions": {f"{TINCAN}/extension/starting-position": 4, f"{TINCAN}/extension/ending-point": end}}


def each(names: str, prefix: str = "") -> tuple[str, ...]:
    """Give the kinds of events that say the same."""
    return tuple(prefix + name for name in names.split())


Row = tuple[tuple[str, ...], dict[str, Any], str, dict[str, Any]]
ROWS: list[Row] = [
    (each("load_video edx.video.loaded"), WATCHED, "initialized", FILM),
    (each("play_video edx.video.played"), WATCHED, "played", FILM | {"result": AT}),
    (each("pause_video edx.video.paused"), WATCHED, "paused", FILM | {"result": AT}),
    (each("stop_video edx.video.stopped"), WATCHED, "terminated", FILM | {"result": AT}),
    (each("complete_video edx.video.completed"), WATCHED, "completed", FILM | {"result": SEEN}),
    (
        each("seek_video edx.video.position.changed"),
        WATCHED | {"old_time": 100.5, "new_time": 20},
        "seeked",
        FILM | {"result": SOUGHT},
    ),
    (
        each("speed_change_video edx.video.speed.changed"),
        WATCHED | {"old_speed": "1.0", "new_speed": "1.50"},
        "interacted",
        FILM | {"result": SPED},
    ),
    (
        each("show_transcript video_show_cc_menu edx.video.transcript.shown edx.video.closed_captions.shown edx.video.language_menu.shown"),
        WATCHED,
        "interacted",
        FILM | {"result": CAPTIONS[True]},
    ),
    (
        each(
            "hide_transcript video_hide_cc_menu edx.video.transcript.hidden edx.video.closed_captions.hidden edx.video.language_menu.hidden"
        ),
        WATCHED,
        "interacted",
        FILM | {"result": CAPTIONS[False]},
    ),
    (each("activated mode_changed", "edx.course.enrollment."), ENROLLED, "registered", CLASS),
    (("edx.course.enrollment.deactivated",), ENROLLED, "unregistered", CLASS),
    (each("passed.first_time now_passed", "edx.course.grade."), ENROLLED, "passed", CLASS),
    (("edx.course.grade.now_failed",), ENROLLED, "failed", CLASS),
    (("edx.course.completed",), ENROLLED, "completed", CLASS | {"definition": {"name": {"en": "La chimie du quotidien"}}}),
    (
        ("edx.grades.course.grade_calculated",),
        {"user_id": "1042", "course_id": COURSE, "percent_grade": 0.75, "letter_grade": "Pass"},
        "earned",
        CLASS
        | {
            "definition": {"name": {"en": "La chimie du quotidien"}},
            "parent": True,
            "result": {
                "score": {"min": 0, "max": 1.0, "raw": 0.75, "scaled": 0.75},
                "extensions": {"http://www.tincanapi.co.uk/activitytypes/grade_classification": "Pass"},
            },
        },
    ),
    (
        ("edx.grades.subsection.grade_calculated",),
        {"user_id": "1042", "block_id": SEQUENCE, "weighted_total_earned": 3.0, "weighted_total_possible": 4.0},
        "earned",
        {"thing": f"{HOME}/xblock/{SEQUENCE}", "type": RESOURCE, "result": {"success": False, "score": THREE_OF_FOUR}},
    ),
    (
        ("edx.grades.problem.submitted",),
        POINTS,
        "attempted",
        {"thing": BLOCK, "type": f"{ADL}/activities/question", "result": {"success": False, "score": THREE_OF_FOUR}},
    ),
    (("edx.problem.completed",), POINTS, "completed", {"thing": PROBLEM, "type": INTERACTION}),
    (("showanswer",), {"problem_id": PROBLEM}, "asked", {"thing": f"{BLOCK}/answer", "type": f"{TINCAN}/activitytype/solution"}),
    (
        ("edx.problem.hint.demandhint_displayed",),
        {"module_id": PROBLEM, "hint_index": 0, "hint_len": 2, "hint_text": "Goûtez."},
        "asked",
        {"thing": f"{BLOCK}/hint/0", "type": f"{ACROSSX}/extensions/supplemental-info"},
    ),
    (
        ("problem_check",),
        ANSWERED,
        "evaluated",
        {
            "thing": BLOCK,
            "type": INTERACTION,
            "definition": QUESTION,
            "result": {"success": False, "score": THREE_OF_FOUR, "response": '["été", "citron"]'},
        },
    ),
    (
        ("edx.completion.block_completion.changed",),
        {"block_id": PROBLEM, "user_id": 1042, "completion": 1.0},
        "progressed",
        {"thing": BLOCK, "type": RESOURCE, "result": {"completion": True, "extensions": {PROGRESS: 100.0}}},
    ),
    *(
        (
            each(f"edx.completion_aggregator.{step}.{name} openedx.completion_aggregator.{step}.{name}"),
            DONE,
            verb,
            {"thing": BLOCK, "type": f"{ADL}/activities/{'course' if name == 'course' else 'module'}", **result},
        )
        for name in ("course", "chapter", "sequential", "vertical")
        for step, verb, result in (("progress", "progressed", {"result": HALF}), ("completion", "completed", {}))
    ),
    *(
        ((f"edx.special_exam.{kind}.attempt.{step}",), EXAM, verb, exam(kind))
        for kind in ("timed", "practice", "proctored")
        for step, verb in (("created", "initialized"), ("submitted", "terminated"))
    ),
    (("edx.forum.thread.created",), POST, "posted", ASKED | {"extensions": {TYPE: "question"}}),
    (each("response.created comment.created", "edx.forum."), POST, "posted", SAID),
    (("edx.forum.thread.viewed",), POST, "viewed", ASKED),
    (("edx.forum.thread.voted",), POST, "voted", ASKED | {"extensions": {TYPE: "up"}}),
    (("edx.forum.response.voted",), POST, "voted", SAID | {"extensions": {TYPE: "up"}}),
    *(
        ((f"edx.forum.{part}.{done}",), POST, done, ASKED if part == "thread" else SAID)
        for part in ("thread", "response", "comment")
        for done in ("edited", "deleted", "reported", "unreported")
    ),
    (("edx.ui.lms.link_clicked",), CHOSEN, "navigated", {"thing": TARGET, "type": f"{ADL}/activities/link"}),
    (each("outline.selected sequence.outline.selected", "edx.ui.lms."), CHOSEN, "navigated", OUTLINE),
    (("edx.ui.lms.sequence.tab_selected",), STEP, "navigated", tab(8)),
    (("edx.ui.lms.sequence.next_selected",), STEP, "navigated", tab("next unit")),
    (("edx.ui.lms.sequence.previous_selected",), STEP, "navigated", tab("previous unit")),
]
TABLE = {kind: (data, verb, said) for kinds, data, verb, said in ROWS for kind in kinds}


def happened(kind: str) -> dict[str, Any]:
    """Make the event of a row; a post is handled by a page that names what it is."""
    part = kind.split(".")[2] if kind.startswith("edx.forum.") else ""
    page = {"path": f"/api/discussion/v1/{'threads' if part == 'thread' else 'comments'}/64a8/"} if part else {}
    return event(kind, TABLE[kind][0], context=page)


def expected(kind: str) -> dict[str, Any]:
    """Write down the statement of a row, but for its id."""
    _, verb, said = TABLE[kind]
    activities = ({"parent": [PARENT]} if said.get("parent", True) else {}) | ({"grouping": said["grouping"]} if "grouping" in said else {})
    context = {"extensions": CONTEXT["extensions"] | said.get("extensions", {})} | ({"contextActivities": activities} if activities else {})
    return {
        "actor": {"objectType": "Agent", "account": {"homePage": HOME, "name": "1042"}},
        "verb": {"id": VERBS[verb], "display": {"en": verb}},
        "object": {"objectType": "Activity", "id": said["thing"], "definition": {"type": said["type"], **said.get("definition", {})}},
        "context": context,
        "timestamp": TIME,
        "version": "1.0.3",
        **({"result": said["result"]} if "result" in said else {}),
    }


@pytest.mark.parametrize("kind", sorted(TABLE))
def test_an_event_makes_the_published_statement(kind: str) -> None:
    """Field by field, nothing more and nothing less."""
    (made,) = statements(happened(kind))
    CHECKER.check(json.dumps(made).encode())
    del made["id"]
    assert made == expected(kind)


def test_every_published_kind_has_a_row() -> None:
    """And no row is of a kind that Open edX does not publish."""
    assert {kind for kind, rule in EVENTS.items() if rule.published} == set(TABLE)
