"""How a row of ``statements`` is packed: what a page shows of a statement is read in few pieces.

A page of 100 is read from 100 places, and the engine takes 9 µs for each column at each of them, however little there is in it. So what a page needs of a
statement besides its people is one column, ``content``: its time, purposes and body, in MessagePack. What is sealed of it is another one, and each person with
variant and role one number of 128 bits. The engine packs rows itself, as they are inserted into ``placed``, which keeps nothing. The time and the purposes, by
which statements are found and counted, stand beside it once more, as they never change. The id does not stand in it: random
bytes spoil the compression of all else, so its 16 bytes would take 23.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from lrs.storage.contract import ERASED, NO_UUID, StoredStatement, TokenisedStatement

_SID = "toUInt64(bitShiftRight(person, 64))"
_VID = "toUInt32(bitAnd(bitShiftRight(person, 32), 4294967295))"
_ROLE = "toUInt8(bitAnd(person, 255))"
ALIASES = f"""sids Array(UInt64) ALIAS arrayMap(person -> {_SID}, people),
    vids Array(UInt32) ALIAS arrayMap(person -> {_VID}, people),
    roles Array(UInt8) ALIAS arrayMap(person -> {_ROLE}, people)"""
"""Columns of ``statements`` that are read out of ``people``."""

_PERSON = "bitOr(bitOr(bitShiftLeft(toUInt128(sid), 64), bitShiftLeft(toUInt128(vid), 32)), toUInt128(role))"
# 147 begins an array of three.
_CONTENT = "concat(char(147), formatRow('MsgPack', toUnixTimestamp64Micro(timestamp), purposes, body))"
PACKED = f"""SELECT tenant, stored, id, timestamp, verb, activity, related, registration, reference, references, voids,
    arrayMap((sid, vid, role) -> {_PERSON}, sids, vids, roles) AS people, if(empty(sealed), '', formatRow('MsgPack', sealed)) AS sealed, fingerprint,
    {_CONTENT} AS content, purposes, identity_until, keep_until, held FROM placed"""
"""Rows of ``statements``, of those that were inserted into ``placed``."""


def nobody_where(erased: str) -> str:
    """Give ``people`` with nobody in place of each ``sid`` for which a condition holds."""
    return f"arrayMap((sid, role, person) -> if({erased}, bitOr(bitShiftLeft(toUInt128({ERASED}), 64), toUInt128(role)), person), sids, roles, people)"


FIELDS = "id, stored, registration, references, people, sealed, content, identity_until"
"""What is read of a row to be shown. Columns as they are: each expression costs the engine 0.3 ms, to plan it."""


class _Content(msgspec.Struct, array_like=True, gc=False):
    timestamp: int
    purposes: tuple[bytes, ...]
    body: bytes


_decode = msgspec.msgpack.Decoder(_Content).decode
_decode_sealed = msgspec.msgpack.Decoder(list[bytes]).decode


def stored_statement(row: Sequence[Any], now: int) -> StoredStatement:
    """Make a row of what was read of the columns :data:`FIELDS`, texts as bytes; without its people when their time is up, ``now`` in seconds."""
    number, stored, registration, references, people, sealed, packed, identity_until = row
    content = _decode(packed)
    purposes = tuple(map(bytes.decode, content.purposes))
    if identity_until <= now:
        registration, people, sealed = NO_UUID, (), b""
    sids, vids, roles = [each >> 64 for each in people], [each >> 32 & 0xFFFF_FFFF for each in people], [each & 0xFF for each in people]
    return StoredStatement(
        number, stored, content.timestamp, registration, references, sids, vids, roles, _unsealed(sealed), content.body, purposes
    )


WHOLE = ", ".join("content" if name == "body" else name for name in TokenisedStatement.__struct_fields__)
"""All that was inserted of a row."""


def tokenised_statement(row: Sequence[Any]) -> TokenisedStatement:
    """Make a row of what was read of the columns :data:`WHOLE`, texts as bytes."""
    found = dict(zip(TokenisedStatement.__struct_fields__, row, strict=True))
    found |= {name: found[name].decode() for name in ("tenant", "verb", "activity")}
    found |= {name: [text.decode() for text in found[name]] for name in ("related", "purposes")}
    return TokenisedStatement(**found | {"body": _decode(found["body"]).body, "sealed": _unsealed(found["sealed"])})


def _unsealed(packed: bytes) -> list[bytes]:
    return _decode_sealed(packed) if packed else []
