"""The process in front: connections, TLS and HTTP, so that they take no turns of the interpreter that has the store. It knows neither keys nor credentials.

    client -> uvicorn -> Asked -> backend
    client <- uvicorn <- Answer <- backend

``python -m lrs.server.frontend`` is that process; :mod:`lrs.server.serving` starts it, and it ends with who has started it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from http import HTTPStatus
from itertools import count

import uvicorn

from lrs.collection import collect_seldom
from lrs.errors import StoreBusy
from lrs.server.connection import Connection
from lrs.server.failures import reply_to
from lrs.server.link import Answer, Asked, Body, Broken, FromBackend, Gone, Link, Read, Ready, Refused, Taken
from lrs.server.logs import log_warnings
from lrs.server.request import WHOLE, Receive, Scope, Send

_GRACE = 60
_BACKLOG = 2048
_FAILED = 1
_MOST = 4096
"""Requests that may be under way, those included whose clients have gone: each may carry 16 KiB behind, before it is known who sends it."""

_ALIVE, _PROBES = "/healthz", 64
"""Whether a server lives is asked, and answered, however much is under way."""


class Frontend:
    """The ASGI application in front: whatever is asked is asked behind, over ``link``. ``lost`` is called when there is nobody there any more."""

    def __init__(self, lost: Callable[[], None]) -> None:
        self._numbers = count()
        self._open: dict[int, _Mail] = {}
        self.link = Link(list[FromBackend], self._take, lost)

    def _take(self, messages: list[FromBackend]) -> None:
        for message in messages:
            if mail := self._open.get(message.number):
                mail.put(message)

    def refused(self, status: int, code: str) -> str:
        """Tell that something is answered here, with this status and code of an error -> its id."""
        refused = Refused(next(self._numbers), status, code)
        self.link.put(refused)
        return refused.id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask, and answer what is answered."""
        if len(self._open) >= (_MOST if scope["path"] != _ALIVE else _MOST + _PROBES):
            busy = StoreBusy("more requests are under way than the server takes at the same time")
            reply = reply_to(busy, self.refused(HTTPStatus.SERVICE_UNAVAILABLE, busy.code), bearer=False)
            await reply.send(send, headers_only=scope["method"] == "HEAD")
            return
        number = next(self._numbers)
        body = (await receive()).get("body") if WHOLE in scope else None
        mail = self._open[number] = _Mail()
        reading: asyncio.Task[None] | None = None
        self.link.put(Asked(number, scope["method"], scope["path"], scope["query_string"], scope["headers"], body))
        try:
            more = True
            while more:
                message = await mail.next()
                if isinstance(message, Read):
                    # Beside this: the answer may come before the body does.
                    reading = asyncio.create_task(self._read(number, receive))
                    continue
                if isinstance(message, Broken):
                    return
                if isinstance(message, Answer):
                    await send({"type": "http.response.start", "status": message.status, "headers": message.headers})
                more = message.more
                await send({"type": "http.response.body", "body": message.body, "more_body": more})
                if more:
                    if reading is None:
                        # Nothing is left to read: whoever goes away is noticed.
                        reading = asyncio.create_task(self._read(number, receive))
                    self.link.put(Taken(number))
        except BaseException:
            self.link.put(Gone(number))
            raise
        finally:
            del self._open[number]
            if reading is not None:
                reading.cancel()

    async def _read(self, number: int, receive: Receive) -> None:
        message = await receive()
        if message["type"] == "http.request":
            self.link.put(Body(number, message.get("body", b""), message.get("more_body", False)))
        else:
            self.link.put(Gone(number))


class _Mail:
    """What was said of one request, and not heard yet."""

    __slots__ = ("_messages", "_waiter")

    def __init__(self) -> None:
        self._messages: list[FromBackend] = []
        self._waiter: asyncio.Future[None] | None = None

    def put(self, message: FromBackend) -> None:
        self._messages.append(message)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def next(self) -> FromBackend:
        """Wait for the next message."""
        if not self._messages:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._messages.pop(0)


class _Server(uvicorn.Server):
    """uvicorn, which connects behind before it listens, and says when it does."""

    def __init__(self, config: uvicorn.Config, link: Link[FromBackend], behind: socket.socket) -> None:
        super().__init__(config)
        self._link = link
        self._behind = behind

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self._link, sock=self._behind)
        await super().startup(sockets)
        self._link.put(Ready(0))


def server(behind: socket.socket, *, lost: Callable[[], None], certificate: str | None = None, key: str | None = None) -> uvicorn.Server:
    """Make the server that asks through one end of a socket; ``lost`` is called when the other end is gone."""
    frontend = Frontend(lost)
    config = uvicorn.Config(
        frontend,
        interface="asgi3",
        http=Connection,
        lifespan="off",
        ws="none",
        ssl_certfile=certificate,
        ssl_keyfile=key,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_GRACE,
    )
    return _Server(config, frontend.link, behind)


def _end() -> None:
    """End at once: there is nobody who could answer what is asked."""
    os._exit(_FAILED)


def main(behind: str, listening: str, certificate: str, key: str) -> None:
    """Be the process in front: two sockets by their numbers, and the files for TLS or two empty strings."""
    log_warnings()
    collect_seldom()
    front = server(socket.socket(fileno=int(behind)), lost=_end, certificate=certificate or None, key=key or None)
    front.run(sockets=[socket.socket(fileno=int(listening))])


if __name__ == "__main__":
    main(*sys.argv[1:])
