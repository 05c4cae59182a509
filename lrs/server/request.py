"""What was asked: one HTTP request, its body bounded while it is read."""

from __future__ import annotations

import asyncio
import sys
import zlib
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from copy import copy
from itertools import count
from secrets import randbits
from typing import Any
from urllib.parse import parse_qsl

from lrs.errors import InvalidRequest, LimitExceeded, RequestTimeout
from lrs.server.room import Room

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
WHOLE = "lrs.whole"
"""In the scope of a request whose body is at hand: to read it is not to wait for it."""

_numbers = count(randbits(63))
"""Numbers of this process's requests. Where they start is left to chance, so that no two processes name a request alike."""
_MAX_PARAMETERS = 64
_SECONDS_OF_NOBODY = 30.0
_GZIP = zlib.MAX_WBITS | 16
_MAX_MEMBERS = 256
"""Parts of a gzip body: after each one the rest is copied, which thousands of empty ones would make slow."""


class Disconnected(Exception):
    """The client went away before it had sent everything."""


class Request:
    """One HTTP request. Its body has so many ``seconds`` to come, and takes ``room`` until :meth:`release`.

    Its ``repr`` shows the method alone: paths, parameters and bodies carry identities.

    The application fills in what it finds out: the ``version`` that is spoken, and the id of the ``credential`` that asks.
    """

    __slots__ = ("_held", "_receive", "_room", "_seconds", "credential", "headers", "id", "method", "path", "query", "root_path", "version")

    def __init__(self, scope: Scope, receive: Receive, *, seconds: float | None = None, room: Room | None = None) -> None:
        self.id = f"{next(_numbers):016x}"
        """What joins the answer, its line in the log and its entries in the audit trail."""
        self.method: str = scope["method"]
        self.headers = _joined(scope["headers"])
        self.query: bytes = scope["query_string"]
        self.root_path: str = scope.get("root_path", "").rstrip("/")
        self.path = _spelled(_below(self.root_path, scope["path"]))
        self.version = ""
        self.credential = "-"
        self._receive = receive
        self._seconds = None if WHOLE in scope else seconds
        self._room = room or Room(sys.maxsize)
        self._held = 0

    def __repr__(self) -> str:
        return f"Request({self.method})"

    def replaced(self, *, method: str, headers: dict[bytes, bytes], query: bytes, body: bytes) -> Request:
        """Make another request to the same resource, whose body is at hand."""

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": body}

        made = copy(self)
        made.method, made.headers, made.query, made._receive = method, headers, query, receive  # noqa: SLF001 -- of the same class
        made._room = Room(sys.maxsize)  # noqa: SLF001 -- what it came in has its room already
        return made

    def release(self) -> None:
        """Give the room of the body back: it is needed no more. Calling it twice is no error."""
        self._room.give_back(self._held)
        self._held = 0

    def header(self, name: bytes) -> str:
        """Give a header's value, or an empty string. ``name`` is in lower case."""
        return self.headers.get(name, b"").decode("latin-1")

    def parameters(self) -> list[tuple[str, str]]:
        """Split the query string into pairs, in order; raises :class:`lrs.errors.InvalidRequest`."""
        if not self.query:
            return []
        try:
            return parse_qsl(self.query.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS)
        except ValueError:
            raise InvalidRequest("the query string is not UTF-8, or has too many parameters") from None

    async def kept_body(self, limit: int) -> bytes:
        """Read the whole body as it was sent, which :meth:`body` gives once more."""
        sent = await self._read(limit)

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": sent}

        self._receive = receive
        self.release()  # It is taken again when it is read again.
        return sent

    async def body_of_nobody(self, limit: int, room: Room) -> bytes:
        """Read the body of somebody who is not known yet: into room that is kept apart from everybody else's, and for half a minute at most."""
        self._room = room
        self._seconds = None if self._seconds is None else min(self._seconds, _SECONDS_OF_NOBODY)
        return await self.body(limit)

    async def body(self, limit: int) -> bytes:
        """Read the whole body, decompressed if it came by gzip; ``limit`` bytes at most, before and after."""
        encoding = self.header(b"content-encoding").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise InvalidRequest("this Content-Encoding is not understood", hint="Send the body as it is, or compressed with gzip.")
        sent = await self._read(limit)
        if encoding in ("", "identity"):
            return sent
        whole = await asyncio.to_thread(decompress, sent, limit)
        self._take(len(whole))
        return whole

    async def _read(self, limit: int) -> bytes:
        if self._seconds is None:
            return await self._received(limit)
        try:
            async with asyncio.timeout(self._seconds):
                return await self._received(limit)
        except TimeoutError:
            raise RequestTimeout(f"the body did not come within {self._seconds} seconds") from None

    async def _received(self, limit: int) -> bytes:
        length = self.headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > limit:
            raise _too_large(limit)
        if length.isdigit():
            self._room.check(int(length))
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            self._take(len(chunk))
            chunks.append(chunk)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _take(self, size: int) -> None:
        self._room.take(size)
        self._held += size


def decompress(sent: bytes, limit: int) -> bytes:
    """Undo gzip (RFC 1952), of one or several members, without ever holding more than ``limit`` bytes of the result.

    Raises :class:`lrs.errors.InvalidRequest` for what is no gzip or is cut short, :class:`lrs.errors.LimitExceeded` for too much.
    """
    chunks: list[bytes] = []
    room = limit + 1
    while sent:
        if len(chunks) == _MAX_MEMBERS:
            raise LimitExceeded(f"the gzip body has more than {_MAX_MEMBERS} members", hint="Compress it as one.")
        member = zlib.decompressobj(_GZIP)
        try:
            chunk = member.decompress(sent, room)
        except zlib.error:
            raise InvalidRequest("the body is not gzip, although its Content-Encoding says so") from None
        chunks.append(chunk)
        room -= len(chunk)
        if room <= 0:
            raise _too_large(limit)
        if not member.eof:
            raise InvalidRequest("the gzip body is cut short")
        sent = member.unused_data
    return b"".join(chunks)


def _too_large(limit: int) -> LimitExceeded:
    return LimitExceeded(f"the body is larger than the {limit} bytes that are allowed here")


def _joined(lines: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Make one value of the lines of a header: a list for what may be one, and nothing valid for what may not (RFC 9110 5.3)."""
    headers: dict[bytes, bytes] = {}
    for name, value in lines:
        headers[name] = b"%b, %b" % (headers[name], value) if name in headers else value
    return headers


def _spelled(path: str) -> str:
    """Bring a path to one spelling: other record stores answer at ``/xAPI/``, and some clients end it with a slash, or double one."""
    if path[:6].lower() == "/xapi/":
        path = "/xapi/" + path[6:].strip("/")
    return path


def _below(root_path: str, path: str) -> str:
    """Take a mount point off a path: servers and frameworks differ in whether ``path`` still has it."""
    if root_path and path.startswith(root_path) and path[len(root_path) : len(root_path) + 1] in ("", "/"):
        return path[len(root_path) :]
    return path
