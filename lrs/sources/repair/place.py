"""Changing one place of a statement that was not checked yet; every byte elsewhere stays as it came."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from lrs.xapi import fields
from lrs.xapi.walk import PLACES

__all__ = ["AGENTS", "Change", "at", "everywhere", "found", "text"]

Change = Callable[[bytes], bytes | None]
"""The JSON of a value -> what stands there from now on; None: nothing does."""
EACH = "*"

_ITEMS = msgspec.json.Decoder(list[msgspec.Raw]).decode
_TEXT = msgspec.json.Decoder(str).decode


def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.removeprefix("$.").replace("[*]", f".{EACH}").split("."))


AGENTS = tuple(step for place in PLACES for step in (_steps(place.path), (*_steps(place.path), "member", EACH)))
"""Every place where somebody can stand."""


def at(raw: bytes, path: Sequence[str], change: Change) -> bytes:
    """Change what stands at a path of properties, ``*`` being each item of an array; what has another form is left as it is."""
    changed = _at(raw, path, change)
    return raw if changed is None else changed


def everywhere(raw: bytes, paths: Sequence[Sequence[str]], change: Change) -> bytes:
    """Change what stands at each of some paths."""
    for path in paths:
        raw = at(raw, path, change)
    return raw


def found(raw: bytes, path: Sequence[str]) -> str | None:
    """Read the string at a path of properties; None where there is none."""
    seen: list[str | None] = [None]

    def note(value: bytes) -> bytes:
        seen.append(text(value))
        return value

    at(raw, path, note)
    return seen[-1]


def text(raw: bytes) -> str | None:
    """Read a string; None for what is none."""
    try:
        return _TEXT(raw)
    except fields.UNREADABLE:
        return None


def _at(raw: bytes, path: Sequence[str], change: Change) -> bytes | None:
    if not path:
        return change(raw)
    try:
        return _in_items(raw, path, change) if path[0] == EACH else _in_member(raw, path, change)
    except fields.UNREADABLE:
        return raw


def _in_items(raw: bytes, path: Sequence[str], change: Change) -> bytes:
    items = [bytes(item) for item in _ITEMS(raw)]
    changed = [_at(item, path[1:], change) for item in items]
    return raw if changed == items else b"[%b]" % b",".join(item for item in changed if item is not None)


def _in_member(raw: bytes, path: Sequence[str], change: Change) -> bytes:
    found = fields.free_members(raw)
    if path[0] not in found:
        return raw
    changed = _at(found[path[0]], path[1:], change)
    if changed == found[path[0]]:
        return raw
    if changed is None:
        del found[path[0]]
    else:
        found[path[0]] = changed
    return fields.written(found)
