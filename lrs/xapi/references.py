"""References from one statement to another: checked, and cut out (xAPI 1.0.3 Data 2.4.4.3)."""

from __future__ import annotations

from uuid import UUID

from lrs.xapi import fields
from lrs.xapi.fields import refuse
from lrs.xapi.model import Part, Reference
from lrs.xapi.versions import Section

_REFERENCE = frozenset({"objectType", "id"})


def check_reference(raw: bytes, path: str) -> tuple[UUID, tuple[Part, ...]]:
    """Check a StatementRef -> (the id that it refers to, its parts)."""
    found = fields.members(raw, path, _REFERENCE, ("objectType", "id"), Section.REFERENCE)
    if fields.string(found["objectType"], f"{path}.objectType", Section.REFERENCE) != "StatementRef":
        refuse(f"{path}.objectType", "must be StatementRef", Section.REFERENCE)
    target = fields.uuid(found["id"], f"{path}.id", Section.REFERENCE)
    return target, (b'{"objectType":"StatementRef","id":', Reference(target), b"}")
