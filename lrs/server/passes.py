"""Passes for browsers: ``/credentials/browser``."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs
import msgspec

from lrs.errors import InvalidRequest
from lrs.server.reply import Reply, json_reply

if TYPE_CHECKING:
    from lrs.engine import LRS
    from lrs.server.authentication import Authenticator
    from lrs.server.request import Request

PATH = "/credentials/browser"
_LONGEST = 64 * 1024
_NOT_KEPT = (b"cache-control", b"no-store")


class Passes:
    """Make a pass for who may write statements."""

    methods = "POST, OPTIONS"

    def __init__(self, store: LRS, authenticator: Authenticator) -> None:
        self._store = store
        self._authenticator = authenticator

    async def answer(self, request: Request) -> Reply:
        """Give the token and when it ends (RFC 6750 5.3: to be kept by nobody on the way)."""
        principal = await self._authenticator.principal(request.headers.get(b"authorization"))
        principal = attrs.evolve(principal, request_id=request.id)
        request.credential = principal.shown
        try:
            asked = msgspec.json.decode(await request.body(_LONGEST))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise InvalidRequest("the body is not JSON") from None
        token, until = await asyncio.to_thread(self._store.credentials.issue, principal, asked)
        return json_reply({"token": token, "expires": datetime.fromtimestamp(until, UTC).isoformat()}, _NOT_KEPT)
