"""Enrolment, grades of whole courses and their parts, certificates."""

from __future__ import annotations

from lrs.sources.edx.event import Event
from lrs.sources.edx.rule import Part, Rule, block, course, named, present
from lrs.sources.edx.scores import score
from lrs.sources.edx.vocabulary import (
    CERTIFICATE,
    COURSE,
    EARNED,
    FAILED,
    GRADE_CLASSIFICATION,
    INTERACTED,
    LOST,
    PASSED,
    PURCHASED,
    RECEIVED,
    REGISTERED,
    RESOURCE,
    SCORED,
    SHARED,
    TYPE,
    UNREGISTERED,
    VIEWED,
    Verb,
)


def certificate(event: Event) -> str:
    """Name the certificate of a course: `HOME/course/COURSE/certificate`; a person's own one has a public page with their name."""
    return f"{course(event)}/certificate"


def _title(event: Event) -> Part:
    return named(event.platform.names.get(event.course_key()), "en")


def _mode(event: Event) -> Part:
    return _title(event) | {"extensions": present({TYPE: event.words("mode")})}


def _course_grade(event: Event) -> Part:
    grade = event.number("percent_grade") or 0
    return {"score": score(grade, 1.0), "extensions": {GRADE_CLASSIFICATION: event.words("letter_grade") or "Fail"}}


def _subsection_grade(event: Event) -> Part:
    earned, possible = event.number("weighted_total_earned") or 0, event.number("weighted_total_possible") or 0
    return {"success": earned >= possible, "score": score(earned, possible)}


def _enrolment(verb: Verb, *, published: bool = True) -> Rule:
    return Rule(verb, COURSE, course, _mode, parent=False, published=published)


EVENTS = {
    "edx.course.enrollment.activated": _enrolment(REGISTERED),
    "edx.course.enrollment.mode_changed": _enrolment(REGISTERED),
    "edx.course.enrollment.deactivated": _enrolment(UNREGISTERED),
    "edx.course.enrollment.upgrade.clicked": _enrolment(INTERACTED, published=False),
    "edx.course.enrollment.upgrade.succeeded": _enrolment(PURCHASED, published=False),
    "edx.course.grade.passed.first_time": _enrolment(PASSED),
    "edx.course.grade.now_passed": _enrolment(PASSED),
    "edx.course.grade.now_failed": _enrolment(FAILED),
    "edx.grades.course.grade_calculated": Rule(EARNED, COURSE, course, _title, _course_grade, published=True),
    "edx.grades.subsection.grade_calculated": Rule(EARNED, RESOURCE, block("block_id"), result=_subsection_grade, published=True),
    "edx.grades.subsection.score_overridden": Rule(SCORED, RESOURCE, block("block_id", "subsection_id")),
    "edx.certificate.created": Rule(RECEIVED, CERTIFICATE, certificate),
    "edx.certificate.revoked": Rule(LOST, CERTIFICATE, certificate),
    "edx.certificate.shared": Rule(SHARED, CERTIFICATE, certificate),
    "edx.certificate.evidence_visited": Rule(VIEWED, CERTIFICATE, certificate),
}
