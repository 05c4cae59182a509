"""The result of a statement: checked, and cut into parts where a text may stand (xAPI 1.0.3 Data 2.4.5)."""

from __future__ import annotations

from lrs.xapi import fields
from lrs.xapi.extensions import Extensions
from lrs.xapi.fields import Slice, refuse
from lrs.xapi.model import Part, Text
from lrs.xapi.versions import Section

_RESULT = frozenset({"score", "success", "completion", "response", "duration", "extensions"})
_SCORE = frozenset({"scaled", "raw", "min", "max"})


def check_result(raw: bytes, path: str, interaction: str, extensions: Extensions) -> tuple[tuple[Part, ...], int]:
    """Check a result -> (its parts, the number of its strings).

    ``interaction`` is the interaction type of the object, which tells what kind of text the response is.
    """
    found = fields.slices(raw, path, _RESULT, Section.RESULT)
    strings = len(found)
    special: dict[str, tuple[Part, ...]] = {}
    for key, value in found.items():
        if key == "extensions":
            parts, inner = extensions.check(value, path)
            strings += inner
            if parts is not None:
                special[key] = parts
        elif key == "score":
            strings += _check_score(value, f"{path}.score")
        elif key == "response":
            fields.string(value, f"{path}.response", Section.RESULT)
            special[key] = (Text(bytes(value), "response", interaction),)
            strings += 1
        elif key == "duration":
            fields.duration(value, f"{path}.duration", Section.DURATION)
            strings += 1
        else:
            fields.boolean(value, f"{path}.{key}", Section.RESULT)
    return (fields.rebuilt(found, special) if special else (raw,)), strings


def _check_score(raw: Slice, path: str) -> int:
    """Check a score -> the number of its strings."""
    found = fields.numbers(raw, path, _SCORE, Section.SCORE)
    if not -1 <= found.get("scaled", 0) <= 1:
        refuse(f"{path}.scaled", "must be from -1 to 1", Section.SCORE)
    low, high = found.get("min"), found.get("max")
    if low is not None and high is not None and not low < high:
        refuse(f"{path}.max", "must be greater than min", Section.SCORE)
    score = found.get("raw")
    if score is not None and ((low is not None and score < low) or (high is not None and score > high)):
        refuse(f"{path}.raw", "must be from min to max", Section.SCORE)
    return len(found)
