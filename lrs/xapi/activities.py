"""Activities and their definitions, verbs, extensions and attachments: checked, and cut into parts where text may stand."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from lrs.xapi import fields
from lrs.xapi.fields import refuse
from lrs.xapi.formats import is_iri
from lrs.xapi.model import Attachment, Definition, Part, Text

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
_COMPONENT_LISTS = ("choices", "scale", "source", "target", "steps")
_INTERACTION = ("correctResponsesPattern", *_COMPONENT_LISTS)
_DEFINITION = frozenset({"name", "description", "type", "moreInfo", "extensions", "interactionType", *_INTERACTION})
_COMPONENT = frozenset({"id", "description"})
_VERB = frozenset({"id", "display"})
_ATTACHMENT = frozenset({"usageType", "display", "description", "contentType", "length", "sha2", "fileUrl"})
_ATTACHMENT_NEEDS = ("usageType", "display", "contentType", "length", "sha2")
_S_VERB = "xAPI 1.0.3 Data 2.4.3"
_S_ACTIVITY = "xAPI 1.0.3 Data 2.4.4.1"
_S_EXTENSIONS = "xAPI 1.0.3 Data 4.1"
_S_ATTACHMENT = "xAPI 1.0.3 Data 2.4.11"

Keeps = Callable[[str], bool]
"""Extension IRI -> whether its value needs no attention, whatever it is."""


class Checked(msgspec.Struct, gc=False):
    """An activity: its id, its parts, what it tells of itself."""

    id: str
    parts: list[Part]
    definition: Definition | None
    interaction: str


def check_verb(raw: bytes, path: str) -> str:
    """Check a verb and give its id."""
    found = fields.members(raw, path, _VERB, ("id",), _S_VERB)
    if "display" in found:
        fields.language_map(found["display"], f"{path}.display")
    return fields.iri(found["id"], f"{path}.id", _S_VERB)


def check_activity(raw: bytes, path: str, keeps: Keeps) -> Checked:
    """Check an activity with its definition."""
    found = fields.members(raw, path, _ACTIVITY, ("id",), _S_ACTIVITY)
    if "objectType" in found and fields.string(found["objectType"], f"{path}.objectType") != "Activity":
        refuse(f"{path}.objectType", "must be Activity", _S_ACTIVITY)
    activity = fields.iri(found["id"], f"{path}.id", _S_ACTIVITY)
    if "definition" not in found:
        return Checked(activity, [raw], None, "")
    parts, interaction = _definition(found["definition"], f"{path}.definition", keeps)
    definition = Definition(activity, found["definition"])
    if len(parts) == 1:
        return Checked(activity, [raw], definition, interaction)
    head = b'{"objectType":"Activity","id":' if "objectType" in found else b'{"id":'
    return Checked(activity, [head + found["id"] + b',"definition":', *parts, b"}"], definition, interaction)


def check_extensions(raw: bytes, path: str, keeps: Keeps) -> list[Part]:
    """Check an extensions object; its values may be anything, and those that ``keeps`` doesn't name become texts."""
    found = fields.free_members(raw, path, _S_EXTENSIONS)
    whole = b'{"$' not in raw
    for key in found:
        if not is_iri(key):
            refuse(f"{path}.*", "must have IRIs with a scheme as keys", _S_EXTENSIONS)
        whole = whole and keeps(key)
    if whole:
        return [raw]
    parts: list[Part] = [b"{"]
    for n, (key, value) in enumerate(found.items()):
        json = bytes(value)
        place = "reserved" if b'{"$' in json else "extension"
        parts += [(b"," if n else b"") + msgspec.json.encode(key) + b":", Text(json, place, key)]
    return [*parts, b"}"]


def check_attachments(raw: bytes, path: str) -> tuple[Attachment, ...]:
    """Check the attachments property: what it says of each file, not the files."""
    return tuple(_attachment(item, f"{path}[{n}]") for n, item in enumerate(fields.items(raw, path, _S_ATTACHMENT)))


def _definition(raw: bytes, path: str, keeps: Keeps) -> tuple[list[Part], str]:
    found = fields.members(raw, path, _DEFINITION, section=_S_ACTIVITY)
    for key in ("name", "description"):
        if key in found:
            fields.language_map(found[key], f"{path}.{key}")
    for key in ("type", "moreInfo"):
        if key in found:
            fields.iri(found[key], f"{path}.{key}", _S_ACTIVITY)
    interaction = _interaction(found, path)
    if "extensions" not in found:
        return [raw], interaction
    extensions = check_extensions(found["extensions"], f"{path}.extensions", keeps)
    if len(extensions) == 1:
        return [raw], interaction
    rest = b",".join(b'"%b":%b' % (key.encode(), value) for key, value in found.items() if key != "extensions")
    return [b"{" + rest + (b"," if rest else b"") + b'"extensions":', *extensions, b"}"], interaction


def _interaction(found: dict[str, bytes], path: str) -> str:
    if "interactionType" not in found:
        for key in _INTERACTION:
            if key in found:
                refuse(path, f"must have interactionType where {key} is", _S_ACTIVITY)
        return ""
    kind = fields.string(found["interactionType"], f"{path}.interactionType", _S_ACTIVITY)
    if kind not in _COMPONENTS:
        refuse(f"{path}.interactionType", f"must be one of {', '.join(_COMPONENTS)}", _S_ACTIVITY)
    if "correctResponsesPattern" in found:
        for n, pattern in enumerate(fields.items(found["correctResponsesPattern"], f"{path}.correctResponsesPattern", _S_ACTIVITY)):
            fields.string(pattern, f"{path}.correctResponsesPattern[{n}]", _S_ACTIVITY)
    for key in _COMPONENT_LISTS:
        if key in found:
            if key not in _COMPONENTS[kind]:
                refuse(f"{path}.{key}", f"is not for the interaction type {kind}", _S_ACTIVITY)
            _components(found[key], f"{path}.{key}")
    return kind


def _components(raw: bytes, path: str) -> None:
    seen: set[str] = set()
    for n, item in enumerate(fields.items(raw, path, _S_ACTIVITY)):
        found = fields.members(item, f"{path}[{n}]", _COMPONENT, ("id",), _S_ACTIVITY)
        component = fields.string(found["id"], f"{path}[{n}].id", _S_ACTIVITY)
        if component in seen:
            refuse(f"{path}[{n}].id", "must be distinct within the list", _S_ACTIVITY)
        seen.add(component)
        if "description" in found:
            fields.language_map(found["description"], f"{path}[{n}].description")


def _attachment(raw: bytes, path: str) -> Attachment:
    found = fields.members(raw, path, _ATTACHMENT, _ATTACHMENT_NEEDS, _S_ATTACHMENT)
    fields.language_map(found["display"], f"{path}.display")
    if "description" in found:
        fields.language_map(found["description"], f"{path}.description")
    if not found["length"].isdigit():
        refuse(f"{path}.length", "must be a whole number of octets", _S_ATTACHMENT)
    return Attachment(
        sha2=fields.sha2(found["sha2"], f"{path}.sha2", _S_ATTACHMENT),
        content_type=fields.media_type(found["contentType"], f"{path}.contentType", _S_ATTACHMENT),
        length=int(found["length"]),
        usage_type=fields.iri(found["usageType"], f"{path}.usageType", _S_ATTACHMENT),
        file_url=fields.iri(found["fileUrl"], f"{path}.fileUrl", _S_ATTACHMENT) if "fileUrl" in found else None,
    )
