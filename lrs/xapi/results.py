"""The result of a statement: checked, and cut into parts where a text may stand (xAPI 1.0.3 Data 2.4.5)."""

from __future__ import annotations

from lrs.xapi import fields
from lrs.xapi.extensions import Extensions
from lrs.xapi.fields import refuse
from lrs.xapi.model import Part, Text
from lrs.xapi.versions import Section

_RESULT = frozenset({"score", "success", "completion", "response", "duration", "extensions"})
_SCORE = frozenset({"scaled", "raw", "min", "max"})


def check_result(raw: bytes, path: str, interaction: str, extensions: Extensions) -> tuple[Part, ...]:
    """Check a result; ``interaction`` is the interaction type of the object, which tells what kind of text the response is."""
    found = fields.members(raw, path, _RESULT, section=Section.RESULT)
    special: dict[str, tuple[Part, ...]] = {}
    for key, value in found.items():
        if key == "extensions":
            parts = extensions.check(value, f"{path}.extensions")
            if len(parts) > 1:
                special[key] = parts
        elif key == "score":
            _check_score(value, f"{path}.score")
        elif key == "response":
            fields.string(value, f"{path}.response", Section.RESULT)
            special[key] = (Text(value, "response", interaction),)
        elif key == "duration":
            fields.duration(value, f"{path}.duration", Section.DURATION)
        else:
            fields.boolean(value, f"{path}.{key}", Section.RESULT)
    return fields.rebuilt(found, special) if special else (raw,)


def _check_score(raw: bytes, path: str) -> None:
    found = fields.numbers(raw, path, _SCORE, Section.SCORE)
    if not -1 <= found.get("scaled", 0) <= 1:
        refuse(f"{path}.scaled", "must be from -1 to 1", Section.SCORE)
    low, high = found.get("min"), found.get("max")
    if low is not None and high is not None and not low < high:
        refuse(f"{path}.max", "must be greater than min", Section.SCORE)
    score = found.get("raw")
    if score is not None and ((low is not None and score < low) or (high is not None and score > high)):
        refuse(f"{path}.raw", "must be from min to max", Section.SCORE)
