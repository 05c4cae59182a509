"""What a tenant gets back: everything that the store has of it, people in clear, whatever purposes and views there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from lrs.access import View
from lrs.privacy.attachments import StoredContents
from lrs.privacy.documents import Kept, kept_of
from lrs.privacy.identity import owner_of
from lrs.privacy.reveal import Revealer
from lrs.xapi.formats import format_timestamp

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.seal import Dek
    from lrs.privacy.projects import Projects
    from lrs.storage.contract import StoredStatement
    from lrs.storage.vault import Vault
    from lrs.storage.warehouse import Warehouse
    from lrs.tenants.archive import Archive

_STATEMENTS = 1000
_PEOPLE = 1000
_ALL_EPOCHS = (1 << 31) - 1
"""The largest number that the vault's column can be compared with."""
_encode = msgspec.json.encode


class Returning:
    """One tenant's data on their way out."""

    def __init__(
        self, tenant: str, *, keys: TenantKeys, vault: Vault, warehouse: Warehouse, projects: Projects, clock: Callable[[], int]
    ) -> None:
        self._tenant = tenant
        self._keys = keys
        self._vault = vault
        self._warehouse = warehouse
        self._revealer = Revealer(tenant, keys, vault, projects)
        self._now = clock()
        self.counts: Counter[str] = Counter()

    def fill(self, archive: Archive) -> None:
        """Add everything to an archive."""
        sent: set[str] = set()
        for rows in self._pages():
            archive.add(f"statements/{rows[0].stored:017}.jsonl", self._bodies(rows))
            contents = self._contents(rows)
            for sha2 in (each for each in contents if each not in sent):
                archive.add(f"attachments/{sha2}", contents.pieces(sha2))
                sent.add(sha2)
        archive.add("persons.jsonl", self._persons())
        archive.add("documents.jsonl", self._documents())
        archive.add("credentials.jsonl", self._credentials())
        for each in self._vault.erasures():
            if each.tenant == self._tenant and each.receipt:
                archive.add(f"erasures/{each.seq}.txt", [each.receipt.encode()])
        self.counts["attachments"] = len(sent)

    def _pages(self) -> Iterator[list[StoredStatement]]:
        after = 0
        while rows := self._warehouse.everything(self._tenant, after=after, limit=_STATEMENTS, now=self._now):
            yield rows
            after = rows[-1].stored

    def _bodies(self, rows: Sequence[StoredStatement]) -> Iterator[bytes]:
        for body in self._revealer.reveal(rows, View.IDENTIFIED):
            self.counts["statements"] += 1
            # A line break inside valid JSON is white space between tokens.
            yield body.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n"

    def _contents(self, rows: Sequence[StoredStatement]) -> StoredContents:
        owners = {row.id: owner for row in rows if (owner := owner_of(row.sids)) is not None}
        heads = self._warehouse.heads(self._tenant, [(row.stored, row.id) for row in rows], now=self._now)
        keys = self._revealer.keys({owners[head.statement] for head in heads if head.statement in owners})
        known = {statement: keys[sid] for statement, sid in owners.items() if sid in keys}
        return StoredContents(self._warehouse, self._tenant, heads, known, now=self._now)

    def _people(self) -> Iterator[dict[int, Dek]]:
        """Give the keys of all subjects, some at a time."""
        after = None
        while found := self._vault.older_keys(self._tenant, _ALL_EPOCHS, after=after, limit=_PEOPLE):
            yield self._keys.deks(dict(found))
            after = found[-1][0]

    def _spellings(self, sid: int, dek: Dek) -> list[bytes]:
        spelled = (dek.open("variant", fingerprint, sealed) for fingerprint, sealed in self._vault.spellings(self._tenant, sid))
        # The tenant itself is a subject too, of which there is nothing to say.
        return [json for json in spelled if json != b"{}"]

    def _persons(self) -> Iterator[bytes]:
        for deks in self._people():
            for sid, dek in sorted(deks.items()):
                spelled = self._spellings(sid, dek)
                if spelled:
                    self.counts["persons"] += 1
                    person = min(self._vault.joined(self._tenant, [sid]))
                    yield _line({"person": str(person), "spellings": [msgspec.Raw(json) for json in spelled]})

    def _documents(self) -> Iterator[bytes]:
        for deks in self._people():
            for sid, dek in sorted(deks.items()):
                spelled: list[bytes] | None = None
                for kept in kept_of(self._vault, self._tenant, {sid: dek}):
                    spelled = self._spellings(sid, dek) if spelled is None else spelled
                    self.counts["documents"] += 1
                    yield _line(_described(kept, spelled))

    def _credentials(self) -> Iterator[bytes]:
        for row in self._vault.credentials(self._tenant):
            self.counts["credentials"] += 1
            yield _line({name: getattr(row, name) for name in ("name", "username", "scopes", "view", "created", "revoked")})


def _described(kept: Kept, spelled: Sequence[bytes]) -> dict[str, Any]:
    name, document = kept
    return {
        "kind": name.kind,
        "activity": name.activity,
        "agent": msgspec.Raw(spelled[0]) if spelled else None,
        "registration": name.registration,
        "id": name.id,
        "content_type": document.content_type,
        "updated": format_timestamp(document.updated),
        "content": document.content,
    }


def _line(value: dict[str, Any]) -> bytes:
    return _encode(value) + b"\n"
