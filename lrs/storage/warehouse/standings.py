"""How people stand to purposes: a copy of what the vault's ledger says, for the WHERE of reads."""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence
from typing import Any

from lrs.storage.contract import Standing
from lrs.storage.warehouse.client import Sessions

_COLUMNS = ("tenant", "purpose", "sid", "hidden", "covered", "number")
_TIME = 8
_AT_ONCE = 4000
"""Subjects in one parameter, at most 21 bytes each as text."""

HIDDEN = "SELECT sid FROM standings FINAL WHERE tenant = {tenant:String} AND purpose IN {hidden_for:Array(String)} AND hidden"
"""Whom these purposes don't see."""
_CONSENTS = """(SELECT (arrayPushBack(groupArray(sid), 0), arrayPushBack(groupArray(covered), '')) FROM standings FINAL
    WHERE tenant = {tenant:String} AND purpose = {covered_by:String} AND covered != '')"""
_MOMENT = "toUnixTimestamp64Micro(timestamp)"
_INTERVAL = f"""reinterpretAsInt64(substring(times, 2 * {_TIME} * n + 1, {_TIME})) <= {_MOMENT}
    AND {_MOMENT} < reinterpretAsInt64(substring(times, 2 * {_TIME} * n + {_TIME + 1}, {_TIME}))"""
COVERED = f"""arrayExists(times -> arrayExists(n -> {_INTERVAL}, range(intDiv(length(times), 2 * {_TIME}))),
    [transform(sid, {_CONSENTS}.1, {_CONSENTS}.2, '')])"""
"""Whether the consent of a ``sid`` covers the time of a statement; the number 0, which nobody has, keeps the lists from being empty."""
_MIRRORED = "SELECT max(number) FROM standings WHERE tenant = {tenant:String}"
_HIDING = "SELECT DISTINCT purpose FROM standings FINAL WHERE tenant = {tenant:String} AND hidden"
_FIND = """SELECT sid, purpose, hidden, covered FROM standings FINAL
    WHERE tenant = {tenant:String} AND purpose IN {purposes:Array(String)} AND sid IN {sids:Array(UInt64)}"""
_DROP = "ALTER TABLE standings DELETE WHERE tenant = {tenant:String} SETTINGS mutations_sync = 2"


class Standings:
    """The table of standings. Thread-safe."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def put(self, tenant: str, standings: Sequence[Standing], number: int) -> None:
        """See ``put_standings`` of :class:`lrs.storage.contract.StandingStore`."""
        rows = [(tenant, each.purpose, each.sid, each.hidden, _packed(each.covered), number) for each in standings]
        if rows:
            with self._sessions.inserter() as session:
                session.insert("standings", _COLUMNS, [*zip(*rows, strict=True)])

    def mirrored(self, tenant: str) -> tuple[int, frozenset[str]]:
        """See ``mirrored`` of :class:`lrs.storage.contract.StandingStore`."""
        with self._sessions.reader() as session:
            ((number,),) = session.query(_MIRRORED, {"tenant": tenant})
            return int(number), frozenset(purpose for (purpose,) in session.query(_HIDING, {"tenant": tenant}))

    def find(self, tenant: str, purposes: Sequence[str], sids: Collection[int]) -> list[Standing]:
        """See ``standings`` of :class:`lrs.storage.contract.StandingStore`."""
        asked = sorted(sids)
        found: list[Sequence[Any]] = []
        with self._sessions.reader() as session:
            for start in range(0, len(asked), _AT_ONCE):
                values = {"tenant": tenant, "purposes": list(purposes), "sids": asked[start : start + _AT_ONCE]}
                found += session.query(_FIND, values, texts=False)
        return [Standing(sid, purpose.decode(), hidden, _unpacked(covered)) for sid, purpose, hidden, covered in found]

    def drop(self, tenant: str) -> None:
        """See ``drop_standings`` of :class:`lrs.storage.contract.StandingStore`."""
        with self._sessions.writer() as session:
            session.command(_DROP, {"tenant": tenant})


def _packed(covered: Sequence[tuple[int, int]]) -> bytes:
    return b"".join(struct.pack("<qq", *interval) for interval in covered)


def _unpacked(covered: bytes) -> tuple[tuple[int, int], ...]:
    return tuple((since, until) for since, until in struct.iter_unpack("<qq", covered))
