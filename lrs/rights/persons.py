"""Whom a request is about: one person, under every identifier by which they came."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lrs.xapi import walk

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.storage.contract import PersonStore
    from lrs.xapi.model import Person


def sids_of(vault: PersonStore, keys: TenantKeys, tenant: str, person: Person) -> tuple[int, ...]:
    """Give every subject that this person is, in order; none when nobody is known by this identifier.

    A mailbox and its SHA-1 are one person; what was joined by ``lrs subject join`` is. Mailboxes that differ in case alone are not: see
    :func:`alike`.
    """
    digest = walk.kin(person.ifi)[:1]
    found = vault.named(tenant, [keys.blind_index(ifi) for ifi in (person.ifi, *digest)])
    return tuple(sorted(vault.same_person(tenant, found)))


def alike(vault: PersonStore, keys: TenantKeys, tenant: str, ifis: Iterable[bytes]) -> frozenset[int]:
    """Give the subjects whose mailbox is one of these canonical identifiers, or differs from it in case alone."""
    folded = {keys.blind_index(spelling) for ifi in ifis for spelling in walk.kin(ifi)[1:]}
    return vault.alike(tenant, list(folded))
