"""Made-up statements of Moodle's logstore_xapi, in the forms that its transformers give them."""

from __future__ import annotations

from typing import Any

Statement = dict[str, Any]

SITE = "https://moodle.example.fr"
_ADL = "http://adlnet.gov/expapi"
_TINCAN = "http://id.tincanapi.com"
_STREAMS = "http://activitystrea.ms/schema/1.0"
_INFO = "http://lrs.learninglocker.net/define/extensions/info"


def verb(iri: str, display: str) -> Statement:
    """Make a verb."""
    return {"id": iri, "display": {"fr": display}}


def activity(path: str, kind: str, name: str = "Chimie", **definition: Any) -> Statement:
    """Make an activity of the site."""
    return {"id": f"{SITE}{path}", "definition": {"type": kind, "name": {"fr": name}} | definition}


_LMS = {"id": SITE, "definition": {"type": f"{_TINCAN}/activitytype/lms", "name": {"fr": "Moodle de l'école"}}}
_COURSE = activity("/course/view.php?id=2", f"{_TINCAN}/activitytype/lms/course")
_QUIZ = activity("/mod/quiz/view.php?id=7", f"{_ADL}/activities/assessment", "Les pH")
_ATTEMPT = activity("/mod/quiz/attempt.php?attempt=1&cmid=7", f"{_ADL}/activities/attempt", "Tentative")
_SOURCE = {"id": "http://moodle.org", "definition": {"type": f"{_TINCAN}/activitytype/source", "name": {"en": "Moodle"}}}
LEARNER = {"name": "Zoé Martin", "account": {"homePage": SITE, "name": "1042"}}
TEACHER = {"name": "Ana Petit", "account": {"homePage": SITE, "name": "7"}}


def said(did: Statement, thing: Statement, **more: Any) -> Statement:
    """Make a statement, with more of the context in ``context``."""
    context = {
        "platform": "Moodle",
        "language": "fr",
        "extensions": {
            _INFO: {
                "http://moodle.org": "4.5 (Build: 20241007)",
                "https://github.com/xAPI-vle/moodle-logstore_xapi": "v4.9",
                "event_name": "\\core\\event\\course_viewed",
                "event_function": "\\src\\transformer\\events\\core\\course_viewed",
            }
        },
        "contextActivities": {"grouping": [_LMS, _COURSE], "category": [_SOURCE]},
    } | more.pop("context", {})
    return {"actor": LEARNER, "verb": did, "object": thing, "timestamp": "2026-03-02T10:30:00+01:00", "context": context} | more


_ANSWERED = verb(f"{_ADL}/verbs/answered", "answered")
_SCORE = {"raw": 50, "min": 0, "max": 100, "scaled": 0.5}


def _answered(kind: str, response: str | None, *, told: Any, **definition: Any) -> Statement:
    """Make the answer to a question of a quiz: Moodle writes it as it was shown, and again in an extension."""
    question = activity(
        "/question/question.php?cmid=7&id=3", f"{_ADL}/activities/cmi.interaction", "Quel pH ?", interactionType=kind, **definition
    )
    result = {
        "completion": response is not None,
        "success": True,
        "extensions": {f"http://learninglocker.net/xapi/cmi/{kind}/response": told},
    }
    around = {"contextActivities": {"grouping": [_LMS, _COURSE, _QUIZ, _ATTEMPT], "category": [_SOURCE]}}
    return said(_ANSWERED, question, result=result | ({} if response is None else {"response": response}), context=around)


_CHOICES = [{"id": number, "description": {"fr": f"réponse {number}"}} for number in ("1", "2", "3")]

MOODLE = {
    "viewed": said(verb(f"{_TINCAN}/verb/viewed", "viewed"), _COURSE | {"objectType": "Activity"}),
    "graded": said(
        verb(f"{_ADL}/verbs/scored", "attained grade for"),
        activity("/mod/assign/view.php?id=5", f"{_ADL}/activities/assessment"),
        result={"score": {"min": 0, "max": 20, "raw": 14, "scaled": 0.7}, "completion": True, "success": True, "response": "Bien."},
        context={"instructor": TEACHER},
    ),
    "answered": _answered(
        "choice", "sept", told="7", correctResponsesPattern=["sept"], choices=[{"id": "sept", "description": {"fr": "7"}}]
    ),
    "quiz": said(
        verb(f"{_ADL}/verbs/completed", "completed"),
        _QUIZ,
        result={"score": _SCORE, "completion": True, "success": True, "duration": "PT1S"},
        context={"contextActivities": {"other": [_ATTEMPT], "grouping": [_LMS, _COURSE], "category": [_SOURCE]}},
    ),
    "choices": _answered(
        "choice", "réponse 1[,]réponse 2", told="réponse 1; réponse 2", correctResponsesPattern=["réponse 1[,]réponse 2"], choices=_CHOICES
    ),
    "matching": _answered("matching", "Acide\n -> Citron; Base\n -> Savon", told={"Acide": "Citron", "Base": "Savon"}),
    "numeric": _answered("numeric", "7", told=7),
    "true-false": _answered("true-false", "true", told=True),
    "sequencing": _answered("sequencing", "a[,]b", told=["a", "b"]),
    "essay": _answered("long-fill-in", "Le pH mesure…", told="Le pH mesure…"),
    "essay without an answer": _answered("long-fill-in", None, told=None),
    "reviewed": said(
        verb(f"{_STREAMS}/receive", "received"),
        activity("/mod/quiz/review.php?attempt=1", f"{_STREAMS}/review", "Relecture"),
        context={"instructor": TEACHER},
    ),
    "slot": said(
        verb("https://w3id.org/xapi/tla/verbs/scored", "Scored"),
        activity("/mod/quiz/review.php?attempt=1&slot=1", f"{_STREAMS}/review#slot"),
        result={"score": {"min": 0, "max": 1, "raw": 0.5, "scaled": 0.0}},
        context={"instructor": TEACHER, "contextActivities": {"parent": [_ATTEMPT, _QUIZ, _COURSE], "category": [_LMS]}},
    ),
    "class": said(
        verb(f"{_STREAMS}/join", "joined"), activity("/mod/bigbluebuttonbn/view.php?id=9", f"{_ADL}/activities/meeting", "Travaux dirigés")
    ),
    "badge": said(
        verb(f"{_ADL}/verbs/earned", "Achieved"),
        activity("/badges/badge.php?hash=1", "http://activitystrea.ms/schema/1.0/badge", description={"fr": "Pour ses pH."}),
        context={"contextActivities": {"category": _LMS}},
    ),
    "by address": said(_ANSWERED, _QUIZ, actor={"name": "Zoé Martin", "mbox": "mailto:zoe@example.fr"}),
    "by digest of an address": said(_ANSWERED, _QUIZ, actor={"mbox_sha1sum": "0123456789abcdef0123456789abcdef01234567"}),
}
"""What is taken as it comes; "answered" and others have made-up words in place of Moodle's."""

KIND_IN_LIST = said(_ANSWERED, _QUIZ, actor={"objectType": ["Agent"], "name": "Zoé Martin", "mbox": "mailto:zoe@example.fr"})
"""A version that identifies people by address writes the kind of the actor in a list."""
