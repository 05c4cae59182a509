"""Made-up statements of a unit that a learning management system launched by cmi5."""

from __future__ import annotations

from typing import Any

from lrs.sources.cmi5.statement import VERBS

W3ID = "https://w3id.org/xapi"
CONTEXT = f"{W3ID}/cmi5/context/extensions"
REGISTRATION = "760e3480-ba55-4991-94b0-01820dbd23a2"
IRIS = {name: iri for iri, name in VERBS.items()}
RESULTS: dict[str, dict[str, Any]] = {
    "completed": {"completion": True, "duration": "PT20M"},
    "passed": {"success": True, "duration": "PT20M", "score": {"scaled": 0.9, "raw": 9, "min": 0, "max": 10}},
    "failed": {"success": False, "duration": "PT20M", "score": {"scaled": 0.2}},
    "terminated": {"duration": "PT25M"},
    "abandoned": {"duration": "PT25M"},
    "waived": {"success": True, "completion": True, "extensions": {f"{W3ID}/cmi5/result/extensions/reason": "Administrative"}},
}
LAUNCH = {
    f"{CONTEXT}/launchmode": "Normal",
    f"{CONTEXT}/launchurl": "https://content.example.fr/1/",
    f"{CONTEXT}/moveon": "CompletedOrPassed",
}
MASTERY = {f"{CONTEXT}/masteryscore": 0.8}


def statement(verb: str, /, *, session: str = "s1", registration: str = REGISTRATION, minute: int = 0, **more: Any) -> dict[str, Any]:
    """Make the statement of a verb of cmi5 as the specification asks, with other extensions of the context and other parts where they are given."""
    judged = verb in ("completed", "passed", "failed", "waived")
    categories = ["cmi5", "moveon"] if judged else ["cmi5"]
    extensions = {f"{CONTEXT}/sessionid": session} | (LAUNCH if verb == "launched" else {}) | more.pop("extensions", {})
    made: dict[str, Any] = {
        "actor": {"objectType": "Agent", "account": {"homePage": "https://lms.example.fr", "name": "1042"}},
        "verb": {"id": IRIS[verb], "display": {"en": verb}},
        "object": {"objectType": "Activity", "id": "https://lms.example.fr/au/1"},
        "context": {
            "registration": registration,
            "contextActivities": {
                "category": [{"id": f"{W3ID}/cmi5/context/categories/{name}"} for name in categories],
                "grouping": [{"id": "https://publisher.example.fr/au/1"}],
            },
            "extensions": extensions,
        },
        "timestamp": f"2026-03-02T09:{minute:02}:00Z",
    }
    if verb in RESULTS:
        made["result"] = RESULTS[verb]
    if verb == "satisfied":
        made["object"] = {"id": "https://lms.example.fr/course/1", "definition": {"type": f"{W3ID}/cmi5/activitytype/course"}}
    return made | more


def allowed(*, session: str = "s1") -> dict[str, Any]:
    """Make a statement that cmi5 doesn't define but allows: it has the session and not the category."""
    made = statement("initialized", session=session)
    made["verb"] = {"id": "http://adlnet.gov/expapi/verbs/answered"}
    del made["context"]["contextActivities"]["category"]
    return made


def session(*verbs: str, **more: Any) -> list[dict[str, Any]]:
    """Make statements one after the other."""
    return [statement(verb, minute=minute, **more) for minute, verb in enumerate(verbs)]
