"""What an operator's probes ask: whether the process is alive, and whether it can do its work."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from lrs.errors import StoreUnavailable
from lrs.server.reply import Reply, json_reply

if TYPE_CHECKING:
    from lrs.engine import LRS
    from lrs.server.request import Request

ALIVE = "/healthz"
READY = "/readyz"
_PATIENCE = 5


class Alive:
    """Answer as long as the process does; touches no store."""

    methods = "GET, HEAD, OPTIONS"

    async def answer(self, _request: Request) -> Reply:
        """Say so."""
        return json_reply({"status": "ok"})


class Ready:
    """Answer 200 when vault and warehouse answer, else 503."""

    methods = "GET, HEAD, OPTIONS"

    def __init__(self, store: LRS) -> None:
        self._store = store
        # Its own: where a store hangs, a probe waits for the probe before it, and for nobody else's thread.
        self._thread = ThreadPoolExecutor(1, "lrs-ready")

    async def answer(self, _request: Request) -> Reply:
        """Ask both; :class:`lrs.errors.StoreUnavailable` becomes the 503."""
        try:
            await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(self._thread, self._store.ready), _PATIENCE)
        except TimeoutError:
            raise StoreUnavailable(f"the store did not answer within {_PATIENCE} seconds") from None
        waiting = self._store.spooled.statements
        return json_reply({"status": "ready"} | ({"spooled": waiting} if waiting else {}))
