"""The platform that events come from: where it is, who its people are, and the key that makes ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, TypeAlias

import attrs

from lrs.errors import ConfigurationError, InvalidEvent
from lrs.xapi.formats import is_iri, is_sha2, uuid8

Agent: TypeAlias = dict[str, Any]

_SHORTEST_KEY = 16


@attrs.frozen
class Person:
    """Who did it, as the event has it: the platform's number or id for them, and their login name; both empty for a visitor."""

    id: str = attrs.field(repr=False)
    username: str = attrs.field(default="", repr=False)


def _home(text: str) -> str:
    return text.rstrip("/")


def _is_home(_platform: object, _field: object, home: str) -> None:
    if not home.startswith(("https://", "http://")) or not is_iri(home):
        raise ConfigurationError("the platform's home is not a web address", hint="For example: https://lms.example.fr")


def _is_key(_platform: object, _field: object, key: bytes) -> None:
    if not _SHORTEST_KEY <= len(key) <= blake2b.MAX_KEY_SIZE:
        raise ConfigurationError("the key of a source has 16 to 64 bytes", hint="32 random bytes are right.")


def _is_digest(_platform: object, _field: object, digest: str) -> None:
    if digest and not is_sha2(digest):
        raise ConfigurationError("the digest of the notice is not a SHA-2 in hexadecimal digits", hint="`sha256sum notice.txt` makes one.")


@attrs.frozen
class Platform:
    """Where events come from.

    ``home`` is the platform's root address: accounts and activities are named under it. ``key`` (16 to 64 secret bytes) makes statement ids: keep it,
    so that the same event has the same id tomorrow. ``actor`` makes an agent of a person; ``people`` gives the ids of those whom an event knows by login
    name alone, ``names`` the titles of what events only know by id (courses, rooms). ``notice`` is the SHA-256 of the notice that people see before
    they are recorded; empty where there is none.
    """

    home: str = attrs.field(converter=_home, validator=_is_home)
    key: bytes = attrs.field(repr=False, validator=_is_key)
    people: Mapping[str, str] = attrs.field(factory=dict, repr=False, kw_only=True)
    actor: Callable[[Person], Agent] = attrs.field(
        default=attrs.Factory(lambda self: account(self.home, self.people), takes_self=True), repr=False
    )
    names: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    notice: str = attrs.field(default="", validator=_is_digest)

    @property
    def itself(self) -> Agent:
        """The agent of what nobody is known to have done, under a name that no address is likely to hold."""
        return _account(self.home, "platform-itself")

    def guest(self, *parts: bytes) -> Agent:
        """Name somebody without an id by a pseudonym, which holds where the parts are the same (one sitting of a class) and nowhere else."""
        return _account(self.home, f"guest-{self.opaque(b'guest', *parts)}")

    def statement_id(self, *parts: bytes) -> str:
        """Derive the id of a statement from what makes its event one; a UUID of version 8."""
        return self.opaque(*parts)

    def opaque(self, *parts: bytes) -> str:
        """Derive an id from which nobody without the key learns the parts; a UUID of version 8."""
        digest = blake2b(key=self.key, digest_size=16)
        for part in parts:
            digest.update(len(part).to_bytes(4))
            digest.update(part)
        return uuid8(digest.digest())


def account(home: str, people: Mapping[str, str] = MappingProxyType({})) -> Callable[[Person], Agent]:
    """Name people by an account of the platform with their id, never their login name; all visitors are ``anonymous``.

    Of whom only the login name is known, the id is the one in ``people``; an event that names nobody in there is refused.
    """

    def agent(person: Person) -> Agent:
        identifier = person.id or people.get(person.username, "")
        if person.username and not identifier:
            raise InvalidEvent("the event names a person without their id", hint="Give the ids of people by login name: --people.")
        return _account(home, identifier or "anonymous")

    return agent


def _account(home: str, name: str) -> Agent:
    return {"objectType": "Agent", "account": {"homePage": home, "name": name}}
