"""Made-up statements of Esup-Pod, which takes its host for an address and writes positions as text."""

from __future__ import annotations

from typing import Any

Statement = dict[str, Any]

VIDEO = "https://w3id.org/xapi/video"
_ADL = "http://adlnet.gov/expapi/verbs"


def _extensions(told: Statement) -> Statement:
    return {"extensions": {f"{VIDEO}/extensions/{name}": value for name, value in told.items()}}


def said(verb: str, context: Statement, result: Statement | None = None, **more: Any) -> Statement:
    """Make a statement."""
    about = {
        "contextActivities": {"category": [{"id": VIDEO}]},
        **_extensions({"session-id": "5b0a8c9e-0d6b-4a55-9b0e-6f2d1a3c4e5f"} | context),
        "registration": "2f9a8d63-3f6f-4a3c-9a0b-0a6f3f2c9d12",
    }
    return {
        "actor": {"objectType": "Agent", "account": {"homePage": "pod.example.fr", "name": "5f0c6a1e"}},
        "id": "1f9a8d63-3f6f-4a3c-9a0b-0a6f3f2c9d11",
        "verb": {"id": verb, "display": {"en-US": verb.rpartition("/")[2]}},
        "timestamp": "2026-03-02T09:30:15.250Z",
        "object": {
            "definition": {"type": f"{VIDEO}/activity-type/video", "name": {"fr": "0001-acides"}, "description": {"fr": "<p>Acides</p>"}},
            "id": "https://pod.example.fr/video/0001-acides/",
            "objectType": "Activity",
        },
        "context": about,
        **({"result": _extensions(result) | more} if result else {}),
    }


_LENGTH = {"length": "60.500"}
_END = _LENGTH | {"completion-threshold": "0.992"}
_SEEN = {"time": "12.300", "played-segments": "0.000[.]12.300", "progress": "0.203"}
_SETTINGS = _END | {
    "volume": 1,
    "video-playback-size": "640x360",
    "user-agent": "Mozilla/5.0",
    "speed": 1,
    "quality": "1280x720",
    "screen-size": "1920x1080",
    "frame-rate": "",
    "cc-enabled": False,
    "cc-subtitle-lang": "",
    "full-screen": False,
}

POD_SAYS = {
    "initialized": said(f"{_ADL}/initialized", _SETTINGS),
    "played": said(f"{VIDEO}/verbs/played", _LENGTH, {"time": "0.000"}),
    "paused": said(f"{VIDEO}/verbs/paused", _LENGTH, _SEEN),
    "seeked": said(f"{VIDEO}/verbs/seeked", {}, {"time-to": "40.000", "time-from": "12.300"}),
    "interacted": said(f"{_ADL}/interacted", _SETTINGS, {"time": "12.300"}),
    "completed": said(f"{_ADL}/completed", _END, _SEEN, completion=True),
    "terminated": said(f"{_ADL}/terminated", _END, _SEEN, completion=True),
}
POD = POD_SAYS["paused"]
REPAIRS = ("pod-missing-version", "host-as-home-page", "pod-numbers-as-text")
