"""The statements resource (xAPI 1.0.3 Communication 2.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from lrs.errors import InvalidRequest, StoreUnavailable
from lrs.server.mixed import mixed_reply
from lrs.server.outcomes import Outcomes
from lrs.server.reply import JSON, Header, Reply, json_reply, last_modified
from lrs.xapi import multipart
from lrs.xapi.formats import is_uuid, parse_timestamp
from lrs.xapi.multipart import Contents, media_type
from lrs.xapi.query import parse

if TYPE_CHECKING:
    from lrs.access import Principal
    from lrs.batch import Receipt
    from lrs.engine import LRS
    from lrs.read import Page
    from lrs.server.request import Request

PATH = "/xapi/statements"
_INLINE = 256 * 1024
"""Larger bodies are checked in a thread: up to here that takes less time than others mind waiting."""
_READERS = 4
_PATIENCE = 1.0
"""Seconds that a reply waits for the vault to say what Consistent-Through is."""
_SAID_AGAIN = 0.01
"""Seconds for which a time up to which everything can be read is said again: it stays true."""
_MIXED = "multipart/mixed"
_CONTENT_TYPES = ("application/json", _MIXED)


class _Stored(msgspec.Struct):
    stored: str


_STORED = msgspec.json.Decoder(_Stored)


class Statements:
    """Store and read statements."""

    methods = "GET, HEAD, POST, PUT, OPTIONS"

    def __init__(self, store: LRS) -> None:
        self._store = store
        self._outcomes = Outcomes()
        self._said: Header = b"", b""
        self._said_until = 0.0
        self._readers = ThreadPoolExecutor(_READERS, "lrs-read")

    async def headers(self) -> list[Header]:
        """Give what every reply of this resource carries, errors included."""
        if monotonic() > self._said_until:
            through = (await self._through()).isoformat(timespec="milliseconds")
            self._said = (b"x-experience-api-consistent-through", through.replace("+00:00", "Z").encode())
            self._said_until = monotonic() + _SAID_AGAIN
        return [self._said]

    async def answer(self, request: Request, principal: Principal) -> Reply:
        """Do what the method says."""
        if request.method == "POST":
            return await self._post(request, principal)
        if request.method == "PUT":
            return await self._put(request, principal)
        return await self._get(request, principal)

    async def _through(self) -> datetime:
        """Give Consistent-Through: what was agreed on last, at once; after a pause in which nobody asked, what the vault says now."""
        if self._store.is_late():
            # A vault that does not answer keeps nobody waiting: what was agreed on before holds as well.
            with suppress(StoreUnavailable, TimeoutError):
                return await asyncio.wait_for(asyncio.to_thread(self._store.consistent_through), _PATIENCE)
        return self._store.consistent_through(fresh=False)

    async def _post(self, request: Request, principal: Principal) -> Reply:
        if request.parameters():
            raise InvalidRequest("POST takes no parameters here", section="xAPI 1.0.3 Communication 2.1.2")
        receipt = await self._store_body(request, principal)
        return json_reply(receipt.ids)

    async def _put(self, request: Request, principal: Principal) -> Reply:
        section = "xAPI 1.0.3 Communication 2.1.1"
        parameters = request.parameters()
        if [name for name, _ in parameters] != ["statementId"]:
            raise InvalidRequest("PUT takes the parameter statementId once, and no other", parameter="statementId", section=section)
        statement_id = parameters[0][1]
        if not is_uuid(statement_id):
            raise InvalidRequest("statementId is not a UUID", parameter="statementId", section=section)
        await self._store_body(request, principal, statement_id)
        return Reply(204)

    async def _store_body(self, request: Request, principal: Principal, statement_id: str | None = None) -> Receipt:
        content_type = request.header(b"content-type")
        if media_type(content_type) not in _CONTENT_TYPES:
            section = "xAPI 1.0.3 Communication 1.5"
            raise InvalidRequest(f"Content-Type must be {' or '.join(_CONTENT_TYPES)}", parameter="Content-Type", section=section)
        self._store.check_may_write(principal)
        body = await request.body(self._store.settings.max_body_bytes)
        submit = partial(self._submit, content_type, body, principal=principal, version=request.version, statement_id=statement_id)
        waiting = submit() if len(body) <= _INLINE else await asyncio.to_thread(submit)
        return await self._outcomes.of(waiting)

    def _submit(self, content_type: str, body: bytes, **how: Any) -> Future[Receipt]:
        contents: Contents = {}
        if media_type(content_type) == _MIXED:
            body, contents = multipart.parse(content_type, body)
        return self._store.submit(body, contents=contents, **how)

    async def _get(self, request: Request, principal: Principal) -> Reply:
        parameters = request.parameters()
        if any(name == "more" for name, _ in parameters):
            page = await self._in_thread(partial(self._store.read_more, _more(parameters), principal=principal))
            return self._listed(page, request.root_path)
        query = parse(parameters)
        languages = request.header(b"accept-language")
        page = await self._in_thread(partial(self._store.read, query, principal=principal, languages=languages))
        if query.statement_id or query.voided_statement_id:
            return self._rendered(page.bodies[0], page)
        return self._listed(page, request.root_path)

    async def _in_thread(self, read: Callable[[], Page]) -> Page:
        return await asyncio.get_running_loop().run_in_executor(self._readers, read)

    def _listed(self, page: Page, root_path: str) -> Reply:
        """Render a StatementResult (xAPI 1.0.3 Data 2.5); the statements are the bytes that the store gave."""
        more = f"{root_path}{PATH}?more={quote(page.more, safe='')}" if page.more else ""
        return self._rendered(b'{"statements":[%b],"more":%b}' % (b",".join(page.bodies), msgspec.json.encode(more)), page)

    def _rendered(self, body: bytes, page: Page) -> Reply:
        """Answer with JSON, or with multipart/mixed for who asked for attachments (xAPI 1.0.3 Communication 1.5.2)."""
        reply = Reply(200, body, [JSON]) if page.attachments is None else mixed_reply(body, page.attachments, self._readers)
        reply.headers = [*reply.headers, *_last_modified(page)]
        return reply


def _more(parameters: list[tuple[str, str]]) -> str:
    """Give the token of a link to the next page, which nothing stands beside."""
    if len(parameters) > 1:
        raise InvalidRequest("more stands alone: the filters are in it already", parameter="more")
    return parameters[0][1]


def _last_modified(page: Page) -> list[Header]:
    """Give the latest ``stored`` of a page, which is at one of its ends; IEEE 9274.1.1 asks for it of lists too."""
    ends = {*page.bodies[:1], *page.bodies[-1:]}
    if not ends:
        return []
    latest = max(parse_timestamp(_STORED.decode(body).stored) for body in ends)
    return [last_modified(latest)]
