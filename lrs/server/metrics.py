"""The numbers of the server, for who has the scope ``metrics`` and nobody else: they tell of all tenants."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from lrs.access import Action, decide
from lrs.errors import LRSError
from lrs.server.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from lrs.engine import LRS
    from lrs.server.authentication import Authenticator
    from lrs.server.request import Request

PATH = "/metrics"
_TEXT = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
_PATIENCE = 3
_UP = "# HELP lrs_up Whether a store answers: 1, or 0.\n# TYPE lrs_up gauge\n"


class Metrics:
    """Give all numbers in the text format of Prometheus."""

    methods = "GET, HEAD, OPTIONS"

    def __init__(self, store: LRS, authenticator: Authenticator) -> None:
        self._store = store
        self._authenticator = authenticator
        # One each, so that a store which hangs keeps nobody's thread but its own.
        self._stores = {name: (ping, ThreadPoolExecutor(1, f"lrs-up-{name}")) for name, ping in store.pings.items()}

    async def answer(self, request: Request) -> Reply:
        """Ask both stores whether they are there, and list what was counted."""
        principal = await self._authenticator.principal(request.headers.get(b"authorization"))
        request.credential = principal.shown
        decide(principal, Action.READ_METRICS)
        up = await asyncio.gather(*(self._is_up(*each) for each in self._stores.values()))
        lines = "".join(f'lrs_up{{store="{name}"}} {int(is_up)}\n' for name, is_up in zip(self._stores, up, strict=True))
        return Reply(200, (self._store.metrics.text() + _UP + lines).encode(), [_TEXT])

    async def _is_up(self, ping: Callable[[], None], thread: ThreadPoolExecutor) -> bool:
        try:
            await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(thread, ping), _PATIENCE)
        except (LRSError, TimeoutError):
            return False
        return True
