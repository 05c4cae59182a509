"""Between bytes and JSON: splitting what was sent into raw statements, and writing what Python gives.

Numbers, spelling and order of what was sent survive because values are kept as slices of the bytes that came.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lrs.errors import InvalidStatement, LimitExceeded

_RAW = msgspec.json.Decoder(msgspec.Raw)
_BATCH = msgspec.json.Decoder(list[msgspec.Raw])
_WHITE = b" \t\r\n"
_SECTION = "xAPI 1.0.3 Communication 2.1"


def split(body: bytes, *, max_statements: int, max_statement_bytes: int) -> tuple[list[msgspec.Raw], bool]:
    """One JSON object or an array of objects -> (raw statements, whether it was one alone).

    Raises :class:`lrs.errors.InvalidStatement` for what is no such JSON and :class:`lrs.errors.LimitExceeded`; neither quotes the body.
    """
    try:
        # Strings inside raw values are not decoded on the way, so their encoding is checked here (RFC 8259 section 8.1).
        str(body, "utf-8")
    except UnicodeDecodeError as error:
        raise InvalidStatement(f"the body is not valid UTF-8 (byte {error.start})", section=_SECTION) from None
    single = body.lstrip(_WHITE)[:1] != b"["
    try:
        raws = [_RAW.decode(body)] if single else _BATCH.decode(body)
    except RecursionError:
        raise InvalidStatement("values are nested too deeply", section=_SECTION) from None
    except msgspec.DecodeError as error:
        raise InvalidStatement(f"the body is not valid JSON ({_position(str(error))})", section=_SECTION) from None
    if len(raws) > max_statements:
        raise LimitExceeded(f"the batch has {len(raws)} statements, more than the {max_statements} that are allowed")
    if len(body) > max_statement_bytes:
        for index, raw in enumerate(raws):
            if len(memoryview(raw)) > max_statement_bytes:
                raise LimitExceeded(f"statement {index} is larger than the {max_statement_bytes} bytes that are allowed")
    return raws, single


def encode(value: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> bytes:
    """Python's spelling of JSON -> bytes; what JSON can't say raises :class:`lrs.errors.InvalidStatement`."""
    try:
        body = msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidStatement(f"the statement holds something that JSON has no word for ({type(error).__name__})") from None
    # NaN and infinities are written as null, which would silently change an extension.
    if b"null" in body and _has_no_number(value):
        raise InvalidStatement("the statement holds a number that JSON has no word for")
    return body


def find_duplicate(raw: bytes) -> bool:
    """Tell whether any object in a JSON text has a property twice, at any depth."""
    found = False

    def note(pairs: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len({key for key, _ in pairs}) != len(pairs)

    json.loads(raw, object_pairs_hook=note)
    return found


def _has_no_number(value: object) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, Mapping):
        return any(_has_no_number(item) for item in value.values())
    return isinstance(value, list | tuple) and any(_has_no_number(item) for item in value)


def _position(message: str) -> str:
    """Keep what the decoder says of the place and the kind of error; it never quotes the input."""
    return message.removeprefix("JSON is malformed: ")
