"""What statements said of activities, as much of it as a reader may see.

The warehouse keeps what holds no free text. Texts stay where they were sent, in a statement, sealed under the key of its first person; whoever
may read that statement gets the definition with them, for as long as the statement and the key are there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from lrs.storage.contract import NO_UUID, StatementStore, StoredStatement
from lrs.xapi import render

if TYPE_CHECKING:
    from lrs.privacy.reveal import Revealer

Said = dict[tuple[UUID, str], list[bytes]]
"""(statement id, activity id) -> the definitions of the activity in the statement."""


def definitions(
    warehouse: StatementStore,
    tenant: str,
    activities: Sequence[str],
    *,
    revealer: Revealer | None,
    readable: Callable[[StoredStatement], bool],
    now: int,
) -> Mapping[str, list[bytes]]:
    """Give the JSON of what was said of each activity, oldest first; with texts where a ``revealer`` opens a ``readable`` statement."""
    seen = warehouse.definitions(tenant, activities) if activities else {}
    sources = {each.source for found in seen.values() for each in found} - {NO_UUID}
    said = _said(warehouse, tenant, sources, revealer, readable, now) if revealer and sources else {}
    return {
        activity: [json for each in found for json in said.get((each.source, activity), [each.json])] for activity, found in seen.items()
    }


def _said(
    warehouse: StatementStore,
    tenant: str,
    sources: set[UUID],
    revealer: Revealer,
    readable: Callable[[StoredStatement], bool],
    now: int,
) -> Said:
    rows = [row for row, _ in warehouse.by_id(tenant, list(sources), now=now).values() if readable(row)]
    said: Said = {}
    for statement_id, body in revealer.whole(rows).items():
        for activity, json in render.definitions(body):
            said.setdefault((statement_id, activity), []).append(json)
    return said
