"""The rules of cmi5 about statements: each by itself, and in the order of their session.

cmi5 is xAPI with more rules (https://github.com/AICC/CMI-5_Spec_Current, Quartz). A statement that breaks one is still a statement, so these rules report
and change nothing; whoever wants to refuse may. State documents (``LMS.LaunchData``) are not looked at: what they say is known from the ``launched`` statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from lrs.sources.cmi5.session import Sessions
from lrs.sources.cmi5.statement import RULES, Read

__all__ = ["Breach", "Sessions", "check"]


@attrs.frozen
class Breach:
    """A rule that a statement breaks: the number of the statement from 0, the section of the specification, the place, and the rule. It holds no value."""

    index: int
    section: str
    place: str
    rule: str


def check(statements: Iterable[Mapping[str, Any]], sessions: Sessions | None = None) -> Iterator[Breach]:
    """Check statements, as JSON has them, in the order of their timestamps.

    Statements of many sessions may be mixed; those that have nothing to do with cmi5 break nothing. Sessions are remembered within the call, or
    between calls that are given the same ``sessions``. Never raises, whatever a statement looks like.
    """
    known = sessions or Sessions()
    for index, statement in enumerate(statements):
        read = Read(statement)
        if read.defined:
            yield from (Breach(index, rule.section, rule.place, rule.says) for rule in RULES if rule.broken(read))
        yield from (Breach(index, *order) for order in known.check(read))
