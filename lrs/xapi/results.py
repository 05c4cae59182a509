"""The result of a statement: checked, and cut into parts where a text may stand (xAPI 1.0.3 Data 2.4.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

import msgspec
from msgspec import UNSET, UnsetType

from lrs.xapi import fields
from lrs.xapi.extensions import Extensions
from lrs.xapi.fields import ABSENT, Special, refuse
from lrs.xapi.formats import is_duration
from lrs.xapi.model import Part, Text
from lrs.xapi.versions import Section


class _Result(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A result's properties, as far as their types say what they may be."""

    score: dict[str, float] | UnsetType = UNSET
    success: bool | UnsetType = UNSET
    completion: bool | UnsetType = UNSET
    response: msgspec.Raw = ABSENT
    duration: str | UnsetType = UNSET
    extensions: msgspec.Raw = ABSENT


_decode = msgspec.json.Decoder(_Result).decode
_RESULT = frozenset(_Result.__struct_fields__)
_SCORE = frozenset({"scaled", "raw", "min", "max"})


def check_result(raw: bytes, path: str, interaction: str, extensions: Extensions) -> tuple[Sequence[Part], int]:
    """Check a result -> (its parts, the number of its strings).

    ``interaction`` is the interaction type of the object, which tells what kind of text the response is.
    """
    try:
        found = _decode(raw)
    except fields.UNREADABLE:
        _refuse_types(raw, path)
    strings = (found.success is not UNSET) + (found.completion is not UNSET)
    special: Special = {}
    if found.score is not UNSET:
        strings += _check_score(found.score, f"{path}.score") + 1
    if found.duration is not UNSET:
        if not is_duration(found.duration):
            refuse(f"{path}.duration", "must be an ISO 8601 duration, such as PT1H30M or P4W", Section.DURATION)
        strings += 2
    if found.response:
        fields.string(found.response, f"{path}.response", Section.RESULT)
        special["response"] = found.response, (Text(bytes(found.response), "response", interaction),)
        strings += 2
    if found.extensions:
        parts, inner = extensions.check(found.extensions, path)
        strings += inner + 1
        if parts is not None:
            special["extensions"] = found.extensions, parts
    return fields.cut(raw, special) if special else (raw,), strings


def _check_score(found: Mapping[str, float], path: str) -> int:
    """Check the numbers of a score -> how many there are."""
    fields.refuse_unknown(found, path, _SCORE, Section.SCORE)
    if not -1 <= found.get("scaled", 0) <= 1:
        refuse(f"{path}.scaled", "must be from -1 to 1", Section.SCORE)
    low, high = found.get("min"), found.get("max")
    if low is not None and high is not None and not low < high:
        refuse(f"{path}.max", "must be greater than min", Section.SCORE)
    score = found.get("raw")
    if score is not None and ((low is not None and score < low) or (high is not None and score > high)):
        refuse(f"{path}.raw", "must be from min to max", Section.SCORE)
    return len(found)


def _refuse_types(raw: bytes, path: str) -> NoReturn:
    """Say which property is not of its type."""
    for key, value in fields.slices(raw, path, _RESULT, Section.RESULT).items():
        if key == "score":
            fields.numbers(value, f"{path}.score", _SCORE, Section.SCORE)
        elif key == "duration":
            fields.string(value, f"{path}.duration", Section.DURATION)
        elif key in ("success", "completion"):
            fields.boolean(value, f"{path}.{key}", Section.RESULT)
    # Each property that is left is of its type, so one that was dropped for it is not.
    fields.refuse_repetition(path)
