"""If-Match and If-None-Match (RFC 9110 13.1; xAPI 1.0.3 Communication 3.1)."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from lrs.errors import InvalidRequest, PreconditionFailed

_TAG = re.compile(r'[ \t]*(?:(W/)?"([\x21\x23-\x7e\x80-\xff]*)"|([^\s",]+))?[ \t]*(?:,|$)')
_SECTION = "RFC 9110 13.1"


class Tag(NamedTuple):
    """An entity tag, without its quotes."""

    value: str
    weak: bool = False


class Condition(msgspec.Struct, frozen=True):
    """A header's list of entity tags; ``anything`` is ``*``."""

    tags: tuple[Tag, ...] = ()
    anything: bool = False

    def matches(self, current: str | None, *, weakly: bool) -> bool:
        """Tell whether the current tag is among them; None is that of a document that isn't there."""
        if current is None or self.anything:
            return current is not None
        return any(tag.value == current and (weakly or not tag.weak) for tag in self.tags)


class Preconditions(msgspec.Struct, frozen=True):
    """What a caller requires of a document before it is changed; None means that a header was not sent."""

    if_match: Condition | None = None
    if_none_match: Condition | None = None

    def __bool__(self) -> bool:
        return self.if_match is not None or self.if_none_match is not None

    def check(self, current: str | None) -> None:
        """Raise :class:`lrs.errors.PreconditionFailed` unless a document with this tag (None: no document) is what is required.

        A weak tag matches nothing in If-Match and its strong twin in If-None-Match (RFC 9110 8.8.3.2).
        """
        if self.if_match is not None and not self.if_match.matches(current, weakly=False):
            raise PreconditionFailed("the document is not the one that If-Match names")
        if self.if_none_match is not None and self.if_none_match.matches(current, weakly=True):
            raise PreconditionFailed("there is a document, which If-None-Match excludes")


def parse(if_match: str | None, if_none_match: str | None) -> Preconditions:
    """Two headers, None where there is none -> preconditions; raises :class:`lrs.errors.InvalidRequest`."""
    return Preconditions(_condition("If-Match", if_match), _condition("If-None-Match", if_none_match))


def _condition(header: str, text: str | None) -> Condition | None:
    if text is None:
        return None
    if text.strip() == "*":
        return Condition(anything=True)
    tags = tuple(_tags(header, text))
    if not tags:
        raise _malformed(header)
    return Condition(tags)


def _tags(header: str, text: str) -> list[Tag]:
    """Read a list of tags; some clients send them without quotes."""
    tags = []
    place = 0
    while place < len(text):
        found = _TAG.match(text, place)
        if found is None:
            raise _malformed(header)
        weak, quoted, bare = found.groups()
        if quoted is not None or bare:
            tags.append(Tag(bare or quoted, bool(weak)))
        place = found.end()
    return tags


def _malformed(header: str) -> InvalidRequest:
    return InvalidRequest(f"{header} must be * or a list of entity tags in quotes", parameter=header, section=_SECTION)
