"""One connection: HTTP/1.1 as uvicorn speaks it, with bounds to what is read before it is known who sends it, and to who does not read."""

from __future__ import annotations

import asyncio
import fcntl
import re
import struct
import termios
from http import HTTPStatus

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lrs.errors import InvalidRequest
from lrs.server.failures import Failure
from lrs.server.request import WHOLE
from lrs.server.transport import Joining

_LARGEST_HEAD = 64 * 1024
_PATIENCE = 60
"""Seconds for a head to come, and between two looks at how much of an answer was taken."""
_LEAST = 64 * 1024
"""Bytes of an answer that must be taken in this time, or all that is left."""
_SMALL = 16 * 1024
"""Bytes of a body that is not kept apart from its head, where it came with it."""
_UPGRADE = re.compile(rb"\n[Uu][Pp][Gg][Rr][Aa][Dd][Ee](?=[ \t]*:)")
_IGNORED = b"\nignored"
_HEAD_END = b"\r\n\r\n"


class Connection(HttpToolsProtocol):
    """Bounds heads, which no credential stands before, in size and time; what is no HTTP is refused in the shape of all errors.

    An offer of another protocol is passed over (RFC 9110 7.8): some clients make it with every request, and the parser would take the body for the other
    protocol's.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head."""
        self._joining = Joining(transport)
        super().connection_made(self._joining)  # type: ignore[arg-type] # it does all that a transport does
        self._unused = 0
        self._has_head = False
        self._between = True
        self._waiting: asyncio.TimerHandle | None = None
        self._wait()
        self._taking: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._wait_no_longer()
        self._taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Watch who does not take an answer as fast as it is made."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """Go on; who has stopped to take what is left is watched still."""
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Read on, unless what came since the last head or piece of a body is too large to be a head, a trailer or the extension of a chunk."""
        self._unused += len(data)
        super().data_received(_without_offer(data) if self._between else data)
        if self.transport.is_closing():
            return
        if self._unused > _LARGEST_HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"the head of the request is larger than {_LARGEST_HEAD} bytes")
        elif not self._has_head or self.cycle.response_complete:
            # Or of what follows an answer without being a request.
            self._wait()

    def on_message_begin(self) -> None:
        """Wait for a further head, unless all of it is here."""
        self._has_head = self._between = False
        self._wait_no_longer()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Take the head."""
        self._has_head = True
        self._wait_no_longer()
        self._unused = 0
        if self.parser.should_upgrade():
            # The offer came in pieces, or the method is CONNECT: what follows can't be told from a body.
            self._refuse(HTTPStatus.BAD_REQUEST, "no other protocol is spoken here")
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body, which the application bounds."""
        self._unused = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note whether all of a small body came at once."""
        self._between = True
        if self.transport.is_closing():
            return  # It was refused.
        super().on_message_complete()
        if len(self.cycle.body) <= _SMALL:
            self.scope[WHOLE] = True  # type: ignore[literal-required] # ours

    def on_response_complete(self) -> None:
        """Send the head of an answer that has no body; watch who has not taken all of it."""
        self._joining.flush()
        if self.transport.get_write_buffer_size():
            self._watch()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; ``msg`` quotes nothing."""
        self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def _wait(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(_PATIENCE, self.transport.close)

    def _wait_no_longer(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _watch(self) -> None:
        if self._taking is None:
            self._taking = self.loop.call_later(_PATIENCE, self._look, self._got())

    def _got(self) -> int:
        """Give the number of bytes that the client has got, those apart that the system keeps for it: it may keep megabytes."""
        kept = fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
        return int(self._joining.written - self.transport.get_write_buffer_size() - struct.unpack("i", kept)[0])

    def _look(self, before: int) -> None:
        self._taking = None
        if not self.transport.get_write_buffer_size():
            return
        if self._got() - before < _LEAST:
            self.transport.abort()
        else:
            self._watch()

    def _taken(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        request_id = self.app.refused(status, InvalidRequest.code)
        body = msgspec.json.encode({"error": Failure(InvalidRequest.code, message, request_id=request_id)})
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(head.encode() + body)
        self.transport.close()


def _without_offer(data: bytes) -> bytes:
    """Give what came, without the offer of another protocol in the head with which it begins, if all of the head is here."""
    end = data.find(_HEAD_END)
    if end < 0 or not _UPGRADE.search(data, 0, end):
        return data
    return _UPGRADE.sub(_IGNORED, data[:end]) + data[end:]
