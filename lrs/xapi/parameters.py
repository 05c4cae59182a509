"""The parameters of a request, whichever resource it asks: each one known, once, and of its form.

Values are checked to the same standard as the same values in statements (xAPI 1.0.3 Data 2.2; Communication 3.2). A refusal names the
parameter and never its value.
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

_NAME = re.compile(r"[A-Za-z_]{1,40}")
Reader = Callable[[str], Any]
"""Text of a parameter -> what it means; raises :class:`Unfit`."""


class Unfit(Exception):
    """A value breaks a rule, which the message states and :func:`read` joins with the parameter's name."""


def read(parameters: Iterable[tuple[str, str]], known: Mapping[str, Reader], section: str) -> dict[str, Any]:
    """Parameters of a request, in order -> their meanings; raises :class:`lrs.errors.InvalidRequest`, which names the parameter and no value."""
    found: dict[str, Any] = {}
    for name, text in parameters:
        if name not in known:
            raise unknown("parameter", name, known, section)
        if name in found:
            raise refusal(name, "must not stand twice", section)
        try:
            found[name] = known[name](text)
        except Unfit as error:
            raise refusal(name, str(error), section) from None
    return found


def refusal(parameter: str, rule: str, section: str) -> InvalidRequest:
    """Say which rule a parameter breaks."""
    return InvalidRequest(f"the parameter {parameter} {rule}", parameter=parameter, section=section)


def unknown(what: str, name: str, known: Iterable[str], section: str) -> InvalidRequest:
    """Refuse a name; it is repeated only where it looks like one, since a sender may have put anything there."""
    shown = f" {name}" if _NAME.fullmatch(name) else ""
    right = next((each for each in known if each.lower() == name.lower()), None)
    hint = f"It is written {right}." if right else f"Known are: {', '.join(known)}."
    return InvalidRequest(f"the {what}{shown} is unknown", parameter=shown.strip(), section=section, hint=hint)


def actor(text: str) -> Person:
    """Read the JSON of an Agent or identified Group."""
    try:
        raw = text.encode()
        person = check_identified(raw)
        refuse_duplicates(raw, "$")
    except UnicodeEncodeError:
        raise Unfit("must be text") from None
    except (InvalidStatement, Refusal) as error:
        raise Unfit(f"must be the JSON of an Agent or identified Group: {error.path} {error.rule}") from None
    return person


def agent(text: str) -> Person:
    """Read the JSON of an Agent."""
    person = actor(text)
    if person.is_group:
        raise Unfit("must be the JSON of an Agent, not of a Group")
    return person


def iri(text: str) -> str:
    """Read an IRI."""
    if not is_iri(text):
        raise Unfit("must be an IRI with a scheme")
    return text


def uuid(text: str) -> UUID:
    """Read a UUID."""
    try:
        return parse_uuid(text)
    except ValueError:
        raise Unfit("must be a UUID in its standard form") from None


def timestamp(text: str) -> int:
    """Read a point in time -> microseconds since 1970 UTC."""
    try:
        return parse_timestamp(text)
    except ValueError:
        raise Unfit("must be a timestamp") from None


def spelled(value: object) -> str:
    """Write Python's spelling of a parameter as the text that a request has for it; raises :class:`Unfit`.

    Dicts become JSON, datetimes with a time zone timestamps, UUIDs and numbers their usual text.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        try:
            return msgspec.json.encode(value).decode()
        except (TypeError, ValueError):
            raise Unfit("holds something that JSON has no word for") from None
    if isinstance(value, datetime):
        return _in_utc(value)
    if isinstance(value, str | int | UUID):
        return str(value)
    raise Unfit("has a type that it can't have")


def _in_utc(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise Unfit("must be a datetime with a time zone")
    try:
        return moment.astimezone(UTC).isoformat()
    except OverflowError:
        raise Unfit("must be a datetime that exists in UTC") from None
