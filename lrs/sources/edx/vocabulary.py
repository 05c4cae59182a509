"""The IRIs of the published mapping of Open edX to xAPI, and of the profiles that it draws on."""

from __future__ import annotations

from typing import Any, TypeAlias

Verb: TypeAlias = dict[str, Any]

_ADL = "http://adlnet.gov/expapi"
_TINCAN = "http://id.tincanapi.com"
_STREAMS = "http://activitystrea.ms/schema/1.0"
_ACROSSX = "https://w3id.org/xapi/acrossx"
_ISD = "https://w3id.org/xapi/dod-isd"
_OPENEDX = "https://w3id.org/xapi/openedx"
_VIDEO = "https://w3id.org/xapi/video"


def _verb(iri: str, display: str) -> Verb:
    return {"id": iri, "display": {"en": display}}


ANSWERED = _verb(f"{_ADL}/verbs/answered", "answered")
ASKED = _verb(f"{_ADL}/verbs/asked", "asked")
ATTEMPTED = _verb(f"{_ADL}/verbs/attempted", "attempted")
BOOKMARKED = _verb(f"{_TINCAN}/verb/bookmarked", "bookmarked")
COMPLETED = _verb(f"{_ADL}/verbs/completed", "completed")
CREATED = _verb(f"{_STREAMS}/create", "created")
DELETED = _verb(f"{_ISD}/verbs/deleted", "deleted")
EARNED = _verb(f"{_TINCAN}/verb/earned", "earned")
EDITED = _verb(f"{_ACROSSX}/verbs/edited", "edited")
EVALUATED = _verb(f"{_ACROSSX}/verbs/evaluated", "evaluated")
EXPERIENCED = _verb(f"{_ADL}/verbs/experienced", "experienced")
FAILED = _verb(f"{_ADL}/verbs/failed", "failed")
FOLLOWED = _verb(f"{_STREAMS}/follow", "followed")
INITIALIZED = _verb(f"{_ADL}/verbs/initialized", "initialized")
INTERACTED = _verb(f"{_ADL}/verbs/interacted", "interacted")
JOINED = _verb(f"{_STREAMS}/join", "joined")
LAUNCHED = _verb(f"{_ADL}/verbs/launched", "launched")
LEFT = _verb(f"{_STREAMS}/leave", "left")
LOST = _verb(f"{_STREAMS}/lose", "lost")
NAVIGATED = _verb(f"{_ISD}/verbs/navigated", "navigated")
PASSED = _verb(f"{_ADL}/verbs/passed", "passed")
PAUSED = _verb(f"{_VIDEO}/verbs/paused", "paused")
PLAYED = _verb(f"{_VIDEO}/verbs/played", "played")
POSTED = _verb(f"{_ACROSSX}/verbs/posted", "posted")
PROGRESSED = _verb(f"{_ADL}/verbs/progressed", "progressed")
PURCHASED = _verb(f"{_STREAMS}/purchase", "purchased")
RECEIVED = _verb(f"{_STREAMS}/receive", "received")
REGISTERED = _verb(f"{_ADL}/verbs/registered", "registered")
REMOVED = _verb(f"{_STREAMS}/remove", "removed")
REPORTED = _verb(f"{_ACROSSX}/verbs/reported", "reported")
REVIEWED = _verb(f"{_TINCAN}/verb/reviewed", "reviewed")
SATISFIED = _verb(f"{_STREAMS}/satisfy", "satisfied")
SAVED = _verb(f"{_STREAMS}/save", "saved")
SCORED = _verb(f"{_ADL}/verbs/scored", "scored")
SEARCHED = _verb(f"{_ACROSSX}/verbs/searched", "searched")
SEEKED = _verb(f"{_VIDEO}/verbs/seeked", "seeked")
SHARED = _verb(f"{_ADL}/verbs/shared", "shared")
SKIPPED = _verb(f"{_TINCAN}/verb/skipped", "skipped")
TERMINATED = _verb(f"{_ADL}/verbs/terminated", "terminated")
UNFOLLOWED = _verb(f"{_STREAMS}/stop-following", "unfollowed")
UNREGISTERED = _verb(f"{_TINCAN}/verb/unregistered", "unregistered")
UNREPORTED = _verb(f"{_OPENEDX}/verb/unreported", "unreported")
VIEWED = _verb(f"{_TINCAN}/verb/viewed", "viewed")
VOTED = _verb(f"{_OPENEDX}/verb/voted", "voted")

ASSESSMENT = f"{_ADL}/activities/assessment"
ATTEMPT = f"{_ADL}/activities/attempt"
CERTIFICATE = "https://www.opigno.org/en/tincan_registry/activity_type/certificate"
CHAPTER = f"{_TINCAN}/activitytype/chapter"
COURSE = f"{_ADL}/activities/course"
DISCUSSION = f"{_TINCAN}/activitytype/discussion"
GROUP = f"{_STREAMS}/group"
INTERACTION = f"{_ADL}/activities/cmi.interaction"
LINK = f"{_ADL}/activities/link"
MODULE = f"{_ADL}/activities/module"
NOTE = f"{_STREAMS}/note"
PAGE = f"{_STREAMS}/page"
PRACTICE_EXAM = f"{_OPENEDX}/activity/practice-assessment"
PROCTORED_EXAM = f"{_OPENEDX}/activity/proctored-assessment"
QUESTION = f"{_ADL}/activities/question"
RESOURCE = f"{_TINCAN}/activitytype/resource"
SOLUTION = f"{_TINCAN}/activitytype/solution"
SUPPLEMENT = f"{_ACROSSX}/extensions/supplemental-info"
SURVEY = f"{_TINCAN}/activitytype/survey"
TIMED_EXAM = f"{_OPENEDX}/activity/timed-assessment"
VIDEO = f"{_VIDEO}/activity-type/video"

ATTEMPT_COMPLETED = f"{_OPENEDX}/extension/attempt-completed"
ATTEMPT_ID = f"{_TINCAN}/extension/attempt-id"
ATTEMPT_STARTED = f"{_OPENEDX}/extension/attempt-started"
CC_ENABLED = f"{_VIDEO}/extensions/cc-enabled"
DURATION = f"{_TINCAN}/extension/duration"
ENDING_POINT = f"{_TINCAN}/extension/ending-point"
GRADE_CLASSIFICATION = "http://www.tincanapi.co.uk/activitytypes/grade_classification"
LENGTH = f"{_VIDEO}/extensions/length"
POSITION = f"{_TINCAN}/extension/position"
PROGRESS = "https://w3id.org/xapi/cmi5/result/extensions/progress"
SESSION = f"{_OPENEDX}/extensions/session-id"
SPEED_FROM = f"{_OPENEDX}/extension/speed-from"
SPEED_TO = f"{_OPENEDX}/extension/speed-to"
STARTING_POSITION = f"{_TINCAN}/extension/starting-position"
TIME = f"{_VIDEO}/extensions/time"
TIME_FROM = f"{_VIDEO}/extensions/time-from"
TIME_LIMIT = f"{_ACROSSX}/extensions/time-limit"
TIME_TO = f"{_VIDEO}/extensions/time-to"
TOTAL_ITEMS = f"{_ACROSSX}/extensions/total-items"
TRANSFORMER = f"{_OPENEDX}/extension/transformer-version"
TYPE = f"{_ACROSSX}/extensions/type"
