"""Pseudonyms of one project: the same person has the same one in it, and another one in every other project (EDPB guidelines 01/2025).

A project's key is random and derived from nothing, so that it can be destroyed: from then on nobody, whatever keys they hold, can tell who was who.
"""

from __future__ import annotations

import hashlib
import struct
from uuid import UUID

_UUID_VARIANT = 0x80


class Pseudonyms:
    """The pseudonyms under one key. Never shown, never pickled."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def person(self, sid: int) -> str:
        """Subject -> the name under which the pseudonymous view shows it."""
        return hashlib.blake2b(struct.pack(">Q", sid), digest_size=16, key=self._key, person=b"person").hexdigest()

    def uuid(self, identifier: UUID) -> UUID:
        """Statement id or registration -> a UUID (version 8, RFC 9562) that stands for it in the pseudonymous view."""
        digest = bytearray(hashlib.blake2b(identifier.bytes, digest_size=16, key=self._key, person=b"uuid").digest())
        digest[6] = 0x80 | digest[6] & 0x0F
        digest[8] = _UUID_VARIANT | digest[8] & 0x3F
        return UUID(bytes=bytes(digest))

    def __repr__(self) -> str:
        return "Pseudonyms(<secret>)"

    def __reduce__(self) -> str:
        raise TypeError("a key is never pickled")
