"""A stored body and what is put into it: the JSON of a statement.

One pass over the body replaces each placeholder; what is put in is never looked at again, so nothing that a sender wrote can pass for a
placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from lrs.errors import TamperedData
from lrs.privacy.drafts import PLACEHOLDER
from lrs.privacy.suppression import ACCOUNT
from lrs.storage.contract import NO_UUID, StoredStatement
from lrs.xapi.formats import format_timestamp
from lrs.xapi.model import GROUP

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encode = msgspec.json.Encoder().encode
KIND = {False: b'{"objectType":"Agent",', True: b'{"objectType":"Group",'}
"""How whoever is not shown as sent begins: an Agent, or a Group."""
PSEUDONYM = b'"account":{"homePage":"https://lrs.invalid/pseudonym","name":"%b"}'
"""How they go on under a pseudonym."""
_HIDDEN = b'"urn:lrs:hidden"'
_HIDDEN_OBJECT = b"{}"
_NOTHING = b'"%b"' % str(NO_UUID).encode()
_NO_HASH = b'"%b"' % (b"0" * 64)

Shown = Callable[[StoredStatement, int, bool], bytes]
"""(row, number of the person in it, whether the place wants a group) -> the JSON of that person, without the brace at the end."""


def written(row: StoredStatement, shown: Shown, texts: Sequence[bytes | None]) -> bytes:
    """Put people, registration, references and texts into the places of a stored body -> the JSON of the statement; None is a text that is not shown."""
    body = row.body

    def fill(found: re.Match[bytes]) -> bytes:
        kind, number, brace = found.groups()
        n = int(number)
        if kind == b"p":
            if n < len(row.sids):
                return shown(row, n, row.roles[n] & GROUP != 0) + brace
            return KIND[_wants_group(body, found)] + ACCOUNT + brace
        if kind == b"r":
            return _encode(row.registration)
        if kind == b"s":
            return _encode(row.references[n])
        text = texts[n] if n < len(texts) else None
        return _hidden(body, found) if text is None else text

    try:
        filled = PLACEHOLDER.sub(fill, body)
    except IndexError:
        raise TamperedData("a stored statement does not have what its body refers to") from None
    head = b'{"id":%b,' % _encode(row.id)
    stored = format_timestamp(row.stored).encode()
    tail = b',"stored":"%b"}' % stored
    if (row.timestamp == row.stored or b'"timestamp"' not in body) and "timestamp" not in _OBJECT.decode(body):
        tail = b',"timestamp":"%b"%b' % (format_timestamp(row.timestamp).encode(), tail)
    return head + filled[1:-1] + tail


def _hidden(body: bytes, found: re.Match[bytes]) -> bytes:
    """Give what is valid JSON, and valid xAPI, at the place of a text that can't be shown."""
    if found[1] == b"o":
        return _HIDDEN_OBJECT
    if body.endswith(b'"sha2":', 0, found.start()):
        return _NO_HASH
    return _NOTHING if body.endswith(b'"registration":', 0, found.start()) else _HIDDEN


def _wants_group(body: bytes, found: re.Match[bytes]) -> bool:
    """Tell whether a group has to stand at a place of which nothing else is left to say it."""
    return body.startswith(b',"member":', found.end()) or body.endswith((b'"team":', b'"group":'), 0, found.start())
