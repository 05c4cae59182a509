"""A box for what the audit trail says of people: sealed under a key of the tenant, bound to its place in the trail."""

from __future__ import annotations

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lrs.errors import TamperedData

_NONCE_BYTES = 12


class Box:
    """Seal and open under one key (AES-256-GCM)."""

    __slots__ = ("_aead",)

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, content: bytes, place: bytes) -> str:
        """Content -> base64 that opens at this place."""
        nonce = os.urandom(_NONCE_BYTES)
        return base64.b64encode(nonce + self._aead.encrypt(nonce, content, place)).decode("ascii")

    def open(self, sealed: str, place: bytes) -> bytes:
        """Open what was sealed for this place; raises :class:`lrs.errors.TamperedData`."""
        try:
            raw = base64.b64decode(sealed, validate=True)
            return self._aead.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place)
        except (InvalidTag, ValueError, binascii.Error):
            raise TamperedData("a sealed part of the audit trail is damaged, or is not in its place") from None

    def __repr__(self) -> str:
        return "Box(<secret>)"
