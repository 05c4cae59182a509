"""An event of a tracking log, however it was written.

A line of a log has ``time`` and ``event``, the events inside Open edX ``timestamp`` and ``data``; ``event`` may itself be JSON in a string; what
names the session and the page stands outside or inside ``context``. Names, addresses and agents of people are never read.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias, cast
from urllib.parse import urljoin, urlsplit

import attrs
import msgspec

from lrs.errors import InvalidEvent
from lrs.sources import Person, Platform
from lrs.xapi.formats import is_iri, parse_timestamp

__all__ = ["CLIENTS", "Event", "Line", "decoder", "iri"]

Data: TypeAlias = dict[str, Any]

CLIENTS = ("browser", "mobile")
"""Sources of events that are in the hands of the learner."""

_ABSENT = msgspec.Raw()
_OLDEST = 946_684_800_000_000  # the year 2000: a clock that says less was never set
_MOST = 1e15
_SESSION = re.compile(r"[0-9a-f]{32,64}", re.ASCII)
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}", re.ASCII)
_ZONES = frozenset("Zz+-")
_AFTER_DATE = len("2026-01-01")
_BLOCK_PREFIXES = {"course-v1": "block-v1", "ccx-v1": "ccx-block-v1", "library-v1": "lib-block-v1"}

_decode = msgspec.json.Decoder().decode


class Module(msgspec.Struct, gc=False):
    """The block that handled a request."""

    display_name: str | None = None
    usage_key: str | None = None


class Context(msgspec.Struct, gc=False):
    """Where an event happened and who caused it."""

    course_id: str | None = None
    event_source: str | None = None
    module: Module | None = None
    page: str | None = None
    path: str | None = None
    referer: str | None = None
    session: str | None = None
    user_id: int | str | None = None
    username: str | None = None


class Line(msgspec.Struct, gc=False):
    """A line of a log as it came; what is inside the event stays undecoded until somebody wants it."""

    name: str | None = None
    event_type: str | None = None
    event_source: str | None = None
    time: str | None = None
    timestamp: str | None = None
    context: Context | None = None
    event: msgspec.Raw = _ABSENT
    data: msgspec.Raw = _ABSENT
    page: str | None = None
    referer: str | None = None
    session: str | None = None
    user_id: int | str | None = None
    username: str | None = None

    @property
    def kind(self) -> str:
        """The name of the event; a description in brackets for what has none."""
        name = self.name or self.event_type or ""
        if _KIND.fullmatch(name):
            return name
        # The path of a request may name a person, and so may what nobody foresaw.
        return "(a page request)" if name.startswith("/") else "(an event without a name)"


decoder = msgspec.json.Decoder(Line)


@attrs.frozen
class Event:
    """An event that has a rule: what it says, and where it happened."""

    platform: Platform
    kind: str
    source: str
    time: str
    data: Data = attrs.field(repr=False)
    text: str = attrs.field(repr=False)
    person: Person
    context: Context = attrs.field(repr=False)

    @classmethod
    def of(cls, line: Line, platform: Platform) -> Event:
        """Read a line. Raises :class:`lrs.errors.InvalidEvent` with the place that can't be read."""
        context = _context(line)
        data, text = _contents(line)
        source = context.event_source or ""
        return cls(platform, line.kind, source, _time(line), data, text, _person(context, data, source), context)

    @property
    def course(self) -> str | None:
        """The key of the course, if it happened in one."""
        return self.context.course_id or None

    @property
    def session(self) -> str | None:
        """The hashed session."""
        session = self.context.session or ""
        return session if _SESSION.fullmatch(session) else None

    def identity(self, *parts: str) -> str:
        """Derive the id of a statement from what makes the event one: what it is, when, whose, and the parts that its rule finds in it."""
        whole = (self.kind, self.source, self.time, self.person.id, self.person.username, *parts)
        return self.platform.statement_id(*(part.encode() for part in whole))

    def needed(self, *keys: str) -> str:
        """Give the first of some values that is there, as text."""
        for key in keys:
            if (value := self.data.get(key)) not in (None, ""):
                return _text(value, key)
        raise InvalidEvent("a part of the event is missing", parameter=f"event.{keys[0]}")

    def number(self, *keys: str) -> float | None:
        """Give the first of some values that is there, as a number."""
        for key in keys:
            value = self.data.get(key)
            if isinstance(value, str) and value:
                value = _number(value, key)
            if isinstance(value, int | float) and not isinstance(value, bool):
                return _within(value, key)
        return None

    def words(self, key: str) -> str | None:
        """Give a text, if there is one."""
        value = self.data.get(key)
        return value if isinstance(value, str) and value else None

    def course_key(self) -> str:
        """Give the key of the course that the event needs."""
        course = self.course or self.words("course_id") or self.words("courserun_key")
        if course is None:
            raise InvalidEvent("the event names no course", parameter="context.course_id")
        return course

    def block(self, kind: str, identifier: str) -> str:
        """Make the usage key of a block of which only the last part is known."""
        prefix, colon, run = self.course_key().partition(":")
        if not colon or ":" in identifier:
            return identifier
        return f"{_BLOCK_PREFIXES.get(prefix, 'block-v1')}:{run}+type@{kind}+block@{identifier}"

    def module(self) -> str:
        """Give the usage key of the block that handled the request."""
        key = self.context.module.usage_key if self.context.module else None
        if not key:
            raise InvalidEvent("a part of the event is missing", parameter="context.module.usage_key")
        return key

    def address(self, text: str, place: str) -> str:
        """Give a web address without query, fragment and login name; one without a host is the platform's."""
        try:
            parts = urlsplit(urljoin(self.context.page or self.platform.home, text))
        except ValueError:
            raise InvalidEvent("the address can't be read", parameter=place) from None
        if parts.scheme not in ("http", "https"):
            raise InvalidEvent("the address is not one of the web", parameter=place)
        name = self.person.username
        path = "/".join("~" if name and segment == name else segment for segment in parts.path.split("/"))
        return iri(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}", place)


def iri(text: str, place: str) -> str:
    """Give an IRI back; raises :class:`lrs.errors.InvalidEvent` where it is none."""
    if not is_iri(text):
        raise InvalidEvent("a part of the event makes no IRI", parameter=place)
    return text


def _context(line: Line) -> Context:
    """Gather what may stand inside or outside the context."""
    context = line.context or Context()
    context.event_source = line.event_source or context.event_source
    context.page = line.page or context.page
    context.referer = line.referer or context.referer
    context.session = line.session or context.session
    context.username = line.username or context.username
    if context.user_id in (None, ""):
        context.user_id = line.user_id
    return context


def _contents(line: Line) -> tuple[Data, str]:
    """Decode what the event says -> (an object, a text): one of the two is empty."""
    value = _value(line.data)
    if value is None:
        value = _value(line.event)
    if isinstance(value, str):
        value = _inside(value)
    if isinstance(value, list):  # problem_graded: what was sent, and a page
        value = value[0] if value else None
    if isinstance(value, str):
        return {}, value
    if value is not None and not isinstance(value, dict):
        raise InvalidEvent("what the event says has a form that is not known here", parameter="event")
    return cast("Data", value or {}), ""


def _value(raw: msgspec.Raw) -> object:
    return None if raw == _ABSENT else _decode(raw)


def _inside(text: str) -> object:
    """Decode JSON in a string; what is none is a text by itself, such as the fields of a form."""
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return text
    try:
        return _decode(text)
    except msgspec.DecodeError:
        raise InvalidEvent("the JSON in the event's string is cut short", parameter="event") from None


def _time(line: Line) -> str:
    text = line.timestamp or line.time or ""
    try:
        moment = parse_timestamp(text)
    except ValueError:
        raise InvalidEvent("the event has no time that can be read", parameter="time") from None
    if moment < _OLDEST:
        raise InvalidEvent("the event's clock was not set: it says a year before 2000", parameter="time")
    return text if _ZONES.intersection(text[_AFTER_DATE:]) else text + "Z"


def _person(context: Context, data: Data, source: str) -> Person:
    """Tell whom the event is about: on the server it may be another than who caused it (a tutor enrols a learner).

    What a browser or a telephone says about people is not believed.
    """
    username = context.username or ""
    if source not in CLIENTS:
        named = data.get("username") or ""
        if data.get("user_id") not in (None, ""):
            return Person(_user_id(data["user_id"], "event.user_id"), named if isinstance(named, str) else "")
        if isinstance(named, str) and named and named != username:
            return Person("", named)
    return Person(_user_id(context.user_id, "context.user_id"), username)


def _user_id(value: object, place: str) -> str:
    text = "" if value is None else str(value)
    if text and not (text.isascii() and text.isdecimal()):
        raise InvalidEvent("a person's id is not a number", parameter=place)
    return text


def _text(value: object, key: str) -> str:
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    raise InvalidEvent("a part of the event is not a text", parameter=f"event.{key}")


def _number(text: str, key: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidEvent("a part of the event is not a number", parameter=f"event.{key}") from None


def _within(value: float, key: str) -> float:
    if not -_MOST <= value <= _MOST:  # neither is what is not a number
        raise InvalidEvent("a number of the event is out of all bounds", parameter=f"event.{key}")
    return value
