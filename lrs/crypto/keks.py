"""Key encryption keys (KEKs) by epoch: what is asked of whoever keeps them, and the keyring as the one who does.

An epoch is a random key with a number. Epochs only wrap other keys. At most two are there: the newest wraps, the one before it is only
for unwrapping, until everything is rewrapped and it is destroyed; what an old backup holds is then unreadable.
A key wraps by AES-256-GCM with random nonces, so at most 2^32 times (NIST SP 800-38D, 8.3): a tenant with ten million people is
far from it in every epoch, since an epoch wraps each person's key once.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lrs.crypto.document import Document
from lrs.errors import KeyUnavailable, TamperedData

_NONCE_BYTES = 12

Item = tuple[bytes, bytes]
"""(a key, or a wrapped key; the context that names the place where it belongs)"""


class KekProvider(Protocol):
    """Whoever keeps the KEKs of one tenant. Thread-safe. Raises :class:`lrs.errors.StoreUnavailable` when it can't be reached."""

    def epochs(self) -> Mapping[int, str]:
        """Give the epochs that are there, as far as is known here: number -> when it was made (RFC 3339)."""

    def refresh(self) -> None:
        """Learn what another process changed."""

    def wrap(self, epoch: int, keys: Sequence[Item]) -> list[bytes]:
        """Wrap keys, each for its context."""

    def unwrap(self, epoch: int, wrapped: Sequence[Item]) -> list[bytes]:
        """Unwrap keys; raises :class:`lrs.errors.TamperedData` for one that is damaged or not in its context."""

    def rewrap(self, old: int, new: int, wrapped: Sequence[Item]) -> list[bytes]:
        """Wrap anew what an epoch wrapped; the keys need not leave the provider."""

    def rotate(self) -> None:
        """Begin a new epoch; raises :class:`lrs.errors.ConfigurationError` when two are there."""

    def destroy(self, epoch: int) -> None:
        """Destroy an epoch's key, for ever. Whether anything still needs it is the caller's to know."""


class Home(Protocol):
    """Where a keyring's document is kept."""

    def read(self) -> Document:
        """Give the document as it is now; raises :class:`lrs.errors.KeyUnavailable`."""

    def change(self, change: Callable[[Document], Document]) -> Document:
        """Change the document, durably, one process after the other; raises :class:`lrs.errors.KeyUnavailable` where it can't be changed."""


class KeyringKeks:
    """The KEKs of a tenant whose keyring holds them itself."""

    def __init__(self, tenant: str, document: Document, home: Home) -> None:
        self._tenant = tenant
        self._home = home
        self._take(document)

    def epochs(self) -> Mapping[int, str]:
        """See :class:`KekProvider`."""
        return {number: created for number, (created, _) in self._keys.items()}

    def refresh(self) -> None:
        """See :class:`KekProvider`."""
        self._take(self._home.read())

    def wrap(self, epoch: int, keys: Sequence[Item]) -> list[bytes]:
        """See :class:`KekProvider`."""
        # Of fixed length, so that context and number can't be taken for another pair of them.
        aead, number = self._keys[epoch][1], struct.pack(">I", epoch)
        wrapped = []
        for key, context in keys:
            nonce = os.urandom(_NONCE_BYTES)
            wrapped.append(nonce + aead.encrypt(nonce, key, context + number))
        return wrapped

    def unwrap(self, epoch: int, wrapped: Sequence[Item]) -> list[bytes]:
        """See :class:`KekProvider`."""
        aead, number = self._keys[epoch][1], struct.pack(">I", epoch)
        try:
            return [aead.decrypt(text[:_NONCE_BYTES], text[_NONCE_BYTES:], context + number) for text, context in wrapped]
        except (InvalidTag, ValueError):
            raise TamperedData("a wrapped key is damaged, or is not in its place") from None

    def rewrap(self, old: int, new: int, wrapped: Sequence[Item]) -> list[bytes]:
        """See :class:`KekProvider`."""
        keys = self.unwrap(old, wrapped)
        return self.wrap(new, [(key, context) for key, (_, context) in zip(keys, wrapped, strict=True)])

    def rotate(self) -> None:
        """See :class:`KekProvider`."""
        self._take(self._home.change(lambda document: document.with_epoch(self._tenant)))

    def destroy(self, epoch: int) -> None:
        """See :class:`KekProvider`."""
        self._take(self._home.change(lambda document: document.without_epoch(self._tenant, epoch)))

    def _take(self, document: Document) -> None:
        if self._tenant not in document.tenants or not document.tenants[self._tenant].epochs:
            raise KeyUnavailable(
                "the keyring has no KEKs for this tenant",
                hint="Where a key management service keeps them, the setting kms names it; else put back the keyring of this data.",
            )
        epochs = document.tenants[self._tenant].epochs
        self._keys = {number: (epoch.created, AESGCM(epoch.key)) for number, epoch in sorted(epochs.items())}

    def __repr__(self) -> str:
        return "KeyringKeks(<secret>)"
