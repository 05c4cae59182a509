"""The person's own statements for another record store (GDPR art. 20): JSON lines that ``lrs ingest`` takes, and any other store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrs.privacy.disclosing import Disclosed
from lrs.privacy.policy.model import LegalBasis
from lrs.xapi import fields
from lrs.xapi.attachments import SIGNATURE

if TYPE_CHECKING:
    from lrs.privacy.policy.model import Policy

_BASES = (LegalBasis.CONSENT, LegalBasis.CONTRACT, None)
"""Portability is a right over what rests on consent or a contract; where nobody said on what it rests, too."""
_RECEIVERS = ("stored", "authority")
"""What the store that takes a statement says of it itself (xAPI 1.0.3 Data 2.4.8 and 2.4.9)."""


def is_portable(each: Disclosed, policy: Policy) -> bool:
    """Tell whether a statement is the person's to take along; one that was voided would come back to life elsewhere."""
    served = [purpose for purpose in policy.purposes if not each.row.purposes or purpose.id in each.row.purposes]
    return each.own and not each.voided and any(purpose.legal_basis in _BASES for purpose in served)


def portable(body: bytes) -> bytes:
    """Give a statement as another store takes it: without what that store says itself, and without signatures, which are of what was sent."""
    found = {key: value for key, value in fields.free_members(body).items() if key not in _RECEIVERS}
    if "attachments" in found:
        kept = [item for item in fields.items(found.pop("attachments"), "$.attachments") if not _signs(item)]
        if kept:
            found["attachments"] = b"[%b]" % b",".join(kept)
    return fields.written(found)


def contents_of(body: bytes) -> set[str]:
    """Give the SHA-2 of what a statement, and the SubStatement in it, attach; not of signatures, which hold a statement as it was sent."""
    found = fields.free_members(body)
    inner = contents_of(found["object"]) if found.get("object", b"").startswith(b"{") else set()
    attached = [fields.free_members(each) for each in fields.items(found.get("attachments", b"[]"), "$.attachments")]
    return inner | {_text(each["sha2"]).lower() for each in attached if _text(each["usageType"]) != SIGNATURE}


def _signs(attachment: bytes) -> bool:
    return _text(fields.free_members(attachment)["usageType"]) == SIGNATURE


def _text(raw: bytes) -> str:
    return fields.string(raw, "$.attachments")
