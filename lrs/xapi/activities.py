"""Verbs and activities: checked, and cut into parts where a text may stand (xAPI 1.0.3 Data 2.4.3 and 2.4.4.1)."""

from __future__ import annotations

import msgspec

from lrs.xapi import fields
from lrs.xapi.extensions import Extensions
from lrs.xapi.fields import refuse
from lrs.xapi.model import Definition, Part
from lrs.xapi.versions import Section

_VERB = frozenset({"id", "display"})
_ACTIVITY = frozenset({"objectType", "id", "definition"})
_COMPONENTS = {
    "choice": ("choices",),
    "sequencing": ("choices",),
    "likert": ("scale",),
    "matching": ("source", "target"),
    "performance": ("steps",),
    "true-false": (),
    "fill-in": (),
    "long-fill-in": (),
    "numeric": (),
    "other": (),
}
"""Interaction type -> the component lists that it takes."""
_COMPONENT_LISTS = ("choices", "scale", "source", "target", "steps")
_INTERACTION = ("correctResponsesPattern", *_COMPONENT_LISTS)
_DEFINITION = frozenset({"name", "description", "type", "moreInfo", "extensions", "interactionType", *_INTERACTION})
_COMPONENT = frozenset({"id", "description"})


class Activity(msgspec.Struct, frozen=True, gc=False):
    """A checked activity: its id, its parts, what it tells of itself, and its interaction type or ``""``."""

    id: str
    parts: tuple[Part, ...]
    definition: Definition | None
    interaction: str


def check_verb(raw: bytes, path: str) -> str:
    """Check a verb and give its id."""
    found = fields.members(raw, path, _VERB, ("id",), Section.VERB)
    if "display" in found:
        fields.language_map(found["display"], f"{path}.display")
    return fields.iri(found["id"], f"{path}.id", Section.VERB)


def check_activity(raw: bytes, path: str, extensions: Extensions) -> Activity:
    """Check an activity with its definition."""
    found = fields.members(raw, path, _ACTIVITY, ("id",), Section.ACTIVITY)
    if "objectType" in found and fields.string(found["objectType"], f"{path}.objectType", Section.ACTIVITY) != "Activity":
        refuse(f"{path}.objectType", "must be Activity", Section.ACTIVITY)
    activity = fields.iri(found["id"], f"{path}.id", Section.ACTIVITY)
    if "definition" not in found:
        return Activity(activity, (raw,), None, "")
    json = found["definition"]
    members, interaction = _definition(json, f"{path}.definition")
    if "extensions" in members:
        parts, _ = extensions.check(members["extensions"], f"{path}.definition")
        if parts is not None:
            # What others may read of an activity is gathered from definitions, so no text goes there.
            readable = members | {"extensions": extensions.readable(members["extensions"])}
            inner = fields.rebuilt(members, {"extensions": parts})
            outer = fields.rebuilt(found, {"definition": inner})
            return Activity(activity, tuple(fields.merged(outer)), Definition(activity, fields.written(readable), bytes(json)), interaction)
    return Activity(activity, (raw,), Definition(activity, json), interaction)


def _definition(raw: bytes, path: str) -> tuple[dict[str, bytes], str]:
    found = fields.members(raw, path, _DEFINITION, section=Section.ACTIVITY)
    for key in ("name", "description"):
        if key in found:
            fields.language_map(found[key], f"{path}.{key}")
    for key in ("type", "moreInfo"):
        if key in found:
            fields.iri(found[key], f"{path}.{key}", Section.ACTIVITY)
    return found, _interaction(found, path)


def _interaction(found: dict[str, bytes], path: str) -> str:
    if "interactionType" not in found:
        for key in _INTERACTION:
            if key in found:
                refuse(path, f"must have interactionType where it has {key}", Section.ACTIVITY)
        return ""
    kind = fields.string(found["interactionType"], f"{path}.interactionType", Section.ACTIVITY)
    if kind not in _COMPONENTS:
        refuse(f"{path}.interactionType", f"must be one of {', '.join(_COMPONENTS)}", Section.ACTIVITY)
    if "correctResponsesPattern" in found:
        fields.strings(found["correctResponsesPattern"], f"{path}.correctResponsesPattern", Section.ACTIVITY)
    for key in _COMPONENT_LISTS:
        if key in found:
            if key not in _COMPONENTS[kind]:
                refuse(f"{path}.{key}", f"is not for interactions of the type {kind}", Section.ACTIVITY)
            _components(found[key], f"{path}.{key}")
    return kind


def _components(raw: bytes, path: str) -> None:
    seen: set[str] = set()
    for n, item in enumerate(fields.items(raw, path, Section.ACTIVITY)):
        found = fields.members(item, f"{path}[{n}]", _COMPONENT, ("id",), Section.ACTIVITY)
        component = fields.string(found["id"], f"{path}[{n}].id", Section.ACTIVITY)
        if component in seen:
            refuse(f"{path}[{n}].id", "must differ from the other ids of the list", Section.ACTIVITY)
        seen.add(component)
        if "description" in found:
            fields.language_map(found["description"], f"{path}[{n}].description")
