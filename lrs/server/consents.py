"""The consents resource, which is no part of xAPI: a platform records what people say about purposes, and asks how somebody stands to them."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from lrs.errors import InvalidRequest
from lrs.server.reply import JSON, Header, Reply
from lrs.xapi import lookup

if TYPE_CHECKING:
    from lrs.access import Principal
    from lrs.engine import LRS
    from lrs.server.request import Request

PATH = "/consents"


class Consents:
    """Record sayings, and tell states."""

    methods = "GET, HEAD, POST, OPTIONS"

    def __init__(self, store: LRS) -> None:
        self._store = store

    async def headers(self) -> list[Header]:
        """Give what every reply of this resource carries: nothing of its own."""
        return []

    async def answer(self, request: Request, principal: Principal) -> Reply:
        """Record what the body says, or tell how the agent of the query stands to each purpose."""
        if request.method == "POST":
            body = await request.body(self._store.settings.max_body_bytes)
            await asyncio.to_thread(self._record, body, principal)
            return Reply(204)
        agent = lookup.agent(request.parameters()).json.decode()
        state = await asyncio.to_thread(partial(self._store.consent.state, agent, principal=principal))
        return Reply(200, msgspec.json.encode(state), [JSON])

    def _record(self, body: bytes, principal: Principal) -> None:
        from lrs.privacy.consent.saying import Saying

        try:
            said = msgspec.json.decode(body, type=Saying | list[Saying])
        except msgspec.MsgspecError:
            # What the decoder says could hold a value.
            raise InvalidRequest("the body is no saying, nor an array of them", hint="docs/reference/http.md names the keys.") from None
        self._store.consent.record([said] if isinstance(said, Saying) else said, principal=principal)
