"""Points in time of events: milliseconds since 1970 UTC, told to the minute."""

from __future__ import annotations

from datetime import UTC, datetime

from lrs.errors import InvalidEvent
from lrs.xapi.formats import parse_timestamp

__all__ = ["MINUTE", "SECOND", "lasting", "milliseconds", "minute", "precise", "read"]

SECOND = 1000
MINUTE = 60 * SECOND
_MICROSECONDS = 1000
_OLDEST = 946_684_800_000  # the year 2000: a clock that says less was never set
_LATEST = 253_402_300_799_999  # the last millisecond that can be written


def milliseconds(value: float, place: str, *, unit: int = 1) -> int:
    """Read a number of units of so many milliseconds since 1970; raises :class:`lrs.errors.InvalidEvent` for a clock that is wrong."""
    if not _OLDEST <= value * unit <= _LATEST:
        raise InvalidEvent("the event's clock was not set: it says a year before 2000 or after 9999", parameter=place)
    return int(value * unit)


def read(text: str, place: str) -> int:
    """Read a timestamp of ISO 8601; raises :class:`lrs.errors.InvalidEvent` for what is none and for a clock that is wrong."""
    try:
        microseconds = parse_timestamp(text)
    except ValueError:
        raise InvalidEvent("the event has no time that can be read", parameter=place) from None
    return milliseconds(microseconds // _MICROSECONDS, place)


def minute(moment: int) -> str:
    """Write a point in time to the minute that it lies in: attendance is told no finer."""
    return datetime.fromtimestamp(moment // MINUTE * MINUTE / SECOND, UTC).strftime("%Y-%m-%dT%H:%M:00Z")


def precise(moment: int) -> str:
    """Write a point in time to the millisecond."""
    return datetime.fromtimestamp(moment / SECOND, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def lasting(start: int, end: int) -> str:
    """Write how long something lasted, in whole minutes of the clock; nothing lasts less than none."""
    return f"PT{max(end // MINUTE - start // MINUTE, 0)}M"
