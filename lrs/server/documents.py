"""The document resources: states and profiles (xAPI 1.0.3 Communication 2.2, 2.3, 2.6, 2.7)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import msgspec

from lrs.errors import InvalidRequest
from lrs.server.reply import JSON, Header, Reply, last_modified
from lrs.xapi import preconditions
from lrs.xapi.documents import Asked, Kind, etag, parse
from lrs.xapi.preconditions import Preconditions

if TYPE_CHECKING:
    from lrs.access import Principal
    from lrs.documents import Listing, Shelf
    from lrs.engine import LRS
    from lrs.server.request import Request
    from lrs.xapi.documents import Document

T = TypeVar("T")
KINDS = {
    "/xapi/activities/state": Kind.STATE,
    "/xapi/activities/profile": Kind.ACTIVITY_PROFILE,
    "/xapi/agents/profile": Kind.AGENT_PROFILE,
}
_THREADS = 4
_GUARDED: list[Header] = [
    # Anybody's HTML may be stored here; a browser that opens it must not run it with this server's credentials.
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"sandbox; default-src 'none'"),
]


class Documents:
    """Store and read the documents of one kind."""

    methods = "GET, HEAD, PUT, POST, DELETE, OPTIONS"

    def __init__(self, store: LRS, kind: Kind) -> None:
        self._store = store
        self._kind = kind
        self._threads = ThreadPoolExecutor(_THREADS, "lrs-documents")

    async def headers(self) -> list[Header]:
        """Give what every reply of this resource carries: nothing of its own."""
        return []

    async def answer(self, request: Request, principal: Principal) -> Reply:
        """Do what the method says."""
        asked = parse(self._kind, request.method, request.parameters())
        shelf = self._store.documents.shelf(asked.context, principal=principal, version=request.version)
        if request.method in ("PUT", "POST"):
            return await self._write(request, shelf, asked.id or "")
        if request.method == "DELETE":
            return await self._delete(request, shelf, asked)
        return await self._read(request, shelf, asked)

    async def _write(self, request: Request, shelf: Shelf, document_id: str) -> Reply:
        content = await request.body(self._store.settings.max_body_bytes)
        write = shelf.put if request.method == "PUT" else shelf.post
        content_type = request.header(b"content-type") or None
        document = await self._in_thread(partial(write, document_id, content, content_type=content_type, **_conditions(request)))
        return Reply(204, headers=_validators(document.etag, document.updated))

    async def _delete(self, request: Request, shelf: Shelf, asked: Asked) -> Reply:
        conditions = _conditions(request)
        if asked.id is not None:
            await self._in_thread(partial(shelf.delete, asked.id, **conditions))
        elif any(conditions.values()):
            raise InvalidRequest("a precondition needs one document", parameter=self._kind.identifier, section=self._kind.section)
        else:
            await self._in_thread(shelf.clear)
        return Reply(204)

    async def _read(self, request: Request, shelf: Shelf, asked: Asked) -> Reply:
        if asked.id is not None:
            return _conditional(request, _single(await self._in_thread(partial(shelf.get, asked.id))))
        return _conditional(request, _listed(await self._in_thread(partial(shelf.listing, since=asked.since))))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _conditions(request: Request) -> dict[str, str | None]:
    return {"if_match": _header(request, b"if-match"), "if_none_match": _header(request, b"if-none-match")}


def _header(request: Request, name: bytes) -> str | None:
    """Tell a header that is empty, which is wrong, from one that was not sent."""
    return request.header(name) if name in request.headers else None


def _single(document: Document) -> Reply:
    headers = [(b"content-type", document.content_type.encode()), *_GUARDED]
    return Reply(200, document.content, [*_validators(document.etag, document.updated), *headers])


def _listed(listing: Listing) -> Reply:
    body = msgspec.json.encode(listing.ids)
    return Reply(200, body, [*_validators(etag(body), listing.updated), JSON])


def _validators(tag: str, updated: int | None) -> list[Header]:
    quoted = (b"etag", b'"%b"' % tag.encode())
    return [quoted] if updated is None else [quoted, last_modified(updated)]


def _conditional(request: Request, reply: Reply) -> Reply:
    """Answer 304 to who has it already, 412 to who wants another one (RFC 9110 13.2.2)."""
    required = preconditions.parse(**_conditions(request))
    tag = etag(reply.body)
    Preconditions(required.if_match).check(tag)
    if required.if_none_match is not None and required.if_none_match.matches(tag, weakly=True):
        return Reply(304, headers=[header for header in reply.headers if header[0] in (b"etag", b"last-modified")])
    return reply
