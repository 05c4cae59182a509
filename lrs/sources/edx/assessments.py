"""Open responses that people assess, polls, surveys, drag and drop: what was done, never what was written."""

from __future__ import annotations

from typing import Any

from lrs.sources.edx.event import Event
from lrs.sources.edx.rule import Part, Rule, module
from lrs.sources.edx.scores import score
from lrs.sources.edx.vocabulary import (
    ANSWERED,
    ASSESSMENT,
    ATTEMPT_ID,
    ATTEMPTED,
    INITIALIZED,
    INTERACTED,
    INTERACTION,
    SAVED,
    SCORED,
    SURVEY,
    VIEWED,
)


def response(event: Event) -> str:
    """Name an assessment: `HOME/xblock/USAGE_KEY`."""
    context = event.context.module
    key = (context.usage_key if context else None) or event.words("item_id") or event.words("usage_key")
    return f"{event.platform.home}/xblock/{key or event.module()}"


def _attempt(event: Event) -> Part:
    number = event.number("attempt_number")
    return {} if number is None else {"extensions": {ATTEMPT_ID: number}}


def _points(event: Event) -> Part:
    """Add up the points of the chosen options; feedback is left out."""
    parts = event.data.get("parts")
    given = [_option(part) for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    earned = [points for points, _ in given if points is not None]
    possible = [most for _, most in given if most is not None]
    if not earned:
        return {}
    return {"score": score(sum(earned), sum(possible) if len(possible) == len(given) else None)}


def _option(part: dict[str, Any]) -> tuple[int | None, int | None]:
    option, criterion = part.get("option"), part.get("criterion")
    points = option.get("points") if isinstance(option, dict) else None
    most = criterion.get("points_possible") if isinstance(criterion, dict) else None
    return (points if isinstance(points, int) else None, most if isinstance(most, int) else None)


def _dropped(event: Event) -> Part:
    correct = event.data.get("is_correct")
    return {"success": correct} if isinstance(correct, bool) else {}


ASSESSED = Rule(SCORED, ASSESSMENT, response, result=_points)
SUBMITTED = Rule(ATTEMPTED, ASSESSMENT, response, _attempt)

EVENTS = {
    "openassessmentblock.create_submission": SUBMITTED,
    "openassessmentblock.create_team_submission": SUBMITTED,
    "openassessmentblock.save_submission": Rule(SAVED, ASSESSMENT, response),
    "openassessmentblock.save_team_submission": Rule(SAVED, ASSESSMENT, response),
    "openassessmentblock.get_peer_submission": Rule(VIEWED, ASSESSMENT, response),
    "openassessmentblock.get_submission_for_staff_grading": Rule(VIEWED, ASSESSMENT, response),
    "openassessmentblock.peer_assess": ASSESSED,
    "openassessmentblock.self_assess": ASSESSED,
    "openassessmentblock.staff_assess": ASSESSED,
    "openassessmentblock.submit_feedback_on_assessments": Rule(INTERACTED, ASSESSMENT, response),
    "openassessment.student_training_assess_example": Rule(INTERACTED, ASSESSMENT, response),
    "openassessment.upload_file": Rule(INTERACTED, ASSESSMENT, response),
    "xblock.poll.submitted": Rule(ANSWERED, SURVEY, module),
    "xblock.poll.view_results": Rule(VIEWED, SURVEY, module),
    "xblock.survey.submitted": Rule(ANSWERED, SURVEY, module),
    "xblock.survey.view_results": Rule(VIEWED, SURVEY, module),
    "edx.drag_and_drop_v2.loaded": Rule(INITIALIZED, INTERACTION, module),
    "edx.drag_and_drop_v2.item.picked_up": Rule(INTERACTED, INTERACTION, module),
    "edx.drag_and_drop_v2.item.dropped": Rule(ATTEMPTED, INTERACTION, module, result=_dropped),
    "edx.drag_and_drop_v2.feedback.opened": Rule(VIEWED, INTERACTION, module),
    "edx.drag_and_drop_v2.feedback.closed": Rule(INTERACTED, INTERACTION, module),
}
