"""The keyring: what is secret and not in the database (GDPR art. 32(1)(a)).

Each tenant has key encryption keys by epoch, which only wrap subjects' keys, and a MAC root, from which blind indexes, fingerprints and tokens are
derived. Epoch keys are random, not derived: only what can't be computed again can be destroyed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from lrs.crypto.seal import KEY_BYTES, Dek, check_value, frame
from lrs.crypto.tokens import Tokens
from lrs.errors import KeyUnavailable, TamperedData

FORMAT = 1
_UUID_VARIANT = 0x80


class _Epoch(msgspec.Struct, frozen=True):
    key: bytes
    created: str

    def __repr__(self) -> str:
        return "_Epoch(<secret>)"


class _Tenant(msgspec.Struct, frozen=True):
    epochs: dict[int, _Epoch]
    mac: bytes
    pseudonym: bytes

    def __repr__(self) -> str:
        return "_Tenant(<secret>)"


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    tenants: dict[str, _Tenant]

    def __repr__(self) -> str:
        return "_Document(<secret>)"


class Keyring:
    """All tenants' keys. Never shown, never pickled."""

    def __init__(self, tenants: Mapping[str, _Tenant]) -> None:
        self._tenants = dict(tenants)
        self._keys: dict[str, TenantKeys] = {}

    @classmethod
    def generate(cls, *tenants: str) -> Keyring:
        """Make a keyring with fresh keys for these tenants."""
        return cls({name: _fresh_tenant() for name in tenants})

    @classmethod
    def from_json(cls, text: bytes | str) -> Keyring:
        """Read what :meth:`to_json` wrote; raises :class:`lrs.errors.KeyUnavailable` and quotes nothing."""
        try:
            document = msgspec.json.decode(text, type=_Document)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise KeyUnavailable("the keyring is damaged: it is not what this program writes") from None
        keys = [
            key
            for tenant in document.tenants.values()
            for key in (tenant.mac, tenant.pseudonym, *(epoch.key for epoch in tenant.epochs.values()))
        ]
        if document.format != FORMAT or any(len(key) != KEY_BYTES for key in keys) or not all(t.epochs for t in document.tenants.values()):
            raise KeyUnavailable("the keyring is damaged, or of another version of this program")
        return cls(document.tenants)

    def to_json(self) -> bytes:
        """Write the keyring, secrets and all."""
        return msgspec.json.format(msgspec.json.encode(_Document(FORMAT, self._tenants)), indent=1) + b"\n"

    def with_tenant(self, name: str) -> Keyring:
        """Give a keyring that has keys for one more tenant."""
        return Keyring({**self._tenants, name: _fresh_tenant()})

    @property
    def tenants(self) -> tuple[str, ...]:
        """The tenants that have keys."""
        return tuple(sorted(self._tenants))

    def tenant(self, name: str) -> TenantKeys:
        """Give the keys of a tenant; raises :class:`lrs.errors.KeyUnavailable` when it has none."""
        if name not in self._keys:
            if name not in self._tenants:
                raise KeyUnavailable("the keyring has no keys for this tenant", hint="Add the tenant with `lrs credentials add --tenant`.")
            self._keys[name] = TenantKeys(name, self._tenants[name])
        return self._keys[name]

    def __repr__(self) -> str:
        return f"Keyring(tenants={len(self._tenants)})"

    def __reduce__(self) -> str:
        raise TypeError("a keyring is never pickled")


class TenantKeys:
    """What one tenant's keys can do."""

    def __init__(self, name: str, tenant: _Tenant) -> None:
        self._name = name
        self._epochs = {number: AESGCM(epoch.key) for number, epoch in tenant.epochs.items()}
        self.current_epoch = max(tenant.epochs)
        self.tokens = Tokens(_derive(tenant.mac, b"lrs1|tok"))
        self.check = check_value(tenant.mac)
        """What tells this tenant's keyring from another one's without revealing either."""
        self._index = _derive(tenant.mac, b"lrs1|idx")
        self._variant = _derive(tenant.mac, b"lrs1|var")
        self._content = _derive(tenant.mac, b"lrs1|fpr")
        self._iri = _derive(tenant.mac, b"lrs1|iri")
        self._pseudonym = tenant.pseudonym

    def new_dek(self, sid: int) -> tuple[Dek, int, bytes, bytes]:
        """Make a subject's key -> (key, epoch, wrapped, check value)."""
        key, nonce, epoch = os.urandom(KEY_BYTES), os.urandom(12), self.current_epoch
        wrapped = nonce + self._epochs[epoch].encrypt(nonce, key, self._wrapping(sid, epoch))
        return Dek(key, tenant=self._name, sid=sid), epoch, wrapped, check_value(key)

    def dek(self, sid: int, epoch: int, wrapped: bytes, check: bytes) -> Dek:
        """Unwrap a subject's key; raises :class:`lrs.errors.KeyUnavailable` when its epoch is gone, :class:`lrs.errors.TamperedData` when it does not fit."""
        if epoch not in self._epochs:
            raise KeyUnavailable(f"the keyring has no key of epoch {epoch}")
        try:
            key = self._epochs[epoch].decrypt(wrapped[:12], wrapped[12:], self._wrapping(sid, epoch))
        except (InvalidTag, ValueError):
            raise TamperedData("a wrapped key is damaged, or is not in its place") from None
        if not hmac.compare_digest(check_value(key), check):
            raise TamperedData("a key is not the one that was wrapped here")
        return Dek(key, tenant=self._name, sid=sid)

    def blind_index(self, ifi: bytes) -> bytes:
        """Canonical identifier -> 16 bytes that find it again and say nothing without the key."""
        return hmac.digest(self._index, ifi, "sha256")[:16]

    def variant_fingerprint(self, sid: int, json: bytes) -> bytes:
        """Spelling of a subject -> 16 bytes that tell it from other spellings."""
        return hmac.digest(self._variant, struct.pack(">Q", sid) + json, "sha256")[:16]

    def content_fingerprint(self, content: bytes) -> int:
        """Content of a statement -> 64 bits that recognise a replay."""
        return int.from_bytes(hashlib.blake2b(content, digest_size=8, key=self._content).digest(), "big")

    def hidden_iri(self, iri: str) -> str:
        """IRI that mentions somebody -> one that stands for it in filters."""
        return "urn:lrs:hidden:" + hashlib.blake2b(iri.encode(), digest_size=16, key=self._iri).hexdigest()

    def pseudonym(self, sid: int) -> str:
        """Subject -> the name under which the pseudonymous view shows it."""
        return hashlib.blake2b(struct.pack(">Q", sid), digest_size=16, key=self._pseudonym).hexdigest()

    def pseudonymous_uuid(self, identifier: UUID) -> UUID:
        """Statement id or registration -> a UUID (version 8, RFC 9562) that stands for it in the pseudonymous view."""
        digest = bytearray(hashlib.blake2b(identifier.bytes, digest_size=16, key=self._pseudonym, person=b"uuid").digest())
        digest[6] = 0x80 | digest[6] & 0x0F
        digest[8] = _UUID_VARIANT | digest[8] & 0x3F
        return UUID(bytes=bytes(digest))

    def _wrapping(self, sid: int, epoch: int) -> bytes:
        return frame(b"lrs1", b"dek", self._name.encode(), struct.pack(">QI", sid, epoch))

    def __repr__(self) -> str:
        return "TenantKeys(<secret>)"

    def __reduce__(self) -> str:
        raise TypeError("keys are never pickled")


def _fresh_tenant() -> _Tenant:
    epoch = _Epoch(os.urandom(KEY_BYTES), datetime.now(UTC).isoformat(timespec="seconds"))
    return _Tenant({1: epoch}, os.urandom(KEY_BYTES), os.urandom(KEY_BYTES))


def _derive(root: bytes, label: bytes) -> bytes:
    return HKDFExpand(hashes.SHA256(), KEY_BYTES, label).derive(root)


def encode_secret(text: bytes) -> str:
    """Write a keyring on one line, for an environment variable."""
    return base64.b64encode(text).decode()
