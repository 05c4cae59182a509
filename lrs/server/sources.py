"""Events of other systems: ``/sources/NAME``, as ``sources.toml`` names them, and below it where an emitter puts each kind at an address of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import attrs

from lrs.crypto.webhook import check_checksum, check_webhook
from lrs.errors import InvalidRequest, NotPermitted
from lrs.server.reply import Reply, json_reply

if TYPE_CHECKING:
    from lrs.access import Principal
    from lrs.engine import LRS
    from lrs.exchange.emitters import Emitter
    from lrs.server.authentication import Authenticator
    from lrs.server.request import Request

PREFIX = "/sources/"
_BELOW = {"jitsi": tuple(f"/events/{kind}" for kind in ("room/created", "room/destroyed", "occupant/joined", "occupant/left"))}
"""By converter, what emitters put after the address that they are given."""


class Events:
    """Take the events of one emitter: what could not be converted is counted and named, and the answer is 200 all the same, so that none is sent for ever."""

    methods = "POST, OPTIONS"

    def __init__(self, store: LRS, authenticator: Authenticator, name: str) -> None:
        self._store = store
        self._authenticator = authenticator
        self._name = name
        self._emitter: Emitter = store.reception.emitter(name)

    async def answer(self, request: Request) -> Reply:
        """Convert and store what came, once it is known who sent it."""
        principal = await (self._signer(request) if self._emitter.secrets else self._caller(request))
        principal = attrs.evolve(principal, request_id=request.id)
        request.credential = principal.shown
        body = await request.body(self._store.settings.max_body_bytes)
        return json_reply(await asyncio.to_thread(self._store.reception.receive, self._name, body, principal))

    async def _caller(self, request: Request) -> Principal:
        """Say who calls with a password or token: the credential of this source alone."""
        principal = await self._authenticator.principal(request.headers.get(b"authorization"))
        if principal.narrow is not None or principal.credential_id != (await self._owner()).credential_id:
            raise NotPermitted("this credential is not the one that sources.toml names for this source")
        return principal

    async def _signer(self, request: Request) -> Principal:
        """Say in whose name an emitter sends that signs; the signature is of the body, which is read for it and kept."""
        body = await request.kept_body(self._store.settings.max_body_bytes)
        authorization, secrets = request.header(b"authorization"), self._emitter.secrets
        if self._emitter.source.source == "livekit":
            check_webhook(authorization, body, secrets)
        else:
            check_checksum(authorization, _checksum(request), body, secret=secrets[""], address=self._emitter.source.address)
        return await self._owner()

    async def _owner(self) -> Principal:
        return await asyncio.to_thread(self._store.credentials.principal, self._emitter.source.credential)


def _checksum(request: Request) -> str:
    given = [value for name, value in request.parameters() if name == "checksum"]
    if len(given) > 1:
        raise InvalidRequest("the checksum stands there once", parameter="checksum")
    return "".join(given)


def sources(store: LRS, authenticator: Authenticator) -> dict[str, Events]:
    """Give the resource of each source that ``sources.toml`` names."""
    found: dict[str, Events] = {}
    for name, emitter in store.reception.emitters.items():
        events = Events(store, authenticator, name)
        found |= {f"{PREFIX}{name}{below}": events for below in ("", *_BELOW.get(emitter.source.source, ()))}
    return found
