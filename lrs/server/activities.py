"""The activities resource (xAPI 1.0.3 Communication 2.5): an activity, with all that statements said of it."""

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

PATH = "/xapi/activities"


class Activities:
    """Look an activity up."""

    methods = "GET, HEAD, OPTIONS"

    def __init__(self, store: LRS) -> None:
        self._store = store

    def headers(self) -> list[Header]:
        """Give what every reply of this resource carries: nothing of its own."""
        return []

    async def answer(self, request: Request, principal: Principal) -> Reply:
        """Give the Activity object."""
        activity = lookup.activity(request.parameters())
        return Reply(200, await asyncio.to_thread(partial(self._store.read_activity, activity, principal=principal)), [JSON])
