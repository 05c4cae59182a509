"""Passes: ``/credentials/browser`` for pages, ``/credentials/launch`` and ``/credentials/fetch`` for units that are launched by cmi5."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs
import msgspec

from lrs.credentials import launches
from lrs.credentials.launches import BROKEN, REFUSED, Fetched
from lrs.errors import InvalidRequest, StoreUnavailable
from lrs.server.reply import Reply, json_reply

if TYPE_CHECKING:
    from lrs.access import Principal
    from lrs.engine import LRS
    from lrs.server.authentication import Authenticator
    from lrs.server.request import Request

BROWSER, LAUNCH, FETCH = "/credentials/browser", "/credentials/launch", launches.PATH
_LONGEST = 64 * 1024
_NOT_KEPT = (b"cache-control", b"no-store")


class Passes:
    """Make a pass, or a launch, for who may write statements."""

    methods = "POST, OPTIONS"

    def __init__(self, store: LRS, authenticator: Authenticator, issue: Callable[[Principal, object], tuple[str, int]]) -> None:
        self._store = store
        self._authenticator = authenticator
        self._issue = issue

    async def answer(self, request: Request) -> Reply:
        """Give the token and when it ends (RFC 6750 5.3: to be kept by nobody on the way); of a launch also where its pass is fetched."""
        principal = await self._authenticator.principal(request.headers.get(b"authorization"))
        principal = attrs.evolve(principal, request_id=request.id)
        request.credential = principal.shown
        try:
            asked = msgspec.json.decode(await request.body(_LONGEST))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise InvalidRequest("the body is not JSON") from None
        token, until = await asyncio.to_thread(self._issue, principal, asked)
        fetch = {"fetch": request.root_path + launches.address(token)} if request.path == LAUNCH else {}
        return json_reply({"token": token, "expires": datetime.fromtimestamp(until, UTC).isoformat(), **fetch}, _NOT_KEPT)


class Fetch:
    """Exchange a launch for its pass, for whoever has its URL, once (cmi5 8.2): the answer is 200 also where it is an error."""

    methods = "POST, OPTIONS"

    def __init__(self, store: LRS) -> None:
        self._store = store

    async def answer(self, request: Request) -> Reply:
        """Give the token, to be kept by nobody on the way."""
        given = [value for name, value in request.parameters() if name == "launch"]
        fetched = await asyncio.to_thread(self._fetched, given[0]) if len(given) == 1 else _MISSING
        return json_reply(fetched, _NOT_KEPT)

    def _fetched(self, launch: str) -> Fetched:
        try:
            return self._store.credentials.fetch(launch)
        except StoreUnavailable:
            return Fetched(error_code=BROKEN, error_text="The store can't answer now. Fetch again.")


_MISSING = Fetched(error_code=REFUSED, error_text="The launch is missing.")
