"""The ledger of erasures, and what goes with a person, on every database."""

from __future__ import annotations

import os

import msgspec
import pytest

from lrs.storage.contract import DocumentRow, Erasure, ErasureState, IndexTaken, NewSubject, NewVariant, WrappedKey
from lrs.storage.vault import Vault, schema
from lrs.storage.vault.erasures import PERSONAL
from tests.vault.test_vault import credential

LARGEST = 2**64 - 2


def person(vault: Vault, sid: int, *, tenant: str = "t") -> bytes:
    """Somebody with a spelling and a document -> the blind index."""
    index = os.urandom(16)
    vault.add(
        tenant,
        [NewSubject(sid, index, WrappedKey(1, os.urandom(60), os.urandom(16)))],
        [NewVariant(sid, os.urandom(16), b"sealed")],
        month=202611,
    )
    key = os.urandom(16)
    vault.change_document(tenant, key, lambda _: DocumentRow(key, key, key, sid, b"name", b"content", 1))
    return index


def requested(vault: Vault, *sids: int, keys: tuple[bytes, ...] = (), until: int = 100) -> Erasure:
    return vault.request_erasure("t", sids, keys, at=1, until=until, counts={"statements": 2})


def test_a_shredded_person_is_gone(vault: Vault) -> None:
    """Key, identifier, spelling, document and credential go together; other people, and the same number's tenant, keep theirs."""
    erased, other = person(vault, LARGEST), person(vault, 7)
    vault.add_credentials([credential("theirs"), credential("other")])
    theirs, others = vault.credentials()
    stored = {"subject": 1, "identifier": 1, "variant": 1, "document": 1, "correction": 0, "joined": 0, "consent": 0, "presence": 0}
    assert vault.kept("t", [LARGEST]) == stored
    vault.shred("other tenant", [LARGEST, 7], [others.id])
    vault.shred("t", [LARGEST], [theirs.id])
    vault.scrub()
    assert vault.kept("t", [LARGEST]) == dict.fromkeys(stored, 0)
    assert set(vault.subjects("t", [erased, other])) == {other}
    assert vault.credentials() == [others]
    vault.shred("t", [LARGEST], [theirs.id])


def test_the_number_of_an_erased_person_is_nobody_elses(vault: Vault) -> None:
    """Whoever is to get it is given another one."""
    requested(vault, LARGEST)
    with pytest.raises(IndexTaken):
        person(vault, LARGEST)
    person(vault, LARGEST - 1)


def test_the_ledger_says_what_was_put_down(vault: Vault) -> None:
    """Entries are numbered from one, and each is as it was noted last."""
    first, second = requested(vault, 3, LARGEST), requested(vault)
    done = msgspec.structs.replace(first, state=ErasureState.DELETED, counts={"statements": 3}, receipt="signed")
    vault.note_erasure(done)
    assert vault.erasures() == [done, second]
    assert (first.seq, second.seq, first.sids) == (1, 2, (3, LARGEST))


def test_suppressed_keys_are_found_until_their_time_is_over(vault: Vault) -> None:
    """In their own tenant; the later of two times counts, and afterwards they are gone."""
    key, other = os.urandom(16), os.urandom(16)
    requested(vault, keys=(key, key), until=100)
    assert vault.suppressed("t", [key, other], now=99) == {key}
    assert not vault.suppressed("t", [key], now=100)
    assert not vault.suppressed("u", [key], now=99)
    vault.suppress("t", [key, other], until=50)
    assert vault.suppressed("t", [key, other], now=60) == {key}
    vault.suppress("t", [key], until=200)
    vault.end_suppression(now=150)
    assert vault.suppressions() == [("t", key, 200)]


def test_the_state_of_suppression_changes_with_each_erasure(vault: Vault) -> None:
    """An erasure and the end of its time are both seen."""
    seen = [vault.suppression("t", now=1)]
    requested(vault, until=100)
    seen.append(vault.suppression("t", now=1))
    requested(vault, until=200)
    seen += [vault.suppression("t", now=now) for now in (1, 150, 200)]
    assert seen == [(0, 0), (1, 1), (2, 2), (1, 2), (0, 0)]
    assert vault.suppression("u", now=1) == (0, 0)


def test_a_newer_ledger_is_taken_in_and_done_again(vault: Vault) -> None:
    """After a restore from an older backup what it did not know of is there, and everything is requested anew; doing it twice changes nothing."""
    old = requested(vault, 3)
    vault.note_erasure(msgspec.structs.replace(old, state=ErasureState.DELETED))
    newer = Erasure(seq=2, tenant="t", at=5, until=90, state=ErasureState.DELETED, sids=(4, 5), counts={}, receipt="r")
    key = os.urandom(16)
    for _ in range(2):
        assert vault.restore_ledger([old, newer], [("t", key, 90)]) == 2
        assert [(each.seq, each.state, each.sids) for each in vault.erasures()] == [
            (1, ErasureState.REQUESTED, (3,)),
            (2, ErasureState.REQUESTED, (4, 5)),
        ]
        assert vault.suppressed("t", [key], now=80) == {key}


def test_a_number_that_was_given_out_again_stands_for_what_it_stood_for_last(vault: Vault) -> None:
    """Once a tenant has ended numbers of its erasures are given to others: after a restore from before these are not taken for done."""
    vault.request_erasure("ended", [7], [], at=1, until=50, counts={})
    old = requested(vault, 3)
    first, second = (
        Erasure(seq=n, tenant="t", at=5, until=90, state=ErasureState.DELETED, sids=(n + 3,), counts={}, receipt="r") for n in (1, 3)
    )
    for _ in range(2):
        assert vault.restore_ledger([first, old, second], []) == 4
        assert [(each.seq, each.tenant, each.sids) for each in vault.erasures()] == [
            (1, "t", (4,)),
            (2, "t", (3,)),
            (3, "t", (6,)),
            (4, "ended", (7,)),
        ]


def test_every_table_that_names_a_person_is_known() -> None:
    """A table with the number of a subject is one that an erasure empties, or says here why it does not."""
    numbered = {
        table.name for table in schema.metadata.sorted_tables if any(isinstance(column.type, schema.Sid) for column in table.columns)
    }
    # Entries of the register stay without their person; the numbers of the erased are nobody's; the key of a project is no person's.
    assert numbered == {table.name for table in PERSONAL} | {"request", "erased", "project"}
