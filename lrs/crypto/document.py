"""The keyring as it is written: the secrets of all tenants, in JSON. Values only; each change gives a new document."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from hashlib import blake2b

import msgspec

from lrs.crypto.seal import KEY_BYTES
from lrs.errors import ConfigurationError, KeyUnavailable

FORMAT = 1
LIVE_EPOCHS = 2
"""Epochs that may be there at once: the one that wraps, and the one whose keys are being rewrapped."""


class Epoch(msgspec.Struct, frozen=True):
    """A key encryption key and when it was made (RFC 3339)."""

    key: bytes
    created: str

    def __repr__(self) -> str:
        return "Epoch(<secret>)"


class Tenant(msgspec.Struct, frozen=True):
    """One tenant's secrets. ``epochs`` is empty where a key management service keeps the KEKs."""

    epochs: dict[int, Epoch]
    mac: bytes

    def __repr__(self) -> str:
        return "Tenant(<secret>)"


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All secrets. ``audit`` is the seed of the Ed25519 key that signs the audit trail, and belongs to no tenant.

    ``check`` is a checksum of the rest, where it is written: one damaged letter in a key would else be found out by the first person who can't be read.
    """

    format: int
    audit: bytes
    tenants: dict[str, Tenant]
    check: str = ""

    def with_tenant(self, name: str, *, epochs: bool) -> Document:
        """Give fresh secrets to one more tenant, with a first KEK where ``epochs`` are kept here; one that has some keeps them."""
        if name in self.tenants:
            return self
        fresh = Tenant({1: _fresh_epoch()} if epochs else {}, os.urandom(KEY_BYTES))
        return self._with(name, fresh)

    def without_tenant(self, name: str) -> Document:
        """Leave out a tenant's secrets, for ever."""
        return msgspec.structs.replace(self, tenants={each: secrets for each, secrets in self.tenants.items() if each != name})

    def with_epoch(self, name: str) -> Document:
        """Give a tenant a new KEK; raises :class:`lrs.errors.ConfigurationError` when two are there."""
        epochs = self.tenants[name].epochs
        if len(epochs) >= LIVE_EPOCHS:
            raise two_are_live(min(epochs))
        return self._with(name, msgspec.structs.replace(self.tenants[name], epochs={**epochs, max(epochs) + 1: _fresh_epoch()}))

    def without_epoch(self, name: str, epoch: int) -> Document:
        """Leave out a KEK, for ever; never the newest."""
        epochs = {
            number: key for number, key in self.tenants[name].epochs.items() if number != epoch or number == max(self.tenants[name].epochs)
        }
        return self._with(name, msgspec.structs.replace(self.tenants[name], epochs=epochs))

    def _with(self, name: str, tenant: Tenant) -> Document:
        return msgspec.structs.replace(self, tenants={**self.tenants, name: tenant})

    def __repr__(self) -> str:
        return "Document(<secret>)"


def fresh() -> Document:
    """Make a document without tenants."""
    return Document(FORMAT, os.urandom(KEY_BYTES), {})


def decode(text: bytes | str) -> Document:
    """Read what :func:`encode` wrote; raises :class:`lrs.errors.KeyUnavailable` and quotes nothing."""
    try:
        document = msgspec.json.decode(text, type=Document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise KeyUnavailable("the keyring is damaged: it is not what this program writes") from None
    keys = [key for tenant in document.tenants.values() for key in (tenant.mac, *(epoch.key for epoch in tenant.epochs.values()))]
    if document.format != FORMAT or any(len(key) != KEY_BYTES for key in (document.audit, *keys)):
        raise KeyUnavailable("the keyring is damaged, or of another version of this program")
    unchecked = msgspec.structs.replace(document, check="")
    if document.check != _checksum(unchecked):
        raise KeyUnavailable("the keyring is damaged: its checksum is another one")
    return unchecked


def encode(document: Document) -> bytes:
    """Write a document, secrets and all."""
    checked = msgspec.structs.replace(document, check=_checksum(document))
    return msgspec.json.format(msgspec.json.encode(checked), indent=1) + b"\n"


def two_are_live(oldest: int) -> ConfigurationError:
    """Say that no further epoch can begin."""
    return ConfigurationError(
        "two epochs are live: no third one can begin", hint=f"Destroy the old one first: lrs keys destroy-epoch {oldest}"
    )


def _checksum(document: Document) -> str:
    return blake2b(msgspec.json.encode(document), digest_size=8).hexdigest()


def _fresh_epoch() -> Epoch:
    return Epoch(os.urandom(KEY_BYTES), datetime.now(UTC).isoformat(timespec="seconds"))
