"""Open edX tracking logs, by the mapping that Open edX publishes for its own xAPI events.

https://docs.openedx.org/projects/event-routing-backends. Where that makes no valid statement the nearest valid one is made; events that it leaves
out follow the same patterns, with verbs that Open edX's dashboards do not count. ``docs/reference/edx.md`` lists every event, and every difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from lrs.sources import Outcome, Platform, decoded, each
from lrs.sources.edx import assessments, completion, enrolment, exams, forum, navigation, problems, reading, video
from lrs.sources.edx.event import CLIENTS, Event, Line, decoder
from lrs.sources.edx.rule import Rule, statements

__all__ = ["BROWSER_EVENTS", "EVENTS", "convert"]

EVENTS: dict[str, Rule] = {
    **enrolment.EVENTS,
    **navigation.EVENTS,
    **video.EVENTS,
    **problems.EVENTS,
    **completion.EVENTS,
    **exams.EVENTS,
    **assessments.EVENTS,
    **forum.EVENTS,
    **reading.EVENTS,
}
"""The rule of each kind of event."""

BROWSER_EVENTS: dict[str, Rule] = problems.BROWSER_EVENTS
"""The rules of events that mean something else when a browser sends them."""


def convert(events: Iterable[bytes], platform: Platform) -> Iterator[Outcome]:
    """Convert tracking log events; see :mod:`lrs.sources` for what is promised."""
    return each(events, partial(_convert, platform=platform))


def _convert(line: bytes, platform: Platform) -> Outcome:
    read = decoded(decoder, _event(line))
    rule = _rule(read)
    if rule is None:
        return Outcome(unmapped=read.kind)
    return Outcome(tuple(statements(Event.of(read, platform), rule)))


def _event(line: bytes) -> bytes:
    """Cut what a logger writes before an event: a time, a level, the number and the address of who caused it."""
    return line if line.startswith(b"{") else line[max(line.find(b"{"), 0) :]


def _rule(line: Line) -> Rule | None:
    source = line.event_source or (line.context.event_source if line.context else None)
    kind = line.kind
    return (BROWSER_EVENTS.get(kind) if source in CLIENTS else None) or EVENTS.get(kind)
