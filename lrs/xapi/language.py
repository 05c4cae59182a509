"""Which language of a language map a reader wants: Accept-Language (RFC 9110 section 12.5.4) and look-up (RFC 4647)."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

_ANY = "*"


@lru_cache(maxsize=256)
def ranges(accept: str) -> tuple[str, ...]:
    """Accept-Language -> the language ranges, most wanted first; what can't be read or is refused (``q=0``) is left out."""
    wanted: list[tuple[float, int, str]] = []
    for place, item in enumerate(accept.split(",")):
        tag, _, parameter = item.strip().partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            quality = float(value) if name.strip().lower() == "q" else 1.0
        except ValueError:
            continue
        if tag.strip() and 0 < quality <= 1:
            wanted.append((-quality, place, tag.strip().lower()))
    return tuple(tag for _, _, tag in sorted(wanted))


def choose(tags: Collection[str], accept: str) -> str:
    """Of the tags of a map, the one that fits best; the first one where none does."""
    known = {tag.lower(): tag for tag in reversed(list(tags))}
    for wanted in ranges(accept):
        if wanted == _ANY:
            break
        for less in _ever_less(wanted):
            if less in known:
                return known[less]
            for tag in tags:
                if tag.lower().startswith(less + "-"):
                    return tag
    return next(iter(tags))


def _ever_less(tag: str) -> list[str]:
    """``zh-hant-tw`` -> itself, ``zh-hant``, ``zh`` (RFC 4647 section 3.4)."""
    parts = tag.split("-")
    return ["-".join(parts[:n]) for n in range(len(parts), 0, -1) if len(parts[n - 1]) > 1 or n == len(parts)]
