"""An envelope that only its recipient can open: HPKE (RFC 9180, X25519, HKDF-SHA256, AES-256-GCM) around a key, under which the content is sealed in pieces.

The pieces are those of STREAM: each is bound to its number, and the last one says that it is the last, so that none can be moved, left out or cut off.
The recipient's keys are PEM files, as ``openssl genpkey -algorithm X25519`` makes them.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from lrs.crypto.seal import KEY_BYTES
from lrs.errors import ConfigurationError, TamperedData

MAGIC = b"lrs envelope 1\n"
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_INFO = b"lrs1|envelope"
_HEAD_BYTES = 32 + KEY_BYTES + 16
"""The encapsulated key, the sealed key and its tag."""
_PIECE = 64 * 1024
_TAG = 16


class Envelope:
    """A file in the making. What is written can be read when it is closed, by the recipient alone."""

    def __init__(self, file: BinaryIO, recipient: bytes) -> None:
        """Begin one for the public key of a recipient, in PEM; raises :class:`lrs.errors.ConfigurationError`."""
        key = os.urandom(KEY_BYTES)
        file.write(MAGIC + _SUITE.encrypt(key, _public(recipient), _INFO))
        self._file = file
        self._aead = AESGCM(key)
        self._held = b""
        self._number = 0

    def write(self, content: bytes) -> int:
        """Add to the content."""
        held = self._held + content
        # The last piece is sealed as such when it is known to be.
        while len(held) > _PIECE:
            self._seal(held[:_PIECE], last=False)
            held = held[_PIECE:]
        self._held = held
        return len(content)

    def flush(self) -> None:
        """Do nothing: what is held back becomes a piece when there is enough of it."""

    def close(self) -> None:
        """Seal what is left; the file stays open."""
        self._seal(self._held, last=True)
        self._held = b""

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._file.write(self._aead.encrypt(_nonce(self._number, last=last), piece, None))
        self._number += 1


def opened(file: BinaryIO, private: bytes) -> Iterator[bytes]:
    """Open an envelope with the recipient's private key, in PEM, piece by piece.

    Raises :class:`lrs.errors.TamperedData` unless it is whole and for this recipient, :class:`lrs.errors.ConfigurationError`.
    """
    key = _private(private)
    if file.read(len(MAGIC)) != MAGIC:
        raise TamperedData("this is no envelope of lrs")
    try:
        aead = AESGCM(_SUITE.decrypt(file.read(_HEAD_BYTES), key, _INFO))
    except (InvalidTag, ValueError):
        raise TamperedData("the envelope is not for this key, or was altered") from None
    number, piece = 0, file.read(_PIECE + _TAG)
    while piece:
        following = file.read(_PIECE + _TAG)
        try:
            yield aead.decrypt(_nonce(number, last=not following), piece, None)
        except InvalidTag:
            raise TamperedData("the envelope was altered, or is not whole") from None
        number, piece = number + 1, following
    if not number:
        raise TamperedData("the envelope is not whole")


def _nonce(number: int, *, last: bool) -> bytes:
    return struct.pack(">xxxQ?", number, last)


def _public(pem: bytes) -> X25519PublicKey:
    try:
        key = load_pem_public_key(pem)
    except ValueError:
        key = None
    if not isinstance(key, X25519PublicKey):
        raise ConfigurationError(
            "this is no public key of type X25519, in PEM", hint="openssl pkey -in private.pem -pubout -out public.pem"
        )
    return key


def _private(pem: bytes) -> X25519PrivateKey:
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, X25519PrivateKey):
        raise ConfigurationError("this is no private key of type X25519, in PEM without a password")
    return key
