"""Made-up lines of tracking logs, with a mark in every place that can name a person."""

from __future__ import annotations

import json
from typing import Any

from lrs.errors import InvalidEvent
from lrs.sources import Outcome, Person, Platform
from lrs.sources.edx import convert

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
