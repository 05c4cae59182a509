"""Who may leave the vault, and when, on every database."""

from __future__ import annotations

import os

import msgspec
import pytest

from lrs.storage.contract import DeadLetter, DocumentRow, Leaving, NewSubject, NewVariant, WrappedKey
from lrs.storage.vault import Vault
from tests.vault.test_vault import credential

LARGEST = 2**64 - 2
DAY = 86_400_000_000
ANYBODY = Leaving(met_before=999_912)


def person(vault: Vault, sid: int, *, month: int = 202601, tenant: str = "t") -> int:
    subject = NewSubject(sid, os.urandom(16), WrappedKey(1, os.urandom(60), os.urandom(16)))
    vault.add(tenant, [subject], [NewVariant(sid, os.urandom(16), b"sealed")], month=month)
    return sid


def document(vault: Vault, sid: int, updated: int) -> None:
    key = os.urandom(16)
    vault.change_document("t", key, lambda _: DocumentRow(key, key, key, sid, b"name", b"content", updated))


def leaving(vault: Vault, rule: Leaving) -> set[int]:
    return set(vault.leaving("t", rule, after=None, limit=100))


def test_who_was_met_lately_stays(vault: Vault) -> None:
    """A month in which a writer met them is a month in which they may be on their way into a statement."""
    person(vault, 1), person(vault, LARGEST)
    assert vault.meet("t", {1: 202601}, month=202603)
    assert leaving(vault, Leaving(met_before=202602)) == {LARGEST}
    assert leaving(vault, Leaving(met_before=202603)) == {LARGEST}
    assert leaving(vault, Leaving(met_before=202604)) == {1, LARGEST}
    assert leaving(vault, Leaving(met_before=202601)) == set()


def test_who_has_documents_takes_them_along_or_stays(vault: Vault) -> None:
    """Leaving for want of anything is not for who has a document; leaving for inactivity takes documents, keys, identifiers and spellings."""
    person(vault, 1), person(vault, 2), person(vault, 3, tenant="u")
    document(vault, 1, 1)
    assert leaving(vault, ANYBODY) == {2}
    assert vault.leave("t", [1, 2, 3], ANYBODY) == (1, 0)
    assert vault.leave("t", [1, 2, 3], msgspec.structs.replace(ANYBODY, documents=True)) == (1, 1)
    assert set(vault.kept("t", [1, 2]).values()) == {0}
    assert vault.kept("u", [3])["subject"] == 1


def test_what_changed_since_it_was_looked_up_counts(vault: Vault) -> None:
    """Who is met, seen or given a document between being listed and leaving stays."""
    for sid in (1, 2, 3, 4):
        person(vault, sid)
    vault.warn("t", [1, 2, 3, 4], at=50 * 365 * DAY)
    rule = Leaving(met_before=202603, seen_through=202602, warned_through=60 * 365 * DAY)
    assert leaving(vault, rule) == {1, 2, 3, 4}
    vault.meet("t", {1: 202601}, month=202603)
    vault.meet("t", {2: 202603}, month=202601)
    document(vault, 3, 1)
    assert vault.leave("t", [1, 2, 3, 4], rule) == (1, 0)
    assert set(vault.keys("t", [1, 2, 3, 4])) == {1, 2, 3}


def test_who_is_seen_later_is_warned_no_more(vault: Vault) -> None:
    """By a statement or a document of a later month; an older statement that comes late changes nothing."""
    for sid in (1, 2, 3):
        person(vault, sid)
        vault.meet("t", {sid: 202602}, month=202602)
    # In the month in which they were seen, nobody is noted as warned.
    vault.warn("t", [1, 2, 3], at=1_770_000_000_000_000)
    assert [each[0] for each in vault.unwarned("t", seen_through=202602, after=None, limit=9)] == [1, 2, 3]
    vault.warn("t", [1, 2, 3], at=1_780_000_000_000_000)
    assert vault.unwarned("t", seen_through=202602, after=None, limit=9) == []
    vault.meet("t", {1: 202512}, month=202606)
    vault.meet("t", {2: 202606}, month=202606)
    document(vault, 3, 1_790_000_000_000_000)
    assert sorted(vault.seen_counts("t", but=0)) == [(202602, True, 1), (202606, False, 1), (202609, False, 1)]


def test_meeting_somebody_who_is_gone_says_so_and_notes_nothing(vault: Vault) -> None:
    """Of several people one of whom is gone, nobody is noted: the caller takes all in again."""
    person(vault, 1)
    assert not vault.meet("t", {1: 202607, 2: 202607}, month=202607)
    assert vault.seen_counts("t", but=0) == [(202601, False, 1)]


def test_pages_follow_each_other(vault: Vault) -> None:
    """In the order of the numbers, each person once, large numbers too."""
    people = {person(vault, sid) for sid in (1, 5, 2**63 - 1, 2**63, LARGEST)}
    found: list[int] = []
    while page := vault.leaving("t", ANYBODY, after=found[-1] if found else None, limit=2):
        found += page
    assert (len(found), set(found)) == (5, people)


def test_keys_of_projects_stay(vault: Vault) -> None:
    """What is kept as a person's key is, and is nobody's, never leaves."""
    vault.start_project("t", "research", 9, WrappedKey(1, os.urandom(60), os.urandom(16)), at=1, month=202601)
    assert leaving(vault, ANYBODY) == set()
    assert vault.leave("t", [9], ANYBODY) == (0, 0)


def test_old_documents_credentials_and_letters_go(vault: Vault) -> None:
    """Those of then and before, of this tenant; documents so many at a time."""
    person(vault, 1)
    for updated in (10, 20, 30, 40):
        document(vault, 1, updated)
    assert vault.document_days("t") == [(0, 4)]
    assert [vault.end_documents("t", through=30, limit=2) for _ in range(3)] == [2, 1, 0]
    vault.add_credentials([credential("one"), credential("other")])
    first = vault.credentials()[0]
    vault.revoke_credential(first.id, at=100)
    assert vault.drop_credentials(first.tenant, revoked_through=99) == 0
    assert vault.drop_credentials(first.tenant, revoked_through=100) == 1
    assert [each.username for each in vault.credentials()] == ["other"]
    vault.advance("t", "target", 5, [DeadLetter(1, "code", 10), DeadLetter(2, "code", 20)])
    assert vault.drop_old_letters("t", tried_through=10) == 1
    assert [each.tried for each in vault.dead_letters("t", "target")] == [20]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_approval_that_reaches_furthest_counts(vault: Vault, order: tuple[int, int]) -> None:
    """Whichever came first; a visa is used once; other tenants have their own."""
    assert vault.approval("t") is None
    for each in order:
        vault.approve("t", f"visa-{each}", through=each, at=0)
    vault.approve("t", "visa-1", through=9, at=0)
    assert vault.approval("t") == ("visa-2", 2)
    assert vault.approval("u") is None
