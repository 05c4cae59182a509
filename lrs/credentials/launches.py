"""Launches of cmi5: a ``fetch`` URL that gives the unit its token once (cmi5 8.2).

Whoever launches a unit puts into its URL a launch token, which stands in the browser's history and in logs. The unit exchanges it for a pass of this agent,
activity, registration and session. Both are sealed; of a launch the store keeps that it was used, by a random number, until it ends.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import attrs
import msgspec

from lrs.access import BEARER, Action, Narrow, Principal, decide
from lrs.credentials import passes
from lrs.errors import InvalidRequest, NotPermitted

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys

PREFIX = "lrsl."
"""What tells a launch from a pass."""
PATH = "/credentials/fetch"
WAITS = 900
"""Seconds within which the unit fetches its token."""
USED, REFUSED, BROKEN = "1", "2", "3"
"""Codes of errors (cmi5 8.2.3.2)."""
_NEEDED = frozenset({"agent", "activity", "registration", "session"})
_NUMBER = 16


class Fetched(msgspec.Struct, frozen=True, rename="kebab", omit_defaults=True):
    """What the ``fetch`` URL answers: the token, or an error."""

    auth_token: str = ""
    error_code: str = ""
    error_text: str = ""

    def __repr__(self) -> str:
        return f"Fetched(error_code={self.error_code!r})"


class _Launch(msgspec.Struct, frozen=True, array_like=True):
    number: bytes
    fetched_until: int
    until: int
    narrow: dict[str, Any]


_encode = msgspec.msgpack.Encoder().encode
_launch = msgspec.msgpack.Decoder(_Launch).decode


def issue(principal: Principal, asked: object, *, keys: TenantKeys, now: int) -> tuple[str, int]:
    """Make a launch of ``agent``, ``activity``, ``registration`` and ``session``, perhaps ``ttl`` -> (the token, the second since 1970 when its pass ends).

    Raises :class:`lrs.errors.InvalidRequest`, :class:`lrs.errors.NotPermitted`.
    """
    decide(principal, Action.WRITE_STATEMENTS)
    if principal.shown == BEARER:
        raise NotPermitted("a bearer token makes no passes and launches: they hold as long as a credential of the store does")
    if principal.narrow is not None:
        raise NotPermitted("a pass launches nothing")
    decide(principal, Action.WRITE_STATES)
    narrow, ttl = passes.read(asked, needed=_NEEDED, optional=frozenset({"ttl"}))
    until = now + ttl
    launch = _Launch(os.urandom(_NUMBER), min(until, now + WAITS), until, attrs.asdict(narrow))
    sealed = keys.tokens.seal(_encode(launch), bound_to=_bound(principal.credential_id), until=until)
    return f"{PREFIX}{principal.credential_id}.{sealed}", until


def address(launch: str) -> str:
    """Give the path at which a launch is exchanged for its pass."""
    return f"{PATH}?{urlencode({'launch': launch})}"


def fetch(
    token: str,
    *,
    live: Callable[[str], Principal | None],
    keys: Callable[[str], TenantKeys],
    now: int,
    spend: Callable[[str, bytes, int], bool],
) -> tuple[Principal | None, Fetched]:
    """Exchange a launch for its pass -> (whose launch it is, if that is known, what is answered).

    ``spend(tenant, number, until)`` notes that a launch was used, and says whether it was not before.
    """
    identifier, _, sealed = token.removeprefix(PREFIX).partition(".")
    owner = live(identifier) if token.startswith(PREFIX) else None
    if owner is None:
        return None, _UNKNOWN
    try:
        # That it has expired is told by a code of its own.
        launch = _launch(keys(owner.tenant).tokens.open(sealed, bound_to=_bound(identifier), now=0))
    except InvalidRequest:
        return owner, _UNKNOWN
    if launch.fetched_until < now:
        return owner, Fetched(error_code=USED, error_text="The launch has expired.")
    if not spend(owner.tenant, launch.number, launch.fetched_until):
        return owner, Fetched(error_code=USED, error_text="The authorization token has already been returned.")
    made = passes.made(identifier, msgspec.convert(launch.narrow, Narrow), keys=keys(owner.tenant), until=launch.until)
    # The unit sends it as HTTP Basic (RFC 7617), without knowing what is in it.
    return owner, Fetched(auth_token=base64.b64encode(f"{passes.USERNAME}:{made}".encode()).decode())


_UNKNOWN = Fetched(error_code=REFUSED, error_text="The launch is not known here, or its credential is revoked.")


def _bound(credential: str) -> str:
    return f"launch:{credential}"
