"""Between bytes and JSON: splitting what was sent into raw statements, and writing what Python gives.

Numbers, spelling and order of what was sent survive because values are kept as slices of the bytes that came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lrs.errors import InvalidStatement, LimitExceeded

_RAW = msgspec.json.Decoder(msgspec.Raw)
_BATCH = msgspec.json.Decoder(list[msgspec.Raw])
_WHITE = b" \t\r\n"
_POSITION = re.compile(r"\(byte (\d+)\)")
_SECTION = "xAPI 1.0.3 Communication 2.1"
_NOT_JSON = "the body is not valid JSON"


def split(body: bytes, *, max_statements: int, max_statement_bytes: int) -> tuple[list[msgspec.Raw], bool]:
    """One JSON object or an array of objects -> (raw statements, whether it was one alone).

    What is inside a statement is left to :mod:`lrs.xapi.rules`, except that the whole body is UTF-8 without a byte order mark, and JSON. Raises
    :class:`lrs.errors.InvalidStatement` with the position of the first bad byte, and :class:`lrs.errors.LimitExceeded`;
    neither quotes the body.
    """
    try:
        # Strings inside raw values are not decoded on the way, so their encoding is checked here (RFC 8259, 8.1).
        str(body, "utf-8")
    except UnicodeDecodeError as error:
        raise InvalidStatement(f"the body is not valid UTF-8 (byte {error.start})", section=_SECTION) from None
    single = body.lstrip(_WHITE)[:1] != b"["
    try:
        raws = [_RAW.decode(body)] if single else _BATCH.decode(body)
    except RecursionError:
        raise InvalidStatement(f"{_NOT_JSON} that can be read: values are nested too deeply", section=_SECTION) from None
    except msgspec.DecodeError as error:
        position = _POSITION.search(str(error))
        where = f"byte {position[1]}" if position else f"it ends too early, at byte {len(body)}"
        raise InvalidStatement(f"{_NOT_JSON} ({where})", section=_SECTION) from None
    if len(raws) > max_statements:
        raise LimitExceeded(f"the batch has {len(raws)} statements, more than the {max_statements} that are allowed")
    if len(body) > max_statement_bytes:
        for index, raw in enumerate(raws):
            if len(memoryview(raw)) > max_statement_bytes:  # type: ignore[arg-type]  # Raw has the buffer protocol
                raise LimitExceeded(f"statement {index} is larger than the {max_statement_bytes} bytes that are allowed")
    return raws, single


def encode(value: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> bytes:
    """Write Python's spelling of JSON as bytes; what JSON has no word for (NaN, bytes, dates) raises :class:`lrs.errors.InvalidStatement`."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidStatement(f"the statement holds something that JSON has no word for ({type(error).__name__})") from None


def has_duplicate(raw: bytes) -> bool:
    """Tell whether any object in a JSON text has a property twice, at any depth. Exact and slow; raises ``ValueError`` for what is no JSON."""
    found = False

    def note(pairs: list[tuple[str, None]]) -> None:
        nonlocal found
        found = found or len(dict(pairs)) != len(pairs)

    json.loads(raw, object_pairs_hook=note, parse_int=len, parse_float=len)
    return found
