"""Signed statements: an attached signature must be one, and be about its statement (xAPI 1.0.3 Data 2.6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from lrs.errors import InvalidStatement, LRSError
from lrs.xapi.model import Statement
from lrs.xapi.multipart import Contents
from lrs.xapi.signatures import is_about, signatures_of
from lrs.xapi.versions import Section

Check = Callable[[bytes], Statement]
"""The JSON of one statement -> the statement, checked by the rules of the version that is spoken; or an error."""


def check_signatures(statements: Sequence[Statement], contents: Contents, check: Check, *, statement_id: UUID | None, version: str) -> None:
    """Refuse statements with a signature that is malformed, about another statement, or not made with its certificate's key.

    ``statement_id`` came beside a single statement. A signature that is only linked (fileUrl) is not fetched, so nothing is said of it.
    """
    for index, statement in enumerate(statements):
        # One that is attached many times is looked at once, or a small body could keep the processor busy for long.
        own = {attachment.sha2: path for path, attachment in signatures_of(statement) if attachment.sha2 in contents}
        for sha2, path in own.items():
            fault = _fault(bytes(contents[sha2].data), statement, check, statement_id)
            if fault:
                raise InvalidStatement(f"the signature {fault}", path=path, section=Section.SIGNATURE.under(version), index=index)


def _fault(jws: bytes, statement: Statement, check: Check, statement_id: UUID | None) -> str:
    # Few statements are signed: X.509 is loaded for those that are.
    from lrs.crypto.signatures import BadSignature, signed_payload

    try:
        signed = check(signed_payload(jws))
    except BadSignature as error:
        return str(error)
    except LRSError:
        return "has a payload that is not the JSON of a valid statement"
    return "" if is_about(signed, statement, statement_id) else "is about another statement"
