"""What a statement says of its attachments: checked; the files themselves are not looked at (xAPI 1.0.3 Data 2.4.11)."""

from __future__ import annotations

from lrs.xapi import fields
from lrs.xapi.fields import refuse
from lrs.xapi.model import Attachment
from lrs.xapi.versions import Section

SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"
_ATTACHMENT = frozenset({"usageType", "display", "description", "contentType", "length", "sha2", "fileUrl"})
_REQUIRED = ("usageType", "display", "contentType", "length", "sha2")


def check_attachments(raw: bytes, path: str, *, sub: bool = False) -> tuple[Attachment, ...]:
    """Check the ``attachments`` property of a statement or, with ``sub``, of a SubStatement."""
    return tuple(_attachment(item, f"{path}[{n}]", sub=sub) for n, item in enumerate(fields.items(raw, path, Section.ATTACHMENT)))


def _attachment(raw: bytes, path: str, *, sub: bool) -> Attachment:
    found = fields.members(raw, path, _ATTACHMENT, _REQUIRED, Section.ATTACHMENT)
    fields.language_map(found["display"], f"{path}.display")
    if "description" in found:
        fields.language_map(found["description"], f"{path}.description")
    usage = fields.iri(found["usageType"], f"{path}.usageType", Section.ATTACHMENT)
    content_type = fields.media_type(found["contentType"], f"{path}.contentType", Section.ATTACHMENT)
    if usage == SIGNATURE and content_type != "application/octet-stream":
        refuse(f"{path}.contentType", "must be application/octet-stream for a signature", Section.SIGNATURE)
    return Attachment(
        sha2=fields.sha2(found["sha2"], f"{path}.sha2", Section.ATTACHMENT).lower(),
        content_type=content_type,
        length=_length(found["length"], f"{path}.length"),
        usage_type=usage,
        file_url=fields.iri(found["fileUrl"], f"{path}.fileUrl", Section.ATTACHMENT) if "fileUrl" in found else None,
        sub=sub,
    )


def _length(raw: bytes, path: str) -> int:
    # Nineteen digits are more than any file has; Python reads no more than some thousands.
    if not raw.isdigit() or len(raw) > 19:  # noqa: PLR2004
        refuse(path, "must be a whole number of octets", Section.ATTACHMENT)
    return int(raw)
