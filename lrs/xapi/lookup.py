"""What the agents and the activities resource are asked for: one agent, one activity (xAPI 1.0.3 Communication 2.4 and 2.5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lrs.xapi import parameters
from lrs.xapi.model import Person

AGENTS = "xAPI 1.0.3 Communication 2.4"
ACTIVITIES = "xAPI 1.0.3 Communication 2.5"


def agent(given: Iterable[tuple[str, str]]) -> Person:
    """Parameters of a request -> the agent; raises :class:`lrs.errors.InvalidRequest`. A Group is none."""
    return _only(given, {"agent": parameters.agent}, AGENTS)  # type: ignore[no-any-return] # a reader of that


def activity(given: Iterable[tuple[str, str]]) -> str:
    """Parameters of a request -> the activity's IRI; raises :class:`lrs.errors.InvalidRequest`."""
    return _only(given, {"activityId": parameters.iri}, ACTIVITIES)  # type: ignore[no-any-return] # a reader of that


def _only(given: Iterable[tuple[str, str]], known: Mapping[str, parameters.Reader], section: str) -> Any:
    found = parameters.read(given, known, section)
    for name in known.keys() - found:
        raise parameters.refusal(name, "is missing", section)
    return found.popitem()[1]
