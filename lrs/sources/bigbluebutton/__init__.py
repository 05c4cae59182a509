"""BigBlueButton, by the virtual classroom profile: the webhooks of bbb-webhooks, and what its own xAPI says.

An event is the body of a webhook as it was sent, the JSON array in it, one event, or a statement. ``docs/how-to/sources/bigbluebutton.md``
says what becomes of each kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from lrs.sources import Outcome, Platform, decoded, each, known_kind, together
from lrs.sources.attendance import Attendance
from lrs.sources.bigbluebutton.event import event, inside, named
from lrs.sources.bigbluebutton.meeting import EVENTS
from lrs.sources.bigbluebutton.spoken import convert_statement, is_statement
from lrs.sources.bigbluebutton.told import Told

__all__ = ["EVENTS", "convert"]


def convert(events: Iterable[bytes], platform: Platform, attendance: Attendance | None = None) -> Iterator[Outcome]:
    """Convert webhooks; see :mod:`lrs.sources` for what is promised.

    Who is still there when a meeting ends is told from the events of this call, or of all calls that are given the same ``attendance``.
    """
    return each(events, partial(_convert, platform=platform, attendance=attendance or Attendance()))


def _convert(body: bytes, platform: Platform, attendance: Attendance) -> Outcome:
    return together(each(inside(body), partial(_convert_one, platform=platform, attendance=attendance)))


def _convert_one(line: bytes, platform: Platform, attendance: Attendance) -> Outcome:
    if is_statement(line):
        return convert_statement(line, platform, attendance)
    kind = decoded(named, line).data.id
    say = EVENTS.get(kind)
    if say is None:
        return Outcome(unmapped=known_kind(kind))
    told = Told.of(decoded(event, line).data, platform, attendance)
    statements = tuple(say(told))
    return Outcome(statements) if statements else Outcome(unmapped=kind)
