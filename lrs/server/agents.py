"""The agents resource (xAPI 1.0.3 Communication 2.4): a person, with every name and identifier that the reader may see."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from lrs.server.reply import JSON, Header, Reply
from lrs.xapi import lookup

if TYPE_CHECKING:
    from lrs.access import Principal
    from lrs.engine import LRS
    from lrs.server.request import Request

PATH = "/xapi/agents"


class Agents:
    """Look a person up."""

    methods = "GET, HEAD, OPTIONS"

    def __init__(self, store: LRS) -> None:
        self._store = store

    def headers(self) -> list[Header]:
        """Give what every reply of this resource carries: nothing of its own."""
        return []

    async def answer(self, request: Request, principal: Principal) -> Reply:
        """Give the Person object."""
        agent = lookup.agent(request.parameters())
        return Reply(200, await asyncio.to_thread(partial(self._store.read_person, agent, principal=principal)), [JSON])
