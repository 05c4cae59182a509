"""Who is in which sitting of a virtual class, from one event to the next: sealed under each person's key, for two days after the last event of theirs.

Whoever is erased is gone from here with their key. Whoever the vault does not know, because the policy keeps nothing with their identity, is not here either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from lrs.errors import InvalidRequest
from lrs.sources.attendance import Presence
from lrs.storage.contract import PresenceRow, PresenceStore, SubjectStore, WrappedKey
from lrs.xapi.query import person_of

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.sources import Agent

News = tuple[str, str, Presence]
"""(session, person, presence)"""
_KIND = "presence"
_LASTS = 2 * 86_400_000_000


class Vault(SubjectStore, PresenceStore, Protocol):
    """What this needs of the vault."""


class _Somebody(msgspec.Struct, frozen=True, array_like=True):
    person: str
    agent: dict[str, object]


_encode = msgspec.msgpack.Encoder().encode
_somebody = msgspec.msgpack.Decoder(_Somebody).decode


class Presences:
    """The sittings of one source of a tenant. Thread-safe."""

    def __init__(self, tenant: str, source: str, *, vault: Vault, keys: TenantKeys, clock: Callable[[], int]) -> None:
        self._tenant = tenant
        self._source = source.encode()
        self._vault = vault
        self._keys = keys
        self._clock = clock

    def one(self, session: str, person: str) -> Presence | None:
        """Give the presence of somebody in a sitting."""
        sitting = self._sitting(session)
        rows = self._vault.presences(self._tenant, sitting, self._key(sitting, person), now=self._clock())
        return next((presence for _, presence in self._opened(rows)), None)

    def all(self, session: str) -> Mapping[str, Presence]:
        """Give everybody in a sitting: person -> presence."""
        return dict(self._opened(self._vault.presences(self._tenant, self._sitting(session), now=self._clock())))

    def keep(self, news: Iterable[News]) -> list[News]:
        """Keep what events said, durable on return -> what is of people whom the vault does not know."""
        told = [(each, self._index(each[2].agent)) for each in news]
        known = self._vault.subjects(self._tenant, list({index for _, index in told})) if told else {}
        self._vault.keep_presences(self._tenant, self._sealed([(each, known[index]) for each, index in told if index in known]))
        return [each for each, index in told if index not in known]

    def _sealed(self, news: Sequence[tuple[News, tuple[int, WrappedKey]]]) -> list[PresenceRow]:
        deks = self._keys.deks({sid: key for _, (sid, key) in news})
        until = self._clock() + _LASTS
        rows = []
        for (session, person, presence), (sid, _) in news:
            sitting = self._sitting(session)
            key = self._key(sitting, person)
            sealed = deks[sid].seal(_KIND, key, _encode(_Somebody(person, presence.agent)))
            rows.append(PresenceRow(sitting, key, sid, presence.came, presence.left, presence.closed, until, sealed))
        return rows

    def _opened(self, rows: Sequence[PresenceRow]) -> Iterator[tuple[str, Presence]]:
        deks = self._keys.deks(self._vault.keys(self._tenant, list({row.sid for row in rows}))) if rows else {}
        for row in rows:
            # Whoever is erased meanwhile has no key any more.
            if row.sid in deks:
                found = _somebody(deks[row.sid].open(_KIND, row.key, row.sealed))
                yield found.person, Presence(found.agent, row.came, row.left, row.closed, is_news=False)

    def _sitting(self, session: str) -> bytes:
        return self._keys.document_index(b"sitting", self._source, session.encode())

    def _key(self, sitting: bytes, person: str) -> bytes:
        return self._keys.document_index(b"presence", sitting, person.encode())

    def _index(self, agent: Agent) -> bytes:
        """Give the blind index of an agent; what is none is refused as a statement too, and nobody is known by its index."""
        try:
            return self._keys.blind_index(person_of(agent).ifi)
        except InvalidRequest:
            return b""
