"""What Moodle's logstore_xapi gets wrong."""

from __future__ import annotations

import re

from lrs.sources.repair.place import AGENTS, everywhere
from lrs.sources.repair.rule import Opaque

__all__ = ["kind_in_list"]

_KINDS = tuple((*place, "objectType") for place in AGENTS)
_AGENT = re.compile(rb'\[\s*"Agent"\s*\]')


def kind_in_list(statement: bytes, _opaque: Opaque) -> bytes:
    """Take the kind of somebody out of a list, in which a version writes it that identifies people by address.

    Before: ``{"actor": {"objectType": ["Agent"], "mbox": "mailto:zoe@example.org"}}``

    After: ``{"actor": {"objectType": "Agent", "mbox": "mailto:zoe@example.org"}}``
    """
    return everywhere(statement, _KINDS, _kind) if _AGENT.search(statement) else statement


def _kind(raw: bytes) -> bytes:
    return b'"Agent"' if _AGENT.fullmatch(raw.strip()) else raw
