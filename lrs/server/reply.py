"""What is answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus

import msgspec

from lrs.server.request import Send

Header = tuple[bytes, bytes]
JSON: Header = (b"content-type", b"application/json")
_MICROSECONDS = 1_000_000


class Reply(msgspec.Struct):
    """A status, headers (names in lower case) and a body that is in memory."""

    status: int
    body: bytes = b""
    headers: list[Header] = []

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body)

    async def send(self, send: Send, *, headers_only: bool) -> None:
        """Send it; ``headers_only`` answers HEAD: the same headers, Content-Length included, and no body (RFC 9110 9.3.2)."""
        headers = self.headers
        if self.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            headers = [*headers, (b"content-length", b"%d" % self.size)]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        if headers_only:
            await send({"type": "http.response.body", "body": b""})
        else:
            await self._send_body(send)

    async def _send_body(self, send: Send) -> None:
        await send({"type": "http.response.body", "body": self.body})


class StreamedReply(Reply, kw_only=True):
    """A reply whose body, of a known length, is made while it is sent."""

    length: int
    pieces: AsyncIterator[bytes]

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return self.length

    async def _send_body(self, send: Send) -> None:
        async for piece in self.pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def json_reply(value: object, *headers: Header, status: int = 200) -> Reply:
    """Answer with the JSON of a value."""
    return Reply(status, msgspec.json.encode(value), [JSON, *headers])


def last_modified(microseconds: int) -> Header:
    """Give the Last-Modified header of a time since 1970 UTC, in whole seconds as HTTP has it."""
    moment = datetime.fromtimestamp(microseconds // _MICROSECONDS, UTC)
    return b"last-modified", format_datetime(moment, usegmt=True).encode()
