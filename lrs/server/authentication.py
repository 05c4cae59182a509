"""The Authorization header -> who is asking: HTTP Basic (RFC 7617) or a bearer token (RFC 6750)."""

from __future__ import annotations

import asyncio
import binascii
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from os import urandom
from time import monotonic
from typing import TYPE_CHECKING

from lrs.credentials.passes import PREFIX, USERNAME
from lrs.errors import NotAuthenticated
from lrs.server.failures import BASIC, Challenged

if TYPE_CHECKING:
    from lrs.access import Principal
    from lrs.engine import LRS

_REMEMBERED = 1024
_SECONDS_KNOWN = 1.0
_SECONDS_REFUSED = 1.0
_THREADS = 2
_BEARER = b'Bearer realm="lrs"'
_WRONG_TOKEN = b'Bearer realm="lrs", error="invalid_token"'


class Authenticator:
    """Ask the store who someone is, off the event loop, and remember the answer for a second.

    Even where the store knows the password already, asking it may wait for a vault; a wrong password costs tens of milliseconds
    on purpose, once a second however often a client repeats it. The memory is keyed by a digest of the header under a key of this process.
    Tokens have threads of their own, so that an issuer which is slow to give its keys keeps no password waiting, and so have passwords that were not right
    lately: however many wrong ones come, those who were known before don't wait for them.
    """

    def __init__(self, store: LRS) -> None:
        self._store = store
        self._key = urandom(32)
        self._known: dict[bytes, tuple[float, Principal | NotAuthenticated]] = {}
        self._threads = ThreadPoolExecutor(_THREADS, "lrs-authenticate")
        self._slow_threads = ThreadPoolExecutor(_THREADS, "lrs-password")
        self._token_threads = ThreadPoolExecutor(_THREADS, "lrs-bearer")
        self._takes_tokens = store.settings.oidc_issuer is not None

    async def principal(self, header: bytes | None) -> Principal:
        """Turn an Authorization header into a principal, or :class:`lrs.errors.NotAuthenticated`."""
        if header is None:
            raise Challenged("the request has no Authorization header", challenges=self._challenges(_BEARER))
        digest = blake2b(header, key=self._key, digest_size=16).digest()
        until, answer = self._known.get(digest, (0.0, None))
        if answer is None or until < monotonic():
            answer = await self._ask(header)
            self._remember(digest, answer)
        if isinstance(answer, NotAuthenticated):
            raise Challenged(answer.message, challenges=self._challenges(_WRONG_TOKEN if _is_bearer(header) else _BEARER))
        return answer

    async def _ask(self, header: bytes) -> Principal | NotAuthenticated:
        run = asyncio.get_running_loop().run_in_executor
        try:
            if _is_bearer(header) and token(header).startswith(PREFIX):
                return await run(self._threads, self._store.credentials.bearer, token(header))
            if self._takes_tokens and _is_bearer(header):
                return await run(self._token_threads, self._store.authenticate_bearer, token(header))
            username, password = credentials(header)
            if username == USERNAME and password.startswith(PREFIX):
                return await run(self._threads, self._store.credentials.bearer, password)
            known = await run(self._threads, self._store.credentials.remembered, username, password)
            if known is not None:
                return known
            return await run(self._slow_threads, self._store.authenticate, username, password)
        except NotAuthenticated as refusal:
            return refusal.with_traceback(None)

    def _challenges(self, bearer: bytes) -> tuple[bytes, ...]:
        return (BASIC, bearer) if self._takes_tokens else (BASIC,)

    def _remember(self, digest: bytes, answer: Principal | NotAuthenticated) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[digest] = (monotonic() + (_SECONDS_REFUSED if isinstance(answer, NotAuthenticated) else _SECONDS_KNOWN), answer)


def _is_bearer(header: bytes) -> bool:
    return header.strip().partition(b" ")[0].lower() == b"bearer"


def token(header: bytes) -> str:
    """Turn an Authorization header into a bearer token, or :class:`lrs.errors.NotAuthenticated`, which quotes nothing."""
    try:
        return header.strip().partition(b" ")[2].strip().decode("ascii")
    except UnicodeDecodeError:
        raise NotAuthenticated("the Authorization header is malformed: after Bearer comes a token") from None


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
