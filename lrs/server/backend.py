"""The side of the store: requests that the process in front has read are answered by the application, and the answers sent back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from lrs.server.link import Answer, Asked, Body, Broken, FromFrontend, Gone, Link, Piece, Read, Ready, Refused
from lrs.server.request import WHOLE, Receive, Scope, Send

ASGI = Callable[[Scope, Receive, Send], Awaitable[None]]
_log = logging.getLogger("lrs.server")


class Backend:
    """Have an ASGI application, shown under the prefix ``root_path``, answer what comes over ``link``.

    ``ready`` is called when the other end takes requests, ``lost`` when it is gone, ``refused`` with what it has answered itself.
    """

    def __init__(
        self, application: ASGI, root_path: str, *, ready: Callable[[], None], lost: Callable[[], None], refused: Callable[[Refused], None]
    ) -> None:
        self._application = application
        self._root_path = root_path
        self._ready = ready
        self._lost = lost
        self._refused = refused
        self._open: dict[int, _Exchange] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.link = Link(list[FromFrontend], self._take, self._hang_up)

    def _take(self, messages: list[FromFrontend]) -> None:
        for message in messages:
            if isinstance(message, Asked):
                task = asyncio.get_running_loop().create_task(self._answer(message))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            elif isinstance(message, Ready):
                self._ready()
            elif isinstance(message, Refused):
                self._refused(message)
            elif exchange := self._open.get(message.number):
                exchange.take(message)

    def _hang_up(self) -> None:
        for number, exchange in self._open.items():
            exchange.take(Gone(number))
        self._lost()

    async def _answer(self, asked: Asked) -> None:
        exchange = self._open[asked.number] = _Exchange(asked, self.link)
        scope: Scope = {
            "type": "http",
            "method": asked.method,
            "path": asked.path,
            "query_string": asked.query,
            "headers": asked.headers,
            "root_path": self._root_path,
        }
        if asked.body is not None:
            scope[WHOLE] = True
        try:
            await self._application(scope, exchange.receive, exchange.send)
        except ClientGone:
            pass  # Nobody is there to see that the answer is not whole.
        except Exception as error:  # noqa: BLE001 -- whatever it is: the client has to see it
            _log.error("an answer broke off (%s)", type(error).__name__)
        finally:
            del self._open[asked.number]
            exchange.end()


class ClientGone(OSError):
    """Nobody takes the rest of an answer (ASGI has ``send`` raise this kind of error then)."""


class _Exchange:
    """One request and its answer, as ASGI's ``receive`` and ``send``."""

    __slots__ = ("_body", "_complete", "_gone", "_head", "_link", "_number", "_reply")

    def __init__(self, asked: Asked, link: Link[FromFrontend]) -> None:
        self._number = asked.number
        self._body = asked.body
        self._complete = False
        self._gone = False
        self._link = link
        self._head: MutableMapping[str, Any] | None = None
        self._reply: asyncio.Future[FromFrontend] | None = None

    def take(self, message: FromFrontend) -> None:
        """Take what was waited for, if it still is; that the client is gone, in any case."""
        self._gone |= isinstance(message, Gone)
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(message)

    async def receive(self) -> MutableMapping[str, Any]:
        """Give the body, or the next piece of it."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        message = await self._told(Read(self._number))
        if isinstance(message, Body):
            return {"type": "http.request", "body": message.body, "more_body": message.more}
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Send the answer, or the next piece of it, when the one before was taken."""
        if message["type"] == "http.response.start":
            self._head = message
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._head is not None:
            answer: Answer | Piece = Answer(self._number, self._head["status"], self._head["headers"], body, more)
            self._head = None
        else:
            answer = Piece(self._number, body, more)
        if more:
            if isinstance(await self._told(answer), Gone):
                raise ClientGone
        else:
            self._complete = True
            self._link.put(answer)

    def end(self) -> None:
        """Say that no more of the answer follows, if that has not been said with all of it."""
        if not self._complete:
            self._link.put(Broken(self._number))

    async def _told(self, message: Read | Answer | Piece) -> FromFrontend:
        """Send a message -> what is said to it."""
        if self._gone:
            return Gone(self._number)
        self._reply = asyncio.get_running_loop().create_future()
        self._link.put(message)
        return await self._reply
