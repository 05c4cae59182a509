"""One entry of the audit trail: what it says, and how it is written (docs/reference/audit.md publishes the format)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from lrs.errors import TamperedData
from lrs.privacy.audit.tree import leaf

if TYPE_CHECKING:
    from lrs.access import Principal
    from lrs.crypto.box import Box

DONE, REFUSED, FAILED = "done", "refused", "failed"
JOIN = "join"
"""The action of an entry that says where another chain stood."""
PRUNE = "prune the trail"
"""The action of an entry that says that older segments are let go of."""
_CHAIN = b',"chain":"'
_TAIL = len(_CHAIN) + 44 + len(b'"}')
_sha256 = hashlib.sha256


class Event(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What happened. ``sids`` are the people whom it concerns; ``object`` names a thing, never a person.

    ``tenant`` is empty where it concerns the store as a whole. ``purpose`` and ``policy`` (the digest of the policy in force) are empty where nothing is read
    or written for one; the trail itself puts in the policy of the tenant.
    """

    action: str
    tenant: str = ""
    credential: str = ""
    outcome: str = DONE
    counts: Mapping[str, int] = {}
    object: str = ""
    request: str = ""
    purpose: str = ""
    policy: str = ""
    sids: Collection[int] = ()

    @classmethod
    def by(cls, principal: Principal, action: str, **said: Any) -> Event:
        """Make the event of something that a principal asked for; its ``object`` is the file for which it was, unless something else is said."""
        return cls(
            action=action,
            tenant=principal.tenant,
            credential=principal.credential_id,
            request=principal.request_id,
            purpose=principal.purpose,
            **{"object": principal.file, **said},
        )

    def __repr__(self) -> str:
        return f"Event({self.action!r})"


class Entry(msgspec.Struct, gc=False, kw_only=True):
    """An event in its place in a chain, as it is written. Its fields are in alphabetical order, and so are the members of its JSON.

    ``time`` is in microseconds since 1970 UTC. ``subjects`` is a box with the people's numbers.
    """

    action: str
    counts: Mapping[str, int]
    credential: str
    object: str
    outcome: str
    policy: str
    purpose: str
    request: str
    seq: int
    subjects: bytes
    tenant: str
    time: int


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Entry).decode
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[int]).decode


class Imprint(NamedTuple):
    """What a tenant leaves in its entries: the box that seals people, and the digest of the policy in force."""

    box: Box | None = None
    policy: str = ""


STORE = Imprint()
"""That of entries which concern the store as a whole."""


def written(event: Event, *, seq: int, time: int, imprint: Imprint = STORE, nonce: bytes = b"") -> bytes:
    """Give an event's JSON at its place, with the imprint of its tenant.

    A credential's part after a colon stands for a person, and is sealed too. ``nonce`` is one that was drawn for this entry.
    """
    box = imprint.box
    kind, colon, person = event.credential.partition(":")
    credential, subjects = kind, b""
    if box is not None and (event.sids or colon):
        place = _place(event.tenant, seq)
        credential = f"{kind}:{base64.b64encode(box.seal(person.encode(), place + b'c')).decode()}" if colon else kind
        subjects = box.seal(_pack(list(event.sids)), place + b"s", nonce) if event.sids else b""
    return _encode(
        Entry(
            action=event.action,
            counts=event.counts,
            credential=credential,
            object=event.object,
            outcome=event.outcome,
            policy=event.policy or imprint.policy,
            purpose=event.purpose,
            request=event.request,
            seq=seq,
            subjects=subjects,
            tenant=event.tenant,
            time=time,
        )
    )


def opened(entry: Entry, box: Box) -> tuple[str, list[int]]:
    """Give whom an entry is about: the credential as it was, and the people's numbers; raises :class:`lrs.errors.TamperedData`."""
    place = _place(entry.tenant, entry.seq)
    kind, colon, sealed = entry.credential.partition(":")
    try:
        credential = f"{kind}:{box.open(base64.b64decode(sealed), place + b'c').decode()}" if colon else entry.credential
    except binascii.Error:
        raise TamperedData("a sealed part of the audit trail is damaged") from None
    return credential, _unpack(box.open(entry.subjects, place + b"s")) if entry.subjects else []


def link(before: bytes, entry: bytes) -> tuple[bytes, bytes]:
    """(chain hash before, entry) -> (hash of the entry as a leaf, chain hash after): SHA-256 of the two."""
    hashed = leaf(entry)
    return hashed, _sha256(before + hashed).digest()


def line(entry: bytes, chain: bytes) -> bytes:
    """Write an entry with the chain hash after it, as its last member."""
    return b'%b,"chain":"%b"}\n' % (entry[:-1], binascii.b2a_base64(chain, newline=False))


def split(text: bytes) -> tuple[bytes, bytes]:
    """Line without its newline -> (entry, what stands as the chain hash after it); whatever the line is."""
    return text[:-_TAIL] + b"}", text[-_TAIL:]


def tail(chain: bytes) -> bytes:
    """Give what has to stand at the end of a line after which the chain has this hash."""
    return b'%b%b"}' % (_CHAIN, binascii.b2a_base64(chain, newline=False))


def read(entry: bytes) -> Entry:
    """Read an entry; raises :class:`lrs.errors.TamperedData`."""
    try:
        return _decode(entry)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise TamperedData("an entry of the audit trail can't be read") from None


def _place(tenant: str, seq: int) -> bytes:
    return b"lrs1|audit|%d|%b|" % (seq, tenant.encode())
