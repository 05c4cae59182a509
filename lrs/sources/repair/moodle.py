"""What Moodle's logstore_xapi gets wrong."""

from __future__ import annotations

import re

import msgspec

from lrs.sources.repair.place import AGENTS, everywhere, text
from lrs.sources.repair.rule import Opaque
from lrs.xapi import fields
from lrs.xapi.formats import is_language_tag

__all__ = ["kind_in_list", "language_code"]

_DEFINITIONS = (
    ("object", "definition"),
    *(("context", "contextActivities", kind, "*", "definition") for kind in ("parent", "grouping", "category", "other")),
)
_COMPONENTS = ("choices", "scale", "source", "target", "steps")
_TEXTS = (
    ("verb", "display"),
    *((*place, name) for place in _DEFINITIONS for name in ("name", "description")),
    *(("object", "definition", part, "*", "description") for part in _COMPONENTS),
)
_KINDS = tuple((*place, "objectType") for place in AGENTS)
_AGENT = re.compile(rb'\[\s*"Agent"\s*\]')


def kind_in_list(statement: bytes, _opaque: Opaque) -> bytes:
    """Take the kind of somebody out of a list, in which a version writes it that identifies people by address.

    Before: ``{"actor": {"objectType": ["Agent"], "mbox": "mailto:zoe@example.org"}}``

    After: ``{"actor": {"objectType": "Agent", "mbox": "mailto:zoe@example.org"}}``
    """
    return everywhere(statement, _KINDS, _kind) if _AGENT.search(statement) else statement


def language_code(statement: bytes, _opaque: Opaque) -> bytes:
    """Make language tags of Moodle's own codes of languages, which older versions write as they are.

    Before: ``{"verb": {"display": {"pt_br": "respondeu"}}, "context": {"language": "pt_br"}}``

    After: ``{"verb": {"display": {"pt-br": "respondeu"}}, "context": {"language": "pt-br"}}``
    """
    return everywhere(everywhere(statement, _TEXTS, _tagged), (("context", "language"),), _tag)


def _tagged(raw: bytes) -> bytes:
    """Name the languages of a text anew; one whose name would stand there twice keeps it."""
    found = fields.free_members(raw)
    named = {_of(code) if _of(code) not in found else code: value for code, value in found.items()}
    return fields.written(named) if len(named) == len(found) and list(named) != list(found) else raw


def _tag(raw: bytes) -> bytes:
    code = text(raw)
    return msgspec.json.encode(_of(code)) if code and "_" in code else raw


def _of(code: str) -> str:
    tag = code.replace("_", "-")
    return tag if is_language_tag(tag) else code


def _kind(raw: bytes) -> bytes:
    return b'"Agent"' if _AGENT.fullmatch(raw.strip()) else raw
