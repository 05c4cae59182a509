"""Reading single properties out of raw JSON, strictly: every function returns the value or refuses it by path, rule and section.

No value is ever quoted in a refusal, nor a property name that the sender chose: either could be somebody's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn
from uuid import UUID

import msgspec

from lrs.xapi import codec, formats
from lrs.xapi.model import Part
from lrs.xapi.versions import V2, Section

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_TEXTS = msgspec.json.Decoder(dict[str, str]).decode
_NUMBERS = msgspec.json.Decoder(dict[str, float]).decode
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw]).decode
_STRINGS = msgspec.json.Decoder(list[str]).decode
_STRING = msgspec.json.Decoder(str).decode
_BOOLEAN = msgspec.json.Decoder(bool).decode
_ANYTHING = msgspec.json.Decoder().decode
Slice = bytes | msgspec.Raw
"""A JSON value as it came."""
ABSENT = msgspec.Raw()
"""What stands for a property that is not there."""
_BEFORE_AND_AFTER = 2
Special = dict[str, tuple[Slice, Sequence[Part]]]
"""Property -> its value as it came, and the parts that take its place."""

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises for a value that is of another type, not UTF-8, or nested beyond measure."""

# fmt: off
PROPERTIES = frozenset((
    "account", "actor", "agent", "attachments", "authority", "category", "choices", "completion", "contentType", "context",
    "contextActivities", "contextAgents", "contextGroups", "correctResponsesPattern", "definition", "description", "display",
    "duration", "extensions", "fileUrl", "group", "grouping", "homePage", "id", "instructor", "interactionType", "language", "length",
    "max", "mbox", "mbox_sha1sum", "member", "min", "moreInfo", "name", "object", "objectType", "openid", "other", "parent",
    "platform", "raw", "registration", "relevantTypes", "response", "result", "revision", "scale", "scaled", "score", "sha2", "source",
    "statement", "steps", "stored", "success", "target", "team", "timestamp", "type", "usageType", "verb", "version",
))
# fmt: on
"""Every property that the specification names, and so every key that a path may show."""
_FIRST = {key: b'{"%b":' % key.encode() for key in PROPERTIES}
_NEXT = {key: b',"%b":' % key.encode() for key in PROPERTIES}
"""How a property is written at the start of an object, and after another one."""


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
    """Read an object of known properties. Whether it has each of them once is for :func:`refuse_duplicates` to tell."""
    found = slices(raw, path, allowed, section)
    for key in required:
        if key not in found:
            refuse(path, f"must have {key}", section)
    return {key: bytes(value) for key, value in found.items()}


def slices(raw: Slice, path: str, allowed: frozenset[str], section: Section) -> dict[str, msgspec.Raw]:
    """Read an object of known properties without copying any."""
    try:
        found = _OBJECT(raw)
    except RecursionError:
        refuse(path, "is nested too deeply to be read", section)
    except UNREADABLE:
        refuse(path, "must be an object that can be read", section)
    refuse_unknown(found, path, allowed, section)
    return found


def refuse_unknown(found: Mapping[str, object], path: str, allowed: frozenset[str], section: Section) -> None:
    """Refuse an object that has a property which is not allowed."""
    if not allowed.issuperset(found):
        refuse(path, f"has a property that is not defined here; defined are: {', '.join(sorted(allowed))}", section)


def free_members(raw: Slice) -> dict[str, bytes]:
    """Read an object whose properties the sender names, of which nothing is checked here; raises what the decoder does."""
    return {key: bytes(value) for key, value in _OBJECT(raw).items()}


def refuse_duplicates(raw: bytes, path: str) -> int:
    """Refuse a fragment in which an object has a property twice (xAPI 1.0.3 Data 2.2); give the number of its strings.

    The fragment must have been read before, so that only this can be wrong with it.
    """
    written = codec.count_strings(raw)
    if written != codec.strings_in(_ANYTHING(raw)):
        refuse_repetition(path + codec.find_duplicate(raw, PROPERTIES))
    return written


def refuse_repetition(path: str) -> NoReturn:
    """Refuse an object that has a property twice."""
    refuse(path, "must not have a property twice")


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


def string(raw: Slice, path: str, section: Section = Section.TYPES) -> str:
    """Read a string."""
    try:
        return _STRING(raw)
    except UNREADABLE:
        refuse(path, "must be a string", section)


def boolean(raw: Slice, path: str, section: Section = Section.TYPES) -> bool:
    """Read true or false; a string or number that looks like it is neither."""
    try:
        return _BOOLEAN(raw)
    except UNREADABLE:
        refuse(path, "must be true or false", section)


def numbers(raw: Slice, path: str, allowed: frozenset[str], section: Section = Section.TYPES) -> dict[str, float]:
    """Read an object of known properties that are all numbers; a string or boolean that looks like one is none, nor is 1e999."""
    try:
        found = _NUMBERS(raw)
    except UNREADABLE:
        for key, value in slices(raw, path, allowed, section).items():
            _number(value, f"{path}.{key}", section)
        # Each property that is left is a number, so one that was dropped for it is not.
        refuse_repetition(path)
    refuse_unknown(found, path, allowed, section)
    return found


def _number(raw: Slice, path: str, section: Section) -> None:
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


def _formatted(test: Callable[[str], bool], rule: str) -> Callable[[str, str, Section], str]:
    def check(text: str, path: str, section: Section) -> str:
        if not test(text):
            refuse(path, rule, section)
        return text

    return check


def _read(check: Callable[[str, str, Section], str]) -> Callable[[Slice, str, Section], str]:
    return lambda raw, path, section: check(string(raw, path, section), path, section)


iri_text = _formatted(formats.is_iri, "must be an IRI with a scheme")
mailto_text = _formatted(formats.is_mailto, "must be mailto: and one e-mail address")
sha1_text = _formatted(formats.is_sha1, "must be a SHA-1 sum in hexadecimal")
iri = _read(iri_text)
sha2 = _read(_formatted(formats.is_sha2, "must be a SHA-2 sum in hexadecimal"))
media_type = _read(_formatted(formats.is_media_type, "must be an Internet media type"))


def uuid(raw: bytes, path: str, section: Section) -> UUID:
    """Read a UUID."""
    return formats.read_uuid(raw) or refuse_uuid(path, section)


def refuse_uuid(path: str, section: Section) -> NoReturn:
    """Refuse what is no UUID."""
    refuse(path, "must be a UUID in its standard form", section)


def timestamp(raw: bytes, path: str, version: str) -> int:
    """Read a timestamp -> microseconds since 1970 UTC."""
    found = formats.read_timestamp(raw, version)
    if found is None:
        form = "RFC 3339" if version == V2 else "ISO 8601, with date and time and, if any, a known offset"
        refuse(path, f"must be a timestamp of {form}", Section.TIMESTAMP)
    return found


def merged(parts: Sequence[Part]) -> list[Part]:
    """Join neighbouring bytes, so that bytes and others alternate and bytes come first and last."""
    out: list[Part] = []
    start = 0
    for n, part in enumerate(parts):
        if part.__class__ is not bytes:
            out += (b"".join(parts[start:n]), part)  # type: ignore[arg-type]
            start = n + 1
    out.append(b"".join(parts[start:]))  # type: ignore[arg-type]
    return out


def merged_statement(parts: list[Part]) -> list[Part]:
    """Join neighbouring bytes of a statement, whose actor comes first: nearly always the only part that is not bytes."""
    try:
        return [parts[0], parts[1], b"".join(parts[2:])]  # type: ignore[arg-type]
    except TypeError:
        return merged(parts)


def written(found: dict[str, bytes]) -> bytes:
    """Write an object again."""
    return b"{%b}" % b",".join(b"%b:%b" % (msgspec.json.encode(key), value) for key, value in found.items())


def cut(raw: bytes, special: Special) -> Sequence[Part]:
    """Put parts in the place of the values of some properties of an object, and leave all else as it came."""
    if len(special) == 1:
        ((value, parts),) = special.values()
        json = bytes(value)
        around = raw.split(json)
        # Else the same bytes stand somewhere else, too.
        if len(around) == _BEFORE_AND_AFTER:
            return around[0], *parts, around[1]
    return rebuilt(_OBJECT(raw), {key: parts for key, (_, parts) in special.items()})


def replaced(raw: bytes, key: str, value: bytes, by: bytes) -> bytes:
    """Put something else in the place of the value of a property of an object, and leave all else as it came."""
    around = raw.split(value)
    if len(around) > _BEFORE_AND_AFTER:
        # The same bytes stand somewhere else, too.
        return b"".join(rebuilt(_OBJECT(raw), {key: (by,)}))  # type: ignore[arg-type] # bytes alone
    return by.join(around)


def rebuilt(found: Mapping[str, Slice], special: Mapping[str, Sequence[Part]]) -> tuple[Part, ...]:
    """Write an object again, in the order that came, some of its properties as parts and the others as the bytes that came."""
    parts: list[Part] = []
    written = _FIRST
    for key, value in found.items():
        parts.append(written[key])
        if key in special:
            parts += special[key]
        else:
            parts.append(bytes(value))
        written = _NEXT
    return (*parts, b"}")
