"""The agents and activities resources: one thing, with all that is known of it (xAPI 1.0.3 Communication 2.4 and 2.5)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from lrs.server.reply import JSON, Header, Reply
from lrs.xapi import lookup

if TYPE_CHECKING:
    from lrs.access import Principal
    from lrs.engine import LRS
    from lrs.server.request import Request

AGENTS = "/xapi/agents"
ACTIVITIES = "/xapi/activities"

_READERS = 2

Read = Callable[[list[tuple[str, str]], "Principal"], bytes]
"""(parameters of the request, who asks) -> the JSON of what is looked up."""


class Lookup:
    """Look one thing up, in threads of its own: a query may be long, and keeps nobody waiting who stores."""

    methods = "GET, HEAD, OPTIONS"

    def __init__(self, read: Read) -> None:
        self._read = read
        self._readers = ThreadPoolExecutor(_READERS, "lrs-lookup")

    async def headers(self) -> list[Header]:
        """Give what every reply of this resource carries: nothing of its own."""
        return []

    async def answer(self, request: Request, principal: Principal) -> Reply:
        """Give its JSON."""
        found = await asyncio.get_running_loop().run_in_executor(self._readers, self._read, request.parameters(), principal)
        return Reply(200, found, [JSON])


def lookups(store: LRS) -> dict[str, Lookup]:
    """Give the two resources by their paths: the Person object of an agent, the Activity object of an activity."""
    return {
        AGENTS: Lookup(lambda parameters, principal: store.read_person(lookup.agent(parameters), principal=principal)),
        ACTIVITIES: Lookup(lambda parameters, principal: store.read_activity(lookup.activity(parameters), principal=principal)),
    }
