"""What a statement says of its attachments, and whether their contents are there (xAPI 1.0.3 Data 2.4.11, Communication 1.5.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NoReturn

from lrs.errors import InvalidRequest, InvalidStatement
from lrs.xapi import fields, multipart
from lrs.xapi.fields import refuse
from lrs.xapi.model import Attachment, Part, Statement, Text
from lrs.xapi.multipart import Content, Contents
from lrs.xapi.versions import Section

SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"
_ATTACHMENT = frozenset({"usageType", "display", "description", "contentType", "length", "sha2", "fileUrl"})
_REQUIRED = ("usageType", "display", "contentType", "length", "sha2")


def check_attachments(raw: bytes, path: str, *, sub: bool = False) -> tuple[tuple[Attachment, ...], tuple[Part, ...]]:
    """Check the ``attachments`` property of a statement or, with ``sub``, of a SubStatement -> (what it says, its parts).

    A hash tells whoever has a file whether it is this one, so it stands apart from the bytes.
    """
    attachments = []
    parts: list[Part] = [b"["]
    for n, item in enumerate(fields.items(raw, path, Section.ATTACHMENT)):
        found = fields.members(item, f"{path}[{n}]", _ATTACHMENT, _REQUIRED, Section.ATTACHMENT)
        attachments.append(_attachment(found, f"{path}[{n}]", sub=sub))
        parts += (b"," if n else b"", *fields.rebuilt(found, {"sha2": (Text(found["sha2"], "reserved", "sha2"),)}))
    return tuple(attachments), (*parts, b"]")


def check_contents(statements: Sequence[Statement], contents: Contents) -> None:
    """Check that each attachment has a content or a fileUrl, and each content an attachment that says the same of it.

    A content is found by its hash alone, and one may belong to several attachments.
    """
    wanted = set()
    for index, statement in enumerate(statements):
        for path, attachment in places(statement) if statement.attachments else ():
            content = contents.get(attachment.sha2)
            if content is not None:
                wanted.add(attachment.sha2)
                _check_headers(attachment, content, path, index)
            elif attachment.file_url is None:
                _refuse(path, "must have a fileUrl, or its content must come along as a part of multipart/mixed", index)
    if len(wanted) < len(contents):
        raise InvalidRequest("a content belongs to no attachment of these statements", section=multipart.SECTION)


def places(statement: Statement) -> Iterator[tuple[str, Attachment]]:
    """Give each attachment of a statement with its path, those of the SubStatement last."""
    numbers = {False: 0, True: 0}
    for attachment in statement.attachments:
        yield f"{'$.object' if attachment.sub else '$'}.attachments[{numbers[attachment.sub]}]", attachment
        numbers[attachment.sub] += 1


def _check_headers(attachment: Attachment, content: Content, path: str, index: int) -> None:
    """Compare what the statement and the headers of the part both say; of a media type without its parameters."""
    stated, sent = multipart.media_type(attachment.content_type), multipart.media_type(content.content_type)
    if sent and sent != stated:
        _refuse(f"{path}.contentType", "must be the Content-Type of its part", index)
    if content.length and content.length != str(attachment.length):
        _refuse(f"{path}.length", "must be the Content-Length of its part", index)


def _refuse(path: str, rule: str, index: int) -> NoReturn:
    raise InvalidStatement(rule, path=path, section=multipart.SECTION, index=index)


def _attachment(found: dict[str, bytes], path: str, *, sub: bool) -> Attachment:
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
