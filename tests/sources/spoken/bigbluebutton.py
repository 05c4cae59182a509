"""Made-up statements of the xAPI output of bbb-webhooks, one for each kind of event, in the forms that its templates give them."""

from __future__ import annotations

from typing import Any

Statement = dict[str, Any]

CLASS = "https://w3id.org/xapi/virtual-classroom"
STREAMS = "http://activitystrea.ms"
ADL = "http://adlnet.gov/expapi"
_HOME = "https://visio.example.fr"
_ROOM = {
    "id": f"{_HOME}/xapi/activities/e59490e1-ddf2-5c43-bfdc-14e274abc106",
    "definition": {"type": f"{CLASS}/activity-types/virtual-classroom"},
}
_TYPES = {
    "message": "https://w3id.org/xapi/acrossx/activities/message",
    "poll": f"{ADL}/activities/cmi.interaction",
    **{kind: f"{CLASS}/activity-types/{kind}" for kind in ("micro", "camera", "screen")},
}
_PLANNED = {"http://id.tincanapi.com/extension/planned-duration": "PT90M"}


def said(verb: str, thing: str = "", *, name: str = "Zoé Martin", definition: Statement | None = None, **more: Any) -> Statement:
    """Make a statement about the class, or about a thing within it."""
    activity = {"id": _ROOM["id"], "definition": _ROOM["definition"] | {"name": {"en": "Salle de Zoé"}}}
    around: Statement = {"category": [{"id": CLASS, "definition": {"type": f"{ADL}/activities/profile"}}]}
    if thing:
        activity = {
            "id": f"{_HOME}/xapi/activities/f3757ec4-e427-5e3e-a934-fbccdd440a32",
            "definition": {"type": _TYPES[thing]} | (definition or {}),
        }
        around |= {"parent": [_ROOM]}
    return {
        "actor": {"account": {"name": name, "homePage": _HOME}},
        "verb": {"id": verb},
        "object": activity,
        "context": {
            "registration": "4eb0e063-669b-579a-86b3-f9be9ac88a1d",
            "contextActivities": around,
            "extensions": {"https://w3id.org/xapi/cmi5/context/extensions/sessionid": "c7b6f0a9-482c-5c03-acc1-548289126963"}
            | more.pop("extensions", {}),
        },
        "timestamp": "2026-03-02T09:30:15.250Z",
    } | more


def _of(kind: str) -> Statement:
    return {"name": {"en": f"Zoé Martin's {kind}"}}


_HAND = {"extensions": {f"{CLASS}/extensions/emoji": "U+1F590"}}
_CHOICES = [{"id": str(number), "description": {"en": answer}} for number, answer in enumerate(("Oui", "Non"))]
_POLL = {"description": {"en": "Ça va ?"}, "interactionType": "choice", "choices": _CHOICES}

BIGBLUEBUTTON = {
    "meeting-created": said(f"{ADL}/verbs/initialized", name="<unknown>", extensions=_PLANNED),
    "user-joined": said(f"{STREAMS}/join"),
    "user-audio-voice-enabled": said(f"{STREAMS}/start", "micro", definition=_of("micro")),
    "user-audio-voice-disabled": said(f"{CLASS}/verbs/stopped", "micro", definition=_of("micro")),
    "user-audio-unmuted": said(f"{STREAMS}/start", "micro", definition=_of("micro")),
    "user-audio-muted": said(f"{CLASS}/verbs/stopped", "micro", definition=_of("micro")),
    "user-cam-broadcast-start": said(f"{STREAMS}/start", "camera", definition=_of("camera")),
    "user-cam-broadcast-end": said(f"{CLASS}/verbs/stopped", "camera", definition=_of("camera")),
    "meeting-screenshare-started": said(f"{STREAMS}/share", "screen", definition=_of("screen")),
    "meeting-screenshare-stopped": said(f"{STREAMS}/unshare", "screen", definition=_of("screen")),
    "user-raise-hand-changed": said(f"{CLASS}/verbs/reacted", result=_HAND),
    "user-raise-hand-changed back": said(f"{CLASS}/verbs/unreacted", result=_HAND),
    "chat-group-message-sent": said("https://w3id.org/xapi/acrossx/verbs/posted", "message"),
    "poll-started": said(f"{ADL}/verbs/asked", "poll", definition=_POLL),
    "poll-responded": said(f"{ADL}/verbs/answered", "poll", definition=_POLL, result={"response": "0,1"}),
    "user-left": said(f"{STREAMS}/leave"),
    "meeting-ended": said(f"{ADL}/verbs/terminated", name="<unknown>", extensions=_PLANNED, result={"duration": "PT3600.25S"}),
    "unnamed": said(f"{STREAMS}/join", name="<unknown>"),
    "poll without answers": said(f"{ADL}/verbs/asked", "poll", definition=_POLL | {"description": {"en": ""}, "choices": []}),
}
"""What it says of each kind of event since version 3.0."""

ALPHA = {
    "hand": BIGBLUEBUTTON["user-raise-hand-changed"] | {"verb": f"{CLASS}/verbs/reacted"},
    "message": BIGBLUEBUTTON["chat-group-message-sent"] | {"timestamp": 1_772_443_815_250},
}
"""What the first versions of it got wrong: the id of a verb in place of the verb, a number in place of a time."""
REPAIRS = ("bbb-display-name", "bbb-named-activity", "bbb-verb-as-text", "bbb-number-as-time", "bbb-no-id")
