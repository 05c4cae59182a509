"""What a reader asks for: the parameters of the statements resource (xAPI 1.0.3 Communication 2.1.3).

Values are checked to the same standard as the same values in statements (Data 2.2). A refusal names the parameter and never its value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from lrs.errors import InvalidRequest, InvalidStatement
from lrs.xapi.fields import Refusal, refuse_duplicates
from lrs.xapi.formats import is_iri, parse_timestamp, parse_uuid
from lrs.xapi.model import Person
from lrs.xapi.rules import check_identified

_SECTION = "xAPI 1.0.3 Communication 2.1.3"
_BOOLEANS = {"true": True, "false": False, "True": True, "False": False}
_FORMATS = ("exact", "ids", "canonical")
_IDS = frozenset({"statementId", "voidedStatementId"})
_BESIDE_AN_ID = _IDS | {"format", "attachments"}
_DIGITS_OF_LIMIT = 9
_LARGEST_LIMIT = 10**_DIGITS_OF_LIMIT - 1
_NAME = re.compile(r"[A-Za-z_]{1,40}")


class StatementQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A checked query. ``since`` and ``until`` are microseconds since 1970 UTC; ``limit`` 0 asks for as many as the server gives."""

    agent: Person | None = None
    verb: str | None = None
    activity: str | None = None
    registration: UUID | None = None
    related_agents: bool = False
    related_activities: bool = False
    since: int | None = None
    until: int | None = None
    limit: int = 0
    ascending: bool = False
    format: str = "exact"
    attachments: bool = False
    statement_id: UUID | None = None
    voided_statement_id: UUID | None = None

    def __repr__(self) -> str:
        return "StatementQuery(...)"


def _refuse(parameter: str, rule: str) -> InvalidRequest:
    return InvalidRequest(f"the parameter {parameter} {rule}", parameter=parameter, section=_SECTION)


def _agent(parameter: str, text: str) -> Person:
    try:
        raw = text.encode()
        person = check_identified(raw)
        refuse_duplicates(raw, "$")
    except UnicodeEncodeError:
        raise _refuse(parameter, "must be text") from None
    except (InvalidStatement, Refusal) as error:
        raise _refuse(parameter, f"must be the JSON of an Agent or identified Group: {error.path} {error.rule}") from None
    return person


def _iri(parameter: str, text: str) -> str:
    if not is_iri(text):
        raise _refuse(parameter, "must be an IRI with a scheme")
    return text


def _uuid(parameter: str, text: str) -> UUID:
    try:
        return parse_uuid(text)
    except ValueError:
        raise _refuse(parameter, "must be a UUID in its standard form") from None


def _timestamp(parameter: str, text: str) -> int:
    try:
        return parse_timestamp(text)
    except ValueError:
        raise _refuse(parameter, "must be a timestamp") from None


def _boolean(parameter: str, text: str) -> bool:
    if text not in _BOOLEANS:
        raise _refuse(parameter, "must be true or false")
    return _BOOLEANS[text]


def _number(parameter: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise _refuse(parameter, "must be a whole number, 0 or more")
    digits = text.lstrip("0")
    # More than anybody has: the store's own maximum comes first anyway.
    return int(digits or 0) if len(digits) <= _DIGITS_OF_LIMIT else _LARGEST_LIMIT


def _format(parameter: str, text: str) -> str:
    if text not in _FORMATS:
        raise _refuse(parameter, f"must be one of {', '.join(_FORMATS)}")
    return text


_PARAMETERS: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "agent": ("agent", _agent),
    "verb": ("verb", _iri),
    "activity": ("activity", _iri),
    "registration": ("registration", _uuid),
    "related_agents": ("related_agents", _boolean),
    "related_activities": ("related_activities", _boolean),
    "since": ("since", _timestamp),
    "until": ("until", _timestamp),
    "limit": ("limit", _number),
    "ascending": ("ascending", _boolean),
    "format": ("format", _format),
    "attachments": ("attachments", _boolean),
    "statementId": ("statement_id", _uuid),
    "voidedStatementId": ("voided_statement_id", _uuid),
}
_ARGUMENTS = {field: parameter for parameter, (field, _) in _PARAMETERS.items()}


def parse(parameters: Iterable[tuple[str, str]]) -> StatementQuery:
    """Parameters of a request, in order -> query; raises :class:`lrs.errors.InvalidRequest`, which names the parameter and no value."""
    found: dict[str, Any] = {}
    names = set()
    for name, text in parameters:
        if name not in _PARAMETERS:
            raise _unknown("parameter", name, _PARAMETERS)
        if name in names:
            raise _refuse(name, "must not stand twice")
        names.add(name)
        field, read = _PARAMETERS[name]
        found[field] = read(name, text)
    if names >= _IDS:
        raise _refuse("voidedStatementId", "must not stand beside statementId")
    if names & _IDS and names - _BESIDE_AN_ID:
        raise _refuse(min(names - _BESIDE_AN_ID), "must not stand beside statementId or voidedStatementId")
    return StatementQuery(**found)


def from_arguments(**arguments: Any) -> StatementQuery:
    """Python's spelling of the same parameters -> query. None means: not given.

    ``agent`` is a dict or its JSON, ``since`` and ``until`` are texts or datetimes with a time zone, ids are texts or UUIDs. Raises
    :class:`lrs.errors.InvalidRequest`.
    """
    for name in arguments:
        if name not in _ARGUMENTS:
            raise _unknown("filter", name, _ARGUMENTS)
    given = {name: value for name, value in arguments.items() if value is not None}
    return parse((_ARGUMENTS[name], _spelled(_ARGUMENTS[name], value)) for name, value in given.items())


def _spelled(parameter: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        try:
            return msgspec.json.encode(value).decode()
        except (TypeError, ValueError):
            raise _refuse(parameter, "holds something that JSON has no word for") from None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise _refuse(parameter, "must be a datetime with a time zone")
        return _in_utc(parameter, value)
    if isinstance(value, str | int | UUID):
        return str(value)
    raise _refuse(parameter, "has a type that it can't have")


def _in_utc(parameter: str, moment: datetime) -> str:
    try:
        return moment.astimezone(UTC).isoformat()
    except OverflowError:
        raise _refuse(parameter, "must be a datetime that exists in UTC") from None


def _unknown(what: str, name: str, known: Iterable[str]) -> InvalidRequest:
    """Refuse a name; it is repeated only where it looks like one, since a sender may have put anything there."""
    shown = f" {name}" if _NAME.fullmatch(name) else ""
    right = next((each for each in known if each.lower() == name.lower()), None)
    hint = f"It is written {right}." if right else f"Known are: {', '.join(known)}."
    return InvalidRequest(f"the {what}{shown} is unknown", parameter=shown.strip(), section=_SECTION, hint=hint)
