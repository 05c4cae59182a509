"""What whoever comes with a pass may say: that its agent did something about its activity, and nothing of anybody else.

A unit that was launched by cmi5 says what it likes within its session (cmi5 7.1.3), and has its states and the learner's preferences too (cmi5 10 and 11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lrs.access import Narrow
from lrs.errors import NotPermitted
from lrs.xapi.documents import Context, Kind
from lrs.xapi.query import person_of

_ALLOWED = frozenset({"id", "actor", "verb", "object", "result", "context", "timestamp", "version"})
_OTHERS = ("instructor", "team", "contextAgents", "contextGroups", "statement")
_IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")
_BELOW = ("/", "#", "?")
_SESSION = "https://w3id.org/xapi/cmi5/context/extensions/sessionid"
_DEFINED = "https://w3id.org/xapi/cmi5/context/categories/cmi5"
_LAUNCH_DATA, _PREFERENCES = "LMS.LaunchData", "cmi5LearnerPreferences"


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
    if thing.get("objectType", "Activity") != "Activity" or not _may_be_about(thing["id"], context, narrow):
        return "activity"
    if narrow.registration and context.get("registration", "").lower() != narrow.registration:
        return "registration"
    if narrow.session and context.get("extensions", {}).get(_SESSION) != narrow.session:
        return "session"
    if any(name in context for name in _OTHERS) or not _ALLOWED.issuperset(statement):
        return "kind of statement: it may name nobody else, and attach nothing"
    return ""


def _may_be_about(activity: str, context: Mapping[str, Any], narrow: Narrow) -> bool:
    if not narrow.session:
        return _about(activity, narrow.activity)
    # A unit may speak of other things too, but what cmi5 defines it says of itself (cmi5 9.4).
    categories = context.get("contextActivities", {}).get("category", [])
    found = [categories] if isinstance(categories, dict) else categories
    return activity == narrow.activity or all(each["id"] != _DEFINED for each in found)


def confine_documents(context: Context, narrow: Narrow | None) -> None:
    """Let a launched unit have its own states, and the profile of its learner; raises :class:`lrs.errors.NotPermitted` for all other documents."""
    if narrow is None:
        return
    if not narrow.session:
        raise NotPermitted("a pass is for writing statements")
    mine = context.agent is not None and context.agent.ifi == person_of(narrow.agent).ifi
    state = (context.activity, str(context.registration)) == (narrow.activity, narrow.registration)
    if not mine or not (context.kind is Kind.AGENT_PROFILE or (context.kind is Kind.STATE and state)):
        raise NotPermitted("this pass is for the states of another agent, activity or registration")


def confine_document(kind: Kind, name: str | None, narrow: Narrow | None, *, writes: bool) -> None:
    """Let a launched unit read and write a document of this name, or list them where there is none; raises :class:`lrs.errors.NotPermitted`.

    What it was launched with is not its to change (cmi5 10), and of a learner's profile it has the preferences alone (cmi5 11).
    """
    if narrow is None:
        return
    if kind is Kind.AGENT_PROFILE and name != _PREFERENCES:
        raise NotPermitted(f"of the agent's profile this pass is for {_PREFERENCES} alone")
    if writes and name in (None, _LAUNCH_DATA):
        raise NotPermitted(f"{_LAUNCH_DATA} is not the unit's to change or delete")


def _about(activity: str, under: str) -> bool:
    return activity == under or activity.startswith(tuple(f"{under.rstrip('/')}{sign}" for sign in _BELOW))
