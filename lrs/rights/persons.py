"""Whom a request is about: one person, under every identifier by which they came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrs.xapi import walk

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.storage.contract import PersonStore
    from lrs.xapi.model import Person


def sids_of(vault: PersonStore, keys: TenantKeys, tenant: str, person: Person) -> tuple[int, ...]:
    """Give every subject that this person is, in order; none when nobody is known by this identifier.

    A mailbox and its SHA-1 are one person; what was joined by ``lrs subject join`` is. Mailboxes that differ in case alone are not: see
    ``alike`` of :class:`lrs.storage.contract.PersonStore`.
    """
    digest = walk.kin(person.ifi)[:1]
    found = vault.named(tenant, [keys.blind_index(ifi) for ifi in (person.ifi, *digest)])
    return tuple(sorted(vault.same_person(tenant, found)))
