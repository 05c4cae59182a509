"""The warehouse's copy of how people stand to purposes: brought up to date when it is needed."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import Protocol

from lrs.privacy.consent.entry import standings
from lrs.storage.contract import ConsentRow, ConsentStore, PersonStore, Standing, StandingStore

_AT_ONCE = 20_000
"""Entries of the ledger that are looked at together."""


class Vault(ConsentStore, PersonStore, Protocol):
    """What the mirror needs of the vault: the ledger, and who is one person."""


class Mirror:
    """The standings of all tenants. Thread-safe. What it says holds for everything that was recorded before it was asked."""

    def __init__(self, vault: Vault, warehouse: StandingStore) -> None:
        self._vault = vault
        self._warehouse = warehouse
        self._known: dict[str, tuple[int, frozenset[str]]] = {}
        self._catching_up = threading.Lock()

    def hiding(self, tenant: str) -> frozenset[str]:
        """Give the purposes from which somebody is hidden; ``EVERY_PURPOSE`` among them if somebody is from all."""
        last = self._vault.last_consent(tenant)
        if not last:
            return frozenset()
        known = self._known.get(tenant)
        if known is None or known[0] != last:
            with self._catching_up:
                known = self._known[tenant] = last, self._caught_up(tenant, last)
        return known[1]

    def standings(self, tenant: str, purposes: Sequence[str], sids: Collection[int]) -> list[Standing]:
        """Say how these people stand to these purposes, where anything is known of it."""
        return self._warehouse.standings(tenant, purposes, sids) if sids and self._vault.last_consent(tenant) else []

    def _caught_up(self, tenant: str, last: int) -> frozenset[str]:
        number, hiding = self._warehouse.mirrored(tenant)
        if number == last:
            return hiding
        if number > last:
            # The vault was put back from a backup; it is what counts.
            self._warehouse.drop_standings(tenant)
            number = 0
        while number < last:
            # A part at a time, each of them whole: what ends it in between is made up for the next time.
            changed, number = self._vault.consenting(tenant, after=number, limit=_AT_ONCE)
            self._warehouse.put_standings(tenant, self._made(tenant, changed), number=number)
        return self._warehouse.mirrored(tenant)[1]

    def _made(self, tenant: str, sids: Collection[int]) -> list[Standing]:
        persons = set(self._vault.persons(tenant, sids).values())
        said: dict[int, list[ConsentRow]] = {}
        for row in self._vault.consents(tenant, frozenset().union(*persons)):
            said.setdefault(row.sid, []).append(row)
        return [each for person in persons for each in standings([row for sid in person for row in said.get(sid, ())], person)]
