"""Which language of a language map a reader wants.

Accept-Language is read as RFC 9110 section 12.5.4 states it and applied to each map on its own (xAPI 1.0.3 Communication 2.1.3): a range
fits its own tag and longer ones (RFC 2616 section 14.4), else the shorter ones (look-up, RFC 4647 section 3.4).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import NamedTuple

_ITEM = re.compile(r"\s*(\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*[qQ]\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*)?", re.ASCII)
_MAX_RANGES = 50
"""More languages than anybody reads; what comes after is not looked at."""
_ANY = "*"

_WANTED, _NEAR, _OTHER, _UNWELCOME = range(4)
_EXACT, _LONGER, _SHORTER, _ANYTHING = range(4)


class Range(NamedTuple):
    """A language range in lower case and how much it is wanted: 0 to 1, where 0 is not at all."""

    tag: str
    quality: float


class _Fit(NamedTuple):
    """How well a tag fits: the smaller, the better."""

    level: int
    minus_quality: float = 0.0
    place: int = 0
    kind: int = _EXACT


@lru_cache(maxsize=256)
def ranges(accept: str) -> tuple[Range, ...]:
    """Accept-Language -> its language ranges in order; what can't be read is left out."""
    found = (_ITEM.fullmatch(item) for item in accept.split(",", _MAX_RANGES)[:_MAX_RANGES])
    return tuple(Range(item[1].lower(), float(item[2] or 1)) for item in found if item)


def choose(tags: Collection[str], accept: str) -> str:
    """Of the tags of a map, which must have one, the one that fits best; the first one where none does."""
    wanted = ranges(accept)
    return min(tags, key=lambda tag: _fit(tag.lower(), wanted)) if wanted else next(iter(tags))


def _fit(tag: str, wanted: tuple[Range, ...]) -> _Fit:
    governing = max(_governing(tag, wanted), default=None)
    if governing is not None:
        length, quality, minus_place = governing
        return _Fit(_WANTED, -quality, -minus_place, _EXACT if length == len(tag) else _LONGER) if quality else _Fit(_UNWELCOME)
    return min(_approximations(tag, wanted), default=_Fit(_OTHER))


def _governing(tag: str, wanted: tuple[Range, ...]) -> Iterator[tuple[int, float, int]]:
    """Give the ranges that a tag is or begins with, of which the longest says how much it is wanted: (length, quality, minus place)."""
    for place, (range_, quality) in enumerate(wanted):
        if tag == range_ or tag.startswith(range_ + "-"):
            yield len(range_), quality, -place


def _approximations(tag: str, wanted: tuple[Range, ...]) -> Iterator[_Fit]:
    """Give what else speaks for a tag: a longer range, the range for everything, or one of another country."""
    language = tag.partition("-")[0]
    for place, (range_, quality) in enumerate(wanted):
        if range_ == _ANY:
            yield _Fit(_WANTED, -quality, place, _ANYTHING) if quality else _Fit(_UNWELCOME)
        elif quality and range_.startswith(tag + "-"):
            yield _Fit(_WANTED, -quality, place, _SHORTER)
        elif quality and len(language) > 1 and range_.partition("-")[0] == language:
            yield _Fit(_NEAR, -quality, place)
