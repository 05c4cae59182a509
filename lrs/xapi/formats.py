"""The formats of single values: IRI, UUID, language tag, timestamp, duration, mailbox, hash, media type.

``is_...`` tells whether a string has the format; ``parse_...`` gives what it means or raises ``ValueError``. Neither an answer nor an
error ever holds the string itself. Formats are checked as strictly as their RFC states them, except that an IRI is not
taken apart beyond its scheme (xAPI 1.0.3 Data 2.2 allows best effort). What repeats is matched possessively (``++``): a text of megabytes is read
once, and nothing is remembered for going back.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID

import msgspec

from lrs.xapi.versions import V1

_IRI = re.compile(
    # RFC 3987: a scheme, then none of the characters that it leaves out; a percent sign starts an escape.
    r"[A-Za-z][A-Za-z0-9+.\-]*:(?:[^\x00-\x20\x7f-\x9f\s<>\"{}|\\^`%\ud800-\udfff\ufffe\uffff]++|%[0-9A-Fa-f]{2})++"
)
_MAILTO = re.compile(r"mailto:[^\x00-\x20\x7f-\x9f\s<>\"{}|\\^`@?,;:]+@[^\x00-\x20\x7f-\x9f\s<>\"{}|\\^`@?,;/]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_VERSION_AND_VARIANT = ~(0xF000 << 64 | 0xC000 << 48)
_CUSTOM = 0x8000 << 64 | 0x8000 << 48
_SHA1 = re.compile(r"[0-9a-fA-F]{40}")
_SHA2 = re.compile(r"[0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128}")

_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_MEDIA_TYPE = re.compile(rf'{_WORD}/{_WORD}(?:[ \t]*+;[ \t]*+{_WORD}=(?:{_WORD}|"(?:[^"\\\x00-\x1f]++|\\[^\x00-\x1f])*+"))*+[ \t]*+;?')

_LANGUAGE_TAG = re.compile(
    # RFC 5646, 2.1: langtag, private use, or one of the grandfathered irregular tags (the regular ones have the form of a langtag).
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})"
    r"(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?P<variants>(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*+)"
    r"(?P<extensions>(?:-[0-9a-wyz](?:-[a-z0-9]{2,8})++)*+)"
    r"(?:-x(?:-[a-z0-9]{1,8})++)?"
    r"|x(?:-[a-z0-9]{1,8})++"
    r"|en-gb-oed|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)|sgn-(?:be-fr|be-nl|ch-de)"
    r"|zh-min-nan|(?:art-lojban|cel-gaulish|no-bok|no-nyn|zh-guoyu|zh-hakka|zh-min|zh-xiang)",
    re.IGNORECASE | re.ASCII,
)
_VARIANT = re.compile("[^-]+")
_SINGLETON = re.compile("-(.)(?=-)")
_SHORTEST_REPETITION = len("en-a-bb-a-bb")
_LONGEST_USUAL_TAG = 35
"""Tags up to this length are remembered (RFC 5646, 4.4.1: what needs to be allowed for)."""

_COUNT = "[0-9]++(?:[.,][0-9]++)?"
_DURATION = re.compile(
    # ISO 8601:2004, 4.4.3.2: weeks alone, or descending components of which only the last one has a fraction.
    rf"P(?:{_COUNT}W"
    rf"|(?=[0-9T])(?![^.,]*+[.,][0-9]*+..)"
    rf"(?:{_COUNT}Y)?(?:{_COUNT}M)?(?:{_COUNT}D)?"
    rf"(?:T(?=[0-9])(?:{_COUNT}H)?(?:{_COUNT}M)?(?:{_COUNT}S)?)?)"
)

_OFFSET = r"(?:[Zz]|\+[0-9]{2}(?::?[0-9]{2})?|-(?!00(?::?00)?$)[0-9]{2}(?::?[0-9]{2})?)"
_RFC_3339 = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt ][0-9]{{2}}:[0-9]{{2}}:([0-9]{{2}})(?:\.[0-9]+)?{_OFFSET}")
_ELSEWHERE = re.compile(r"(.{16})(:[0-9.]+)((?![+]00(?::?00)?$)[+-].+)")
"""A timestamp that is not in UTC: to the minute, seconds, offset."""
_ISO_8601 = re.compile(
    rf"(?:[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt ][0-9]{{2}}:[0-9]{{2}}(?::([0-9]{{2}})(?:[.,][0-9]+)?)?"
    rf"|[0-9]{{8}}[Tt ][0-9]{{4}}(?:([0-9]{{2}})(?:[.,][0-9]+)?)?){_OFFSET}?"
)
_decode_uuid = msgspec.json.Decoder(UUID).decode
_QUOTED_UUID = 38
_decode_string = msgspec.json.Decoder(str).decode
_decode_moment = msgspec.json.Decoder(datetime).decode
_AFTER_SECONDS = len('"2021-11-29T23:09:00')
_SEVENTH_DIGIT = slice(_AFTER_SECONDS + len(".867219"), _AFTER_SECONDS + len(".8672190"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_BACKSLASH = ord("\\")
_SECONDS_OF_A_DAY = 86_400
_DAY = 86_400_000_000
_SECOND = 1_000_000
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The years from 1 to 9999 in UTC, which is what can be written again."""


def is_iri(text: str) -> bool:
    """Tell whether this is an IRI with a scheme (RFC 3987)."""
    return _IRI.fullmatch(text) is not None


def is_mailto(text: str) -> bool:
    """Tell whether this is ``mailto:`` and one address without header fields (RFC 6068)."""
    return _MAILTO.fullmatch(text) is not None


def uuid8(digest: bytes) -> str:
    """Make a UUID of version 8, the maker's own, of 16 bytes (RFC 9562 5.8)."""
    return str(UUID(int=int.from_bytes(digest) & _VERSION_AND_VARIANT | _CUSTOM))


def is_uuid(text: str) -> bool:
    """Tell whether this is a UUID in its standard form 8-4-4-4-12, of any version and variant (RFC 4122, 3)."""
    return _UUID.fullmatch(text) is not None


def parse_uuid(text: str) -> UUID:
    """Read a UUID in its standard form; ``ValueError`` for any other spelling, such as braces or missing hyphens."""
    if not is_uuid(text):
        raise ValueError("a UUID is written as 8-4-4-4-12 hexadecimal digits")
    return UUID(text)


def read_uuid(raw: bytes | msgspec.Raw) -> UUID | None:
    """Read a JSON string that is a UUID in its standard form; None for anything else."""
    try:
        # Besides the standard form of 36 characters the decoder takes one of 32, so the length tells which it was.
        return _decode_uuid(raw) if len(raw) == _QUOTED_UUID else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def is_sha1(text: str) -> bool:
    """Tell whether this is a SHA-1 hash in hexadecimal."""
    return _SHA1.fullmatch(text) is not None


def is_sha2(text: str) -> bool:
    """Tell whether this is a SHA-2 hash (224, 256, 384 or 512 bits) in hexadecimal."""
    return _SHA2.fullmatch(text) is not None


def is_media_type(text: str) -> bool:
    """Tell whether this is an Internet media type, with or without parameters (RFC 2046, RFC 9110 8.3)."""
    return _MEDIA_TYPE.fullmatch(text) is not None


def is_language_tag(text: str) -> bool:
    """Tell whether this is a well-formed language tag (RFC 5646, 2.1) that has no variant and no singleton twice (2.2.5, 2.2.6)."""
    return _is_usual_tag(text) if len(text) <= _LONGEST_USUAL_TAG else _is_tag(text)


@lru_cache(maxsize=4096)
def _is_usual_tag(text: str) -> bool:
    return _is_tag(text)


def _is_tag(text: str) -> bool:
    form = _LANGUAGE_TAG.fullmatch(text)
    if form is None or len(text) < _SHORTEST_REPETITION:
        return form is not None
    return not (_repeats(_VARIANT, form["variants"]) or _repeats(_SINGLETON, form["extensions"]))


def _repeats(subtag: re.Pattern[str], subtags: str | None) -> bool:
    found = subtag.findall(subtags.lower()) if subtags else ()
    return len(set(found)) < len(found)


def is_duration(text: str) -> bool:
    """Tell whether this is a duration of ISO 8601:2004, 4.4.3.2: ``P3Y1M29DT4H35M59.14S``, ``P4W``; never ``P4W1D``."""
    return _DURATION.fullmatch(text) is not None


def parse_timestamp(text: str, *, version: str = V1) -> int:
    """Read a point in time -> microseconds since 1970 UTC; finer digits are cut, never rounded.

    Under 2.0 it is a timestamp of RFC 3339 (IEEE 9274.1.1 4.2.7). Under 1.0.3 other forms of a complete ISO 8601 date and time are taken
    too: basic format, a comma, no seconds, no zone, which then means UTC (Data 4.5). A space may stand for the T; a negative zero
    offset is refused in both. ``ValueError`` otherwise.
    """
    form = _ISO_8601.fullmatch(text) if version == V1 else _RFC_3339.fullmatch(text)
    if form is None:
        raise ValueError("a timestamp is written as in RFC 3339, such as 2021-11-29T23:09:00.867Z")
    seconds = form[form.lastindex] if form.lastindex else ""
    leap = seconds == "60"
    if leap:
        start = form.start(form.lastindex or 0)
        text = f"{text[:start]}59{text[start + 2 :]}"
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError("a timestamp names a day and a time that exist") from None
    found = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND + leap * _SECOND
    if not _FIRST <= found <= _LAST:
        raise ValueError("a timestamp is in a year from 1 to 9999 in UTC")
    return found


def read_timestamp(raw: bytes, version: str = V1) -> int | None:
    """Read a JSON string that is a timestamp, like :func:`parse_timestamp`; None for anything else.

    The forms that nearly everybody sends are left to the decoder. It reads RFC 3339, but takes a negative zero offset and rounds what
    is finer than a microsecond, so that what might be one of these is not given to it.
    """
    try:
        if not raw[_SEVENTH_DIGIT].isdigit() and raw.find(b"-00") < 0 and _BACKSLASH not in raw:
            since = _decode_moment(raw) - _EPOCH
            found = (since.days * _SECONDS_OF_A_DAY + since.seconds) * _SECOND + since.microseconds
            return found if _FIRST <= found <= _LAST else None
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError):
        pass  # TypeError: there is no zone
    try:
        return parse_timestamp(_decode_string(raw), version=version)
    except (msgspec.DecodeError, ValueError):
        return None


def in_utc(raw: bytes) -> bytes:
    """Write a JSON timestamp of RFC 3339 in UTC, seconds and their fraction as they came; one that is in UTC already stays as it is."""
    form = _ELSEWHERE.fullmatch(_decode_string(raw))
    if form is None:
        return raw
    there, seconds, offset = form.groups()
    moment = datetime.fromisoformat(there.upper() + offset).astimezone(UTC).replace(tzinfo=None)
    return f'"{moment.isoformat(timespec="minutes")}{seconds}Z"'.encode()


def month_of(microseconds: int) -> int:
    """Give the month, UTC, as yyyymm; months compare like numbers."""
    return _month(microseconds // _DAY)


@lru_cache(4096)
def _month(day: int) -> int:
    date = _EPOCH + timedelta(days=day)
    return date.year * 100 + date.month


def format_timestamp(microseconds: int) -> str:
    """Write a point in time, microseconds since 1970 UTC, as RFC 3339 with six decimals and ``Z``."""
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat(timespec="microseconds").replace("+00:00", "Z")
