"""What Esup-Pod gets wrong."""

from __future__ import annotations

import re

from lrs.sources.repair.place import everywhere, text
from lrs.sources.repair.rule import Opaque

__all__ = ["missing_version", "numbers_as_text"]

_VIDEO = "https://w3id.org/xapi/video/extensions/"
_RESULT = ("time", "time-from", "time-to", "progress")
_CONTEXT = ("length", "completion-threshold", "volume", "quality", "frame-rate")
_NUMBERS = tuple((part, "extensions", f"{_VIDEO}{name}") for part, names in (("result", _RESULT), ("context", _CONTEXT)) for name in names)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)


def missing_version(statement: bytes, _opaque: Opaque) -> bytes:
    """Take a request without the header ``X-Experience-API-Version`` as one of xAPI 1.0.3; nothing of the statement changes.

    Before: no header.

    After: ``X-Experience-API-Version: 1.0.3``
    """
    return statement


def numbers_as_text(statement: bytes, _opaque: Opaque) -> bytes:
    """Make numbers of the extensions of the video profile that are numbers there and text here (Esup-Pod; the quality, Marsha).

    Before: ``{"result": {"extensions": {"https://w3id.org/xapi/video/extensions/time": "12.300"}}}``

    After: ``{"result": {"extensions": {"https://w3id.org/xapi/video/extensions/time": 12.300}}}``
    """
    return everywhere(statement, _NUMBERS, _number)


def _number(raw: bytes) -> bytes:
    digits = text(raw)
    return digits.encode() if digits and _NUMBER.fullmatch(digits) else raw
