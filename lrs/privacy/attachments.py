"""Contents of attachments on their way in and out: in pieces, sealed under the key of the first person of their statement.

What a content is (its hash, media type and length) is sealed beside it: a hash in the clear would tell whoever has a file whether
it is this one (GDPR art. 32(1)(a)).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from lrs.errors import TamperedData
from lrs.storage.contract import SealedPiece, StatementStore, StoredHead, TokenisedStatement

if TYPE_CHECKING:
    from uuid import UUID

    from lrs.crypto.seal import Dek
    from lrs.xapi.model import Attachment
    from lrs.xapi.multipart import Contents

PIECE_BYTES = 1024 * 1024
_PIECES_AT_ONCE = 8


class _Head(msgspec.Struct, frozen=True, array_like=True):
    """What a content is."""

    sha2: str
    content_type: str
    length: int


_GENERATION = 1 << 16
"""The number of a content holds its generation in the upper half: the same content sealed anew is of the next one."""


def generation(number: int) -> int:
    """Give how often the content of this number was sealed anew."""
    return number // _GENERATION


def resealed(
    row: TokenisedStatement, head: StoredHead, pieces: Iterable[bytes], keys: tuple[Dek, Dek], *, to: int
) -> Iterator[SealedPiece]:
    """Seal a content of a statement under another key, the second of ``keys``, as one of generation ``to``."""
    old, new = keys
    number = head.number % _GENERATION + to * _GENERATION
    opened = old.open("attachment head", _record(row.stored, row.id, head.number, 0), head.head)
    sealed_head = new.seal("attachment head", _record(row.stored, row.id, number, 0), opened)
    until = min(row.identity_until, row.keep_until)
    for piece, sealed in enumerate(pieces):
        content = old.open("attachment", _record(row.stored, row.id, head.number, piece), sealed)
        anew = new.seal("attachment", _record(row.stored, row.id, number, piece), content)
        yield SealedPiece(row.tenant, row.stored, row.id, number, piece, b"" if piece else sealed_head, anew, until)


def seal_contents(row: TokenisedStatement, attachments: Iterable[Attachment], contents: Contents, key: Dek) -> Iterator[SealedPiece]:
    """Give the rows of a statement's contents, each content once, as they are asked for."""
    own = {attachment.sha2: attachment for attachment in attachments if attachment.sha2 in contents}
    until = min(row.identity_until, row.keep_until)
    for number, (sha2, attachment) in enumerate(own.items()):
        data = memoryview(contents[sha2].data)
        head = msgspec.msgpack.encode(_Head(sha2, attachment.content_type, len(data)))
        sealed_head = key.seal("attachment head", _record(row.stored, row.id, number, 0), head)
        for piece in range(_count(len(data))):
            sealed = key.seal(
                "attachment", _record(row.stored, row.id, number, piece), bytes(data[piece * PIECE_BYTES : (piece + 1) * PIECE_BYTES])
            )
            yield SealedPiece(row.tenant, row.stored, row.id, number, piece, b"" if piece else sealed_head, sealed, until)


class StoredContent(NamedTuple):
    """A content that can be read: what it is, where it lies, and the key that opens it."""

    head: StoredHead
    content_type: str
    length: int
    key: Dek

    def __repr__(self) -> str:
        return f"StoredContent({self.length} bytes)"


class StoredContents(Mapping[str, bytes]):
    """SHA-2 -> the content of an attachment. Each is read from the store when it is asked for, and not kept.

    A content that several statements have is there once. ``content_type`` and ``length`` say what can be known without reading.
    """

    def __init__(self, warehouse: StatementStore, tenant: str, heads: Iterable[StoredHead], keys: Mapping[UUID, Dek], *, now: int) -> None:
        self._warehouse = warehouse
        self._tenant = tenant
        self._now = now
        self._found: dict[str, StoredContent] = {}
        for stored in _newest(heads):
            if stored.statement in keys:
                head = _opened(stored, keys[stored.statement])
                self._found.setdefault(head.sha2, StoredContent(stored, head.content_type, head.length, keys[stored.statement]))

    def __getitem__(self, sha2: str) -> bytes:
        return b"".join(self.pieces(sha2))

    def __contains__(self, sha2: object) -> bool:
        return isinstance(sha2, str) and sha2.lower() in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"StoredContents({len(self)})"

    def content_type(self, sha2: str) -> str:
        """Give the media type that the statement states."""
        return self._found[sha2.lower()].content_type

    def length(self, sha2: str) -> int:
        """Give the number of bytes."""
        return self._found[sha2.lower()].length

    def pieces(self, sha2: str) -> Iterator[bytes]:
        """Read a content piece by piece; raises :class:`lrs.errors.TamperedData` where one is missing or not in its place."""
        content = self._found[sha2.lower()]
        head, total = content.head, _count(content.length)
        for start in range(0, total, _PIECES_AT_ONCE):
            wanted = range(start, min(start + _PIECES_AT_ONCE, total))
            found = self._warehouse.pieces(self._tenant, head, wanted, now=self._now)
            if len(found) != len(wanted):
                raise TamperedData("a stored content lacks a piece")
            for piece, sealed in zip(wanted, found, strict=True):
                yield content.key.open("attachment", _record(head.stored, head.statement, head.number, piece), sealed)


def _newest(heads: Iterable[StoredHead]) -> Iterator[StoredHead]:
    """Give the heads of each statement's last generation: of those before it the statement's owner may have been erased."""
    found = list(heads)
    last: dict[UUID, int] = {}
    for head in found:
        last[head.statement] = max(last.get(head.statement, 0), generation(head.number))
    return (head for head in found if generation(head.number) == last[head.statement])


def _opened(stored: StoredHead, key: Dek) -> _Head:
    opened = key.open("attachment head", _record(stored.stored, stored.statement, stored.number, 0), stored.head)
    return msgspec.msgpack.decode(opened, type=_Head)


def _count(length: int) -> int:
    """Give the number of pieces; an empty content has one."""
    return max(1, -(-length // PIECE_BYTES))


def _record(stored: int, statement: UUID, number: int, piece: int) -> bytes:
    return struct.pack(">Q16sII", stored, statement.bytes, number, piece)
