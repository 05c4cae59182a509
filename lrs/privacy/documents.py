"""Documents at rest: found by blind indexes, sealed under the key of the person whom they are about, or under the tenant's.

Nothing that could confirm a guess is kept beside the sealed content: no hash, no entity tag (xAPI 1.0.3 asks for SHA-1), no id in the clear.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol
from uuid import UUID

import msgspec

from lrs.privacy import identity
from lrs.privacy.identity import Identities
from lrs.privacy.suppression import Suppression
from lrs.storage.contract import DocumentName, DocumentRow, DocumentStore, ErasureStore
from lrs.xapi.documents import Content, Context, Document, Kind
from lrs.xapi.model import Person

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.seal import Dek

TENANT = Person(b"{}", b"tenant", (), is_group=False)
"""Whose is what is nobody's: a subject like any other, whose identifier is none that a sender can give."""
_MAX_KEYS = 20_000
_DAY = 86_400_000_000


class Vault(identity.Vault, DocumentStore, ErasureStore, Protocol):
    """What documents need of the vault: people, how they were corrected, documents, and who was erased."""


class Owner(NamedTuple):
    """Whose a document is, and the key under which it is sealed."""

    sid: int
    dek: Dek

    def __repr__(self) -> str:
        return "Owner(...)"


class Owners:
    """The owners of one tenant's documents: the agents whom they are about, and the tenant itself. Thread-safe.

    Keys are remembered, but the vault is asked each time who is still known, so that an erasure counts at once, whichever process does it. What
    is under way when keys are forgotten remembers them where nobody looks any more.
    """

    def __init__(self, tenant: str, keys: TenantKeys, vault: Vault, *, month: Callable[[], int], suppression: Suppression) -> None:
        self._tenant = tenant
        self._keys = keys
        self._vault = vault
        self._month = month
        self._suppression = suppression
        self._deks: dict[int, Dek] = {}

    def find(self, context: Context) -> Owner | None:
        """Give the owner of a context's documents, or None when there is none, and so no document."""
        index, deks = self._keys.blind_index((context.agent or TENANT).ifi), self._deks
        found = self._vault.subjects(self._tenant, [index]).get(index)
        if found is None:
            return None
        sid, key = found
        dek = deks.get(sid) or self._keys.dek(sid, key.epoch, key.wrapped, key.check)
        if len(deks) < _MAX_KEYS:
            deks[sid] = dek
        else:
            self.forget()
        return Owner(sid, dek)

    def claim(self, context: Context) -> Owner | None:
        """Make the owner that was not found, durable in the vault on return: a subject, as the actor of a statement becomes one.

        None of whoever was erased a short while ago.
        """
        person = context.agent or TENANT
        self._suppression.changed()
        identities = Identities(self._tenant, self._keys, self._vault, month=self._month, suppression=self._suppression)
        identities.learn([person])
        if identities.is_erased(person):
            return None
        sid, _ = identities.token(person)
        return Owner(sid, identities.deks([sid])[sid])

    def forget(self) -> None:
        """Drop every key from memory."""
        self._deks = {}


class Name(msgspec.Struct, frozen=True, array_like=True):
    """What the key of a document is made of, the agent apart: what a person who asks for their documents is told."""

    kind: Kind
    activity: str | None
    registration: UUID | None
    id: str


class Kept(NamedTuple):
    """A document of a person: what it is called, and what it holds."""

    name: Name
    document: Document

    def __repr__(self) -> str:
        return "Kept(...)"


class _Sealed(msgspec.Struct, frozen=True, array_like=True):
    content_type: str
    content: bytes


_read_name = msgspec.msgpack.Decoder(Name).decode
_read_content = msgspec.msgpack.Decoder(_Sealed).decode
Revision = Callable[[Document | None], Content]
"""The document that is there, or None -> what it shall hold. Decides and does nothing: it may be called again."""


class SealedDocuments:
    """The documents of one tenant. Thread-safe; each call is one transaction of the vault.

    ``days``: how long after it was last written a document is there, None: for ever. One that is past its time is as good as deleted.
    """

    def __init__(
        self,
        tenant: str,
        keys: TenantKeys,
        vault: Vault,
        *,
        clock: Callable[[], int],
        month: Callable[[], int],
        days: int | None = None,
    ) -> None:
        self._tenant = tenant
        self._keys = keys
        self._vault = vault
        self._clock = clock
        self._days = days
        self._owners = Owners(tenant, keys, vault, month=month, suppression=Suppression(tenant, keys, vault, clock=clock))

    def about(self, context: Context) -> list[int]:
        """Give the number of the person whom the documents of a context are about; nobody's when they are about none."""
        owner = self._owners.find(context) if context.agent else None
        return [] if owner is None else [owner.sid]

    def read(self, context: Context, document_id: str) -> Document | None:
        """Open one document."""
        owner = self._owners.find(context)
        row = self._vault.document(self._tenant, self._key(owner, context, document_id)) if owner else None
        return self._there(owner, row) if owner else None

    def names(self, context: Context, since: int | None) -> list[tuple[str, int]]:
        """List the documents of a context, of every registration unless it has one -> (id, updated), in order of the second."""
        owner = self._owners.find(context)
        if owner is None:
            return []
        kept = self._kept_since()
        rows = self._vault.documents(self._tenant, *self._chosen(owner, context), since=kept if since is None else max(since, kept))
        return [(_open_name(owner, row), row.updated) for row in rows]

    def write(self, context: Context, document_id: str, revise: Revision) -> Document:
        """Put in place of a document what ``revise`` makes of it -> what is there now. What it raises is raised, and nothing has happened.

        A document about somebody who was erased a short while ago is taken and not kept, as statements are.
        """
        owner = self._owners.find(context)
        if owner is None:
            # A refusal makes nobody a subject.
            content = revise(None)
            owner = self._owners.claim(context)
        if owner is None:
            return Document(content.content, content.content_type, self._clock())
        key = self._key(owner, context, document_id)
        name = Name(context.kind, context.activity, context.registration, document_id)

        def change(old: DocumentRow | None) -> DocumentRow:
            content = revise(self._there(owner, old))
            return DocumentRow(
                key=key,
                context=self._about(owner, context),
                registered=self._registered(owner, context),
                sid=owner.sid,
                name=owner.dek.seal("document-name", key, msgspec.msgpack.encode(name)),
                content=owner.dek.seal("document", key, msgspec.msgpack.encode(_Sealed(content.content_type, content.content))),
                updated=max(self._clock(), old.updated + 1 if old else 0),
            )

        return _open(owner, self._vault.change_document(self._tenant, key, change))

    def remove(self, context: Context, document_id: str, check: Callable[[Document | None], None]) -> None:
        """Delete a document, unless ``check`` raises when it sees the one that is there, or None."""
        owner = self._owners.find(context)
        if owner is None:
            return check(None)
        self._vault.remove_document(self._tenant, self._key(owner, context, document_id), lambda old: check(self._there(owner, old)))
        return None

    def forget(self) -> None:
        """Drop every key from memory."""
        self._owners.forget()

    def clear(self, context: Context) -> None:
        """Delete the documents of a context, of every registration unless it has one."""
        owner = self._owners.find(context)
        if owner is not None:
            self._vault.delete_documents(self._tenant, *self._chosen(owner, context))

    def _there(self, owner: Owner, row: DocumentRow | None) -> Document | None:
        """Open a document, unless it is past its time."""
        return None if row is None or row.updated <= self._kept_since() else _open(owner, row)

    def _kept_since(self) -> int:
        return -1 if self._days is None else self._clock() - self._days * _DAY

    def _key(self, owner: Owner, context: Context, document_id: str) -> bytes:
        return self._keys.document_index(*_parts(owner, context), _registration(context), document_id.encode())

    def _about(self, owner: Owner, context: Context) -> bytes:
        return self._keys.document_index(*_parts(owner, context))

    def _chosen(self, owner: Owner, context: Context) -> tuple[bytes, bytes | None]:
        return self._about(owner, context), self._registered(owner, context) if context.registration else None

    def _registered(self, owner: Owner, context: Context) -> bytes:
        return self._keys.document_index(*_parts(owner, context), _registration(context))


def kept_of(vault: DocumentStore, tenant: str, deks: Mapping[int, Dek]) -> Iterator[Kept]:
    """Open every document about these subjects, one at a time."""
    for sid, dek in sorted(deks.items()):
        for name in vault.documents_of(tenant, sid):
            row = vault.document(tenant, name.key)
            if row is not None:
                yield Kept(_read_name(dek.open("document-name", row.key, row.name)), _open(Owner(sid, dek), row))


def _parts(owner: Owner, context: Context) -> tuple[bytes, bytes, bytes]:
    # By number, not by identifier: documents stay with whom they are about when an identifier is corrected.
    return context.kind.encode(), (context.activity or "").encode(), struct.pack(">Q", owner.sid) if context.agent else b""


def _registration(context: Context) -> bytes:
    return context.registration.bytes if context.registration else b""


def _open(owner: Owner, row: DocumentRow) -> Document:
    found = _read_content(owner.dek.open("document", row.key, row.content))
    return Document(found.content, found.content_type, row.updated)


def _open_name(owner: Owner, row: DocumentName) -> str:
    return _read_name(owner.dek.open("document-name", row.key, row.name)).id
