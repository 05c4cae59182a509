"""Reading single properties out of raw JSON, strictly: every function returns the value or raises naming path, rule and section.

No value is ever quoted in an error, nor a property name that the sender chose: either could be somebody's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NoReturn

import msgspec

from lrs.errors import InvalidStatement
from lrs.xapi import formats

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_STRING = msgspec.json.Decoder(str)
_NUMBER_STARTS = frozenset(b"-0123456789")
TYPES = "xAPI 1.0.3 Data 2.2"


def refuse(path: str, rule: str, section: str = TYPES) -> NoReturn:
    """Raise what is wrong at a place."""
    raise InvalidStatement(rule, path=path, section=section)


def members(raw: bytes, path: str, allowed: frozenset[str], required: tuple[str, ...] = (), section: str = TYPES) -> dict[str, bytes]:
    """Read an object of known properties, none of them null."""
    if raw[:1] != b"{":
        refuse(path, "must be an object", section)
    found = {key: bytes(value) for key, value in _OBJECT.decode(raw).items()}
    if not allowed.issuperset(found):
        refuse(path, f"has a property that is not defined here; defined are: {', '.join(sorted(allowed))}", section)
    for key in required:
        if key not in found:
            refuse(path, f"must have {key}", section)
    for key, value in found.items():
        if value == b"null":
            refuse(f"{path}.{key}", "must not be null")
    return found


def free_members(raw: bytes, path: str, section: str = TYPES) -> dict[str, msgspec.Raw]:
    """Read an object whose properties the sender names."""
    if raw[:1] != b"{":
        refuse(path, "must be an object", section)
    return _OBJECT.decode(raw)


def items(raw: bytes, path: str, section: str = TYPES) -> list[bytes]:
    """Read an array."""
    if raw[:1] != b"[":
        refuse(path, "must be an array", section)
    return [bytes(item) for item in _ARRAY.decode(raw)]


def string(raw: bytes, path: str, section: str = TYPES) -> str:
    """Read a string."""
    if raw[:1] != b'"':
        refuse(path, "must be a string", section)
    return _STRING.decode(raw)


def boolean(raw: bytes, path: str, section: str = TYPES) -> bool:
    """Read true or false; a string or number that looks like it is neither."""
    if raw not in (b"true", b"false"):
        refuse(path, "must be true or false", section)
    return raw == b"true"


def number(raw: bytes, path: str, section: str = TYPES) -> float:
    """Read a number; a string that looks like one is none."""
    if raw[0] not in _NUMBER_STARTS:
        refuse(path, "must be a number", section)
    value = float(raw)
    if not math.isfinite(value):
        refuse(path, "is too large a number", section)
    return value


def _formatted(test: Callable[[str], bool], rule: str) -> Callable[[bytes, str, str], str]:
    def read(raw: bytes, path: str, section: str = TYPES) -> str:
        text = string(raw, path, section)
        if not test(text):
            refuse(path, rule, section)
        return text

    return read  # type: ignore[return-value]


iri = _formatted(formats.is_iri, "must be an IRI with a scheme")
mailto = _formatted(formats.is_mailto, "must be mailto: and one e-mail address")
sha1 = _formatted(formats.is_sha1, "must be a SHA-1 sum in hexadecimal")
sha2 = _formatted(formats.is_sha2, "must be a SHA-2 sum in hexadecimal")
uuid = _formatted(formats.is_uuid, "must be a UUID in its standard form")
language_tag = _formatted(formats.is_language_tag, "must be a language tag of RFC 5646")
duration = _formatted(formats.is_duration, "must be an ISO 8601 duration")
media_type = _formatted(formats.is_media_type, "must be an Internet media type")


def language_map(raw: bytes, path: str) -> None:
    """Check a language map (xAPI 1.0.3 Data 4.2)."""
    section = "xAPI 1.0.3 Data 4.2"
    for tag, text in free_members(raw, path, section).items():
        if not formats.is_language_tag(tag):
            refuse(f"{path}.*", "must have language tags of RFC 5646 as keys", section)
        string(bytes(text), f"{path}.*", section)
