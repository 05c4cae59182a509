"""What credentials read and wrote in a time, according to the audit trail."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from lrs.access import Action
from lrs.errors import TamperedData
from lrs.privacy.audit import DONE, entry
from lrs.privacy.audit.verify import entries

if TYPE_CHECKING:
    from lrs.crypto.box import Box
    from lrs.privacy.audit.entry import Entry

_DOCUMENTS = {Action.READ_STATES, Action.READ_PROFILES}
_READS = {Action.READ_STATEMENTS, Action.COUNT_STATEMENTS, Action.READ_PERSONS, *_DOCUMENTS}
_WRITES = {Action.WRITE_STATEMENTS, Action.WRITE_STATES, Action.WRITE_PROFILES}


class Sighting(msgspec.Struct):
    """What was seen and changed. ``people`` are subject numbers; ``begins`` is the time of the oldest entry of the trail, 0 when it is empty."""

    people: set[int] = set()
    statements: int = 0
    documents: int = 0
    written: int = 0
    reads: int = 0
    begins: int = 0
    damaged: bool = False

    def __repr__(self) -> str:
        return "Sighting(...)"


def sighting(folder: Path, box: Box, tenant: str, credentials: Collection[str] | None, period: tuple[int, int]) -> Sighting:
    """Gather from the trail in a folder what these credentials, or all for None, did for a tenant in a period (both ends in it)."""
    found = Sighting()
    since, until = period
    for each in _counted(found, (each for _, each in entries(folder))):
        if each.tenant != tenant or not since <= each.time <= until or each.outcome != DONE or each.action not in (_READS | _WRITES):
            continue
        try:
            who, people = entry.opened(each, box)
        except TamperedData:
            found.damaged = True
            continue
        if credentials is None or who in credentials:
            _add(found, each, people)
    return found


def _counted(found: Sighting, trail: Iterable[Entry]) -> Iterator[Entry]:
    for each in trail:
        found.begins = min(found.begins or each.time, each.time)
        yield each


def _add(found: Sighting, each: Entry, people: Collection[int]) -> None:
    if each.action in _WRITES:
        found.written += each.counts.get("statements", 0) + each.counts.get("documents", 0)
        return
    found.reads += 1
    found.people.update(people)
    found.statements += each.counts.get("statements", 0)
    found.documents += each.counts.get("documents", 0) if each.action in _DOCUMENTS else 0
