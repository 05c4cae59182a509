"""How an event becomes a statement: a verb, an activity, and what else the event says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

import attrs
import msgspec

from lrs.sources import Statement
from lrs.sources.edx.event import Event, iri
from lrs.sources.edx.vocabulary import COURSE, SESSION, TRANSFORMER, Verb

__all__ = ["Part", "Rule", "activity", "block", "course", "module", "named", "nothing", "parent", "present", "statements"]

Part: TypeAlias = dict[str, Any]

_encode = msgspec.json.Encoder(order="sorted").encode
VERSION = "1.0.3"
CONVERTER = "lrs@1"
"""What the extension for the transformer's version says: another number when the statements of an event change."""


def nothing(_event: Event) -> Part:
    """Say nothing more."""
    return {}


def alone(_event: Event, _statement: Statement) -> Iterable[Statement]:
    """Add no statement."""
    return ()


@attrs.frozen
class Rule:
    """The statement of one kind of event.

    ``thing`` gives the activity's id; its docstring shows the form of it. ``definition``, ``result`` and ``extensions`` (of the context) are
    what the statement says beyond verb and activity; ``grouping`` are further activities, ``others`` further statements.
    ``parent``: whether the course is the parent. ``published``: whether Open edX publishes this mapping, or it is ours.
    """

    verb: Verb
    kind: str
    thing: Callable[[Event], str]
    definition: Callable[[Event], Part] = nothing
    result: Callable[[Event], Part] = nothing
    extensions: Callable[[Event], Part] = nothing
    grouping: Callable[[Event], Part] = nothing
    others: Callable[[Event, Statement], Iterable[Statement]] = alone
    parent: bool = True
    published: bool = False


def statements(event: Event, rule: Rule) -> Iterator[Statement]:
    """Make the statements of an event."""
    thing, result = iri(rule.thing(event), "event"), rule.result(event)
    statement: Statement = {
        # Without titles, which may be known tomorrow, and without what no rule reads, which another version may write otherwise.
        "id": event.identity(thing, _encode(result).decode()),
        "actor": event.platform.actor(event.person),
        "verb": rule.verb,
        "object": activity(thing, rule.kind, rule.definition(event)),
        "context": _context(event, rule),
        "timestamp": event.time,
        "version": VERSION,
    }
    if result:
        statement["result"] = result
    yield statement
    yield from rule.others(event, statement)


def activity(identifier: str, kind: str, definition: Part) -> Part:
    """Make an activity."""
    return {"objectType": "Activity", "id": identifier, "definition": {"type": kind, **definition}}


def _context(event: Event, rule: Rule) -> Part:
    context: Part = {"extensions": present({TRANSFORMER: CONVERTER, SESSION: event.session}) | rule.extensions(event)}
    activities = rule.grouping(event)
    if rule.parent and event.course:
        activities = {"parent": [parent(event)], **activities}
    if activities:
        context["contextActivities"] = activities
    return context


def parent(event: Event) -> Part:
    """Make the activity of the course that the event happened in, with its title where one is known."""
    return activity(iri(course(event), "context.course_id"), COURSE, named(event.platform.names.get(event.course_key()), "en-US"))


def named(name: str | None, language: str) -> Part:
    """Give a name, if there is one."""
    return {"name": {language: name}} if name else {}


def present(parts: Part) -> Part:
    """Leave out what is not known."""
    return {key: value for key, value in parts.items() if value is not None}


def course(event: Event) -> str:
    """Name the course: `HOME/course/COURSE`."""
    return f"{event.platform.home}/course/{event.course_key()}"


def block(*keys: str) -> Callable[[Event], str]:
    """Name a block by its usage key in the event."""

    def thing(event: Event) -> str:
        return f"{event.platform.home}/xblock/{event.needed(*keys)}"

    thing.__doc__ = f"Name a block: `HOME/xblock/{keys[0].upper()}`."
    return thing


def module(event: Event) -> str:
    """Name the block that handled the request: `HOME/xblock/USAGE_KEY`."""
    return f"{event.platform.home}/xblock/{event.module()}"
