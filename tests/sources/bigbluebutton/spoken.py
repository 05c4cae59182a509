"""Made-up statements of bbb-webhooks' own xAPI, with a mark in every place that names a person or holds what they said."""

from __future__ import annotations

from typing import Any

MARK = "Canari7c1d"
_PROFILE = "https://w3id.org/xapi/virtual-classroom"
_ACTIVITIES = "https://visio.example.fr/xapi/activities"
ROOM = f"{_ACTIVITIES}/e59490e1-ddf2-5c43-bfdc-14e274abc106"
STREAMS = "http://activitystrea.ms"
ADL = "http://adlnet.gov/expapi/verbs"


def activity(kind: str, **definition: Any) -> dict[str, Any]:
    """Make an activity within the class, or the class itself."""
    named = {"name": {"en": f"{MARK}'s {kind}"}}
    if kind == "virtual-classroom":
        return {"id": ROOM, "definition": {"type": f"{_PROFILE}/activity-types/{kind}"} | named}
    kinds = {"message": "https://w3id.org/xapi/acrossx/activities/message", "poll": "http://adlnet.gov/expapi/activities/cmi.interaction"}
    iri = kinds.get(kind, f"{_PROFILE}/activity-types/{kind}")
    return {"id": f"{_ACTIVITIES}/{kind}-1", "definition": {"type": iri} | named | definition}


def statement(verb_: str, kind: str = "virtual-classroom", *, name: str = MARK, minute: int = 31, **more: Any) -> dict[str, Any]:
    """Make a statement of somebody by their display name."""
    parent = [] if kind == "virtual-classroom" else [{"id": ROOM, "definition": {"type": f"{_PROFILE}/activity-types/virtual-classroom"}}]
    return {
        "actor": {"account": {"name": name, "homePage": "https://visio.example.fr"}},
        "verb": {"id": verb_},
        "object": activity(kind),
        "context": {
            "registration": "4eb0e063-669b-579a-86b3-f9be9ac88a1d",
            "contextActivities": {"category": [{"id": _PROFILE}]} | ({"parent": parent} if parent else {}),
            "extensions": {"https://w3id.org/xapi/cmi5/context/extensions/sessionid": "c7b6f0a9-482c-5c03-acc1-548289126963"},
        },
        "timestamp": f"2026-03-02T09:{minute}:15.250Z",
    } | more


_POLL = activity("poll", description={"en": f"{MARK} ?"}, interactionType="choice", choices=[{"id": "0", "description": {"en": MARK}}])

SAMPLES = [
    statement(f"{ADL}/initialized", name="<unknown>"),
    statement(f"{STREAMS}/join"),
    statement(f"{STREAMS}/start", "micro"),
    statement(f"{_PROFILE}/verbs/stopped", "micro"),
    statement(f"{STREAMS}/share", "screen"),
    statement(f"{STREAMS}/unshare", "screen"),
    statement(f"{_PROFILE}/verbs/reacted", result={"extensions": {f"{_PROFILE}/extensions/emoji": "U+1F590"}}),
    statement(f"{_PROFILE}/verbs/unreacted", verb=f"{_PROFILE}/verbs/unreacted"),
    statement(f"{_PROFILE}/verbs/raised-hand", minute=32),
    statement("https://w3id.org/xapi/acrossx/verbs/posted", "message"),
    statement(f"{ADL}/asked", "poll", object=_POLL),
    statement(f"{ADL}/answered", "poll", object=_POLL, result={"response": f"0,2,{MARK}"}),
    statement(f"{STREAMS}/leave", minute=40),
    statement(f"{ADL}/terminated", name="<unknown>", minute=50, result={"duration": "PT3600S"}),
]
"""A meeting from its start to its end."""
