"""Made-up statements of platforms that speak xAPI, in the forms that their own code gives them, faults included."""

from __future__ import annotations

from typing import Any

Statement = dict[str, Any]

_VIDEO = "https://w3id.org/xapi/video"
_CLASS = "https://w3id.org/xapi/virtual-classroom"


def _verb(iri: str, display: str) -> Statement:
    return {"id": iri, "display": {"en-US": display}}


def moodle(verb: Statement, thing: Statement, **more: Any) -> Statement:
    """Make a statement of Moodle's logstore_xapi."""
    source = {
        "id": "http://moodle.org",
        "definition": {
            "type": "http://id.tincanapi.com/activitytype/source",
            "name": {"en": "Moodle"},
            "description": {"en": "Moodle is an open source learning platform."},
        },
    }
    site = {
        "id": "https://moodle.example.fr",
        "definition": {"type": "http://id.tincanapi.com/activitytype/lms", "name": {"en": "Moodle de l'école"}},
    }
    course = {
        "id": "https://moodle.example.fr/course/view.php?id=2",
        "definition": {"type": "http://id.tincanapi.com/activitytype/lms/course", "name": {"fr": "Chimie"}},
    }
    info = {
        "http://moodle.org": "4.5 (Build: 20241007)",
        "https://github.com/xAPI-vle/moodle-logstore_xapi": "v4.9",
        "event_name": "\\core\\event\\course_viewed",
        "event_function": "\\src\\transformer\\events\\core\\course_viewed",
    }
    context = {
        "platform": "Moodle",
        "language": "fr",
        "extensions": {"http://lrs.learninglocker.net/define/extensions/info": info},
        "contextActivities": {"grouping": [site, course], "category": [source]},
    }
    actor = {"name": "Zoé Martin", "account": {"homePage": "https://moodle.example.fr", "name": "zmartin"}}
    return {"actor": actor, "verb": verb, "object": thing, "context": context, "timestamp": "2026-03-02T10:30:00+01:00"} | more


_COURSE = {
    "id": "https://moodle.example.fr/course/view.php?id=2",
    "objectType": "Activity",
    "definition": {
        "type": "http://id.tincanapi.com/activitytype/lms/course",
        "name": {"fr": "Chimie"},
        "extensions": {
            "https://w3id.org/learning-analytics/learning-management-system/short-id": "CHIM",
            "https://w3id.org/learning-analytics/learning-management-system/external-id": "2",
        },
    },
}
_QUESTION = {
    "id": "https://moodle.example.fr/question/question.php?cmid=7&id=3",
    "definition": {
        "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
        "name": {"fr": "Quel est le pH ?"},
        "interactionType": "choice",
        "correctResponsesPattern": ["sept"],
        "choices": [{"id": "sept", "description": {"fr": "7"}}, {"id": "huit", "description": {"fr": "8"}}],
    },
}

MOODLE = {
    "viewed": moodle(_verb("http://id.tincanapi.com/verb/viewed", "viewed"), _COURSE),
    "graded": moodle(
        _verb("http://adlnet.gov/expapi/verbs/scored", "attained grade for"),
        {
            "id": "https://moodle.example.fr/mod/assign/view.php?id=5",
            "definition": {"type": "http://adlnet.gov/expapi/activities/assessment"},
        },
        result={"score": {"min": 0, "max": 20, "raw": 14, "scaled": 0.7}, "completion": True, "success": True},
    ),
    "answered": moodle(
        _verb("http://adlnet.gov/expapi/verbs/answered", "answered"),
        _QUESTION,
        result={
            "response": "sept",
            "completion": True,
            "success": True,
            "extensions": {"http://learninglocker.net/xapi/cmi/choice/response": "7"},
        },
    ),
    "class": moodle(
        _verb("http://activitystrea.ms/join", "joined"),
        {
            "id": "https://moodle.example.fr/mod/bigbluebuttonbn/view.php?id=9",
            "definition": {"type": f"{_CLASS}/activity-types/virtual-classroom"},
        },
    ),
}


def marsha(verb: Statement, *, live: bool = False, site: bool = False, parent: str = "course-v1:ecole+chimie+2026") -> Statement:
    """Make a statement of Marsha: of a learner who came by LTI, or of somebody on the site itself (``site``)."""
    account = {"homePage": "https://lms.example.fr", "name": "1042"}
    if site:
        account = {"homePage": "marsha.example.fr", "mbox": "mailto:zoe@example.fr", "name": "b1b7…"}
    kind = "http://id.tincanapi.com/activitytype/webinar" if live else f"{_VIDEO}/activity-type/video"
    return {
        "id": "0f9a8d63-3f6f-4a3c-9a0b-0a6f3f2c9d10",
        "actor": {"objectType": "Agent", "account": account},
        "verb": verb,
        "object": {
            "objectType": "Activity",
            "id": "uuid://4e9a3f6e-7e0f-4a43-a4d7-9f1b8e5f3a21",
            "definition": {"type": kind, "name": {"fr-FR": "Acides et bases"}},
        },
        "context": {
            "extensions": {f"{_VIDEO}/extensions/session-id": "9d0d1f0e-1f43-4ee5-8a0c-4f4b3b7cf0a2", f"{_VIDEO}/extensions/length": 60.5},
            "contextActivities": {
                "category": [{"id": _VIDEO}],
                "parent": [{"id": parent, "objectType": "Activity", "definition": {"type": "http://adlnet.gov/expapi/activities/course"}}],
            },
        },
        "result": {"extensions": {f"{_VIDEO}/extensions/time": 12.3, f"{_VIDEO}/extensions/played-segments": "0[.]12.3"}},
        "timestamp": "2026-03-02T09:30:15.250000+00:00",
    }


_PAUSED = _verb(f"{_VIDEO}/verbs/paused", "paused")
MARSHA = {
    "lti": marsha(_PAUSED),
    "live": marsha(_PAUSED, live=True),
    "parent": marsha(_PAUSED, parent="chimie 2026"),
    "site": marsha(_PAUSED, site=True),
}

POD: Statement = {
    "actor": {"objectType": "Agent", "account": {"homePage": "pod.example.fr", "name": "5f0c6a1e"}},
    "id": "1f9a8d63-3f6f-4a3c-9a0b-0a6f3f2c9d11",
    "verb": _PAUSED,
    "object": {
        "id": "https://pod.example.fr/video/0001-acides/",
        "definition": {"type": f"{_VIDEO}/activity-type/video", "name": {"fr": "Acides"}},
        "objectType": "Activity",
    },
    "context": {
        "contextActivities": {"category": [{"id": _VIDEO}]},
        "extensions": {f"{_VIDEO}/extensions/session-id": "0001", f"{_VIDEO}/extensions/length": "60.500"},
        "registration": "2f9a8d63-3f6f-4a3c-9a0b-0a6f3f2c9d12",
    },
    "result": {"extensions": {f"{_VIDEO}/extensions/time": "12.300", f"{_VIDEO}/extensions/progress": "0.200"}},
    "timestamp": "2026-03-02T09:30:15.250Z",
}
"""A statement of Esup-Pod, which takes its host for an address and writes numbers as strings."""


def bigbluebutton(verb: str, thing: str, *, name: str = "Zoé Martin", **more: Any) -> Statement:
    """Make a statement of the xAPI output of bbb-webhooks."""
    activity = {
        "id": "https://visio.example.fr/xapi/activities/e59490e1-ddf2-5c43-bfdc-14e274abc106",
        "definition": {"type": f"{_CLASS}/activity-types/{thing}"},
    }
    context = {
        "registration": "4eb0e063-669b-579a-86b3-f9be9ac88a1d",
        "contextActivities": {"category": [{"id": _CLASS, "definition": {"type": "http://adlnet.gov/expapi/activities/profile"}}]},
        "extensions": {"https://w3id.org/xapi/cmi5/context/extensions/sessionid": "c7b6f0a9-482c-5c03-acc1-548289126963"},
    }
    actor = {"account": {"name": name, "homePage": "https://visio.example.fr"}}
    return {"actor": actor, "verb": {"id": verb}, "object": activity, "context": context, "timestamp": "2026-03-02T09:30:15.250Z"} | more


BIGBLUEBUTTON = {
    "joined": bigbluebutton("http://activitystrea.ms/join", "virtual-classroom"),
    "ended": bigbluebutton(
        "http://adlnet.gov/expapi/verbs/terminated", "virtual-classroom", name="<unknown>", result={"duration": "PT3600S"}
    ),
    "muted": bigbluebutton(f"{_CLASS}/verbs/stopped", "micro"),
    "raised": bigbluebutton(
        f"{_CLASS}/verbs/reacted", "virtual-classroom", result={"extensions": {f"{_CLASS}/extensions/emoji": "U+1F590"}}
    ),
}
