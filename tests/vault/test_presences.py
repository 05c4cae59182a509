"""Who is in which sitting, in the vault."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from lrs.storage.contract import NewSubject, NewVariant, PresenceRow, WrappedKey
from lrs.storage.vault import Vault

SITTING, OTHER = b"s" * 16, b"o" * 16


def person(vault: Vault, sid: int, tenant: str = "t") -> None:
    """Add a person to the vault."""
    subject = NewSubject(sid, os.urandom(16), WrappedKey(1, os.urandom(60), os.urandom(16)))
    vault.add(tenant, [subject], [NewVariant(sid, os.urandom(16), b"sealed")], month=202611)


def row(number: int, *, sid: int = 7, sitting: bytes = SITTING, until: int = 100, **times: int) -> PresenceRow:
    """Make the row of somebody in a sitting."""
    said = {"came": -1, "left": -1, "closed": -1} | times
    return PresenceRow(sitting, bytes([number]) * 16, sid, **said, until=until, sealed=b"%d" % number)


def test_the_later_of_two_times_counts(vault: Vault) -> None:
    """Whatever comes first; who somebody is stays as it was said first."""
    person(vault, 7)
    person(vault, 8)
    vault.keep_presences("t", [row(1, came=5, until=90)])
    vault.keep_presences("t", [row(1, sid=8, came=3, left=9)])
    assert vault.presences("t", SITTING, now=0) == [row(1, came=5, left=9)]


def test_a_sitting_has_its_people(vault: Vault) -> None:
    """All of them or one, of its own tenant, until their time is up; then they are pruned."""
    person(vault, 7)
    person(vault, 8, "u")
    rows = [row(1, until=50), row(2), row(3, sitting=OTHER)]
    vault.keep_presences("t", rows)
    vault.keep_presences("u", [row(1, sid=8)])
    assert vault.presences("t", SITTING, now=49) == rows[:2]
    assert vault.presences("t", SITTING, rows[1].key, now=49) == [rows[1]]
    assert vault.presences("t", OTHER, rows[0].key, now=49) == []
    assert vault.presences("t", SITTING, now=50) == [rows[1]]
    assert vault.prune_presences(now=50, tenant="u") == 0
    assert vault.prune_presences(now=50) == 1
    assert vault.prune_presences(now=100) == 3


def test_who_is_gone_is_not_kept(vault: Vault) -> None:
    """Nobody who was never there, is another tenant's, or was erased; and an erasure takes what is there."""
    person(vault, 7)
    person(vault, 9, "u")
    vault.keep_presences("t", [row(1, sid=8), row(2), row(3, sid=9)])
    assert vault.presences("t", SITTING, now=0) == [row(2)]
    vault.shred("t", [7], [])
    assert vault.presences("t", SITTING, now=0) == []
    vault.keep_presences("t", [row(2)])
    assert vault.presences("t", SITTING, now=0) == []


@pytest.mark.parametrize("order", [list, reversed], ids=["alike", "crosswise"])
def test_writers_at_the_same_time_agree(vault: Vault, order: Callable[[list[PresenceRow]], object]) -> None:
    """Each of them adds the same people and other times: nobody is lost, none waits for ever, and the latest times are there."""
    person(vault, 7)
    rows = [row(number) for number in range(20)]

    def write(at: int) -> None:
        turned = rows if at % 2 else list(order(rows))  # type: ignore[call-overload]
        vault.keep_presences("t", [msgspec.structs.replace(each, came=at, left=-at) for each in turned])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(1, 25)))
    assert {(each.came, each.left) for each in vault.presences("t", SITTING, now=0)} == {(24, -1)}
    assert len(vault.presences("t", SITTING, now=0)) == 20
