"""What the store holds of one person, piece by piece, as that person may see it: other people masked, nothing of it in memory for long."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import attrs

from lrs.access import software_authority
from lrs.crypto.pseudonyms import Pseudonyms
from lrs.privacy.attachments import StoredContents
from lrs.privacy.audit import entry
from lrs.privacy.audit.verify import entries
from lrs.privacy.consent import entry as consent
from lrs.privacy.disclosing import Disclosed, disclose
from lrs.privacy.documents import Kept, kept_of
from lrs.rights.persons import authority_of, credentials_of
from lrs.storage.contract import (
    ConsentStore,
    CorrectionStore,
    CredentialRow,
    CredentialStore,
    DocumentStore,
    NoticeRow,
    PersonStore,
    RegisterStore,
    RequestRow,
    StatementStore,
    SubjectStore,
)

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.privacy.reveal import Revealer


class Vault(SubjectStore, PersonStore, ConsentStore, DocumentStore, CredentialStore, CorrectionStore, RegisterStore, Protocol):
    """What the rights of a person need of the vault."""

    def checkpoint(self) -> bool:
        """Take what was replaced out of the database's log -> whether a reader kept it from that."""


@attrs.frozen
class Shelf:
    """Where what is kept of a tenant's people lies, and what opens it."""

    tenant: str
    vault: Vault
    warehouse: StatementStore
    keys: TenantKeys
    revealer: Revealer
    trail: Path
    home_page: str


class Access(NamedTuple):
    """One entry of the audit trail about the person; ``reader`` is the id of the credential that acted."""

    time: int
    action: str
    outcome: str
    purpose: str
    reader: str


@attrs.frozen
class Holdings:
    """All of it: ``sids`` are the person's subjects, ``indexes`` the blind indexes of their identifiers, ``until`` the time up to which it is looked at."""

    shelf: Shelf
    sids: frozenset[int]
    indexes: frozenset[bytes]
    until: int
    now: int
    others: Pseudonyms

    def spellings(self) -> list[bytes]:
        """Give every name and identifier under which the person came, as the JSON of agents."""
        return [spelling for sid in sorted(self.sids) for spelling in self.shelf.revealer.spellings(sid)]

    def statements(self) -> Iterator[list[Disclosed]]:
        """Give every statement in which the person stands, oldest first, page by page."""
        shelf = self.shelf
        if not self.sids:
            return
        for page in shelf.warehouse.naming(shelf.tenant, sorted(self.sids), until=self.until, now=self.now):
            yield disclose(shelf.revealer, page, self.sids, self.others)

    def contents(self, page: list[Disclosed]) -> StoredContents:
        """Give the contents of the attachments of those of these statements that are the person's alone."""
        shelf = self.shelf
        owners = {each.row.id: each.owner for each in page if each.alone and each.owner is not None}
        heads = shelf.warehouse.heads(shelf.tenant, [each.place for each in page if each.row.id in owners], now=self.now)
        keys = shelf.revealer.keys(set(owners.values()))
        known = {statement: keys[sid] for statement, sid in owners.items() if sid in keys}
        return StoredContents(shelf.warehouse, shelf.tenant, heads, known, now=self.now)

    def documents(self) -> Iterator[Kept]:
        """Give every state and profile of the person, one at a time."""
        shelf = self.shelf
        return kept_of(shelf.vault, shelf.tenant, shelf.revealer.keys(self.sids))

    def consents(self) -> list[consent.Entry]:
        """Give what the person said about purposes, in order."""
        return consent.said(self.shelf.vault.consents(self.shelf.tenant, self.sids))

    def notices(self) -> list[NoticeRow]:
        """Give the texts that people are shown."""
        return self.shelf.vault.notice_texts(self.shelf.tenant)

    def credentials(self) -> list[CredentialRow]:
        """Give the credentials whose authority is the person, revoked ones too."""
        return credentials_of(self.shelf.vault, self.shelf.keys, self.shelf.tenant, self.indexes)

    def requests(self) -> list[RequestRow]:
        """Give what the person asked for, according to the register."""
        return [row for row in self.shelf.vault.entries(RequestRow, self.shelf.tenant) if row.sid in self.sids]

    def tools(self) -> dict[str, str]:
        """Name the credentials that stand for a program, by id; the name of another may be that of a person."""
        shelf = self.shelf
        found = shelf.vault.credentials(shelf.tenant)
        return {row.id: row.name for row in found if authority_of(row, shelf.keys) == software_authority(shelf.home_page, row.id)}

    def accesses(self) -> Iterator[Access]:
        """Give what the audit trail says of the person; a chain at a time, each oldest first."""
        shelf = self.shelf
        for _, found in entries(shelf.trail):
            if found.tenant == shelf.tenant and found.subjects:
                credential, sids = entry.opened(found, shelf.keys.trail)
                if not self.sids.isdisjoint(sids):
                    # What comes after a colon stands for a person: who read is not for this person to know.
                    yield Access(found.time, found.action, found.outcome, found.purpose, credential.partition(":")[0])
