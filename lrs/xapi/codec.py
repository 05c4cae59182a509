"""Between bytes and JSON: splitting what was sent into raw statements, and writing what Python gives.

Numbers, spelling and order of what was sent survive because values are kept as slices of the bytes that came.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from lrs.errors import InvalidStatement, LimitExceeded

_left = threading.local()


class _Counted(msgspec.Struct, gc=False):
    """An object of an array that is counted, and nothing kept of it."""

    def __post_init__(self) -> None:
        _left.number -= 1
        if _left.number < 0:
            raise LimitExceeded(f"the batch has more than the {_left.most} statements that are allowed")


_RAW = msgspec.json.Decoder(msgspec.Raw)
_BATCH = msgspec.json.Decoder(list[msgspec.Raw])
_COUNT = msgspec.json.Decoder(list[_Counted])
_LARGE = 1024 * 1024
"""Bytes of a body whose statements are counted before they are split: a slice costs 70 bytes, of which a smaller body has few at worst."""
_SHORTEST = len("1,")
"""Bytes of an item of an array: where so many can't be in a body there is nothing to count."""
_WHITE = b" \t\r\n"
_BACKSLASH = ord("\\")
_POSITION = re.compile(r"\(byte (\d+)\)")
_SECTION = "xAPI 1.0.3 Communication 2.1"
_NOT_JSON = "the body is not valid JSON"


def split(body: bytes, *, max_statements: int, max_statement_bytes: int) -> tuple[list[msgspec.Raw], bool]:
    """One JSON object or an array of objects -> (raw statements, whether it was one alone).

    The whole body must be UTF-8 without a byte order mark, and JSON; what is inside a statement is left to :mod:`lrs.xapi.rules`.
    Raises :class:`lrs.errors.InvalidStatement` with the place where it stops being so, and :class:`lrs.errors.LimitExceeded`;
    neither quotes the body.
    """
    try:
        # Strings inside raw values are not decoded on the way, so their encoding is checked here (RFC 8259, 8.1).
        str(body, "utf-8")
    except UnicodeDecodeError as error:
        raise InvalidStatement(f"the body is not valid UTF-8 (byte {error.start})", section=_SECTION) from None
    single = body.lstrip(_WHITE)[:1] != b"["
    try:
        if not single and len(body) > max(_LARGE, _SHORTEST * max_statements):
            _count(body, max_statements)
        raws = [_RAW.decode(body)] if single else _BATCH.decode(body)
    except msgspec.ValidationError:
        raise InvalidStatement("the body is an array of something other than objects", section=_SECTION) from None
    except RecursionError:
        raise InvalidStatement(f"{_NOT_JSON} that can be read: values are nested too deeply", section=_SECTION) from None
    except msgspec.DecodeError as error:
        position = _POSITION.search(str(error))
        where = f"near byte {position[1]}" if position else f"it ends too early, at byte {len(body)}"
        raise InvalidStatement(f"{_NOT_JSON} ({where})", section=_SECTION) from None
    if len(raws) > max_statements:
        raise LimitExceeded(f"the batch has more than the {max_statements} statements that are allowed")
    if len(body) > max_statement_bytes:
        for index, raw in enumerate(raws):
            if len(raw) > max_statement_bytes:
                raise LimitExceeded(f"statement {index} is larger than the {max_statement_bytes} bytes that are allowed")
    return raws, single


def _count(body: bytes, most: int) -> None:
    """Raise :class:`lrs.errors.LimitExceeded` at the first statement that is too many, however many more there are."""
    _left.number = _left.most = most
    _COUNT.decode(body)


def groups(lines: Iterable[bytes], *, most: int, most_bytes: int = sys.maxsize) -> Iterator[list[tuple[int, bytes]]]:
    """Put lines together, with their numbers from 1: up to so many, or so many bytes; two empty lines in a row end a group too."""
    group: list[tuple[int, bytes]] = []
    size, empty = 0, False
    for number, line in enumerate(lines, 1):
        paused, empty = empty, not line.strip()
        if not empty:
            group.append((number, line))
            size += len(line)
        if group and ((paused and empty) or len(group) >= most or size >= most_bytes):
            yield group
            group, size = [], 0
    if group:
        yield group


def encode(value: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> bytes:
    """Write Python's spelling of JSON as bytes.

    What JSON has no word for (NaN, bytes, dates) raises :class:`lrs.errors.InvalidStatement`.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidStatement(f"the statement holds something that JSON has no word for ({type(error).__name__})") from None


def count_strings(raw: bytes) -> int:
    """Count the strings that are written in a JSON text, the keys of objects among them.

    A quote is either the start or end of a string, or escaped. Comparing this number with that of the strings in what was decoded
    tells whether the decoder met a key twice: it keeps the last value and drops the other, and its key, silently.
    """
    if _BACKSLASH in raw:
        raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    return raw.count(b'"') // 2


def strings_in(value: object) -> int:
    """Count the strings in a decoded value, the keys of objects among them."""
    if isinstance(value, str):
        return 1
    if isinstance(value, dict):
        return len(value) + sum(map(strings_in, value.values()))
    return sum(map(strings_in, value)) if isinstance(value, list) else 0


def find_duplicate(raw: bytes, known: Container[str]) -> str:
    """Give the path, as ``.a[0].*``, of the first object that has a property twice. Keys that aren't ``known`` are shown as ``*``.

    Raises ``ValueError`` where there is none.
    """
    for path, pairs in _objects("", json.loads(raw, object_pairs_hook=_Pairs, parse_int=len, parse_float=len), known):
        if len(dict(pairs)) != len(pairs):
            return path
    raise ValueError("no object has a property twice")


class _Pairs(tuple[tuple[str, Any], ...]):
    """An object as it was written."""

    __slots__ = ()


def _objects(path: str, value: object, known: Container[str]) -> Iterator[tuple[str, _Pairs]]:
    if isinstance(value, _Pairs):
        yield path, value
        for key, item in value:
            yield from _objects(f"{path}.{key if key in known else '*'}", item, known)
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from _objects(f"{path}[{n}]", item, known)
