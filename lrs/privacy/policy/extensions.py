"""Where a statement can have extensions, found in one pass (xAPI 1.0.3 Data 4.1.11): most have none that a policy minds."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

Extensions = dict[str, msgspec.Raw]


class _Holder(msgspec.Struct, frozen=True, gc=False):
    """A result, or the definition of an activity."""

    extensions: Extensions = {}


_NONE = _Holder()


class _Activity(msgspec.Struct, frozen=True, gc=False):
    definition: _Holder = _NONE


class _Activities(msgspec.Struct, frozen=True, gc=False):
    parent: _Activity | list[_Activity] = []
    grouping: _Activity | list[_Activity] = []
    category: _Activity | list[_Activity] = []
    other: _Activity | list[_Activity] = []


class _Context(msgspec.Struct, frozen=True, gc=False):
    extensions: Extensions = {}
    activities: _Activities | None = msgspec.field(name="contextActivities", default=None)


class _Part(msgspec.Struct, frozen=True, gc=False):
    """A statement, a SubStatement in its place, or the activity in the place of either."""

    definition: _Holder = _NONE
    result: _Holder = _NONE
    context: _Context | None = None
    object: _Part | None = None


_decode = msgspec.json.Decoder(_Part).decode


def all_extensions(statement: bytes) -> Iterator[tuple[str, msgspec.Raw]]:
    """Yield every extension of a checked statement: its IRI, and the JSON of its value."""
    part: _Part | None = _decode(statement)
    while part is not None:
        yield from part.result.extensions.items()
        yield from part.definition.extensions.items()
        if part.context is not None:
            yield from part.context.extensions.items()
            yield from _in_activities(part.context.activities)
        part = part.object


def _in_activities(found: _Activities | None) -> Iterator[tuple[str, msgspec.Raw]]:
    if found is None:
        return
    for kind in (found.parent, found.grouping, found.category, found.other):
        for activity in [kind] if isinstance(kind, _Activity) else kind:
            yield from activity.definition.extensions.items()
