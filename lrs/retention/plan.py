"""The plan: what ends when, by purpose and month, before anything is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lrs.retention import months
from lrs.storage.contract import Ending
from lrs.xapi.formats import month_of

if TYPE_CHECKING:
    from lrs.retention.desk import Desk

_ORDER = ("active", "identity", "attachment", "statement", "document", "warning", "person")


def plan(desk: Desk) -> list[Ending]:
    """Say what ends when, and how much of it has ended and is still there; changes nothing.

    ``active``: into the intermediate archive. ``identity``, ``attachment``, ``statement``, ``document``: gone. ``warning``: people who are
    to be warned, ``person``: who are forgotten, of those who are not seen again.
    """
    now = desk.clock()
    found = [*desk.endings.endings(desk.tenant, now=now), *_retiring(desk, now), *_documents(desk, now), *_people(desk, now)]
    return sorted(found, key=lambda each: (_ORDER.index(each.what), each.purpose, each.month))


def _retiring(desk: Desk, now: int) -> Iterator[Ending]:
    for purpose in desk.force.policy.purposes:
        if purpose.retention.active_days is not None and not purpose.reads_archive:
            yield from desk.endings.retiring(desk.tenant, purpose.id, purpose.retention.active_days, now=now)


def _documents(desk: Desk, now: int) -> Iterator[Ending]:
    days = desk.force.policy.document_days
    if days is None:
        return
    ends: Counter[int] = Counter()
    ended: Counter[int] = Counter()
    for day, number in desk.vault.document_days(desk.tenant):
        end = (day + days) * months.DAY
        ends[month_of(end)] += number
        ended[month_of(end)] += number if end + months.DAY <= now else 0
    yield from (Ending("document", "", month, number, ended[month]) for month, number in ends.items())


def _people(desk: Desk, now: int) -> Iterator[Ending]:
    inactivity = desk.force.policy.inactivity
    if inactivity is None:
        return
    for month, warned, number in desk.vault.seen_counts(desk.tenant, but=desk.reserved):
        if not warned:
            ready = number if month <= months.seen_through(now, inactivity.warn_days) else 0
            yield Ending("warning", "", months.due(month, inactivity.warn_days), number, ready)
        ready = number if warned and month <= months.seen_through(now, inactivity.days) else 0
        yield Ending("person", "", months.due(month, inactivity.days), number, ready)
