"""Other people's events become statements: what every source promises.

A source is a module ``lrs.sources.<name>`` with one function, ``convert(events, platform) -> Iterator[Outcome]``. It is pure: it
opens no file, asks no clock and no network, and remembers nothing from one call to the next. It can be imported alone.

- An event goes in as the bytes that were sent: a line of a log, the body of a webhook. **One outcome comes out for each event, in order**,
  so that whoever reads the events knows the file and the line. A blank event has an empty outcome.
- An event that is not mapped is an outcome that names its kind; one that can't be read is an outcome with an error. Neither touches
  its neighbours, and no event makes ``convert`` raise: see :func:`each`.
- A person is what :attr:`Platform.actor` makes of them, and appears nowhere else. Names, addresses, user agents, referrers and
  what people wrote don't pass; kinds and errors hold no value of an event.
- A statement has the id that :meth:`Platform.statement_id` derives from what makes the event one, so that an event that
  comes twice is stored once. The key keeps an id from confirming who did what when.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any, TypeAlias, TypeVar, cast

import attrs
import msgspec

from lrs.errors import InvalidEvent, InvalidRequest
from lrs.sources.body import BYTE_ORDER_MARK
from lrs.sources.platform import Agent, Person, Platform, account

__all__ = [
    "LONGEST",
    "SOURCES",
    "Agent",
    "Convert",
    "Outcome",
    "Person",
    "Platform",
    "Statement",
    "account",
    "converter",
    "decoded",
    "each",
    "known_kind",
    "needed",
    "together",
]

Statement: TypeAlias = dict[str, Any]
"""A statement as JSON has it: strings, numbers, lists and dictionaries."""

LONGEST = 16 << 20
"""The longest event that is looked at, in bytes."""

SOURCES = {
    "bigbluebutton": "BigBlueButton webhooks",
    "edx": "Open edX tracking logs",
    "jitsi": "Jitsi webhooks (event_sync)",
    "livekit": "LiveKit webhooks",
    "peertube": "views of PeerTube, as a proxy logs them",
    "player": "events of HTML5 and YouTube players",
}
"""The sources there are: name -> what they read."""

_KIND = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}", re.ASCII)

Type = TypeVar("Type")


@attrs.frozen
class Outcome:
    """What became of one event: its statements, or the kind of event for which there is no mapping, or what is wrong with it."""

    statements: tuple[Statement, ...] = attrs.field(default=(), repr=False)
    unmapped: str = ""
    error: InvalidEvent | None = None


Convert: TypeAlias = Callable[[Iterable[bytes], Platform], Iterator[Outcome]]


def converter(name: str) -> Convert:
    """Give the converter of a source. Raises :class:`lrs.errors.InvalidRequest` for one that is not in :data:`SOURCES`."""
    if name not in SOURCES:
        raise InvalidRequest("there is no such source", parameter="source", hint=f"The sources are: {', '.join(SOURCES)}.")
    return cast("Convert", import_module(f"lrs.sources.{name}").convert)


def each(events: Iterable[bytes], convert_one: Callable[[bytes], Outcome]) -> Iterator[Outcome]:
    """Convert events one by one; what ``convert_one`` raises is the outcome of that event alone."""
    for event in events:
        try:
            yield Outcome() if not event or event.isspace() else convert_one(_bounded(event.removeprefix(BYTE_ORDER_MARK)))
        except InvalidEvent as error:
            yield Outcome(error=error)
        except Exception as error:  # noqa: BLE001 -- one event that nobody foresaw must not take its neighbours with it
            yield Outcome(error=InvalidEvent(f"the event has a form that is not known here ({type(error).__name__})"))


def together(outcomes: Iterable[Outcome]) -> Outcome:
    """Make one outcome of those of an event's parts: all statements, the first kind and the first error."""
    found = list(outcomes)
    return Outcome(
        tuple(statement for outcome in found for statement in outcome.statements),
        next((outcome.unmapped for outcome in found if outcome.unmapped), ""),
        next((outcome.error for outcome in found if outcome.error), None),
    )


def known_kind(kind: str) -> str:
    """Give the name of a kind of event back where it is one, and not what somebody wrote."""
    return kind if _KIND.fullmatch(kind) else "(an event without a name)"


def needed(part: Type | None, place: str) -> Type:
    """Give a part of an event back; raises :class:`lrs.errors.InvalidEvent` where it is missing."""
    if part is None:
        raise InvalidEvent("a part of the event is missing", parameter=place)
    return part


def decoded(decoder: msgspec.json.Decoder[Type], event: bytes) -> Type:
    """Decode an event. Raises :class:`lrs.errors.InvalidEvent` where it is not UTF-8, not JSON or of another form."""
    try:
        # What the form leaves out is skipped undecoded, so its encoding is checked here.
        event.isascii() or str(event, "utf-8")
        return decoder.decode(event)
    except UnicodeDecodeError as error:
        raise InvalidEvent(f"the event is not UTF-8 (byte {error.start})") from None
    except msgspec.ValidationError as error:
        raise InvalidEvent("the event has another form than is known here", parameter=_path(error)) from None
    except (msgspec.DecodeError, RecursionError):
        raise InvalidEvent("the event is not JSON, or cut short") from None


def _bounded(event: bytes) -> bytes:
    if len(event) > LONGEST:
        raise InvalidEvent(f"the event is longer than {LONGEST >> 20} MiB")
    return event


def _path(error: msgspec.ValidationError) -> str:
    # "Expected `int`, got `str` - at `$.context.user_id`": the end alone is sure to hold no value.
    return str(error).rpartition(" - at `")[2].rstrip("`") if " - at `$" in str(error) else "$"
