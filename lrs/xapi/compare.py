"""Are two statements the same? (xAPI 1.0.3 Data 2.3.1)

What the store assigns is ignored, and what the specification does not count as part of a statement: verb displays, activity definitions, how
a time is written, the order of group members, letter case where it has no meaning. Everything else counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from lrs.xapi.formats import parse_timestamp

_ASSIGNED = frozenset({"id", "authority", "stored", "version"})
_HUNDREDTHS = re.compile(r"[.,]([0-9]{0,2})[0-9]*S$")


def same(first: bytes, second: bytes) -> bool:
    """Tell whether the JSON of two checked statements says the same; what either lacks because the store assigns it is no difference."""
    one, two = json.loads(first), json.loads(second)
    for name in _ASSIGNED:
        one.pop(name, None)
        two.pop(name, None)
    if "timestamp" not in one or "timestamp" not in two:
        one.pop("timestamp", None)
        two.pop("timestamp", None)
    return _statement(one) == _statement(two)


def _statement(found: dict[str, Any]) -> Any:
    return _mapped(found, _STATEMENT)


def _mapped(found: dict[str, Any], rules: dict[str, Callable[[Any], Any]]) -> dict[str, Any]:
    return {key: rules.get(key, _plain)(value) for key, value in found.items()}


def _plain(value: Any) -> Any:
    """Make values comparable by what they say: 1 is 1.0, but true is not 1, and the order of properties is nothing."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _actor(found: dict[str, Any]) -> Any:
    return _mapped(found, {"mbox": _mailbox, "mbox_sha1sum": str.lower, "member": _members})


def _mailbox(mbox: str) -> str:
    local, _, domain = mbox.rpartition("@")
    return f"{local}@{domain.lower()}"


def _members(members: list[dict[str, Any]]) -> list[Any]:
    return sorted((_actor(member) for member in members), key=lambda member: json.dumps(member, sort_keys=True))


def _verb(found: dict[str, Any]) -> Any:
    return found["id"]


def _activity(found: dict[str, Any]) -> Any:
    return {key: value for key, value in found.items() if key != "definition"}


def _object(found: dict[str, Any]) -> Any:
    kind = found.get("objectType", "Activity")
    if kind in ("Agent", "Group"):
        return _actor(found)
    if kind == "StatementRef":
        return _reference(found)
    return _statement(found) if kind == "SubStatement" else _activity(found)


def _reference(found: dict[str, Any]) -> Any:
    return {**found, "id": found["id"].lower()}


def _result(found: dict[str, Any]) -> Any:
    return _mapped(found, {"duration": _duration})


def _duration(text: str) -> str:
    # What is finer than 0.01 seconds does not count (xAPI 1.0.3 Data 4.6).
    return _HUNDREDTHS.sub(lambda found: f".{digits}S" if (digits := found[1].rstrip("0")) else "S", text)


def _context(found: dict[str, Any]) -> Any:
    return _mapped(found, _CONTEXT)


def _context_activities(found: dict[str, Any]) -> Any:
    return {key: [_activity(item) for item in (value if isinstance(value, list) else [value])] for key, value in found.items()}


def _context_people(name: str) -> Callable[[list[dict[str, Any]]], Any]:
    return lambda found: [{**_plain(item), name: _actor(item[name])} for item in found]


_CONTEXT: dict[str, Callable[[Any], Any]] = {
    "registration": str.lower,
    "instructor": _actor,
    "team": _actor,
    "contextActivities": _context_activities,
    "contextAgents": _context_people("agent"),
    "contextGroups": _context_people("group"),
    "statement": _reference,
}
_STATEMENT: dict[str, Callable[[Any], Any]] = {
    "actor": _actor,
    "verb": _verb,
    "object": _object,
    "result": _result,
    "context": _context,
    "timestamp": parse_timestamp,
}
