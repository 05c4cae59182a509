"""Which statements a condition of a policy is about."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lrs.privacy.policy.model import Match


class _Definition(msgspec.Struct, frozen=True, gc=False):
    type: str = ""


class _Thing(msgspec.Struct, frozen=True, gc=False):
    """A verb or an activity; the object of a statement may be none, and then has no id."""

    id: str = ""
    definition: _Definition = _Definition()


class _Activities(msgspec.Struct, frozen=True, gc=False):
    category: _Thing | list[_Thing] = []


class _Context(msgspec.Struct, frozen=True, gc=False):
    platform: str = ""
    activities: _Activities = msgspec.field(name="contextActivities", default=_Activities())


class _Statement(msgspec.Struct, frozen=True, gc=False):
    verb: _Thing
    object: _Thing
    context: _Context = _Context()


_decode = msgspec.json.Decoder(_Statement).decode


class Facts(msgspec.Struct, frozen=True, gc=False):
    """What conditions look at."""

    verb: str
    activity: str
    activity_type: str
    platform: str
    categories: frozenset[str]
    credential: str


def facts(statement: bytes, credential: str, *, activity: bool) -> Facts:
    """Give the facts of a checked statement that the credential of this name sends; without the ``activity`` where no condition looks at it."""
    found = _decode(statement)
    category = found.context.activities.category
    return Facts(
        verb=found.verb.id,
        activity=found.object.id if activity else "",
        activity_type=found.object.definition.type,
        platform=found.context.platform,
        categories=frozenset(each.id for each in ([category] if isinstance(category, _Thing) else category)),
        credential=credential,
    )


def matches(match: Match, found: Facts) -> bool:
    """Tell whether all conditions that are given hold."""
    return (
        _one_of(match.verbs, found.verb)
        and _one_of(match.activity_types, found.activity_type)
        and _one_of(match.platforms, found.platform)
        and _one_of(match.credentials, found.credential)
        and (not match.activities or found.activity.startswith(match.activities))
        and (not match.categories or not found.categories.isdisjoint(match.categories))
    )


def _one_of(wanted: Sequence[str], value: str) -> bool:
    return not wanted or value in wanted
