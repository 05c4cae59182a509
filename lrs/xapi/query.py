"""What a reader asks for: the parameters of the statements resource (xAPI 1.0.3 Communication 2.1.3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from lrs.errors import InvalidRequest
from lrs.xapi import parameters
from lrs.xapi.model import Person
from lrs.xapi.parameters import Reader, Unfit, refusal

_SECTION = "xAPI 1.0.3 Communication 2.1.3"
_BOOLEANS = {"true": True, "false": False, "True": True, "False": False}
_FORMATS = ("exact", "ids", "canonical")
_IDS = frozenset({"statementId", "voidedStatementId"})
_BESIDE_AN_ID = _IDS | {"format", "attachments"}
_DIGITS_OF_LIMIT = 9
_LARGEST_LIMIT = 10**_DIGITS_OF_LIMIT - 1


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


def _boolean(text: str) -> bool:
    if text not in _BOOLEANS:
        raise Unfit("must be true or false")
    return _BOOLEANS[text]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Unfit("must be a whole number, 0 or more")
    digits = text.lstrip("0")
    # More than anybody has: the store's own maximum comes first anyway.
    return int(digits or 0) if len(digits) <= _DIGITS_OF_LIMIT else _LARGEST_LIMIT


def _format(text: str) -> str:
    if text not in _FORMATS:
        raise Unfit(f"must be one of {', '.join(_FORMATS)}")
    return text


_PARAMETERS: dict[str, tuple[str, Reader]] = {
    "agent": ("agent", parameters.actor),
    "verb": ("verb", parameters.iri),
    "activity": ("activity", parameters.iri),
    "registration": ("registration", parameters.uuid),
    "related_agents": ("related_agents", _boolean),
    "related_activities": ("related_activities", _boolean),
    "since": ("since", parameters.timestamp),
    "until": ("until", parameters.timestamp),
    "limit": ("limit", _number),
    "ascending": ("ascending", _boolean),
    "format": ("format", _format),
    "attachments": ("attachments", _boolean),
    "statementId": ("statement_id", parameters.uuid),
    "voidedStatementId": ("voided_statement_id", parameters.uuid),
}
_READERS = {parameter: reader for parameter, (_, reader) in _PARAMETERS.items()}
_ARGUMENTS = {field: parameter for parameter, (field, _) in _PARAMETERS.items()}


def parse(pairs: Iterable[tuple[str, str]]) -> StatementQuery:
    """Parameters of a request, in order -> query; raises :class:`lrs.errors.InvalidRequest`, which names the parameter and no value."""
    found = parameters.read(pairs, _READERS, _SECTION)
    names = found.keys()
    if names >= _IDS:
        raise refusal("voidedStatementId", "must not stand beside statementId", _SECTION)
    if names & _IDS and names - _BESIDE_AN_ID:
        raise refusal(min(names - _BESIDE_AN_ID), "must not stand beside statementId or voidedStatementId", _SECTION)
    return StatementQuery(**{_PARAMETERS[name][0]: value for name, value in found.items()})


def from_arguments(**arguments: Any) -> StatementQuery:
    """Python's spelling of the same parameters -> query. None means: not given.

    ``agent`` is a dict or its JSON, ``since`` and ``until`` are texts or datetimes with a time zone, ids are texts or UUIDs. Raises
    :class:`lrs.errors.InvalidRequest`.
    """
    for name in arguments:
        if name not in _ARGUMENTS:
            raise parameters.unknown("filter", name, _ARGUMENTS, _SECTION)
    given = {_ARGUMENTS[name]: value for name, value in arguments.items() if value is not None}
    return parse((parameter, _spelled(parameter, value)) for parameter, value in given.items())


def person_of(agent: object) -> Person:
    """Check an agent, a dict or its JSON, that has to be given; raises :class:`lrs.errors.InvalidRequest`."""
    person = from_arguments(agent=agent).agent
    if person is None:
        raise InvalidRequest("an agent is needed", parameter="agent")
    return person


def _spelled(parameter: str, value: object) -> str:
    try:
        return parameters.spelled(value)
    except Unfit as error:
        raise refusal(parameter, str(error), _SECTION) from None
