"""What whoever comes with a pass may say: that its agent did something about its activity, and nothing of anybody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lrs.access import Narrow
from lrs.errors import NotPermitted

_ALLOWED = frozenset({"id", "actor", "verb", "object", "result", "context", "timestamp", "version"})
_OTHERS = ("instructor", "team", "contextAgents", "contextGroups", "statement")
_IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")
_BELOW = ("/", "#", "?")


def confine(statements: Sequence[bytes], narrow: Narrow | None) -> None:
    """Let checked statements pass that a pass is for; raises :class:`lrs.errors.NotPermitted` for all others."""
    if narrow is None:
        return
    for index, statement in enumerate(statements):
        place = _outside(msgspec.json.decode(statement), narrow)
        if place:
            raise NotPermitted(
                f"statement {index}: this pass is for another {place}", hint="Ask the platform for a pass of this learner and activity."
            )


def _outside(statement: Mapping[str, Any], narrow: Narrow) -> str:
    """Name the place where a statement says more than the pass is for; empty where it does not."""
    actor, thing, context = statement["actor"], statement["object"], statement.get("context", {})
    if actor.get("objectType", "Agent") != "Agent" or {key: actor[key] for key in _IDENTIFIERS if key in actor} != narrow.agent:
        return "actor"
    if thing.get("objectType", "Activity") != "Activity" or not _about(thing["id"], narrow.activity):
        return "activity"
    if narrow.registration and context.get("registration", "").lower() != narrow.registration:
        return "registration"
    if any(name in context for name in _OTHERS) or not _ALLOWED.issuperset(statement):
        return "kind of statement: it may name nobody else, and attach nothing"
    return ""


def _about(activity: str, under: str) -> bool:
    return activity == under or activity.startswith(tuple(f"{under.rstrip('/')}{sign}" for sign in _BELOW))
