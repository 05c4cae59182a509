"""A statement on its way to another record store: its JSON, and the contents of its attachments.

An attachment that has neither a ``fileUrl`` nor its content would have the whole statement refused (xAPI 1.0.3 Data 2.4.11): the view hides it, or it is gone;
so it is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from secrets import token_hex
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from lrs.exchange.rows import row
from lrs.xapi import multipart

if TYPE_CHECKING:
    from lrs.privacy.attachments import StoredContents

_JSON = "application/json"
_Object = dict[str, msgspec.Raw]
_object = msgspec.json.Decoder(_Object).decode
_objects = msgspec.json.Decoder(list[_Object]).decode
_text = msgspec.json.Decoder(str).decode


class Parcel(NamedTuple):
    """A statement to be sent, when it was stored here, and the hashes of the contents that go with it."""

    stored: int
    body: bytes
    hashes: frozenset[str]

    def __repr__(self) -> str:
        return f"Parcel({len(self.body)} bytes)"


def parcel(body: bytes, contents: StoredContents | None) -> Parcel:
    """JSON of a statement as its reader sees it, and the contents of its page -> parcel."""
    stored = row(body).stored
    if b'"attachments"' not in body:
        return Parcel(stored, body, frozenset())
    statement, hashes = _object(body), set[str]()
    _leave_out(statement, contents or (), hashes)
    if statement["object"] and (inner := _object(statement["object"])).keys() & {"attachments"}:
        _leave_out(inner, contents or (), hashes)
        statement["object"] = msgspec.Raw(msgspec.json.encode(inner))
    return Parcel(stored, msgspec.json.encode(statement), frozenset(hashes))


def request(parcels: Sequence[Parcel], contents: StoredContents | None) -> tuple[bytes, str]:
    """Put parcels into the body of one request -> (body, content type)."""
    json = b"[" + b",".join(each.body for each in parcels) + b"]"
    hashes = sorted(frozenset[str]().union(*(each.hashes for each in parcels)))
    if contents is None or not hashes:
        return json, _JSON
    boundary = f"lrs-{token_hex(16)}"
    pieces = [multipart.opening(boundary), json]
    for sha2 in hashes:
        pieces += [multipart.part_head(boundary, sha2, contents.content_type(sha2)), contents[sha2]]
    return b"".join([*pieces, multipart.closing(boundary)]), f"multipart/mixed; boundary={boundary}"


def _leave_out(statement: _Object, contents: Collection[str], hashes: set[str]) -> None:
    """Keep of an object's attachments those that can be had, and note whose contents go along."""
    if "attachments" not in statement:
        return
    attachments = [(each, _text(each["sha2"]).lower()) for each in _objects(statement["attachments"])]
    hashes |= {sha2 for _, sha2 in attachments if sha2 in contents}
    kept = [each for each, sha2 in attachments if sha2 in contents or "fileUrl" in each]
    if len(kept) < len(attachments):
        statement["attachments"] = msgspec.Raw(msgspec.json.encode(kept))
    if not kept:
        del statement["attachments"]
