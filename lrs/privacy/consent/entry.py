"""What can stand in the ledger, and what it says of one person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from lrs.storage.contract import EVERY_PURPOSE, ConsentRow, Standing

FOR_EVER = 1 << 62
"""Later than any event, in microseconds."""


class Kind(StrEnum):
    """What a person said; or, for ``JOIN``, that it counts for another identifier too, which was found to be theirs."""

    GIVE = "give"
    WITHDRAW = "withdraw"
    RESTRICT = "restrict"
    LIFT = "lift"
    OBJECT = "object"
    RETRACT = "retract"
    JOIN = "join"


class Method(StrEnum):
    """How they said it."""

    FORM = "form"
    PAPER = "paper"
    SPOKEN = "spoken"
    IMPORTED = "imported"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it is shown; times in microseconds since 1970 UTC. ``recorder`` is the id of the credential that recorded it."""

    number: int
    kind: Kind
    purpose: str
    at: int
    recorded: int
    notice: str
    method: Method | None
    recorder: str


def said(rows: Iterable[ConsentRow]) -> list[Entry]:
    """Give what a person said, without who it was, and without what was only found out."""
    return [_shown(row) for row in rows if row.kind != Kind.JOIN]


def _shown(row: ConsentRow) -> Entry:
    return Entry(
        number=row.number,
        kind=Kind(row.kind),
        purpose=row.purpose,
        at=row.at,
        recorded=row.recorded,
        notice=row.notice,
        method=Method(row.method) if row.method else None,
        recorder=row.recorder,
    )


def standings(rows: Iterable[ConsentRow], sids: Iterable[int]) -> list[Standing]:
    """Say how each of these subjects, who are one person, stands to each purpose that these rows are about; in order of when it was said.

    A restriction is about every purpose. Who is not hidden and has no consent in force is told too, so that it takes the place of what was before.
    """
    in_order = sorted(rows, key=lambda row: (row.at, row.number))
    purposes = dict.fromkeys([EVERY_PURPOSE, *(row.purpose for row in in_order)])
    found = [(purpose, [row for row in in_order if row.purpose == purpose]) for purpose in purposes]
    states = [(purpose, is_hidden(about), covered(about)) for purpose, about in found]
    return [Standing(sid, purpose, hidden, times) for sid in sids for purpose, hidden, times in states]


def is_hidden(said: Sequence[ConsentRow]) -> bool:
    """Tell whether a restriction or an objection is in force, from what was said about one purpose, or about every one."""
    switches = [row.kind for row in said if row.kind in (Kind.RESTRICT, Kind.LIFT, Kind.OBJECT, Kind.RETRACT)]
    return bool(switches) and switches[-1] in (Kind.RESTRICT, Kind.OBJECT)


def covered(said: Sequence[ConsentRow]) -> tuple[tuple[int, int], ...]:
    """Give the times of events that a consent in force covers: all in which one was; none when it was withdrawn."""
    times, since = _given(said)
    return () if since is None else (*times, (since, FOR_EVER))


def lapsed(said: Sequence[ConsentRow]) -> tuple[tuple[int, int], ...]:
    """Give the times of events that a consent covered until it was withdrawn; none while one is in force."""
    times, since = _given(said)
    return tuple(times) if since is None else ()


def _given(said: Sequence[ConsentRow]) -> tuple[list[tuple[int, int]], int | None]:
    """Give the times in which a consent was in force, and since when one is."""
    times: list[tuple[int, int]] = []
    since: int | None = None
    for row in said:
        if row.kind == Kind.GIVE and since is None:
            since = row.at
        elif row.kind == Kind.WITHDRAW and since is not None:
            times.append((since, row.at))
            since = None
    return times, since
