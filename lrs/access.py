"""Who asks, what they may do, and through which view they see people. Pure: no store, no clock.

Deny by default: what no scope grants is refused.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

import attrs

from lrs.errors import ConfigurationError, NotPermitted


class View(StrEnum):
    """How much of a person a reader sees."""

    IDENTIFIED = "identified"
    PSEUDONYMOUS = "pseudonymous"
    AGGREGATE = "aggregate"


def narrower(one: View, other: View) -> View:
    """Give that one of two views which shows less of people."""
    return max(one, other, key=list(View).index)


class Scope(StrEnum):
    """What a credential may do: the names of xAPI's OAuth scopes (xAPI 1.0.3 Communication 4.2), and ``consents``, which only ``all`` implies."""

    STATEMENTS_WRITE = "statements/write"
    STATEMENTS_READ_MINE = "statements/read/mine"
    STATEMENTS_READ = "statements/read"
    STATE = "state"
    DEFINE = "define"
    PROFILE = "profile"
    CONSENTS = "consents"
    ALL_READ = "all/read"
    ALL = "all"
    METRICS = "metrics"


class Action(StrEnum):
    """What a caller asks to do."""

    WRITE_STATEMENTS = "write statements"
    READ_STATEMENTS = "read statements"
    COUNT_STATEMENTS = "count statements"
    READ_PERSONS = "read persons"
    READ_ACTIVITIES = "read activities"
    READ_STATES = "read states"
    WRITE_STATES = "write states"
    READ_PROFILES = "read profiles"
    WRITE_PROFILES = "write profiles"
    READ_CONSENTS = "read consents"
    RECORD_CONSENTS = "record consents"
    READ_METRICS = "read metrics"


_GRANTS: dict[Action, frozenset[Scope]] = {
    Action.WRITE_STATEMENTS: frozenset({Scope.STATEMENTS_WRITE, Scope.ALL}),
    Action.READ_STATEMENTS: frozenset({Scope.STATEMENTS_READ, Scope.STATEMENTS_READ_MINE, Scope.ALL_READ, Scope.ALL}),
    Action.COUNT_STATEMENTS: frozenset({Scope.STATEMENTS_READ, Scope.ALL_READ, Scope.ALL}),
    Action.READ_PERSONS: frozenset({Scope.STATEMENTS_READ, Scope.STATEMENTS_READ_MINE, Scope.ALL_READ, Scope.ALL}),
    Action.READ_ACTIVITIES: frozenset({Scope.STATEMENTS_READ, Scope.DEFINE, Scope.ALL_READ, Scope.ALL}),
    Action.READ_STATES: frozenset({Scope.STATE, Scope.ALL_READ, Scope.ALL}),
    Action.WRITE_STATES: frozenset({Scope.STATE, Scope.ALL}),
    Action.READ_PROFILES: frozenset({Scope.PROFILE, Scope.ALL_READ, Scope.ALL}),
    Action.WRITE_PROFILES: frozenset({Scope.PROFILE, Scope.ALL}),
    Action.READ_CONSENTS: frozenset({Scope.CONSENTS, Scope.ALL}),
    Action.RECORD_CONSENTS: frozenset({Scope.CONSENTS, Scope.ALL}),
    # Not for all: the numbers are those of every tenant.
    Action.READ_METRICS: frozenset({Scope.METRICS}),
}
_OF_STATEMENTS = frozenset({Action.READ_STATEMENTS, Action.READ_PERSONS, Action.READ_ACTIVITIES})
_ON_PEOPLE = frozenset(
    {Action.READ_CONSENTS, Action.RECORD_CONSENTS, Action.READ_STATES, Action.WRITE_STATES, Action.READ_PROFILES, Action.WRITE_PROFILES}
)
_READS_OTHERS = frozenset({Scope.STATEMENTS_READ, Scope.ALL_READ, Scope.ALL})
_DEFINES = frozenset({Scope.DEFINE, Scope.ALL})
PLATFORM = (Scope.STATEMENTS_WRITE, Scope.STATEMENTS_READ_MINE, Scope.DEFINE, Scope.STATE, Scope.PROFILE)
"""What a learning platform does, and so what a credential may do for which no scope was named: of statements it reads its own alone."""
LOCAL = "local"
"""The id of who opened the store: a Python program, or the command line."""
BEARER = "bearer"
"""What the ids of principals that came with a bearer token start with."""


@attrs.frozen
class Handling:
    """What is done with what somebody sends, beyond what the specification asks for.

    ``repairs`` are made before it is checked; ``profiles`` (``video=strict``, ``cmi5=report``) are what it is held to. What can't be taken is kept in
    quarantine for ``quarantine_days``; 0: it is refused.
    """

    repairs: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    quarantine_days: int = 0


@attrs.frozen
class Narrow:
    """What a pass is for: statements of this ``agent`` (its identifier) about this ``activity`` or below it, in this ``registration`` if there is one.

    A ``session`` of cmi5 that was launched: then what cmi5 lets a unit say and keep in it.
    """

    agent: dict[str, Any] = attrs.field(repr=False)
    activity: str = attrs.field(repr=False)
    registration: str = attrs.field(default="", repr=False)
    session: str = attrs.field(default="", repr=False)


@attrs.frozen
class Principal:
    """Whoever is on the other side of a call: a credential, or the Python program that opened the store.

    ``authority`` is the JSON of the agent that statements written by it get as ``authority``, or of the Group of an application and its user.
    ``request_id`` joins what the audit trail says of one call with the log and the answer. ``name`` is the credential's, by which a policy knows it;
    ``purpose`` is what it reads for, empty for the default one of the policy; ``reason`` is what it gives as the reason
    of a read of the intermediate archive, ``file`` that reason once it is found to be the reference of a file, so that the audit trail may keep it.
    ``handling`` is what is done with what it writes; ``narrow`` is what alone it may write about, where it came with a pass.
    """

    tenant: str
    credential_id: str
    scopes: frozenset[Scope]
    view: View
    authority: bytes = attrs.field(repr=False)
    request_id: str = ""
    name: str = ""
    purpose: str = ""
    handling: Handling = Handling()
    reason: str = attrs.field(default="", repr=False)
    file: str = ""
    narrow: Narrow | None = None

    @property
    def shown(self) -> str:
        """What logs may show of it: a credential's id; of a bearer token, behind which a person may stand, only that it was one."""
        return self.credential_id.partition(":")[0]


@attrs.frozen
class Grant:
    """A verdict: what an allowed caller may see, and do beside.

    ``reads``: it sees statements; ``only_mine``: only those whose authority is what it would get itself. ``defines``: the activity definitions that it writes
    enter the store's own (xAPI 1.0.3 Communication 4.2).
    """

    view: View
    reads: bool = False
    only_mine: bool = False
    defines: bool = False


def decide(principal: Principal, action: Action) -> Grant:
    """Say how far this principal may go with this action, or raise :class:`lrs.errors.NotPermitted`."""
    granted = principal.scopes & _GRANTS[action]
    if not granted:
        wanted = " or ".join(sorted(_GRANTS[action]))
        raise NotPermitted(f"this credential may not {action}: it needs the scope {wanted}")
    if action in _OF_STATEMENTS and principal.view is View.AGGREGATE:
        raise NotPermitted("this credential sees counts only, not statements")
    if action is Action.READ_PERSONS and principal.view is not View.IDENTIFIED:
        raise NotPermitted("this credential may not ask for a person: the answer would confirm a guess")
    if action in _ON_PEOPLE and principal.view is not View.IDENTIFIED:
        # What is in a document nobody can tell, and whether one is there, or a consent, would confirm a guess.
        raise NotPermitted("this credential does not see people, and documents and consents are about them")
    return Grant(
        view=principal.view,
        reads=bool(principal.scopes & _GRANTS[Action.READ_STATEMENTS]),
        only_mine=action in _OF_STATEMENTS and not granted & _READS_OTHERS,
        defines=action is Action.WRITE_STATEMENTS and bool(principal.scopes & _DEFINES),
    )


def scopes_from(names: list[str] | tuple[str, ...]) -> frozenset[Scope]:
    """Names of scopes -> scopes; an unknown one raises :class:`lrs.errors.ConfigurationError`."""
    try:
        return frozenset(Scope(name) for name in names)
    except ValueError:
        known = ", ".join(scope.value for scope in Scope)
        raise ConfigurationError("unknown scope", hint=f"The scopes are: {known}.") from None


def software_authority(home_page: str, credential_id: UUID | str) -> bytes:
    """Give the agent that stands for a credential: an account named by its id, so that it names no person."""
    import msgspec

    return msgspec.json.encode({"objectType": "Agent", "account": {"homePage": home_page, "name": str(credential_id)}})
