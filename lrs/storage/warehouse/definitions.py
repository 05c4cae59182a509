"""Activity definitions that were seen, each once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from lrs.storage.contract import SeenDefinition
from lrs.storage.warehouse.client import Sessions
from lrs.storage.warehouse.selection import in_portions

_COLUMNS = ("tenant", "activity", "fingerprint", "definition", "first", "source")
_FIND = """SELECT activity, any(definition), fingerprint, min(first) AS since, anyLast(source) FROM definitions
    WHERE tenant = {tenant:String} AND activity IN {activities:Array(String)} GROUP BY activity, fingerprint
    ORDER BY since, activity, fingerprint"""


class Definitions:
    """The table of definitions. Thread-safe."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def block(self, definitions: Collection[tuple[str, SeenDefinition]]) -> bytes | memoryview:
        """Turn what was seen, each with its tenant, into a block for :meth:`insert`; of nothing it is empty."""
        rows = [(tenant, seen.activity, seen.fingerprint, seen.json, seen.stored, seen.source) for tenant, seen in definitions]
        if not rows:
            return b""
        with self._sessions.inserter() as session:
            return session.block("definitions", _COLUMNS, [*zip(*rows, strict=True)])

    def insert(self, blocks: Sequence[bytes | memoryview]) -> None:
        """Store what stands in some blocks; what is there already changes nothing."""
        if any(blocks):
            with self._sessions.inserter() as session:
                session.insert_blocks("definitions", _COLUMNS, [each for each in blocks if each])

    def find(self, tenant: str, activities: Sequence[str]) -> Mapping[str, list[SeenDefinition]]:
        """See ``definitions`` of :class:`lrs.storage.contract.StatementStore`."""
        found: dict[str, list[SeenDefinition]] = {}
        with self._sessions.reader() as session:
            for portion in in_portions(activities):
                for activity, *rest in session.query(_FIND, {"tenant": tenant, "activities": portion}, texts=False):
                    name = activity.decode()
                    found.setdefault(name, []).append(SeenDefinition(name, *rest))
        return found
