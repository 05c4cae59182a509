"""One request, from top to bottom: find the resource, guard it, answer, say what came of it.

    request -> what it stands for -> resource -> authenticate -> negotiate the version -> answer -> reply with the headers of all replies
            -> access log

What no resource does is refused to everyone; then wrong credentials are, before anything else is looked at.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import attrs

from lrs.access import BEARER
from lrs.errors import LRSError, NotFound, NotPermitted
from lrs.server import about, consents, documents, health, metrics, passes, statements, versions
from lrs.server.about import About
from lrs.server.alternate import meant
from lrs.server.authentication import Authenticator
from lrs.server.consents import Consents
from lrs.server.cors import Cors
from lrs.server.documents import Documents
from lrs.server.failures import MethodNotAllowed, reply_to
from lrs.server.health import Alive, Ready
from lrs.server.logs import AccessLog, logged
from lrs.server.lookup import lookups
from lrs.server.metrics import Metrics
from lrs.server.passes import Fetch, Passes
from lrs.server.reply import Reply
from lrs.server.request import Disconnected, Request
from lrs.server.room import Room
from lrs.server.sources import Events, sources
from lrs.server.statements import Statements

if TYPE_CHECKING:
    from lrs.access import Principal
    from lrs.engine import LRS
    from lrs.server.link import Refused
    from lrs.server.reply import Header
    from lrs.server.request import Receive, Scope, Send

_OF_PASSES = frozenset({statements.PATH, *documents.KINDS})
_NO_REQUEST = "(no request)"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


class Guarded(Protocol):
    """A resource that needs a credential; ``methods`` as in Allow."""

    methods: str

    async def headers(self) -> list[Header]:
        """Give what every reply of this resource carries, errors included."""

    async def answer(self, request: Request, principal: Principal) -> Reply:
        """Do what the method says."""


class Application:
    """The ASGI 3 application. ``access`` gets a line for each answer."""

    def __init__(self, store: LRS, access: AccessLog = logged) -> None:
        self._access = access
        self._max_body = store.settings.max_body_bytes
        self._body_seconds = store.settings.body_seconds
        self._room = Room(store.settings.max_bodies_bytes)
        self._forms = Room(store.settings.max_bodies_bytes // 4)
        self._metrics = store.metrics
        self._supported = store.settings.supported_versions
        self._newest = versions.newest(self._supported)
        self._authenticator = Authenticator(store)
        self._cors = Cors(store.settings.cors_origins)
        self._guarded: dict[str, Guarded] = {
            statements.PATH: Statements(store),
            consents.PATH: Consents(store),
            **lookups(store),
            **{path: Documents(store, kind) for path, kind in documents.KINDS.items()},
        }
        self._open: dict[str, About | Alive | Ready | Events | Fetch | Metrics | Passes] = {
            about.PATH: About(store, self._authenticator),
            health.ALIVE: Alive(),
            health.READY: Ready(store),
            metrics.PATH: Metrics(store, self._authenticator),
            passes.BROWSER: Passes(store, self._authenticator, store.credentials.issue),
            passes.LAUNCH: Passes(store, self._authenticator, store.credentials.launch),
            passes.FETCH: Fetch(store),
            **sources(store, self._authenticator),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event, as ASGI 3 defines it."""
        if scope["type"] == "http":
            request = Request(scope, receive, seconds=self._body_seconds, room=self._room)
            try:
                await self._serve(request, send)
            finally:
                request.release()
        elif scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    async def _serve(self, sent: Request, send: Send) -> None:
        start = perf_counter()
        request = sent
        self._negotiate(sent)
        try:
            request = await meant(sent, self._max_body, self._forms)
            reply = await self._answer(request)
        except Disconnected:
            return
        except Exception as error:  # noqa: BLE001 -- the one place where every failure becomes an answer
            reply = reply_to(error, request.id, bearer=request.credential == BEARER)
            self._metrics.errors.add(error.code if isinstance(error, LRSError) else "internal-error")
        reply.headers = [*reply.headers, *await self._headers(request)]
        if request.method == "HEAD" and sent is not request:
            reply = Reply(reply.status, headers=reply.headers)  # To a POST, Content-Length says what comes.
        await reply.send(send, headers_only=sent.method == "HEAD")
        self._note(request, reply, perf_counter() - start)

    async def _answer(self, request: Request) -> Reply:
        spoken = self._negotiate(request)
        guarded = self._guarded.get(request.path)
        resource = guarded or self._open.get(request.path)
        if resource is None:
            raise NotFound("there is no such resource", hint="The statements are at /xapi/statements.")
        if request.method == "OPTIONS":
            return self._cors.preflight(resource.methods)
        _check_method(request, resource.methods)
        if guarded is None:
            return await self._open[request.path].answer(request)
        principal = await self._authenticator.principal(request.headers.get(b"authorization"))
        principal = attrs.evolve(principal, request_id=request.id, reason=request.header(b"x-lrs-reason"))
        request.credential = principal.shown
        if principal.narrow is not None and request.path not in _OF_PASSES:
            raise NotPermitted("a pass is for writing statements")
        if spoken is None and versions.is_forgiven(request, principal):
            spoken = request.version = versions.FORGIVEN
        if spoken is None:
            raise versions.refusal(request.header(versions.HEADER), self._supported)
        return await guarded.answer(request, principal)

    def _negotiate(self, request: Request) -> str | None:
        """Say which version the reply speaks: the one that was asked for, or the newest -> whether the request may go on in it."""
        spoken = versions.negotiate(request.header(versions.HEADER), self._supported)
        request.version = spoken or self._newest
        return spoken

    async def _headers(self, request: Request) -> list[Header]:
        """Give the headers of every reply to this request, whatever came of it."""
        headers = [(versions.HEADER, request.version.encode()), *self._cors.headers(request)]
        guarded = self._guarded.get(request.path)
        return headers if guarded is None else [*headers, *await guarded.headers()]

    def _note(self, request: Request, reply: Reply, seconds: float) -> None:
        """Count it, and write a line, in words of ours: queries and unknown paths carry identities."""
        place = request.path if request.path in self._guarded or request.path in self._open else "(unknown path)"
        method = request.method if request.method in _METHODS else "?"
        self._metrics.requests.observe(seconds, place, method)
        self._metrics.answers.add(place, method, str(reply.status))
        self._access(method, place, reply.status, reply.size, seconds * 1000, request.credential, request.id)

    def note_refused(self, refused: Refused) -> None:
        """Count, and write a line about, what the process in front has refused: what is no HTTP, and what comes while too much is under way."""
        self._metrics.answers.add(_NO_REQUEST, "?", str(refused.status))
        self._metrics.errors.add(refused.code)
        self._access("?", _NO_REQUEST, refused.status, 0, 0.0, "-", refused.id)


def _check_method(request: Request, allowed: str) -> None:
    if request.method not in allowed.split(", "):
        raise MethodNotAllowed(allowed)


async def _live(receive: Receive, send: Send) -> None:
    """Agree to lifespan events, for servers that insist on them; nothing depends on them."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
