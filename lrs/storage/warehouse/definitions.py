"""Activity definitions that were seen, each once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from lrs.storage.warehouse.client import Sessions
from lrs.storage.warehouse.selection import in_portions

_COLUMNS = ("tenant", "activity", "hash", "definition", "first")
_FIND = """SELECT activity, any(definition), min(first) AS since FROM definitions
    WHERE tenant = {tenant:String} AND activity IN {activities:Array(String)} GROUP BY activity, hash ORDER BY since, activity, hash"""


class Definitions:
    """The table of definitions. Thread-safe."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def add(self, tenant: str, definitions: Sequence[tuple[str, bytes, int]]) -> None:
        """See ``add_definitions`` of :class:`lrs.storage.contract.StatementStore`."""
        if not definitions:
            return
        activities, texts, seen = zip(*definitions, strict=True)
        hashes = [_hash(text) for text in texts]
        with self._sessions.writer() as session:
            session.insert("definitions", _COLUMNS, [[tenant] * len(texts), activities, hashes, texts, seen])

    def find(self, tenant: str, activities: Sequence[str]) -> Mapping[str, list[bytes]]:
        """See ``definitions`` of :class:`lrs.storage.contract.StatementStore`."""
        found: dict[str, list[bytes]] = {}
        with self._sessions.reader() as session:
            for portion in in_portions(activities):
                for activity, definition, _ in session.query(_FIND, {"tenant": tenant, "activities": portion}, texts=False):
                    found.setdefault(activity.decode(), []).append(definition)
        return found


def _hash(text: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
