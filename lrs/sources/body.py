"""The events of a body: the items of an array, one JSON value, or a line each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import msgspec

from lrs.errors import LimitExceeded

__all__ = ["BYTE_ORDER_MARK", "MOST", "is_json", "split"]

MOST = 100_000
"""The most events that a body may have."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_VALUE = msgspec.json.Decoder(msgspec.Raw)
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{},]', re.DOTALL)


def split(body: bytes) -> list[bytes]:
    """Give the events of a body. One that is broken takes none of its neighbours with it. Raises :class:`lrs.errors.LimitExceeded` for too many."""
    body = body.removeprefix(BYTE_ORDER_MARK)
    if body.lstrip()[:1] == b"[":
        # Each line of a log may be an array by itself.
        lines = not is_json(body) and is_json(body.lstrip().partition(b"\n")[0])
        return _lines(body) if lines else _items(body)
    return [body] if is_json(body) else _lines(body)


def is_json(text: bytes) -> bool:
    """Tell whether it is one JSON value; one that is nested too deeply for anybody is none."""
    try:
        _VALUE.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _lines(body: bytes) -> list[bytes]:
    if body.count(b"\n") + body.count(b"\r") >= MOST:
        raise _too_many()
    return [line for line in body.splitlines() if line.strip()]


def _items(array: bytes) -> list[bytes]:
    # Slices of a large array can take much more room than the array: they are counted before they are made.
    if array.count(b",") >= MOST and len(list(islice(_pieces(array), MOST + 1))) > MOST:
        raise _too_many()
    try:
        return [bytes(item) for item in _ITEMS.decode(array)]
    except (msgspec.DecodeError, RecursionError):
        return list(_pieces(array))


def _pieces(array: bytes) -> Iterator[bytes]:
    """Give what stands between the commas of an array, whether it is JSON or not; where there is nothing, the comma shows it."""
    depth, start, end = 0, 0, len(array)
    for token in _TOKEN.finditer(array):
        match token[0]:
            case b"[" | b"{":
                depth += 1
                start = start if depth > 1 else token.end()
            case b"]" | b"}" if depth == 1:
                end = token.start()
                break
            case b"]" | b"}":
                depth -= 1
            case b"," if depth == 1:
                yield array[start : token.start()].strip() or b","
                start = token.end()
    yield array[start:end].strip() or b","
    if after := array[end + 1 :].strip():
        yield after


def _too_many() -> LimitExceeded:
    return LimitExceeded(f"the body has more than {MOST:,} events", hint="Send them in several bodies.")
