"""HTTP Basic -> who is asking (RFC 7617)."""

from __future__ import annotations

import asyncio
import binascii
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from os import urandom
from time import monotonic
from typing import TYPE_CHECKING

from lrs.errors import NotAuthenticated

if TYPE_CHECKING:
    from lrs.access import Principal
    from lrs.engine import LRS

_REMEMBERED = 1024
_SECONDS_KNOWN = 1.0
_SECONDS_REFUSED = 1.0
_THREADS = 2


class Authenticator:
    """Ask the store who someone is, off the event loop, and remember the answer for a second.

    Even where the store knows the password already, asking it may wait for a vault; a wrong password costs tens of milliseconds
    on purpose, once a second however often a client repeats it. The memory is keyed by a digest of the header under a key of this process.
    """

    def __init__(self, store: LRS) -> None:
        self._store = store
        self._key = urandom(32)
        self._known: dict[bytes, tuple[float, Principal | NotAuthenticated]] = {}
        self._threads = ThreadPoolExecutor(_THREADS, "lrs-authenticate")

    async def principal(self, header: bytes | None) -> Principal:
        """Turn an Authorization header into a principal, or :class:`lrs.errors.NotAuthenticated`."""
        if header is None:
            raise NotAuthenticated("the request has no Authorization header")
        digest = blake2b(header, key=self._key, digest_size=16).digest()
        until, answer = self._known.get(digest, (0.0, None))
        if answer is None or until < monotonic():
            answer = await self._ask(*credentials(header))
            self._remember(digest, answer)
        if isinstance(answer, NotAuthenticated):
            raise NotAuthenticated(answer.message)
        return answer

    async def _ask(self, username: str, password: str) -> Principal | NotAuthenticated:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, self._store.authenticate, username, password)
        except NotAuthenticated as refusal:
            return refusal.with_traceback(None)

    def _remember(self, digest: bytes, answer: Principal | NotAuthenticated) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[digest] = (monotonic() + (_SECONDS_REFUSED if isinstance(answer, NotAuthenticated) else _SECONDS_KNOWN), answer)


def credentials(header: bytes) -> tuple[str, str]:
    """Turn an Authorization header into (username, password), or :class:`lrs.errors.NotAuthenticated`, which quotes nothing."""
    scheme, _, encoded = header.strip().partition(b" ")
    if scheme.lower() != b"basic":
        raise NotAuthenticated("the Authorization header is not HTTP Basic")
    try:
        text = binascii.a2b_base64(encoded.strip(), strict_mode=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise NotAuthenticated("the Authorization header is malformed: after Basic comes the base64 of username:password") from None
    username, colon, password = text.partition(":")
    if not colon:
        raise NotAuthenticated("the Authorization header is malformed: username and password are parted by a colon")
    return username, password
