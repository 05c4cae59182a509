"""The statements resource (xAPI 1.0.3 Communication 2.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from lrs.errors import InvalidRequest
from lrs.server.reply import JSON, Header, Reply, json_reply, last_modified
from lrs.xapi.formats import is_uuid, parse_timestamp
from lrs.xapi.query import parse

if TYPE_CHECKING:
    from lrs.access import Principal
    from lrs.engine import LRS
    from lrs.read import Page
    from lrs.server.request import Request
    from lrs.write import Receipt

PATH = "/xapi/statements"
_INLINE = 256 * 1024
"""Larger bodies are checked in a thread: up to here that takes less time than others mind waiting."""
_READERS = 4


class _Stored(msgspec.Struct):
    stored: str


_STORED = msgspec.json.Decoder(_Stored)


class Statements:
    """Store and read statements."""

    methods = "GET, HEAD, POST, PUT, OPTIONS"

    def __init__(self, store: LRS) -> None:
        self._store = store
        self._readers = ThreadPoolExecutor(_READERS, "lrs-read")

    def headers(self) -> list[Header]:
        """Give what every reply of this resource carries, errors included."""
        through = self._store.consistent_through().isoformat(timespec="milliseconds")
        return [(b"x-experience-api-consistent-through", through.replace("+00:00", "Z").encode())]

    async def answer(self, request: Request, principal: Principal) -> Reply:
        """Do what the method says."""
        if request.method == "POST":
            return await self._post(request, principal)
        if request.method == "PUT":
            return await self._put(request, principal)
        return await self._get(request, principal)

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
        _check_content_type(request.header(b"content-type"))
        body = await request.body(self._store.settings.max_body_bytes)
        submit = partial(self._store.submit, body, principal=principal, version=request.version, statement_id=statement_id)
        waiting = submit() if len(body) <= _INLINE else await asyncio.to_thread(submit)
        return await asyncio.wrap_future(waiting)

    async def _get(self, request: Request, principal: Principal) -> Reply:
        parameters = request.parameters()
        if any(name == "more" for name, _ in parameters):
            token, attachments = _more(parameters)
            page = await self._in_thread(partial(self._store.read_more, token, principal=principal))
            return _listed(page, request.root_path, attachments=attachments)
        query = parse(parameters)
        languages = request.header(b"accept-language")
        page = await self._in_thread(partial(self._store.read, query, principal=principal, languages=languages))
        if query.statement_id or query.voided_statement_id:
            return _single(page, attachments=query.attachments)
        return _listed(page, request.root_path, attachments=query.attachments)

    async def _in_thread(self, read: Callable[[], Page]) -> Page:
        return await asyncio.get_running_loop().run_in_executor(self._readers, read)


def _check_content_type(header: str) -> None:
    media_type = header.partition(";")[0].strip().lower()
    if media_type == "application/json":
        return
    if media_type == "multipart/mixed":
        raise InvalidRequest(
            "attachments by multipart/mixed are not supported yet",
            parameter="Content-Type",
            hint="Send application/json, with a fileUrl for each attachment.",
        )
    raise InvalidRequest("Content-Type must be application/json", parameter="Content-Type", section="xAPI 1.0.3 Communication 1.5.1")


def _more(parameters: list[tuple[str, str]]) -> tuple[str, bool]:
    """Take apart a link that :func:`_listed` made: the token, and whether attachments were asked for."""
    found = dict(parameters)
    if len(found) != len(parameters) or found.keys() - {"more", "attachments"} or found.get("attachments", "true") != "true":
        raise InvalidRequest("more stands alone: the filters are in it already", parameter="more")
    return found["more"], "attachments" in found


def _listed(page: Page, root_path: str, *, attachments: bool) -> Reply:
    """Render a StatementResult (xAPI 1.0.3 Data 2.5); the statements are the bytes that the store gave."""
    more = f"{root_path}{PATH}?more={quote(page.more, safe='')}{'&attachments=true' * attachments}" if page.more else ""
    return _rendered(b'{"statements":[%b],"more":%b}' % (b",".join(page.bodies), msgspec.json.encode(more)), attachments=attachments)


def _single(page: Page, *, attachments: bool) -> Reply:
    body = page.bodies[0]
    reply = _rendered(body, attachments=attachments)
    reply.headers.append(last_modified(parse_timestamp(_STORED.decode(body).stored)))
    return reply


def _rendered(body: bytes, *, attachments: bool) -> Reply:
    """Answer with JSON, or with multipart/mixed for who asked for attachments (xAPI 1.0.3 Communication 1.5.2); none are kept yet."""
    if not attachments:
        return Reply(200, body, [JSON])
    boundary = token_hex(16).encode()
    part = b"--%b\r\ncontent-type: application/json\r\n\r\n%b\r\n--%b--\r\n" % (boundary, body, boundary)
    return Reply(200, part, [(b"content-type", b"multipart/mixed; boundary=" + boundary)])
