"""The credentials of Ralph, another record store: its file ``auth.json``.

A list of users, each with ``username``, ``hash`` (bcrypt), ``scopes``, the ``agent`` that its statements have as their authority and, perhaps, the
``target`` in which they are kept.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from lrs.access import Scope
from lrs.crypto import passwords
from lrs.errors import ConfigurationError, InvalidStatement
from lrs.xapi.rules import check_authority

_HALVES = {Scope.STATE: {"state/read", "state/write"}, Scope.PROFILE: {"profile/read", "profile/write"}}
"""Scopes that Ralph grants by halves: only who has both is given ours."""


class Entry(msgspec.Struct, frozen=True):
    """One user. ``ignored`` are the scopes that mean nothing here."""

    username: str
    secret: str
    scopes: tuple[Scope, ...]
    ignored: tuple[str, ...]
    authority: bytes
    tenant: str | None

    def __repr__(self) -> str:
        return "Entry(...)"


class _User(msgspec.Struct, frozen=True):
    username: str
    hash: str
    scopes: list[str]
    agent: msgspec.Raw
    target: str | None = None


def read(text: bytes) -> list[Entry]:
    """Read the file -> its users; raises :class:`lrs.errors.ConfigurationError`, which names an entry by its place and quotes nothing."""
    try:
        users = msgspec.json.decode(text, type=list[_User])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ConfigurationError("this is no auth.json: a list of users, each with username, hash, scopes and agent") from None
    if any(number > 1 for number in Counter(user.username for user in users).values()):
        raise ConfigurationError("two entries have the same username")
    return [_entry(user, number) for number, user in enumerate(users, 1)]


def _entry(user: _User, number: int) -> Entry:
    if not passwords.is_bcrypt(user.hash):
        raise ConfigurationError(f"entry {number}: its hash is none of bcrypt's, or was made to take minutes")
    authority = bytes(user.agent)
    try:
        check_authority(authority)
    except InvalidStatement as error:
        raise ConfigurationError(f"entry {number}: its agent is none that xAPI knows: {error.path}: {error.rule}") from None
    scopes, ignored = _scopes(set(user.scopes))
    return Entry(user.username, user.hash, scopes, ignored, authority, user.target)


def _scopes(names: set[str]) -> tuple[tuple[Scope, ...], tuple[str, ...]]:
    scopes = {scope for scope in Scope if scope in names or (scope in _HALVES and names >= _HALVES[scope])}
    understood = scopes.union(*(_HALVES.get(scope, ()) for scope in scopes))
    return tuple(sorted(scopes)), tuple(sorted(names - understood))
