"""Made-up statements of Marsha, in the forms that its player and its back end give them."""

from __future__ import annotations

from typing import Any

Statement = dict[str, Any]

VIDEO = "https://w3id.org/xapi/video"
_ADL = "http://adlnet.gov/expapi"
_TINCAN = "http://id.tincanapi.com"


def extensions(**told: Any) -> Statement:
    """Name extensions of the video profile."""
    return {"extensions": {f"{VIDEO}/extensions/{name.replace('_', '-')}": value for name, value in told.items()}}


def said(
    verb: str, context: Statement, result: Statement | None = None, *, kind: str = f"{VIDEO}/activity-type/video", **more: Any
) -> Statement:
    """Make a statement of a learner who came by LTI."""
    around = {
        "category": [{"id": VIDEO}],
        "parent": [
            {
                "id": "course-v1:ecole+chimie+2026",
                "objectType": "Activity",
                "definition": {"type": f"{_ADL}/activities/course"},
            }
        ],
    }
    return {
        "verb": {"id": verb, "display": {"en-US": verb.rpartition("/")[2]}},
        "context": context | {"contextActivities": around},
        "id": "0f9a8d63-3f6f-4a3c-9a0b-0a6f3f2c9d10",
        "timestamp": "2026-03-02T09:30:15.250000+00:00",
        "actor": {"objectType": "Agent", "name": "zmartin", "account": {"name": "1042", "homePage": "http://lms.example.fr"}},
        "object": {
            "definition": {"type": kind, "name": {"fr-FR": "Acides et bases"}},
            "id": "uuid://4e9a3f6e-7e0f-4a43-a4d7-9f1b8e5f3a21",
            "objectType": "Activity",
        },
    } | ({"result": result} if result else {}) | more  # fmt: skip


_SESSION = {"session_id": "9d0d1f0e-1f43-4ee5-8a0c-4f4b3b7cf0a2"}
_ABOUT = extensions(**_SESSION, length=60.5, completion_threshold=0.95)
_SEEN = {"time": 12.3, "progress": 0.203, "played_segments": "0[.]12.3"}
_SETTINGS = {"full_screen": False, "speed": "1x", "volume": 1, "cc_subtitle_enabled": False}

VIDEOS = {
    "initialized": said(f"{_ADL}/verbs/initialized", extensions(**_SESSION, **_SETTINGS, length=60.5, completion_threshold=0.95)),
    "played": said(f"{VIDEO}/verbs/played", extensions(**_SESSION), extensions(time=0)),
    "paused": said(f"{VIDEO}/verbs/paused", _ABOUT, extensions(**_SEEN)),
    "seeked": said(
        f"{VIDEO}/verbs/seeked",
        extensions(**_SESSION),
        extensions(time_from=12.3, time_to=40, length=60.5, progress=0.2, played_segments="40"),
    ),
    "interacted": said(f"{_ADL}/verbs/interacted", extensions(**_SESSION, **_SETTINGS, quality=480), extensions(time=12.3)),
    "completed": said(
        f"{_ADL}/verbs/completed",
        _ABOUT,
        {"completion": True, "duration": "PT58.2S"} | extensions(time=60.5, progress=1, played_segments="0[.]60.5"),
    ),
    "terminated": said(f"{_ADL}/verbs/terminated", _ABOUT, extensions(time=12.3, progress=0, played_segments="")),
    "downloaded": said(f"{_TINCAN}/verb/downloaded", extensions(**_SESSION, quality=1080, length=60.5)),
    "live": said(f"{VIDEO}/verbs/played", extensions(**_SESSION), extensions(time=12.3), kind=f"{_TINCAN}/activitytype/webinar"),
}
"""What players say of videos and live sessions: right by the video profile."""

_SITE_ACCOUNT = {"homePage": "marsha.example.fr", "mbox": "mailto:zoe@example.fr", "name": "b1b7…"}
_OTHER_PARENT = {
    "contextActivities": {
        "category": [{"id": VIDEO}],
        "parent": [{"id": "chimie 2026", "objectType": "Activity", "definition": {"type": f"{_ADL}/activities/course"}}],
    }
}

MARSHA = {
    "lti": VIDEOS["paused"],
    **VIDEOS,
    "document": said(
        f"{_TINCAN}/verb/downloaded",
        extensions(**_SESSION),
        kind=f"{_TINCAN}/activitytype/document",
    )
    | {"context": extensions(**_SESSION) | {"contextActivities": {"category": [{"id": "https://w3id.org/xapi/lms"}]}}},
    "quality as text": said(f"{_ADL}/verbs/interacted", extensions(**_SESSION, **_SETTINGS, quality="480"), extensions(time=12.3)),
    "parent": VIDEOS["paused"] | {"context": _ABOUT | _OTHER_PARENT},
    "site": VIDEOS["paused"] | {"actor": {"objectType": "Agent", "account": _SITE_ACCOUNT}},
}
"""What it says of all, faults included: an address inside an account, a host in place of an address, a parent that is no IRI."""
FAULTY = ("site", "parent")
