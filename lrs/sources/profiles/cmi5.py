"""The cmi5 profile: what cmi5 asks of each statement that says of itself that it is one of those it defines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lrs.sources.cmi5.statement import RULES, Read
from lrs.sources.profiles.breach import Breach

__all__ = ["breaches"]


def breaches(statement: Mapping[str, Any]) -> Iterator[Breach]:
    """Say which rules a statement breaks; the order of a session is for :func:`lrs.sources.cmi5.check`, which sees more than one."""
    read = Read(statement)
    if read.defined:
        yield from (Breach(rule.place, rule.says, f"cmi5 {rule.section}") for rule in RULES if rule.broken(read))
