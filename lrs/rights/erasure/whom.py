"""Whom an erasure is about: numbers, identifiers, and what would bring them back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from lrs.access import software_authority
from lrs.errors import InvalidRequest
from lrs.rights.persons import sids_of
from lrs.storage.contract import CredentialStore, PersonStore, SubjectStore
from lrs.xapi import walk
from lrs.xapi.model import Person
from lrs.xapi.rules import check_authority

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys


class Vault(SubjectStore, PersonStore, CredentialStore, Protocol):
    """What finding somebody needs of the vault."""


class Whom(NamedTuple):
    """One person in one tenant: their numbers, their canonical identifiers, and the ids of credentials that stand for them."""

    sids: tuple[int, ...]
    identifiers: frozenset[bytes]
    credentials: tuple[str, ...]

    def __repr__(self) -> str:
        return "Whom(<identity>)"


def whom(vault: Vault, keys: TenantKeys, tenant: str, person: Person, *, home_page: str) -> Whom:
    """Find a person under every identifier by which they came; raises :class:`lrs.errors.InvalidRequest` for an agent that is no person."""
    found = known(vault, keys, tenant, sids_of(vault, keys, tenant, person), {person.ifi})
    software = {identifier_of(software_authority(home_page, each)) for each in ("local", *(row.id for row in vault.credentials(tenant)))}
    if found.identifiers & software:
        raise InvalidRequest("this agent is a credential of the store, and no person", hint="Revoke the credential: lrs credentials revoke")
    return found


def known(vault: Vault, keys: TenantKeys, tenant: str, sids: Sequence[int], more: Iterable[bytes] = ()) -> Whom:
    """Say what the vault knows of these numbers, and of ``more`` identifiers."""
    spelled = (identifier_of(json) for sid in sids for json in _spellings(vault, keys, tenant, sid))
    found = frozenset({*more, *spelled})
    identifiers = found.union(*(walk.kin(each)[:1] for each in found))
    return Whom(tuple(sids), identifiers, tuple(_credentials(vault, keys, tenant, identifiers)))


def identifier_of(json: bytes) -> bytes:
    """Give the canonical identifier in the JSON of a checked agent."""
    return walk.ifi_of(msgspec.json.decode(json))


def _spellings(vault: Vault, keys: TenantKeys, tenant: str, sid: int) -> list[bytes]:
    key = vault.keys(tenant, [sid]).get(sid)
    if key is None:
        return []
    dek = keys.dek(sid, key.epoch, key.wrapped, key.check)
    return [dek.open("variant", fingerprint, sealed) for fingerprint, sealed in vault.spellings(tenant, sid)]


def _credentials(vault: Vault, keys: TenantKeys, tenant: str, identifiers: frozenset[bytes]) -> list[str]:
    """Give the ids of the credentials, revoked ones too, whose authority is the person."""
    found = []
    for row in vault.credentials(tenant):
        authority = check_authority(keys.credentials.open("authority", row.id.encode(), row.authority))
        if any(isinstance(part, Person) and part.ifi in identifiers for part in authority.parts):
            found.append(row.id)
    return found
