"""The keyring: what is secret and not in the database (GDPR art. 32(1)(a)).

Each tenant has key encryption keys by epoch, which only wrap subjects' keys, and a MAC root, from which blind indexes, fingerprints and tokens are
derived. Epoch keys are random, not derived: only what can't be computed again can be destroyed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from lrs.crypto import document
from lrs.crypto.box import Box
from lrs.crypto.document import Document, Tenant
from lrs.crypto.keks import Home, Item, KekProvider, KeyringKeks
from lrs.crypto.notes import NoteSigner
from lrs.crypto.pseudonyms import Pseudonyms
from lrs.crypto.seal import KEY_BYTES, Dek, check_value, frame
from lrs.crypto.tokens import Tokens
from lrs.errors import KeyUnavailable, TamperedData

Keks = Callable[[str, Tenant], KekProvider]
"""(name, secrets) of a tenant -> who keeps its KEKs, where the keyring does not."""


class Keyring:
    """All tenants' keys. Never shown, never pickled."""

    def __init__(self, home: Home, keks: Keks | None = None) -> None:
        self._home = home
        self._document = home.read()
        self._keks = keks or self._own_keks
        self._keys: dict[str, TenantKeys] = {}

    @classmethod
    def generate(cls, *tenants: str) -> Keyring:
        """Make a keyring with fresh keys for these tenants, in memory alone."""
        made = document.fresh()
        for name in tenants:
            made = made.with_tenant(name, epochs=True)
        return cls(_Memory(made))

    @classmethod
    def from_json(cls, text: bytes | str) -> Keyring:
        """Read what :meth:`to_json` wrote; raises :class:`lrs.errors.KeyUnavailable` and quotes nothing."""
        return cls(_Memory(document.decode(text)))

    def to_json(self) -> bytes:
        """Write the keyring, secrets and all."""
        return document.encode(self._document)

    @property
    def tenants(self) -> tuple[str, ...]:
        """The tenants that have keys."""
        return tuple(sorted(self._document.tenants))

    def tenant(self, name: str) -> TenantKeys:
        """Give the keys of a tenant; raises :class:`lrs.errors.KeyUnavailable` when it has none."""
        if name not in self._keys:
            secrets = self._document.tenants.get(name)
            if secrets is None:
                raise KeyUnavailable("the keyring has no keys for this tenant", hint="Add the tenant with `lrs credentials add --tenant`.")
            self._keys[name] = TenantKeys(name, secrets, self._keks(name, secrets))
        return self._keys[name]

    @property
    def signer(self) -> NoteSigner:
        """The key that signs the audit trail."""
        return NoteSigner(self._document.audit)

    def _own_keks(self, name: str, _secrets: Tenant) -> KekProvider:
        return KeyringKeks(name, self._document, self._home)

    def __repr__(self) -> str:
        return f"Keyring(tenants={len(self._document.tenants)})"

    def __reduce__(self) -> str:
        raise TypeError("a keyring is never pickled")


class _Memory:
    """A home for keys that nobody keeps."""

    def __init__(self, made: Document) -> None:
        self._document = made

    def read(self) -> Document:
        return self._document

    def change(self, change: Callable[[Document], Document]) -> Document:
        self._document = change(self._document)
        return self._document


class Wrapped(Protocol):
    """A wrapped key as a vault keeps it."""

    @property
    def epoch(self) -> int:
        """The epoch whose KEK wrapped it."""

    @property
    def wrapped(self) -> bytes:
        """What the provider of the KEK gave."""

    @property
    def check(self) -> bytes:
        """The key check value."""


class NewDek(NamedTuple):
    """A fresh key of a subject, and what a vault keeps of it."""

    key: Dek
    epoch: int
    wrapped: bytes
    check: bytes


W = TypeVar("W", bound=Wrapped)


class TenantKeys:
    """What one tenant's keys can do."""

    def __init__(self, name: str, tenant: Tenant, keks: KekProvider) -> None:
        self._name = name
        self.keks = keks
        self._prefix = frame(b"lrs1", b"dek", name.encode())
        self.tokens = Tokens(_derive(tenant.mac, b"lrs1|tok"))
        self.check = check_value(tenant.mac)
        """What tells this tenant's keyring from another one's without revealing either."""
        self._index = _mac(tenant.mac, b"lrs1|idx")
        self._variant = _mac(tenant.mac, b"lrs1|var")
        self._fingerprints = hashlib.blake2b(digest_size=8, key=_derive(tenant.mac, b"lrs1|fpr"))
        self.trail = Box(_derive(tenant.mac, b"lrs1|aud"))
        """What seals people in the audit trail."""
        self.notices = Box(_derive(tenant.mac, b"lrs1|ntc"))
        """What seals the ids of erased statements until other stores are told."""
        self._suppression = _mac(tenant.mac, b"lrs1|supp")
        self._iri = _derive(tenant.mac, b"lrs1|iri")
        self._document = _mac(tenant.mac, b"lrs1|doc")
        self.credentials = Dek(_derive(tenant.mac, b"lrs1|crd"), tenant=name, sid=0)
        """What seals the authorities of credentials: an imported one may name a person."""
        self.quarantine = Dek(_derive(tenant.mac, b"lrs1|qtn"), tenant=name, sid=0)
        """What seals what could not be taken."""
        self.spool = Dek(_derive(tenant.mac, b"lrs1|spl"), tenant=name, sid=0)
        """What seals statements that wait for the warehouse."""

    @property
    def current_epoch(self) -> int:
        """The epoch that wraps new keys."""
        return max(self.keks.epochs())

    def new_dek(self, sid: int) -> NewDek:
        """Make a subject's key."""
        return self.new_deks([sid])[0]

    def new_deks(self, sids: Sequence[int]) -> list[NewDek]:
        """Make a key for each of these subjects; the provider of the KEK is asked once."""
        if not sids:
            return []
        epoch, keys = self.current_epoch, [os.urandom(KEY_BYTES) for _ in sids]
        wrapped = self.keks.wrap(epoch, [(key, self._place(sid)) for sid, key in zip(sids, keys, strict=True)])
        return [
            NewDek(Dek(key, tenant=self._name, sid=sid), epoch, text, check_value(key))
            for sid, key, text in zip(sids, keys, wrapped, strict=True)
        ]

    def dek(self, sid: int, epoch: int, wrapped: bytes, check: bytes) -> Dek:
        """Unwrap a subject's key, as :meth:`deks` does."""
        return self.deks({sid: NewDek(None, epoch, wrapped, check)})[sid]  # type: ignore[arg-type] # the key is what is looked for

    def deks(self, keys: Mapping[int, Wrapped]) -> dict[int, Dek]:
        """Unwrap subjects' keys, each for its subject.

        Raises :class:`lrs.errors.KeyUnavailable` when an epoch is gone, :class:`lrs.errors.TamperedData` when a key does not fit.
        """
        return {sid: Dek(key, tenant=self._name, sid=sid) for sid, key in self._unwrapped(keys)}

    def pseudonyms(self, sid: int, key: Wrapped) -> Pseudonyms:
        """Unwrap the key of a project, which is kept as a subject's is; raises as :meth:`deks` does."""
        ((_, unwrapped),) = self._unwrapped({sid: key})
        return Pseudonyms(_derive(unwrapped, b"lrs1|dom"))

    def rewrapped(self, keys: Mapping[int, Wrapped]) -> tuple[int, dict[int, bytes]]:
        """Wrap subjects' keys anew -> (the current epoch, sid -> the key under it); raises as :meth:`deks` does."""
        current = self.current_epoch
        found: dict[int, bytes] = {}
        for epoch, items in self._by_epoch(keys):
            texts = self.keks.rewrap(epoch, current, self._items(items))
            found.update((sid, text) for (sid, _), text in zip(items, texts, strict=True))
        return current, found

    def blind_index(self, ifi: bytes) -> bytes:
        """Canonical identifier -> 16 bytes that find it again and say nothing without the key."""
        return _digest(self._index, ifi)

    def document_index(self, *parts: bytes) -> bytes:
        """Parts of a document's key -> 16 bytes that find it again and say nothing without the key."""
        return _digest(self._document, frame(*parts))

    def suppression_key(self, kind: bytes, value: bytes) -> bytes:
        """Value of a kind that is not taken in again -> 16 bytes that find it and say nothing without the key."""
        return _digest(self._suppression, frame(kind, value))

    def variant_fingerprint(self, sid: int, json: bytes) -> bytes:
        """Spelling of a subject -> 16 bytes that tell it from other spellings."""
        return _digest(self._variant, struct.pack(">Q", sid) + json)

    def content_fingerprint(self, content: bytes) -> int:
        """Content of a statement -> 64 bits that recognise a replay."""
        hashed = self._fingerprints.copy()
        hashed.update(content)
        return int.from_bytes(hashed.digest(), "big")

    def hidden_iri(self, iri: str) -> str:
        """IRI that mentions somebody -> one that stands for it in filters."""
        return "urn:lrs:hidden:" + hashlib.blake2b(iri.encode(), digest_size=16, key=self._iri).hexdigest()

    def _unwrapped(self, keys: Mapping[int, Wrapped]) -> Iterator[tuple[int, bytes]]:
        for epoch, items in self._by_epoch(keys):
            for (sid, wrapped), key in zip(items, self.keks.unwrap(epoch, self._items(items)), strict=True):
                if not hmac.compare_digest(check_value(key), wrapped.check):
                    raise TamperedData("a key is not the one that was wrapped here")
                yield sid, key

    def _by_epoch(self, keys: Mapping[int, W]) -> Iterator[tuple[int, list[tuple[int, W]]]]:
        """Group keys by an epoch that is there; one that is not may be new, so who keeps them is asked again once."""
        for epoch in sorted({key.epoch for key in keys.values()}):
            if epoch not in self.keks.epochs():
                self.keks.refresh()
            if epoch not in self.keks.epochs():
                raise KeyUnavailable(f"there is no key of epoch {epoch}")
            yield epoch, [(sid, key) for sid, key in keys.items() if key.epoch == epoch]

    def _items(self, keys: Sequence[tuple[int, Wrapped]]) -> list[Item]:
        return [(key.wrapped, self._place(sid)) for sid, key in keys]

    def _place(self, sid: int) -> bytes:
        return self._prefix + struct.pack(">Q", sid)

    def __repr__(self) -> str:
        return "TenantKeys(<secret>)"

    def __reduce__(self) -> str:
        raise TypeError("keys are never pickled")


def _derive(root: bytes, label: bytes) -> bytes:
    return HKDFExpand(hashes.SHA256(), KEY_BYTES, label).derive(root)


def _mac(root: bytes, label: bytes) -> HMAC:
    """Make what :func:`_digest` copies, which takes half the time that starting anew does."""
    return HMAC(_derive(root, label), hashes.SHA256())


def _digest(mac: HMAC, message: bytes) -> bytes:
    own = mac.copy()
    own.update(message)
    return own.finalize()[:16]
