"""Statements of another record store, page by page, oldest first, and how far it is through (xAPI 1.0.3 Communication 2.1.3).

What a run leaves behind is a time: everything that was stored there at or before it was given. The next run asks for what came since a little earlier, as
stores give several statements one ``stored`` and cut its digits; what comes twice is recognised when it is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec

from lrs.errors import ConfigurationError, InvalidRequest
from lrs.exchange.peer import LATER, Answer, Peer
from lrs.xapi import multipart
from lrs.xapi.formats import format_timestamp, parse_timestamp
from lrs.xapi.multipart import Content, Contents

_PAGE = 500
_WITH_CONTENTS = 100
_OVERLAP = 2_000_000
"""Microseconds that are asked for again."""
_LATER = LATER | {HTTPStatus.INTERNAL_SERVER_ERROR}
_ATTEMPTS = 3
"""Times that a page is asked for that does not come whole."""
_CONSISTENT = "x-experience-api-consistent-through"


class _Attached(msgspec.Struct, frozen=True):
    sha2: str = ""


class _Object(msgspec.Struct, frozen=True):
    attachments: tuple[_Attached, ...] = ()


class _Stored(msgspec.Struct):
    """What has to be known of a statement to go on after it and to find its contents."""

    stored: str
    object: _Object = _Object()
    attachments: tuple[_Attached, ...] = ()


class _Result(msgspec.Struct):
    statements: list[msgspec.Raw]
    more: str | None = None


class Pulled(NamedTuple):
    """A page: the JSON of its statements, each with the contents that it attaches, and through which time everything was given, if that is known."""

    statements: list[tuple[bytes, Contents]]
    through: int | None

    def __repr__(self) -> str:
        return f"Pulled({len(self.statements)} statements)"


def pages(peer: Peer, *, since: int | None = None, until: int | None = None, attachments: bool = True) -> Iterator[Pulled]:
    """Ask a record store for all that it stored after ``since`` (microseconds since 1970 UTC; None: from the beginning).

    Raises what :meth:`Peer.ask` raises, and :class:`lrs.errors.InvalidRequest` for pages that are not what the specification says.
    """
    bounds = {
        "ascending": "true",
        "limit": _WITH_CONTENTS if attachments else _PAGE,
        "attachments": "true" if attachments else None,
        "since": None if since is None else format_timestamp(max(since - _OVERLAP, 0)),
        "until": None if until is None else format_timestamp(until),
    }
    link = f"{peer.statements}?{urlencode({name: value for name, value in bounds.items() if value is not None})}"
    rising, last = True, 0
    while link:
        statements, contents, more, consistent = _page(peer, link)
        times = [last, *(parse_timestamp(each.stored) for _, each in statements)]
        # Of a store that does not give the oldest first nothing can be said.
        rising, last = rising and times == sorted(times), times[-1]
        yield Pulled([(raw, _own(each, contents)) for raw, each in statements], min(last, consistent or last) if rising and last else None)
        following = peer.target(more) if more else ""
        if following == link:
            raise InvalidRequest("the record store gives the same page again and again", parameter="more")
        link = following


class Cursor:
    """A file that remembers how far a store was pulled; it holds no person and no password."""

    class _Note(msgspec.Struct):
        url: str
        through: str

    def __init__(self, path: Path, url: str) -> None:
        self._path = path
        self._url = url

    def read(self) -> int | None:
        """Give the time to go on from; None where nothing was pulled. Raises :class:`lrs.errors.ConfigurationError` when it is another store's."""
        try:
            note = msgspec.json.decode(self._path.read_bytes(), type=self._Note)
            through = parse_timestamp(note.through)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, msgspec.DecodeError):
            raise ConfigurationError(f"{self._path} can't be read", hint="Name another file with --cursor, and --since.") from None
        if note.url != self._url:
            raise ConfigurationError(f"{self._path} belongs to another record store", hint="Name another file with --cursor.")
        return through

    def write(self, through: int) -> None:
        """Remember a time; what is there is whole at every moment."""
        part = self._path.with_name(self._path.name + ".part")
        part.write_bytes(msgspec.json.encode(self._Note(self._url, format_timestamp(through))) + b"\n")
        part.replace(self._path)


def _page(peer: Peer, link: str) -> tuple[list[tuple[bytes, _Stored]], Mapping[str, Content], str, int | None]:
    """Ask for a page until it comes whole -> (statements, contents by SHA-2, link to the next one, Consistent-Through)."""
    for attempt in range(_ATTEMPTS):
        answer = peer.ask("GET", link, later=_LATER)
        if answer.status != HTTPStatus.OK:
            raise InvalidRequest(f"the record store answered {answer.status} to a request for statements")
        try:
            return _taken_apart(answer)
        except (InvalidRequest, msgspec.DecodeError, ValueError):
            if attempt == _ATTEMPTS - 1:
                raise InvalidRequest(
                    "the record store's page of statements can't be read", hint="Try --no-attachments, or --xapi-version 2.0.0."
                ) from None
    raise AssertionError


def _taken_apart(answer: Answer) -> tuple[list[tuple[bytes, _Stored]], Mapping[str, Content], str, int | None]:
    kind = answer.headers.get("content-type", "")
    if multipart.media_type(kind) == "multipart/mixed":
        json, contents = multipart.parse(kind, answer.body)
    else:
        json, contents = answer.body, {}
    result = msgspec.json.decode(json, type=_Result)
    statements = [(bytes(raw), msgspec.json.decode(raw, type=_Stored)) for raw in result.statements]
    for _, each in statements:
        parse_timestamp(each.stored)
    consistent = answer.headers.get(_CONSISTENT)
    return statements, contents, result.more or "", parse_timestamp(consistent) if consistent else None


def _own(statement: _Stored, contents: Mapping[str, Content]) -> Contents:
    wanted = {each.sha2.lower() for each in (*statement.attachments, *statement.object.attachments)}
    return {sha2: contents[sha2] for sha2 in wanted if sha2 in contents}
