"""Checking alone, on one core: every rule of the data model, against decoding and encoding the same statements with types and no rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from benchmarks.result import Result, Stopwatch

TITLE = "checking alone"
CASES = ("rules.check", "typed decode + encode")


class Statement(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A statement with types at its top level and no rules."""

    actor: dict[str, Any]
    verb: Verb
    object: Object
    id: str = ""
    result: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    timestamp: str = ""
    stored: str = ""
    version: str = ""


class Verb(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A verb."""

    id: str
    display: dict[str, str] = {}


class Object(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An activity."""

    id: str
    objectType: str = "Activity"  # noqa: N815 -- the standard's name
    definition: dict[str, Any] | None = None


def measure(case: str, statements: list[bytes], _directory: Path) -> Result:
    """Time one pass over the statements, each of them seen once."""
    check = checker() if case == "rules.check" else typed()
    watch = Stopwatch()
    for statement in statements:
        check(statement)
    return watch.stop(len(statements))


def checker():
    """Give the store's own check."""
    from lrs.privacy.freetext import FreeText
    from lrs.xapi.rules import Checker

    return Checker("1.0.3", keeps=FreeText().keeps).check


def typed():
    """Give msgspec's typed decode and encode."""
    decode, encode = msgspec.json.Decoder(Statement).decode, msgspec.json.Encoder().encode
    return lambda statement: encode(decode(statement))
