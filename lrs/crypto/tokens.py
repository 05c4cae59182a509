"""Tokens that a client keeps for us between two requests: sealed, bound to the credential that got them, and short-lived."""

from __future__ import annotations

import base64
import binascii
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lrs.errors import InvalidRequest

_NONCE_BYTES = 12


class Tokens:
    """Seal and open tokens under one key."""

    __slots__ = ("_aead",)

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, payload: bytes, *, bound_to: str, until: int) -> str:
        """Payload -> URL-safe token for one credential, good until a time in seconds since 1970."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._aead.encrypt(nonce, struct.pack(">Q", until) + payload, bound_to.encode())
        return base64.urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode()

    def open(self, token: str, *, bound_to: str, now: int) -> bytes:
        """Token -> payload; raises :class:`lrs.errors.InvalidRequest`, the same for a token that is damaged and for one that is another's."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            opened = self._aead.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], bound_to.encode())
        except (InvalidTag, ValueError, binascii.Error):
            raise InvalidRequest("the more token is damaged or belongs to another credential", parameter="more") from None
        (until,) = struct.unpack(">Q", opened[:8])
        if until < now:
            raise InvalidRequest("the more token has expired", parameter="more", hint="Ask the first page again.")
        return opened[8:]

    def __repr__(self) -> str:
        return "Tokens(<secret>)"
