"""Taking in what a tenant was given back, by this store or another one of its kind: statements with their attachments, then documents."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from lrs.errors import InvalidRequest, PreconditionFailed
from lrs.xapi.documents import Kind

if TYPE_CHECKING:
    from lrs.access import Principal
    from lrs.documents import Documents, Shelf

Ingest = Callable[..., Sequence[UUID]]
"""``store.ingest``."""
_WITH_CONTENTS = 50
_ATTACHMENTS = "attachments/"


class _Attached(msgspec.Struct, frozen=True):
    sha2: str = ""


class _Object(msgspec.Struct, frozen=True):
    attachments: tuple[_Attached, ...] = ()


class _Statement(msgspec.Struct, frozen=True):
    """What has to be known of a statement to find its contents."""

    object: _Object = _Object()
    attachments: tuple[_Attached, ...] = ()

    @property
    def hashes(self) -> set[str]:
        return {each.sha2 for each in (*self.attachments, *self.object.attachments)}


class _Document(msgspec.Struct, frozen=True):
    """A line of ``documents.jsonl``."""

    kind: Kind
    activity: str | None
    agent: dict[str, Any] | None
    registration: UUID | None
    id: str
    content_type: str
    content: bytes


_statement = msgspec.json.Decoder(_Statement).decode
_document = msgspec.json.Decoder(_Document).decode


def take_in(archive: zipfile.ZipFile, principal: Principal, *, ingest: Ingest, documents: Documents) -> dict[str, int]:
    """Store what an archive holds, for a principal's tenant -> how many statements and documents it holds; what is there already stays as it is.

    Raises :class:`lrs.errors.InvalidRequest` for an archive that is none, and what writing raises.
    """
    counts = {"statements": 0, "documents": 0}
    try:
        names = set(archive.namelist())
        for name in sorted(each for each in names if each.startswith("statements/")):
            for lines in _portions(archive.read(name).splitlines()):
                found = {sha2 for line in lines for sha2 in _statement(line).hashes if _ATTACHMENTS + sha2 in names}
                contents = {sha2: archive.read(_ATTACHMENTS + sha2) for sha2 in found}
                counts["statements"] += len(ingest(b"[" + b",".join(lines) + b"]", attachments=contents, principal=principal))
        with archive.open("documents.jsonl") as file:
            for line in file:
                _put(_document(line), principal, documents)
                counts["documents"] += 1
    except (KeyError, zipfile.BadZipFile, msgspec.DecodeError):
        raise InvalidRequest("this is no archive of what a tenant was given back, or it is damaged") from None
    return counts


def _portions(lines: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Give all lines at once, or few where they attach something."""
    size = _WITH_CONTENTS if any(_statement(line).hashes for line in lines) else len(lines)
    for start in range(0, len(lines), size or 1):
        yield lines[start : start + size]


def _put(document: _Document, principal: Principal, documents: Documents) -> None:
    try:
        _shelf(document, principal, documents).put(document.id, document.content, content_type=document.content_type, if_none_match="*")
    except PreconditionFailed:
        return  # It is there: taken in before, or newer.


def _shelf(document: _Document, principal: Principal, documents: Documents) -> Shelf:
    agent: Mapping[str, Any] = document.agent or {}
    if document.kind is Kind.STATE:
        return documents.state(document.activity or "", agent, registration=document.registration, principal=principal)
    if document.kind is Kind.AGENT_PROFILE:
        return documents.agent_profile(agent, principal=principal)
    return documents.activity_profile(document.activity or "", principal=principal)
