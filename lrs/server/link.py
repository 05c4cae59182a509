"""What the process that speaks HTTP and the one that has the store tell each other about requests, over a socket of their own.

    frontend: Ready, once it listens; then for each request Asked, a Body for each Read, Taken for each piece of the answer;
              Gone, once the client has left; Refused in place of Asked
    backend:  Read, when more of the body is wanted; Answer; when that was taken, Piece ...; Broken in place of either

Messages are whole in memory, never on a disk. Those of one turn of the event loop are one write: a call into the system costs as much as many messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from lrs.beside import HEAD, framed


class Message(msgspec.Struct, array_like=True, tag=True, gc=False):
    """Something about one request, by its number. Its ``repr`` shows no more than that: what else there is carries identities."""

    number: int

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.number})"


class Ready(Message):
    """Connections are taken from now on."""


class Asked(Message):
    """A request. ``body`` is all of it where it came at once, and None where it is to be read."""

    method: str
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes | None


class Body(Message):
    """A piece of the body, and whether more of it follows."""

    body: bytes
    more: bool


class Gone(Message):
    """The client went away, or can't be answered: before all of the body was read, or in the middle of the answer."""


class Taken(Message):
    """The client takes the answer as fast as it comes: the next piece of it may follow."""


class Refused(Message):
    """What was answered in front, with this status and code of an error: it was no request, or one too many."""

    status: int
    code: str

    @property
    def id(self) -> str:
        """What it is called where requests have their ids."""
        return f"front-{self.number}"


class Read(Message):
    """More of the body is wanted."""


class Answer(Message):
    """The answer, with the first piece of its body, and whether more of it follows."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    more: bool


class Piece(Message):
    """A further piece of the body of an answer."""

    body: bytes
    more: bool


class Broken(Message):
    """What is left of the answer can't be made."""


FromFrontend = Ready | Asked | Body | Gone | Taken | Refused
FromBackend = Read | Answer | Piece | Broken
M = TypeVar("M")


class Link(asyncio.Protocol, Generic[M]):
    """One end of the socket: ``got`` gets what came at once, ``lost`` is called when there is nobody at the other end any more."""

    def __init__(self, kind: type[list[M]], got: Callable[[list[M]], None], lost: Callable[[], None]) -> None:
        self._decode = msgspec.msgpack.Decoder(kind).decode
        self._got = got
        self._lost = lost
        self._received = bytearray()
        self._waiting: list[Message] = []

    def connection_made(self, transport: asyncio.WriteTransport) -> None:  # type: ignore[override] # it is a stream's
        """Begin."""
        self._transport = transport
        self._loop = asyncio.get_running_loop()

    def connection_lost(self, _exc: Exception | None) -> None:
        """End."""
        self._lost()

    def data_received(self, data: bytes) -> None:
        """Hand on what is whole."""
        received = self._received
        received += data
        while len(received) >= HEAD and len(received) >= (end := HEAD + int.from_bytes(received[:HEAD])):
            messages = self._decode(received[HEAD:end])
            del received[:end]
            self._got(messages)

    def put(self, message: Message) -> None:
        """Send a message, with all others of this turn of the event loop."""
        self._waiting.append(message)
        if len(self._waiting) == 1:
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        messages, self._waiting = self._waiting, []
        if self._transport.is_closing():
            return  # Whoever was told something is gone.
        self._transport.write(framed(messages))
