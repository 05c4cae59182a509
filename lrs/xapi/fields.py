"""Reading single properties out of raw JSON, strictly: every function returns the value or refuses it by path, rule and section.

No value is ever quoted in a refusal, nor a property name that the sender chose: either could be somebody's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NoReturn, TypeVar

import msgspec

from lrs.xapi import codec, formats
from lrs.xapi.model import Part
from lrs.xapi.versions import Section

Found = TypeVar("Found")

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_TEXTS = msgspec.json.Decoder(dict[str, str]).decode
_NUMBERS = msgspec.json.Decoder(dict[str, float]).decode
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw]).decode
_STRINGS = msgspec.json.Decoder(list[str]).decode
_STRING = msgspec.json.Decoder(str).decode
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises for a value that is of another type, not UTF-8, or nested beyond measure."""

_MAX_SHAPES = 4096
_shapes: dict[tuple[str, ...], tuple[bytes, bytes]] = {}


class Refusal(Exception):
    """A rule is broken. Becomes :class:`lrs.errors.InvalidStatement` at the door, where version and index are known."""

    def __init__(self, path: str, rule: str, section: Section) -> None:
        super().__init__(path, rule, section)
        self.path = path
        self.rule = rule
        self.section = section


def refuse(path: str, rule: str, section: Section = Section.TYPES) -> NoReturn:
    """Say what is wrong at a place."""
    raise Refusal(path, rule, section)


def members(
    raw: bytes, path: str, allowed: frozenset[str], required: tuple[str, ...] = (), section: Section = Section.TYPES
) -> dict[str, bytes]:
    """Read an object of known properties, each of them once."""
    try:
        found = _OBJECT(raw)
    except UNREADABLE:
        refuse(path, "must be an object", section)
    keys = tuple(found)
    values = tuple(map(bytes, found.values()))
    if not _is_written_once(raw, keys, values, allowed):
        if not allowed.issuperset(keys):
            refuse(path, f"has a property that is not defined here; defined are: {', '.join(sorted(allowed))}", section)
        refuse_duplicates(raw, path)
    for key in required:
        if key not in found:
            refuse(path, f"must have {key}", section)
    return dict(zip(keys, values, strict=True))


def _is_written_once(raw: bytes, keys: tuple[str, ...], values: tuple[bytes, ...], allowed: frozenset[str]) -> bool:
    """Tell whether writing each key once with its value gives the bytes that came, either compact or as Python's ``json`` spaces it.

    The decoder keeps the last of two equal keys and drops the other silently. Where it dropped something, the bytes differ.
    False proves nothing: the sender may only space things otherwise.
    """
    shape = _shapes.get(keys)
    if shape is None:
        if not allowed.issuperset(keys):
            return False
        if len(_shapes) >= _MAX_SHAPES:
            _shapes.clear()
        shape = _shapes[keys] = (
            b"{%b}" % b", ".join(b'"%b": %%b' % key.encode() for key in keys),
            b"{%b}" % b",".join(b'"%b":%%b' % key.encode() for key in keys),
        )
    elif not allowed.issuperset(keys):
        return False
    return raw == shape[0] % values or raw == shape[1] % values


def free_members(raw: bytes) -> dict[str, bytes]:
    """Read an object whose properties the sender names, of which nothing is checked here; raises what the decoder does."""
    return {key: bytes(value) for key, value in _OBJECT(raw).items()}


def refuse_duplicates(raw: bytes, path: str) -> None:
    """Refuse an object in which some object has a property twice (xAPI 1.0.3 Data 2.2), by an exact and slow search."""
    try:
        twice = codec.has_duplicate(raw)
    except (ValueError, RecursionError):
        refuse(path, "must be JSON that can be read")
    if twice:
        refuse(path, "must not have a property twice")


def refuse_duplicates_among(raw: bytes, count: int, path: str) -> None:
    """Refuse duplicates in an object that has ``count`` different keys at all depths together.

    Without white space before a colon, each key ends in ``":``; strings may hold more of these, never fewer. So equal numbers prove
    that no key was written twice, and only otherwise the slow search is needed.
    """
    if raw.count(b'":') != count or b" :" in raw or b"\n" in raw or b"\t" in raw or b"\r" in raw:
        refuse_duplicates(raw, path)


def items(raw: bytes, path: str, section: Section = Section.TYPES) -> list[bytes]:
    """Read an array."""
    try:
        return [bytes(item) for item in _ARRAY(raw)]
    except UNREADABLE:
        refuse(path, "must be an array", section)


def strings(raw: bytes, path: str, section: Section = Section.TYPES) -> list[str]:
    """Read an array of strings."""
    try:
        return _STRINGS(raw)
    except UNREADABLE:
        refuse(path, "must be an array of strings", section)


def string(raw: bytes, path: str, section: Section = Section.TYPES) -> str:
    """Read a string."""
    try:
        return _STRING(raw)
    except UNREADABLE:
        refuse(path, "must be a string", section)


def boolean(raw: bytes, path: str, section: Section = Section.TYPES) -> bool:
    """Read true or false; a string or number that looks like it is neither."""
    if raw not in (b"true", b"false"):
        refuse(path, "must be true or false", section)
    return raw == b"true"


def numbers(raw: bytes, path: str, allowed: frozenset[str], section: Section = Section.TYPES) -> dict[str, float]:
    """Read an object of known properties that are all numbers; a string or boolean that looks like one is none, nor is 1e999."""
    try:
        found = _NUMBERS(raw)
    except UNREADABLE:
        for key, value in members(raw, path, allowed, section=section).items():
            _number(value, f"{path}.{key}", section)
        raise
    if not allowed.issuperset(found):
        refuse(path, f"has a property that is not defined here; defined are: {', '.join(sorted(allowed))}", section)
    refuse_duplicates_among(raw, len(found), path)
    return found


def _number(raw: bytes, path: str, section: Section) -> None:
    try:
        msgspec.json.decode(raw, type=float)
    except UNREADABLE:
        refuse(path, "must be a number of ordinary size", section)


def language_map(raw: bytes, path: str) -> None:
    """Check a language map."""
    try:
        found = _TEXTS(raw)
    except UNREADABLE:
        refuse(path, "must be an object that has language tags as keys and strings as values", Section.LANGUAGE_MAP)
    for tag in found:
        if not formats.is_language_tag(tag):
            refuse(f"{path}.*", "must have a language tag of RFC 5646 as key", Section.LANGUAGE_MAP)
    refuse_duplicates_among(raw, len(found), path)


def _formatted(test: Callable[[str], bool], rule: str) -> Callable[[bytes, str, Section], str]:
    def read(raw: bytes, path: str, section: Section) -> str:
        text = string(raw, path, section)
        if not test(text):
            refuse(path, rule, section)
        return text

    return read


iri = _formatted(formats.is_iri, "must be an IRI with a scheme")
mailto = _formatted(formats.is_mailto, "must be mailto: and one e-mail address")
sha1 = _formatted(formats.is_sha1, "must be a SHA-1 sum in hexadecimal")
sha2 = _formatted(formats.is_sha2, "must be a SHA-2 sum in hexadecimal")
uuid = _formatted(formats.is_uuid, "must be a UUID in its standard form")
language_tag = _formatted(formats.is_language_tag, "must be a language tag of RFC 5646")
duration = _formatted(formats.is_duration, "must be an ISO 8601 duration, such as PT1H30M or P4W")
media_type = _formatted(formats.is_media_type, "must be an Internet media type")


def merged(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Join neighbouring bytes, so that bytes and others alternate and bytes come first and last."""
    out: list[Part] = []
    run = b""
    for part in parts:
        if isinstance(part, bytes):
            run += part
        else:
            out += (run, part)
            run = b""
    return (*out, run)


def written(found: dict[str, bytes]) -> bytes:
    """Write an object again."""
    return b"{%b}" % b",".join(b"%b:%b" % (msgspec.json.encode(key), value) for key, value in found.items())


def rebuilt(found: dict[str, bytes], special: dict[str, tuple[Part, ...]]) -> tuple[Part, ...]:
    """Write an object again, in the order that came, some of its properties as parts and the others as the bytes that came."""
    parts: list[Part] = [b"{"]
    for n, (key, value) in enumerate(found.items()):
        parts.append(b'%b"%b":' % (b"," if n else b"", key.encode()))
        parts += special.get(key, (value,))
    return merged((*parts, b"}"))
