"""What statements said of activities, as much of it as a reader may see.

The warehouse keeps what holds no free text. Texts stay where they were sent, in a statement, sealed under the key of its first person; whoever
may read that statement gets the definition with them, for as long as the statement and the key are there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from lrs.batch import Share
from lrs.storage.contract import NO_UUID, SeenDefinition, Selection, StatementStore, StoredStatement
from lrs.xapi import render
from lrs.xapi.model import Definition

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.privacy.reveal import Revealer

_MAX_NOTED = 100_000
Said = dict[tuple[UUID, str], list[bytes]]
"""(statement id, activity id) -> the definitions of the activity in the statement."""


def definitions(
    warehouse: StatementStore,
    tenant: str,
    activities: Sequence[str],
    *,
    revealer: Revealer | None,
    within: Selection,
    readable: Callable[[StoredStatement], bool],
    now: int,
) -> Mapping[str, list[bytes]]:
    """Give the JSON of what was said of each activity, oldest first; with texts where a ``revealer`` opens a ``readable`` statement ``within`` the purpose."""
    seen = warehouse.definitions(tenant, activities) if activities else {}
    sources = {each.source for found in seen.values() for each in found} - {NO_UUID}
    found = warehouse.by_id(tenant, list(sources), now=now, within=within) if revealer and sources else {}
    said = _said([row for row, _ in found.values() if readable(row)], revealer) if revealer else {}
    return {
        activity: [json for each in all_seen for json in said.get((each.source, activity), [each.json])]
        for activity, all_seen in seen.items()
    }


def _said(rows: Sequence[StoredStatement], revealer: Revealer) -> Said:
    said: Said = {}
    for statement_id, body in revealer.whole(rows).items():
        for activity, json in render.definitions(body):
            said.setdefault((statement_id, activity), []).append(json)
    return said


class Notebook:
    """Pick out the definitions in new statements, each once. One thread may ask what is new while another one notes."""

    def __init__(self, keys: Callable[[str], TenantKeys], *, texts: Callable[[str], bool]) -> None:
        self._keys = keys
        self._texts = texts
        self._noted: set[int] = set()

    def new(self, shares: Sequence[Share], stored: int) -> dict[int, tuple[str, SeenDefinition]]:
        """Give what is new in these, seen at the time ``stored``, each with its tenant; it is given again until it is noted."""
        new: dict[int, tuple[str, SeenDefinition]] = {}
        for share in shares:
            tenant = share.tenant
            for definition, numbers in share.drafts.definitions if share.batches[0].defines else ():
                # A hash, since a definition may hold texts, which are not to stay in memory.
                key = hash((tenant, definition))
                if key not in self._noted and key not in new:
                    source = next((n for n in numbers if share.is_new(n) and n not in share.drafts.mentioning), None)
                    if source is not None:
                        new[key] = tenant, self._seen(definition, tenant, share.ids[source], stored)
        return new

    def note(self, new: Collection[int]) -> None:
        """Note that this was stored."""
        if len(self._noted) > _MAX_NOTED:
            self._noted.clear()
        self._noted.update(new)

    def forget(self) -> None:
        """Drop from memory what was noted."""
        self._noted.clear()

    def _seen(self, definition: Definition, tenant: str, source: UUID, stored: int) -> SeenDefinition:
        fingerprint = self._keys(tenant).content_fingerprint(definition.whole or definition.json)
        has_texts = bool(definition.whole) and self._texts(tenant)
        return SeenDefinition(definition.activity, definition.json, fingerprint, stored, source if has_texts else NO_UUID)
