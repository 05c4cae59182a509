"""What an entry of a register calls its file in the institution's own books: never a person."""

from __future__ import annotations

import re

from lrs.errors import InvalidRequest

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_-]{0,39}")


def check_reference(text: str) -> None:
    """Raise :class:`lrs.errors.InvalidRequest` for what is no reference; none at all is fine."""
    if text and not _REFERENCE.fullmatch(text):
        raise InvalidRequest("a reference is up to 40 letters, digits and . / _ -", parameter="reference")
