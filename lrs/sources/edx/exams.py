"""Timed, practice and proctored exams."""

from __future__ import annotations

from lrs.sources.edx.event import Event
from lrs.sources.edx.rule import Part, Rule, activity, named, present
from lrs.sources.edx.vocabulary import (
    ATTEMPT,
    ATTEMPT_COMPLETED,
    ATTEMPT_ID,
    ATTEMPT_STARTED,
    DELETED,
    DURATION,
    INITIALIZED,
    INTERACTED,
    LAUNCHED,
    LOST,
    PRACTICE_EXAM,
    PROCTORED_EXAM,
    REVIEWED,
    SATISFIED,
    SKIPPED,
    TERMINATED,
    TIME_LIMIT,
    TIMED_EXAM,
    VIEWED,
)
from lrs.xapi.formats import is_uuid


def exam(event: Event) -> str:
    """Name an exam by its usage key: `EXAM_CONTENT_ID`."""
    return event.needed("exam_content_id")


def _definition(event: Event) -> Part:
    limit = event.number("exam_default_time_limit_mins")
    return named(event.words("exam_name"), "en") | {"extensions": present({TIME_LIMIT: limit})}


def _attempt(event: Event) -> Part:
    """Group by the attempt; its code is a UUID, which xAPI wants as an IRI."""
    code = event.words("attempt_code") or ""
    if not is_uuid(code):
        return {}
    facts = {
        ATTEMPT_STARTED: event.words("attempt_started_at"),
        ATTEMPT_COMPLETED: event.words("attempt_completed_at"),
        DURATION: event.number("attempt_event_elapsed_time_secs"),
        ATTEMPT_ID: event.number("attempt_id"),
    }
    return {"grouping": [activity(f"urn:uuid:{code}", ATTEMPT, named(event.words("exam_name"), "en") | {"extensions": present(facts)})]}


_EXAMS = {"timed": TIMED_EXAM, "practice": PRACTICE_EXAM, "proctored": PROCTORED_EXAM}
_PUBLISHED = {"created": INITIALIZED, "submitted": TERMINATED}
_STEPS = _PUBLISHED | {
    "started": LAUNCHED,
    "ready_to_start": INTERACTED,
    "download_software_clicked": INTERACTED,
    "ready_to_submit": INTERACTED,
    "declined": SKIPPED,
    "timed_out": TERMINATED,
    "error": TERMINATED,
    "review_received": REVIEWED,
    "verified": SATISFIED,
    "rejected": LOST,
    "deleted": DELETED,
}

EVENTS = {
    f"edx.special_exam.{name}.attempt.{step}": Rule(verb, kind, exam, _definition, grouping=_attempt, published=step in _PUBLISHED)
    for name, kind in _EXAMS.items()
    for step, verb in _STEPS.items()
} | {"edx.special_exam.proctored.option-presented": Rule(VIEWED, PROCTORED_EXAM, exam, _definition)}
