"""What cmi5 asks of one statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import attrs

__all__ = ["RULES", "VERBS", "Read", "is_number"]

_ADL = "http://adlnet.gov/expapi/verbs"
_W3ID = "https://w3id.org/xapi"
_CATEGORY = f"{_W3ID}/cmi5/context/categories/cmi5"
_MOVE_ON = f"{_W3ID}/cmi5/context/categories/moveon"
_CONTEXT = f"{_W3ID}/cmi5/context/extensions"
_RESULT = f"{_W3ID}/cmi5/result/extensions"
_TYPES = (f"{_W3ID}/cmi5/activitytype/block", f"{_W3ID}/cmi5/activitytype/course")
_MODES = ("Normal", "Browse", "Review")
_MOVES = ("Passed", "Completed", "CompletedAndPassed", "CompletedOrPassed", "NotApplicable")
_WHOLE = 100
_TIMED = ("terminated", "completed", "passed", "failed", "abandoned")
_SCORED = ("passed", "failed")

VERBS = {
    f"{_ADL}/launched": "launched",
    f"{_ADL}/initialized": "initialized",
    f"{_ADL}/completed": "completed",
    f"{_ADL}/passed": "passed",
    f"{_ADL}/failed": "failed",
    f"{_ADL}/terminated": "terminated",
    f"{_W3ID}/adl/verbs/abandoned": "abandoned",
    f"{_W3ID}/adl/verbs/waived": "waived",
    f"{_W3ID}/adl/verbs/satisfied": "satisfied",
}
"""The verbs of cmi5 and what they are called here."""


@attrs.frozen
class Read:
    """A statement, read without trust in its form: what is missing or of another type is None."""

    statement: Mapping[str, Any] = attrs.field(repr=False)

    def at(self, *keys: str) -> Any:
        """Give what stands at a place."""
        value: Any = self.statement
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def extension(self, name: str) -> Any:
        """Give a cmi5 extension of the context."""
        return self.at("context", "extensions", f"{_CONTEXT}/{name}")

    def activities(self, kind: str) -> list[Any]:
        """Give the ids of context activities."""
        found = self.at("context", "contextActivities", kind)
        listed = found if isinstance(found, list) else [found]
        return [activity.get("id") for activity in listed if isinstance(activity, Mapping)]

    @property
    def verb(self) -> str:
        """The cmi5 name of the verb; empty for all others."""
        verb = self.at("verb", "id")
        return VERBS.get(verb, "") if isinstance(verb, str) else ""

    @property
    def defined(self) -> bool:
        """Whether it says of itself that it is one of those that cmi5 defines (7.1.3)."""
        return _CATEGORY in self.activities("category")

    @property
    def session(self) -> str:
        """The session that it belongs to; empty for none."""
        session = self.extension("sessionid")
        return session if isinstance(session, str) else ""

    @property
    def scaled(self) -> float | None:
        """The scaled score."""
        scaled = self.at("result", "score", "scaled")
        return scaled if is_number(scaled) else None

    @property
    def mastery(self) -> float | None:
        """The score from which one has passed."""
        mastery = self.extension("masteryscore")
        return mastery if is_number(mastery) else None


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether this is a number of JSON."""
    return isinstance(value, int | float) and not isinstance(value, bool)


@attrs.frozen
class Rule:
    """A rule: its section, the place that it is about, what it says, and whether a statement breaks it."""

    section: str
    place: str
    says: str
    broken: Callable[[Read], bool]


def _flag(name: str, expected: dict[str, bool]) -> Callable[[Read], bool]:
    """Tell whether a flag of the result is not as the verb has it: absent where the verb isn't named."""
    return lambda read: read.at("result", name) is not expected.get(read.verb)


def _unscaled(read: Read) -> bool:
    scaled = read.at("result", "score", "scaled")
    return scaled is not None and not (is_number(scaled) and 0 <= scaled <= 1)


def _unbounded(read: Read) -> bool:
    raw, low, high = (read.at("result", "score", name) for name in ("raw", "min", "max"))
    return raw is not None and (low is None or high is None)


def _moves(read: Read) -> bool:
    judged = read.at("result", "success") is not None or read.at("result", "completion") is not None
    return (_MOVE_ON in read.activities("category")) != judged


def _progress(read: Read) -> bool:
    progress = read.at("result", "extensions", f"{_RESULT}/progress")
    return progress is not None and not (is_number(progress) and 0 <= progress <= _WHOLE and progress == int(progress))


def _mastery(read: Read) -> bool:
    mastery = read.extension("masteryscore")
    return mastery is not None and not (is_number(mastery) and 0 <= mastery <= 1)


def _utc(read: Read) -> bool:
    timestamp = read.at("timestamp")
    return not (isinstance(timestamp, str) and timestamp.endswith(("Z", "z", "+00:00", "+0000", "+00")))


def _only(verb: str, broken: Callable[[Read], bool]) -> Callable[[Read], bool]:
    return lambda read: read.verb == verb and broken(read)


RULES = [
    Rule("9.2", "$.actor.account", "must be there", lambda read: not isinstance(read.at("actor", "account"), Mapping)),
    Rule("9.2", "$.actor.objectType", "must be Agent", lambda read: read.at("actor", "objectType") not in (None, "Agent")),
    Rule("9.3", "$.verb.id", "must be a verb of cmi5", lambda read: not read.verb),
    Rule("9.3.9", "$.object.definition.type", "must be block or course where a learner satisfied",
         _only("satisfied", lambda read: read.at("object", "definition", "type") not in _TYPES)),
    Rule("9.4", "$.object", "must be an activity", lambda read: read.at("object", "objectType") not in (None, "Activity")),
    Rule("9.5.1", "$.result.score", "must be absent but where a learner passed or failed",
         lambda read: read.verb not in _SCORED and read.at("result", "score") is not None),
    Rule("9.5.1", "$.result.score.scaled", "must be from 0 to 1", _unscaled),
    Rule("9.5.1", "$.result.score.raw", "must have min and max beside it", _unbounded),
    Rule("9.5.2", "$.result.success", "must be true for passed and waived, false for failed, else absent",
         _flag("success", {"passed": True, "waived": True, "failed": False})),
    Rule("9.5.3", "$.result.completion", "must be true for completed and waived, else absent",
         _flag("completion", {"completed": True, "waived": True})),
    Rule("9.5.4", "$.result.duration", "must be there for terminated, completed, passed, failed and abandoned",
         lambda read: read.verb in _TIMED and read.at("result", "duration") is None),
    Rule("9.5.5.1", "$.result.extensions", "must have progress as a whole number from 0 to 100, if any", _progress),
    Rule("9.5.5.2", "$.result.extensions", "must have the reason why it was waived",
         _only("waived", lambda read: not isinstance(read.at("result", "extensions", f"{_RESULT}/reason"), str))),
    Rule("9.6.1", "$.context.registration", "must be there", lambda read: not isinstance(read.at("context", "registration"), str)),
    Rule("9.6.2.2", "$.context.contextActivities.category", "must have moveon where there is success or completion, and only there", _moves),
    # A learner satisfies a block or a course, which is no unit and may have no publisher.
    Rule("9.6.2.3", "$.context.contextActivities.grouping", "must have the publisher's id of the unit",
         lambda read: read.verb != "satisfied" and not read.activities("grouping")),
    Rule("9.6.3.1", "$.context.extensions", "must have the sessionid", lambda read: not read.session),
    Rule("9.6.3.2", "$.context.extensions", "must have the masteryscore from 0 to 1, if any", _mastery),
    Rule("9.6.3.3", "$.context.extensions", "must have the launchmode Normal, Browse or Review",
         _only("launched", lambda read: read.extension("launchmode") not in _MODES)),
    Rule("9.6.3.4", "$.context.extensions", "must have the launchurl",
         _only("launched", lambda read: not isinstance(read.extension("launchurl"), str))),
    Rule("9.6.3.6", "$.context.extensions", "must have moveon, one of five words",
         _only("launched", lambda read: read.extension("moveon") not in _MOVES)),
    Rule("9.7", "$.timestamp", "must be there, in UTC", _utc),
]  # fmt: skip
"""What cmi5 asks of each statement that it defines."""
