"""Whom a request is about: one person, under every identifier by which they came."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from lrs.storage.contract import CredentialRow, CredentialStore, PersonStore
from lrs.xapi import walk
from lrs.xapi.model import Person
from lrs.xapi.rules import check_authority

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys


class Vault(PersonStore, CredentialStore, Protocol):
    """What finding somebody needs of the vault."""


class Found(NamedTuple):
    """One person: their numbers, in order, none when nobody is known; and the blind indexes of their identifiers, with those asked for.

    Identifiers that were wrong and corrected are among them: a platform may still send one.
    """

    sids: tuple[int, ...]
    indexes: frozenset[bytes]

    def __repr__(self) -> str:
        return "Found(<identity>)"


def find(vault: PersonStore, keys: TenantKeys, tenant: str, person: Person) -> Found:
    """Give every subject that this person is.

    A mailbox and its SHA-1 are one person; what was joined by ``lrs subject join`` is. Mailboxes that differ in case alone are not: see :func:`alike`.
    """
    asked = [keys.blind_index(ifi) for ifi in (person.ifi, *walk.kin(person.ifi)[:1])]
    sids = vault.same_person(tenant, vault.named(tenant, asked))
    return Found(tuple(sorted(sids)), vault.indexes(tenant, sids) | {*asked})


def sids_of(vault: PersonStore, keys: TenantKeys, tenant: str, person: Person) -> tuple[int, ...]:
    """Give the numbers of a person."""
    return find(vault, keys, tenant, person).sids


def alike(vault: PersonStore, keys: TenantKeys, tenant: str, ifis: Iterable[bytes]) -> frozenset[int]:
    """Give the subjects whose mailbox is one of these canonical identifiers, or differs from it in case alone."""
    folded = {keys.blind_index(spelling) for ifi in ifis for spelling in walk.kin(ifi)[1:]}
    return vault.alike(tenant, list(folded))


def credentials_of(vault: CredentialStore, keys: TenantKeys, tenant: str, indexes: Collection[bytes]) -> list[CredentialRow]:
    """Give the credentials, revoked ones too, whose authority is somebody with one of these blind indexes."""
    return [row for row in vault.credentials(tenant) if not indexes_in(authority_of(row, keys), keys).isdisjoint(indexes)]


def authority_of(row: CredentialRow, keys: TenantKeys) -> bytes:
    """Open the JSON of the authority of a credential."""
    return keys.credentials.open("authority", row.id.encode(), row.authority)


def indexes_in(authority: bytes, keys: TenantKeys) -> set[bytes]:
    """Give the blind indexes of those who stand in an authority."""
    return {keys.blind_index(part.ifi) for part in check_authority(authority).parts if isinstance(part, Person)}
