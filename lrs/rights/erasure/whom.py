"""Whom an erasure is about: numbers, identifiers, and what would bring them back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from lrs.access import software_authority
from lrs.errors import InvalidRequest
from lrs.rights.persons import credentials_of, find, indexes_in
from lrs.storage.contract import CredentialStore, PersonStore, SubjectStore

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.xapi.model import Person


class Vault(SubjectStore, PersonStore, CredentialStore, Protocol):
    """What finding somebody needs of the vault."""


class Whom(NamedTuple):
    """One person in one tenant: their numbers, the blind indexes of their identifiers, and the ids of credentials that stand for them."""

    sids: tuple[int, ...]
    identifiers: frozenset[bytes]
    credentials: tuple[str, ...]

    def __repr__(self) -> str:
        return "Whom(<identity>)"


def whom(vault: Vault, keys: TenantKeys, tenant: str, person: Person, *, home_page: str) -> Whom:
    """Find a person under every identifier by which they came; raises :class:`lrs.errors.InvalidRequest` for an agent that is no person."""
    found = find(vault, keys, tenant, person)
    software = (software_authority(home_page, each) for each in ("local", *(row.id for row in vault.credentials(tenant))))
    if not found.indexes.isdisjoint(index for agent in software for index in indexes_in(agent, keys)):
        raise InvalidRequest("this agent is a credential of the store, and no person", hint="Revoke the credential: lrs credentials revoke")
    return known(vault, keys, tenant, found.sids, found.indexes)


def known(vault: Vault, keys: TenantKeys, tenant: str, sids: Sequence[int], more: Iterable[bytes] = ()) -> Whom:
    """Say what the vault knows of these numbers, and of ``more`` blind indexes."""
    identifiers = vault.indexes(tenant, sids) | {*more}
    return Whom(tuple(sids), identifiers, tuple(row.id for row in credentials_of(vault, keys, tenant, identifiers)))
