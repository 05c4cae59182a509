"""A batch as it waits in the spool, and what is made of it when it goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from lrs.access import Handling, Principal, View
from lrs.batch import Batch, future
from lrs.xapi.multipart import Content

if TYPE_CHECKING:
    from lrs.privacy.drafts import Drafts
    from lrs.write import Preparer

_CONFLICT_DAYS = 30
"""How long what contradicts something stored stays in quarantine, whatever its credential's own is."""


class Record(msgspec.Struct, array_like=True):
    """A batch that waits: whose, since when, and its statements as they are to be stored, with ids, purposes and contents of attachments."""

    tenant: str
    credential: str
    authority: bytes
    defines: bool
    received: int
    ids: list[UUID]
    versions: list[str]
    texts: list[bytes]
    purposes: list[tuple[str, ...]]
    contents: dict[str, tuple[bytes, str, str]]

    def __repr__(self) -> str:
        return f"Record({len(self.ids)} statements)"


def record_of(batch: Batch, drafts: Drafts, received: int) -> Record:
    """Make a record of a batch that is acknowledged at a time (microseconds since 1970), of its ``drafts``; what is withheld of it does not wait."""
    left = [n for n in range(len(batch)) if n not in batch.withheld]
    named = {each.sha2 for n in left for each in drafts.attachments.get(n, ())}
    return Record(
        tenant=batch.tenant,
        credential=batch.principal.credential_id,
        authority=batch.principal.authority,
        defines=batch.defines,
        received=received,
        ids=[batch.ids[n] for n in left],
        versions=[drafts.versions[n] for n in left],
        texts=[drafts.text(n) for n in left],
        purposes=[batch.purposes[n] for n in left],
        contents={sha2: (bytes(each.data), each.content_type, each.length) for sha2, each in batch.contents.items() if sha2 in named},
    )


def batch_of(record: Record, preparer: Preparer, known: Callable[[str], frozenset[str]]) -> Batch:
    """Make a batch again; ``known`` gives the purposes that a tenant's policy has now. Raises what is wrong with the record.

    Its statements are independent: their sender was told that all of them were taken.
    """
    principal = Principal(
        tenant=record.tenant,
        credential_id=record.credential,
        scopes=frozenset(),
        view=View.AGGREGATE,
        authority=record.authority,
        handling=Handling(quarantine_days=_CONFLICT_DAYS),
    )
    left = known(record.tenant)
    purposes = [tuple(each for each in served if each in left) for served in record.purposes]
    return Batch(
        principal,
        record.ids,
        preparer.check_again(record.texts, record.versions, purposes, record.tenant),
        preparer.authority(principal),
        future(),
        record.defines,
        purposes,
        independent=True,
        contents={sha2: Content(*parts) for sha2, parts in record.contents.items()},
        received=record.received,
    )
