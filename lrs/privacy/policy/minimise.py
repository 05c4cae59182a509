"""What is taken out of a statement before it is stored (GDPR art. 5(1)(c)): properties, extensions, devices, the finer part of a time.

Works on the JSON of a checked statement, and leaves alone every byte that it need not touch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from lrs.privacy.policy.devices import is_named, looks_like
from lrs.privacy.policy.extensions import all_extensions
from lrs.privacy.policy.model import Granularity
from lrs.xapi import fields
from lrs.xapi.formats import format_timestamp, read_timestamp

_SIZES = {
    Granularity.SECOND: 1_000_000,
    Granularity.MINUTE: 60_000_000,
    Granularity.HOUR: 3_600_000_000,
    Granularity.DAY: 86_400_000_000,
    Granularity.WEEK: 7 * 86_400_000_000,
}
_MONDAY = 4 * 86_400_000_000
"""1970 began on a Thursday: weeks are counted from the Monday after."""
_CONTEXTS = ("parent", "grouping", "category", "other")
_COMPOUND = (b'"', b"[", b"{")
_decode = msgspec.json.Decoder().decode
Drops = Callable[[str], bool]
"""Extension IRI -> whether it is left out."""


def span(granularity: Granularity) -> int:
    """Give how many microseconds look the same at a granularity."""
    return _SIZES.get(granularity, 1)


def rounded(microseconds: int, granularity: Granularity) -> int:
    """Cut a time to the start of its second, minute, hour, day or week, in UTC."""
    size = _SIZES.get(granularity)
    if size is None:
        return microseconds
    start = _MONDAY if granularity is Granularity.WEEK else 0
    return microseconds - (microseconds - start) % size


def without(raw: bytes, path: str) -> bytes:
    """Leave out the property at a path, and an object that is empty without it; arrays on the way are gone through."""
    step, _, rest = path.partition(".")
    if raw[:1] == b"[":
        return b"[%b]" % b",".join(without(bytes(item), path) for item in msgspec.json.decode(raw, type=list[msgspec.Raw]))
    found = fields.free_members(raw) if raw[:1] == b"{" else {}
    if step not in found:
        return raw
    value = without(found[step], rest) if rest else b"{}"
    if value == b"{}":
        del found[step]
    else:
        found[step] = value
    return fields.written(found)


def at_precision(raw: bytes, granularity: Granularity) -> bytes:
    """Cut the time of a statement, and of the SubStatement in it, to this precision."""
    found = fields.free_members(raw)
    given = read_timestamp(found["timestamp"]) if "timestamp" in found else None
    if given is not None:
        found["timestamp"] = msgspec.json.encode(format_timestamp(rounded(given, granularity)))
    if _is_sub(found.get("object", b"")):
        found["object"] = at_precision(found["object"], granularity)
    return fields.written(found)


def without_extensions(raw: bytes, drops: Drops, *, devices: bool) -> bytes:
    """Leave extensions out wherever a statement can have them; with ``devices`` all that tells of a device, in their values too."""
    if not any(_drops(iri, value, drops, devices=devices) for iri, value in all_extensions(raw)):
        return raw

    def clean(extensions: bytes) -> bytes:
        kept = {iri: value for iri, value in fields.free_members(extensions).items() if not drops(iri)}
        if devices:
            kept = {iri: _without_devices(value) for iri, value in kept.items() if not is_named(iri)}
        return fields.written({iri: value for iri, value in kept.items() if value})

    return _in_extensions(raw, clean)


def _drops(iri: str, value: msgspec.Raw, drops: Drops, *, devices: bool) -> bool:
    return drops(iri) or (devices and (is_named(iri) or _tells_of_device(bytes(value))))


def _tells_of_device(value: bytes) -> bool:
    return value[:1] in _COMPOUND and _without_devices(value) != value


def context_extensions(raw: bytes) -> dict[str, bytes]:
    """Give the extensions in the context of a statement."""
    context = fields.free_members(fields.free_members(raw).get("context", b"{}"))
    return fields.free_members(context.get("extensions", b"{}"))


def _in_extensions(raw: bytes, clean: Callable[[bytes], bytes]) -> bytes:
    found = fields.free_members(raw)
    for path in _places(found):
        _change(found, path, clean)
    if _is_sub(found.get("object", b"")):
        found["object"] = _in_extensions(found["object"], clean)
    return fields.written(found)


def _places(found: dict[str, bytes]) -> Iterable[Sequence[str]]:
    """Give the paths of all extensions that a statement can have."""
    yield ("result", "extensions")
    yield ("context", "extensions")
    if not _is_sub(found.get("object", b"")):
        yield ("object", "definition", "extensions")
    for kind in _CONTEXTS:
        yield ("context", "contextActivities", kind, "definition", "extensions")


def _change(found: dict[str, bytes], path: Sequence[str], clean: Callable[[bytes], bytes]) -> None:
    step, *rest = path
    raw = found.get(step)
    if raw is None or raw[:1] not in (b"{", b"["):
        return
    found[step] = _changed(raw, rest, clean)


def _changed(raw: bytes, rest: Sequence[str], clean: Callable[[bytes], bytes]) -> bytes:
    if raw[:1] == b"[":
        return b"[%b]" % b",".join(_changed(bytes(item), rest, clean) for item in msgspec.json.decode(raw, type=list[msgspec.Raw]))
    if not rest:
        return clean(raw)
    inner = fields.free_members(raw)
    _change(inner, rest, clean)
    return fields.written(inner)


def _without_devices(value: bytes) -> bytes:
    """Leave out of an extension's value what tells of a device; nothing is left of one that is such a text itself.

    A value in which there is nothing of the kind stays as it is, byte for byte.
    """
    if value[:1] == b'"':
        return b"" if looks_like(_decode(value)) else value
    if value[:1] == b"[":
        items = list(map(bytes, msgspec.json.decode(value, type=list[msgspec.Raw])))
        kept = [_without_devices(item) for item in items]
        return value if kept == items else b"[%b]" % b",".join(item for item in kept if item)
    if value[:1] == b"{":
        members = fields.free_members(value)
        inner = {key: _without_devices(item) for key, item in members.items() if not is_named(key)}
        return value if inner == members else fields.written({key: item for key, item in inner.items() if item})
    return value


def _is_sub(raw: bytes) -> bool:
    if raw[:1] != b"{":
        return False
    kind = fields.free_members(raw).get("objectType")
    return kind is not None and _decode(kind) == "SubStatement"
