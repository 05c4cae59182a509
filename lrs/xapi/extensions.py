"""Extensions: an object whose keys are IRIs and whose values may be anything (xAPI 1.0.3 Data 4.1)."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import NamedTuple, NoReturn

import msgspec

from lrs.xapi import fields
from lrs.xapi.codec import strings_in
from lrs.xapi.fields import Slice, refuse
from lrs.xapi.formats import is_iri
from lrs.xapi.memory import LONGEST
from lrs.xapi.model import Part, Text
from lrs.xapi.versions import Section

MAX_DEPTH = 100
"""Levels that a value may be nested; whoever reads it back does so recursively."""
_TOO_DEEP = f"must not be nested deeper than {MAX_DEPTH} levels"
_MOST = 4096
"""Sets of keys that are remembered."""
_decode = msgspec.json.Decoder(dict[str, object]).decode
_decode_plain = msgspec.json.Decoder(dict[str, str | float | bool | None]).decode
"""Reads extensions that hold neither object nor array."""

Names = tuple[str, ...]
Keeps = Callable[[str], bool]
"""Extension IRI -> whether its value stays readable, whatever it is."""


class _Key(NamedTuple):
    """A key of an extensions object: as it is written before its value, as it is, and whether its value is kept."""

    written: bytes
    iri: str
    kept: bool


class Extensions:
    """Check extensions. Thread-safe; what is remembered are sets of keys with the verdict on them, and the keys whose values are kept."""

    def __init__(self, keeps: Keeps) -> None:
        self._keeps = keeps
        self._known: dict[Names, tuple[_Key, ...]] = {}
        self._kept: set[str] = set()

    def forget(self) -> None:
        """Drop everything remembered."""
        self._known.clear()
        self._kept.clear()

    def check(self, raw: Slice, path: str) -> tuple[tuple[Part, ...] | None, int]:
        """Check the extensions of what is at ``path`` -> (their parts, the number of their strings).

        The parts are None where all keys are kept and the bytes can stay as they came; else texts stand between bytes.
        """
        try:
            found = _decode_plain(raw)
        except fields.UNREADABLE:
            return self._check_closely(raw, f"{path}.extensions")
        if not self._kept.issuperset(found):
            return self._check_closely(raw, f"{path}.extensions")
        strings = len(found)
        for value in found.values():
            if value.__class__ is str:
                strings += 1
        return None, strings

    def readable(self, raw: bytes) -> bytes:
        """Give a checked extensions object without the values that may not stay readable."""
        found = _decode(raw)
        values = fields.free_members(raw)
        return fields.written({key: values[key] for key in found if self._keeps(key) and not _is_reserved(found[key], "")})

    def _check_closely(self, raw: Slice, path: str) -> tuple[tuple[Part, ...] | None, int]:
        try:
            found = _decode(raw)
        except fields.UNREADABLE as error:
            _refuse_unreadable(bytes(raw), path, error)
        names = tuple(found)
        keys = self._known.get(names) or self._judge(names, f"{path}.*")
        reserved = frozenset(key for key, value in found.items() if _is_reserved(value, f"{path}.*"))
        return (_parts(raw, keys, reserved) if reserved or not all(key.kept for key in keys) else None), strings_in(found)

    def _judge(self, names: Names, path: str) -> tuple[_Key, ...]:
        """Check the keys and tell which of them are kept."""
        for name in names:
            if not is_iri(name):
                refuse(path, "must have an IRI with a scheme as key", Section.EXTENSIONS)
        keys = _keys(names, tuple(map(self._keeps, names)))
        if sum(map(len, names)) <= LONGEST:
            if len(self._known) >= _MOST:
                self.forget()
            self._known[names] = keys
            self._kept.update(key.iri for key in keys if key.kept)
        return keys


def _keys(names: tuple[str, ...], kept: tuple[bool, ...]) -> tuple[_Key, ...]:
    return tuple(
        _Key(b"%b%b:" % (b"," if n else b"{", msgspec.json.encode(name)), name, keep)
        for n, (name, keep) in enumerate(zip(names, kept, strict=True))
    )


def _refuse_unreadable(raw: bytes, path: str, error: Exception) -> NoReturn:
    if isinstance(error, RecursionError):
        refuse(f"{path}.*", _TOO_DEEP, Section.EXTENSIONS)
    if raw[:1] != b"{":
        refuse(path, "must be an object", Section.EXTENSIONS)
    refuse(f"{path}.*", "must be a value that can be read, with numbers of ordinary size", Section.EXTENSIONS)


def _parts(raw: Slice, keys: tuple[_Key, ...], reserved: AbstractSet[str]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for (written, iri, kept), json in zip(keys, fields.free_members(raw).values(), strict=True):
        if iri in reserved:
            parts += (written, Text(json, "reserved", iri))
        else:
            parts += (written, json if kept else Text(json, "extension", iri))
    return (*parts, b"}")


def _is_reserved(value: object, path: str, depth: int = 1) -> bool:
    """Tell whether some object in a value has a key that starts with a dollar, as placeholders do; refuse what is nested too deeply."""
    if not isinstance(value, dict | list):
        return False
    if depth > MAX_DEPTH:
        refuse(path, _TOO_DEEP, Section.EXTENSIONS)
    if isinstance(value, list):
        inner, dollar = value, False
    else:
        inner, dollar = [*value.values()], any(key.startswith("$") for key in value)
    # Not any(): every branch is to be measured.
    return bool(sum([_is_reserved(item, path, depth + 1) for item in inner])) or dollar
