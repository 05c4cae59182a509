"""Whether two statements are the same (xAPI 1.0.3 Data 2.3.1).

What a record store may assign or write differently is ignored: verb displays, activity definitions, how a time is written, the order of a
group's members, letter case where it has no meaning, a single context activity in place of a list of one. Everything else counts. Metadata
of attachments is part of the statement, their content is not. Numbers are compared by value, exactly: 1 is 1.0, and 0.1 is not
0.1000000000000000001.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from lrs.xapi.formats import parse_timestamp
from lrs.xapi.versions import V1, V2

_STORES_OWN = ("stored", "authority", "version")
_IF_MISSING = ("id", "timestamp")
_NEVER_COMPARED = {V1: (), V2: ("timestamp", "attachments")}
"""What is no part of a statement's identity, though its sender sets it: IEEE 9274.1.1 4.2 lists them."""
_HUNDREDTHS = re.compile(r"[.,]([0-9]{0,2})[0-9]*S$")

Rules = Mapping[str, Callable[[Any], Any]]
"""Property -> what of its value is compared."""


def same(first: bytes, second: bytes, *, version: str = V1) -> bool:
    """Tell whether the JSON of two checked statements says the same, by the rules of a version.

    What a store always assigns is ignored, and what it assigns to a statement that lacks it where one of the two lacks it.
    """
    one, two = _read(first), _read(second)
    for name in (*_STORES_OWN, *_NEVER_COMPARED[version]):
        one.pop(name, None)
        two.pop(name, None)
    for name in _IF_MISSING:
        if name not in one or name not in two:
            one.pop(name, None)
            two.pop(name, None)
    return bool(_statement(one) == _statement(two))


def _read(raw: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(raw, parse_int=_number, parse_float=_number)
    return found


def _number(text: str) -> Decimal | tuple[str, str]:
    try:
        return Decimal(text)
    except InvalidOperation:
        # An exponent beyond what can be computed with: such a number is only equal to its own spelling.
        return ("number", text)


def _plain(value: Any) -> Any:
    """Give a value in a form that is equal where the JSON says the same: the order of properties is nothing, true is not 1."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _by(rules: Rules) -> Callable[[dict[str, Any]], Any]:
    return lambda found: {key: rules.get(key, _plain)(value) for key, value in found.items()}


def _each(rule: Callable[[Any], Any]) -> Callable[[list[Any]], Any]:
    return lambda found: [rule(item) for item in found]


def _lower(text: str) -> str:
    return text.lower()


def _mailbox(mbox: str) -> str:
    local, _, domain = mbox.rpartition("@")
    return f"{local}@{domain.lower()}"


def _unordered(members: list[dict[str, Any]]) -> Any:
    return sorted((_actor(member) for member in members), key=lambda member: json.dumps(member, sort_keys=True))


def _verb(found: dict[str, Any]) -> Any:
    return found["id"]


def _activity(found: dict[str, Any]) -> Any:
    return {key: value for key, value in found.items() if key != "definition"}


def _object(found: dict[str, Any]) -> Any:
    rule = _OBJECTS[found.get("objectType", "Activity")]
    return rule(found)


def _duration(text: str) -> str:
    # A duration is a string (Data 2.3.1) of which what is finer than 0.01 seconds does not count (Data 4.6).
    return _HUNDREDTHS.sub(lambda found: f".{digits}S" if (digits := found[1].rstrip("0")) else "S", text)


def _listed(value: Any) -> Any:
    return [_activity(item) for item in (value if isinstance(value, list) else [value])]


def _language_map(found: dict[str, str]) -> Any:
    return {tag.lower(): text for tag, text in found.items()}


_actor = _by({"mbox": _mailbox, "mbox_sha1sum": _lower, "member": _unordered})
_reference = _by({"id": _lower})
_context = _by(
    {
        "registration": _lower,
        "instructor": _actor,
        "team": _actor,
        "contextActivities": _by(dict.fromkeys(("parent", "grouping", "category", "other"), _listed)),
        "contextAgents": _each(_by({"agent": _actor})),
        "contextGroups": _each(_by({"group": _actor})),
        "language": _lower,
        "statement": _reference,
    }
)
_statement = _by(
    {
        "id": _lower,
        "actor": _actor,
        "verb": _verb,
        "object": _object,
        "result": _by({"duration": _duration}),
        "context": _context,
        "timestamp": parse_timestamp,
        "attachments": _each(_by({"sha2": _lower, "display": _language_map, "description": _language_map})),
    }
)
_OBJECTS: Mapping[str, Callable[[Any], Any]] = {
    "Agent": _actor,
    "Group": _actor,
    "StatementRef": _reference,
    "SubStatement": _statement,
    "Activity": _activity,
}
