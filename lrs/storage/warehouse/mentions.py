"""Whether words stand in the clear in what is stored: every column of every table, as the engine reads it."""

from __future__ import annotations

from collections.abc import Sequence

from lrs.storage.warehouse.client import Sessions

_WORDS = "multiSearchAnyCaseInsensitiveUTF8(formatRow('JSONEachRow', *), {words:Array(String)}) AND tenant = {tenant:String}"
_STORED = " AND stored >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')"
_ALL = (
    "SELECT count() FROM statements WHERE " + _WORDS + _STORED,
    "SELECT count() FROM attachments WHERE " + _WORDS + _STORED,
    "SELECT count() FROM definitions WHERE " + _WORDS,
)


def mentions(sessions: Sessions, tenant: str, words: Sequence[str], *, since: int) -> int:
    """Count the rows in which one of these words stands."""
    values = {"tenant": tenant, "words": list(words), "since": since}
    with sessions.reader() as session:
        return sum(int(session.query(query, values)[0][0]) for query in _ALL)
