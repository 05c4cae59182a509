"""PeerTube's views, by the video profile.

PeerTube's player tells every few seconds where somebody is in a video, by ``POST /api/v1/videos/ID/views``. An event is such a request as a proxy logs
it: ``{"uri": …, "time": …, "body": …}``, the body as an object or as JSON in a string.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial

import msgspec

from lrs.errors import InvalidEvent
from lrs.sources import Outcome, Platform, decoded, each, known_kind
from lrs.sources import viewing as words
from lrs.sources.moment import read
from lrs.sources.viewing import Viewing, seconds

__all__ = ["convert"]

_VIEWS = re.compile(r"/api/v1/videos/([A-Za-z0-9-]{1,64})/views/?(?:\?.*)?", re.ASCII)


class _View(msgspec.Struct, rename="camel", gc=False):
    current_time: float
    view_event: str | None = None
    session_id: str | None = None


class _Request(msgspec.Struct, gc=False):
    uri: str
    time: str
    body: msgspec.Raw
    user: str | int | None = None


class _Named(msgspec.Struct, gc=False):
    uri: str


_named = msgspec.json.Decoder(_Named)
_request = msgspec.json.Decoder(_Request)
_view = msgspec.json.Decoder(_View)
_text = msgspec.json.Decoder(str)


def convert(events: Iterable[bytes], platform: Platform) -> Iterator[Outcome]:
    """Convert views; see :mod:`lrs.sources` for what is promised."""
    return each(events, partial(_convert, platform=platform))


def _convert(line: bytes, platform: Platform) -> Outcome:
    views = _VIEWS.fullmatch(decoded(_named, line).uri)
    if views is None:
        return Outcome(unmapped="(another request)")
    request = decoded(_request, line)
    view = decoded(_view, _body(bytes(request.body)))
    viewing = _viewing(views[1], request, view, platform)
    at, time = read(request.time, "time"), seconds(view.current_time)
    if view.view_event is None:
        return Outcome((viewing.said(words.PROGRESSED, at, str(time), result={"time": time}),))
    if view.view_event == "seek":
        return Outcome((viewing.said(words.SEEKED, at, str(time), result={"time-to": time}),))
    return Outcome(unmapped=known_kind(view.view_event))


def _body(body: bytes) -> bytes:
    return decoded(_text, body).encode() if body.startswith(b'"') else body


def _viewing(video: str, request: _Request, view: _View, platform: Platform) -> Viewing:
    if not view.session_id:
        raise InvalidEvent("the view names no session, so that views of one and of many can't be told apart", parameter="body.sessionId")
    user = "" if request.user is None else str(request.user)
    return Viewing(platform, f"{platform.home}/videos/watch/{video}", view.session_id, user, platform.names.get(video, ""))
