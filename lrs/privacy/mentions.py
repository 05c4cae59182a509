"""The self-mention scan: whether a statement names its own people where no placeholder stands.

A platform that writes ``Jean Dupont posted`` into an activity's name, or the account into its URL, would carry the name past every placeholder.
The statement itself tells what to look for: its persons' names, mailboxes and account names (``Person.known``). What
contains one of them is sealed. A language model is not needed and no name list is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from urllib.parse import quote

import msgspec

from lrs.xapi.walk import fold

_WHOLE_WORD_BELOW = 6
"""Shorter strings count only as whole words: an account named ``anna`` is not mentioned by ``annals``."""
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_STRING = msgspec.json.Decoder(str)
_PEOPLE = re.compile(rb'(?:\{"\$p":\d+\},?)+')
_MANY = 100
"""From so many strings on, what stands for the people of a large group is not searched for each of them: that would take their number squared."""
_REMEMBERED = 200_000
"""People for whom what to look for is kept at hand: half a kilobyte each."""
_is_unquoted = re.compile(r"[\w.~/-]*", re.ASCII).fullmatch
"""Tell whether a text stands in a URL as it is."""
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_SHORT_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

_ASCII = range(0x80)
_LATIN = (*_ASCII, 0xC3, *range(0x80, 0x9F), *range(0xA0, 0xC0))
"""The bytes of ASCII and of U+00C0 to U+00FF in UTF-8, the accented letters of Western Europe, without the sharp s, which folds to ASCII."""
_FOREIGN = b"\0"
"""Stands for every other byte, and for the backslash of an escape. A JSON text has no such byte."""


def _lowering(plain: Iterable[int]) -> bytes:
    """Make the table that brings plain bytes to lower case, and all others to one that is foreign."""
    kept = frozenset(plain) - {ord("\\")}
    return bytes(n if n in kept else 0 for n in range(256)).lower()


_LOWER_ASCII, _LOWER_LATIN = _lowering(_ASCII), _lowering(_LATIN)
"""Where every byte of a text is plain, folding leaves its ASCII letters where they are, and a word in ASCII can be looked for in its bytes."""

Seal = Callable[[bytes, bytes], bytes]
"""(JSON value, letter of its placeholder: ``o`` for an object, else ``b``) -> the placeholder to put in its place."""


class Mentions:
    """What to look for in one statement; what is ``known`` of its people is folded already (:func:`lrs.xapi.walk.fold`)."""

    __slots__ = ("_many", "_signs", "_spellings", "_table")

    def __init__(self, known: Sequence[str]) -> None:
        self._spellings = {*known, *[fold(quote(text)) for text in known if not _is_unquoted(text)]}
        self._signs = (_FOREIGN, *[spelling.encode() for spelling in self._spellings])
        self._many = len(self._spellings) > _MANY
        self._table = _LOWER_LATIN if "".join(self._spellings).isascii() else _LOWER_ASCII

    def __bool__(self) -> bool:
        return bool(self._spellings)

    def __call__(self, text: str) -> bool:
        """Tell whether a text mentions one of them."""
        folded = fold(text)
        return any(
            spelling in folded and (len(spelling) >= _WHOLE_WORD_BELOW or _stands_alone(spelling, folded)) for spelling in self._spellings
        )

    def may_be_in(self, body: bytes) -> bool:
        """Tell quickly whether a JSON text could contain a mention: False is certain."""
        if self._many:
            body = _PEOPLE.sub(b"", body)
        lowered = body.translate(self._table)
        for sign in self._signs:
            if sign in lowered:
                return self(_unescape(body.decode()))
        return False


def _stands_alone(word: str, text: str) -> bool:
    """Tell whether a word is in a text with neither a letter nor a digit beside it."""
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            return True
        start = text.find(word, start + 1)
    return False


@lru_cache(maxsize=_REMEMBERED)
def of(known: tuple[str, ...]) -> Mentions:
    """Give the mentions to look for when exactly these strings are known."""
    return Mentions(known)


def forget() -> None:
    """Drop from memory what was looked for."""
    of.cache_clear()


def seal_mentions(value: bytes, mentioned: Mentions, seal: Seal) -> bytes:
    """Replace every string of a JSON value that mentions somebody, and every object that does so in an extension key.

    Numbers and all other values keep their text. Placeholders are left alone.
    """
    head = value[:1]
    if head == b'"':
        return seal(value, b"b") if mentioned(_STRING.decode(value)) else value
    if head == b"[":
        return b"[" + b",".join(seal_mentions(bytes(item), mentioned, seal) for item in _ARRAY.decode(value)) + b"]"
    if head != b"{" or value.startswith((b'{"$b":', b'{"$o":', b'{"$r":', b'{"$s":')):
        return value
    members = _OBJECT.decode(value)
    # Standard property names and language tags have no colon; the keys that a sender chooses are IRIs.
    if any(":" in key and mentioned(key) for key in members):
        return seal(value, b"o")
    return (
        b"{"
        + b",".join(msgspec.json.encode(key) + b":" + seal_mentions(bytes(item), mentioned, seal) for key, item in members.items())
        + b"}"
    )


def _unescape(text: str) -> str:
    """Undo the escapes of JSON strings, all over a JSON text."""
    text = _ESCAPE.sub(_character, text)
    # A character beyond the basic plane is escaped as a pair of surrogates.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(escape: re.Match[str]) -> str:
    code, short = escape.groups()
    return chr(int(code, 16)) if code else _SHORT_ESCAPES.get(short, short)
