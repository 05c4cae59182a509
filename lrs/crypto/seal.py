"""Sealing: AES-256-GCM under one subject's key, bound to the place where the value belongs.

A sealed value is ``version | algorithm | nonce (12) | ciphertext and tag``. The associated data names tenant, kind, subject and record, each with its length,
so that a value that is moved to another place does not open (NIST SP 800-38D; RFC 5116).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lrs.errors import TamperedData

VERSION = 1
AES_256_GCM = 1
KEY_BYTES = 32
_NONCE_BYTES = 12
_HEAD = bytes((VERSION, AES_256_GCM))
_STEPS = {"variant": 64, "text": 32, "document-name": 64, "correction": 64, "presence": 64}
"""Lengths are rounded up to these steps before sealing, so that the length of a name does not show."""


class Dek:
    """The data encryption key of one subject. Never shown, never pickled."""

    __slots__ = ("_aead", "_context")

    def __init__(self, key: bytes, *, tenant: str, sid: int) -> None:
        self._aead = AESGCM(key)
        self._context = frame(b"lrs1", tenant.encode(), struct.pack(">Q", sid))

    def seal(self, kind: str, record: bytes, plaintext: bytes) -> bytes:
        """Seal a value of a kind that belongs to a record."""
        nonce = os.urandom(_NONCE_BYTES)
        return _HEAD + nonce + self._aead.encrypt(nonce, pad(plaintext, _STEPS.get(kind, 1)), self._context + frame(kind.encode(), record))

    def open(self, kind: str, record: bytes, sealed: bytes) -> bytes:
        """Open a sealed value; raises :class:`lrs.errors.TamperedData` unless it is whole and in its place."""
        if sealed[:2] != _HEAD:
            raise TamperedData("a sealed value has an unknown form")
        try:
            plaintext = self._aead.decrypt(sealed[2:14], sealed[14:], self._context + frame(kind.encode(), record))
        except (InvalidTag, ValueError):
            raise TamperedData("a sealed value is damaged, or is not in its place") from None
        return unpad(plaintext)

    def __repr__(self) -> str:
        return "Dek(<secret>)"

    def __reduce__(self) -> str:
        raise TypeError("a key is never pickled")


def frame(*parts: bytes) -> bytes:
    """Join byte strings, each with its length, so that no two lists give the same bytes."""
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def pad(text: bytes, step: int) -> bytes:
    """Lengthen to a multiple of ``step``; the true length stands in front."""
    framed = struct.pack(">I", len(text)) + text
    return framed + bytes(-len(framed) % step)


def unpad(padded: bytes) -> bytes:
    """Undo :func:`pad`."""
    (length,) = struct.unpack(">I", padded[:4])
    return padded[4 : 4 + length]


def check_value(key: bytes) -> bytes:
    """Commit to a key: what tells a right key from a wrong one without using it."""
    return hmac.digest(key, b"lrs1|kcv", hashlib.sha256)[:16]
