"""Whether a signature is about the statement that it is attached to (xAPI 1.0.3 Data 2.6). The cryptography is elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from lrs.xapi import compare, fields
from lrs.xapi.attachments import SIGNATURE, places
from lrs.xapi.model import Attachment, Statement, text_of


def signatures_of(statement: Statement) -> Iterator[tuple[str, Attachment]]:
    """Give the signatures of a statement, each with its path; a SubStatement is part of what is signed, and not signed itself."""
    return ((path, attachment) for path, attachment in places(statement) if _signs(attachment))


def is_about(signed: Statement, received: Statement, statement_id: UUID | None) -> bool:
    """Tell whether what was ``signed`` is the statement ``received``, whose id may have come beside it.

    They are compared as statements are (xAPI 1.0.3 Data 2.3.1), without signatures: what is signed is the statement before one was added.
    """
    return compare.same(_unsigned(signed, signed.id), _unsigned(received, received.id or statement_id))


def _unsigned(statement: Statement, statement_id: UUID | None) -> bytes:
    found = fields.free_members(text_of(statement))
    if statement_id is not None:
        found["id"] = b'"%b"' % str(statement_id).encode()
    if "attachments" in found:
        own = [attachment for attachment in statement.attachments if not attachment.sub]
        items = fields.items(found.pop("attachments"), "$.attachments")
        kept = [item for item, attachment in zip(items, own, strict=True) if not _signs(attachment)]
        if kept:
            found["attachments"] = b"[%b]" % b",".join(kept)
    return fields.written(found)


def _signs(attachment: Attachment) -> bool:
    return attachment.usage_type == SIGNATURE and not attachment.sub
