"""What bbb-webhooks says in xAPI by itself, said again as its webhooks would be.

Its statements name people by display names, in accounts and in activities, have no ids, and tell cameras and questions. Here a name is a guest of one sitting,
``<unknown>`` is the platform, activities have no names and belong to nobody. The words of an earlier draft of the profile are read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from lrs.sources import Agent, Outcome, Platform, Statement, decoded, needed
from lrs.sources import classroom as words
from lrs.sources.attendance import Attendance
from lrs.sources.classroom import Act, Sitting
from lrs.sources.departure import departed, dismissed
from lrs.sources.moment import SECOND, milliseconds, read

__all__ = ["convert_statement", "is_statement"]

_NOBODY = "<unknown>"
_SECONDS = re.compile(r"PT([0-9]{1,9}(?:\.[0-9]+)?)S", re.ASCII)
_SESSION = "https://w3id.org/xapi/cmi5/context/extensions/sessionid"


class _Account(msgspec.Struct, gc=False):
    name: str


class _Actor(msgspec.Struct, gc=False):
    account: _Account


class _Verb(msgspec.Struct, gc=False):
    id: str


class _Definition(msgspec.Struct, gc=False):
    type: str


class _Activity(msgspec.Struct, gc=False):
    id: str
    definition: _Definition


class _Activities(msgspec.Struct, gc=False):
    parent: list[_Activity] = []


class _Context(msgspec.Struct, rename="camel", gc=False):
    registration: str
    context_activities: _Activities
    extensions: dict[str, Any]


class _Result(msgspec.Struct, gc=False):
    response: str | None = None
    duration: str | None = None


class _Statement(msgspec.Struct, gc=False):
    actor: _Actor
    verb: _Verb | str  # some versions write the verb's id in place of the verb
    object: _Activity
    context: _Context
    timestamp: str | int  # version 3.0 alpha writes that of a message in milliseconds
    result: _Result | None = None


class _Form(msgspec.Struct, gc=False):
    actor: msgspec.Raw = msgspec.Raw()
    verb: msgspec.Raw = msgspec.Raw()


_form = msgspec.json.Decoder(_Form)
_statement = msgspec.json.Decoder(_Statement)

_ACTS: dict[tuple[str, str], Act] = {
    ("micro", "start"): words.UNMUTED,
    ("micro", "stopped"): words.MUTED,
    ("screen", "share"): words.SHARED,
    ("screen", "unshare"): words.UNSHARED,
    ("virtual-classroom", "reacted"): words.RAISED,
    ("virtual-classroom", "unreacted"): words.LOWERED,
    ("virtual-classroom", "unmuted"): words.UNMUTED,
    ("virtual-classroom", "muted"): words.MUTED,
    ("virtual-classroom", "shared-screen"): words.SHARED,
    ("virtual-classroom", "unshared-screen"): words.UNSHARED,
    ("virtual-classroom", "raised-hand"): words.RAISED,
    ("virtual-classroom", "lowered-hand"): words.LOWERED,
}
"""What is done, by the last steps of the activity's type and of the verb: as it is published, and as an earlier draft had it."""


def is_statement(line: bytes) -> bool:
    """Tell whether this is a statement, and no webhook."""
    form = decoded(_form, line)
    return bool(form.actor and form.verb)


def convert_statement(line: bytes, platform: Platform, attendance: Attendance) -> Outcome:
    """Say a statement again."""
    found = decoded(_statement, line)
    kind = _last(found.object.definition.type), _last(found.verb if isinstance(found.verb, str) else found.verb.id)
    statements = tuple(_said(found, kind, platform, attendance))
    return (
        Outcome(statements)
        if statements
        else Outcome(unmapped=f"statement: {kind[1]} {kind[0]}" if kind in _DROPPED else "(another statement)")
    )


_DROPPED = {("camera", "start"), ("camera", "stopped"), ("virtual-classroom", "started-camera"), ("virtual-classroom", "stopped-camera")}


def _said(found: _Statement, kind: tuple[str, str], platform: Platform, attendance: Attendance) -> Iterator[Statement]:
    sitting, name, at = _sitting(found, platform), found.actor.account.name, _time(found.timestamp)
    actor = _agent(sitting, name)
    event = (name, str(at))
    match kind:
        case ("virtual-classroom", "initialized"):
            yield sitting.opened(platform.itself, at, str(at))
        case ("virtual-classroom", "terminated"):
            yield from dismissed(sitting, attendance, at)
            yield sitting.ended(platform.itself, at, str(at), since=_since(found, at))
        case ("virtual-classroom", "join"):
            attendance.came(sitting.session, name, actor, at)
            yield sitting.said(words.JOINED, actor, at, *event)
        case ("virtual-classroom", "leave"):
            yield departed(sitting, attendance, name, actor, at, str(at))
        case ("message", "posted"):
            yield sitting.posted(actor, at, found.object.id)
        case ("cmi.interaction", "asked"):
            yield sitting.polled(words.ASKED, actor, at, found.object.id)
        case ("cmi.interaction", "answered"):
            statement = sitting.polled(words.ANSWERED, actor, at, found.object.id, *event)
            yield statement | {"result": {"response": _chosen(found)}}
        case _ if kind in _ACTS:
            yield sitting.did(_ACTS[kind], actor, at, *event)


def _sitting(found: _Statement, platform: Platform) -> Sitting:
    """Tell the sitting: the class is the parent of all but itself."""
    room = next((activity.id for activity in found.context.context_activities.parent), found.object.id)
    session = found.context.extensions.get(_SESSION)
    session = needed(session if isinstance(session, str) and session else None, "context.extensions.sessionid")
    return Sitting(platform, room, session, found.context.registration, platform.names.get(room, ""))


def _time(timestamp: str | int) -> int:
    return read(timestamp, "timestamp") if isinstance(timestamp, str) else milliseconds(timestamp, "timestamp")


def _since(found: _Statement, at: int) -> int | None:
    """Tell when the sitting began, from how many seconds it lasted; that is how BigBlueButton writes a duration."""
    seconds = _SECONDS.fullmatch((found.result.duration if found.result else None) or "")
    return at - int(float(seconds[1]) * SECOND) if seconds else None


def _agent(sitting: Sitting, name: str) -> Agent:
    return sitting.platform.itself if name in ("", _NOBODY) else sitting.guest(name)


def _chosen(found: _Statement) -> str:
    """Give the numbers of the choices; BigBlueButton puts commas between them."""
    response = (found.result.response if found.result else None) or ""
    return "[,]".join(number for number in response.split(",") if number.isascii() and number.isdecimal())


def _last(iri: str) -> str:
    return iri.rpartition("/")[2]
