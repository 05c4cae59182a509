"""Open edX tracking logs, by the mapping that Open edX publishes for its own xAPI events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import msgspec

from lrs.sources import Outcome, Person, Platform, Statement, decoded, each

__all__ = ["convert"]


class _Context(msgspec.Struct, gc=False):
    course_id: str = ""
    user_id: int | str | None = None


class _Event(msgspec.Struct, gc=False):
    name: str
    time: str
    context: _Context
    username: str = ""


_decoder = msgspec.json.Decoder(_Event)
_VERBS = {"edx.course.enrollment.activated": "http://adlnet.gov/expapi/verbs/registered"}


def convert(events: Iterable[bytes], platform: Platform) -> Iterator[Outcome]:
    """Convert tracking log events; see :mod:`lrs.sources` for what is promised."""
    return each(events, partial(_convert, platform=platform))


def _convert(line: bytes, platform: Platform) -> Outcome:
    event = decoded(_decoder, line)
    if event.name not in _VERBS:
        return Outcome(unmapped=event.name)
    return Outcome((_statement(event, line, platform),))


def _statement(event: _Event, line: bytes, platform: Platform) -> Statement:
    user = event.context.user_id
    thing: dict[str, Any] = {"id": f"{platform.home}/course/{event.context.course_id}"}
    return {
        "id": platform.statement_id(line),
        "actor": platform.actor(Person("" if user is None else str(user), event.username)),
        "verb": {"id": _VERBS[event.name]},
        "object": thing,
        "timestamp": event.time,
    }
