"""Extensions: an object whose keys are IRIs and whose values may be anything (xAPI 1.0.3 Data 4.1)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from lrs.xapi import fields
from lrs.xapi.fields import refuse
from lrs.xapi.formats import is_iri
from lrs.xapi.model import Part, Text
from lrs.xapi.versions import Section

MAX_DEPTH = 100
"""Levels that a value may be nested; whoever reads it back does so recursively."""
_TOO_DEEP = f"must not be nested deeper than {MAX_DEPTH} levels"
_MAX_KEY_SETS = 4096
_decode = msgspec.json.Decoder(dict[str, object]).decode

Keeps = Callable[[str], bool]
"""Extension IRI -> whether its value stays readable, whatever it is."""


class Extensions:
    """Check extensions. Thread-safe; what is remembered are sets of keys and the verdict on them."""

    def __init__(self, keeps: Keeps) -> None:
        self._keeps = keeps
        self._kept: dict[tuple[str, ...], tuple[bool, ...] | None] = {}

    def forget(self) -> None:
        """Drop everything remembered."""
        self._kept.clear()

    def check(self, raw: bytes, path: str) -> tuple[Part, ...]:
        """Check an extensions object and give its parts: one run of bytes where all keys are kept, else texts in between."""
        try:
            found = _decode(raw)
        except RecursionError:
            refuse(f"{path}.*", _TOO_DEEP, Section.EXTENSIONS)
        except fields.UNREADABLE:
            if raw[:1] != b"{":
                refuse(path, "must be an object", Section.EXTENSIONS)
            refuse(f"{path}.*", "must be a value that can be read, with numbers of ordinary size", Section.EXTENSIONS)
        keys = tuple(found)
        try:
            kept = self._kept[keys]
        except KeyError:
            kept = self._judge(keys, path)
        nested = raw.rfind(b"{") > 0
        if not nested:
            fields.refuse_duplicates_among(raw, len(keys), path)
            if kept is None and raw.count(b"[") <= MAX_DEPTH:
                return (raw,)
        return self._parts(raw, found, kept or (True,) * len(keys), path)

    def readable(self, raw: bytes) -> bytes:
        """Give a checked extensions object without the values that may not stay readable."""
        found = fields.free_members(raw)
        return fields.written({key: value for key, value in found.items() if self._keeps(key)})

    def _judge(self, keys: tuple[str, ...], path: str) -> tuple[bool, ...] | None:
        """Check the keys and tell which of them are kept; None for all."""
        for key in keys:
            if not is_iri(key):
                refuse(f"{path}.*", "must have an IRI with a scheme as key", Section.EXTENSIONS)
        kept = tuple(map(self._keeps, keys))
        verdict = None if all(kept) else kept
        if len(self._kept) >= _MAX_KEY_SETS:
            self._kept.clear()
        self._kept[keys] = verdict
        return verdict

    def _parts(self, raw: bytes, found: dict[str, object], kept: tuple[bool, ...], path: str) -> tuple[Part, ...]:
        count = len(found)
        reserved = set()
        for key, value in found.items():
            if isinstance(value, dict | list):
                inner, dollar = _survey(value, f"{path}.*")
                count += inner
                if dollar:
                    reserved.add(key)
        fields.refuse_duplicates_among(raw, count, path)
        parts: list[Part] = [b"{"]
        for n, ((key, json), keep) in enumerate(zip(fields.free_members(raw).items(), kept, strict=True)):
            parts.append((b"," if n else b"") + msgspec.json.encode(key) + b":")
            if key in reserved:
                parts.append(Text(json, "reserved", key))
            else:
                parts.append(json if keep else Text(json, "extension", key))
        return fields.merged((*parts, b"}"))



def _survey(value: object, path: str, depth: int = 1) -> tuple[int, bool]:
    """Count the keys of all objects in a value, and tell whether one starts with a dollar, as placeholders do."""
    if depth > MAX_DEPTH:
        refuse(path, _TOO_DEEP, Section.EXTENSIONS)
    count, dollar = 0, False
    if isinstance(value, dict):
        count, dollar = len(value), any(key.startswith("$") for key in value)
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict | list):
                inner, inner_dollar = _survey(item, path, depth + 1)
                count += inner
                dollar = dollar or inner_dollar
    return count, dollar
