"""What the vault guarantees, on every database."""

from __future__ import annotations

import os
import secrets
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest
from sqlalchemy import event

from lrs.errors import ConfigurationError, KeyUnavailable, PreconditionFailed, StoreUnavailable
from lrs.settings import Settings
from lrs.storage.contract import (
    CredentialRow,
    DeadLetter,
    DocumentRow,
    ErasureNotice,
    IndexTaken,
    NewSubject,
    NewVariant,
    RequestRow,
    WrappedKey,
)
from lrs.storage.vault import Vault


def subject(sid: int | None = None, index: bytes | None = None) -> NewSubject:
    return NewSubject(sid or secrets.randbits(64) | 1, index or os.urandom(16), WrappedKey(1, os.urandom(60), os.urandom(16)))


def variant(sid: int) -> NewVariant:
    return NewVariant(sid, os.urandom(16), os.urandom(100))


def credential(username: str, *, tenant: str = "t") -> CredentialRow:
    return CredentialRow(os.urandom(8).hex(), tenant, "name", username, "$argon2id$", ("statements/write", "state"), "identified", b"{}", 1)


def test_people_come_back_as_they_went_in(vault: Vault) -> None:
    """The smallest and the largest subject numbers, more than one statement's parameters can hold, all by their blind index."""
    people = [subject(1), subject(2**64 - 1), subject(2**63), *(subject() for _ in range(1200))]
    spellings = [variant(person.sid) for person in people]
    tokens = vault.add("t", people, spellings, month=202611)
    assert tokens == {each.fingerprint: (each.sid, 1) for each in spellings}
    assert vault.subjects("t", [person.index for person in people]) == {person.index: (person.sid, person.key) for person in people}
    assert vault.keys("t", [person.sid for person in people]) == {person.sid: person.key for person in people}
    known = vault.known_subjects("t", [person.index for person in people] + [os.urandom(16)])
    assert known == {person.index: (person.sid, 0, 202611, 0) for person in people}
    assert vault.known_subjects("u", [person.index for person in people]) == {}
    assert vault.variant_ids("t", [each.fingerprint for each in spellings]) == tokens
    pairs = [(each.sid, 1) for each in spellings]
    assert vault.variants("t", pairs) == {(each.sid, 1): (each.fingerprint, each.sealed) for each in spellings}


def test_a_writer_who_meets_somebody_again_is_told_when_they_were_met(vault: Vault) -> None:
    """In which month a writer met them last, and the month of their newest statement, whichever of both is later."""
    person = subject()
    vault.add("t", [person], [], month=202601)
    assert vault.meet("t", {person.sid: 202512}, month=202602)
    assert vault.known_subjects("t", [person.index])[person.index] == (person.sid, 0, 202602, 202512)


def test_looking_people_up_is_not_looking_through_all_of_them(vault: Vault) -> None:
    """Keys of some people are found by their numbers, however many people the tenant has: SQLite would prefer an index of all of them."""
    if vault._engine.dialect.name != "sqlite":
        pytest.skip("the others count before they choose an index")
    people = [subject() for _ in range(50)]
    vault.add("t", people, [], month=202611)
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, sql: str, values: Any, *_more: Any) -> None:
        asked.append((sql, values))

    event.listen(vault._engine, "before_cursor_execute", note)
    assert len(vault.keys("t", [person.sid for person in people])) == 50
    assert vault.meet("t", {person.sid: 202611 for person in people}, month=202611)
    event.remove(vault._engine, "before_cursor_execute", note)
    selects = [(sql, values) for sql, values in asked if sql.startswith("SELECT")]
    with vault._engine.connect() as connection:
        plans = [connection.exec_driver_sql("EXPLAIN QUERY PLAN " + sql, values).all() for sql, values in selects]
    assert len(plans) == 2
    assert all("(sid=?)" in str(plan) for plan in plans)


def test_spellings_are_numbered_by_person(vault: Vault) -> None:
    """In the order in which they came, over several calls; one that is known keeps its number."""
    one, two = subject(), subject()
    first = [variant(one.sid), variant(two.sid), variant(one.sid)]
    assert list(vault.add("t", [one, two], first, month=202611).values()) == [(one.sid, 1), (two.sid, 1), (one.sid, 2)]
    more = [variant(one.sid), first[0]]
    assert vault.add("t", [], more, month=202611) == {more[0].fingerprint: (one.sid, 3), first[0].fingerprint: (one.sid, 1)}
    assert set(vault.variants("t", [(one.sid, 3), (one.sid, 9), (two.sid, 1)])) == {(one.sid, 3), (two.sid, 1)}


def test_a_taken_identifier_takes_nothing(vault: Vault) -> None:
    """Who comes second is told, and nothing of the call is kept."""
    known = subject()
    vault.add("t", [known], [], month=202611)
    other, late = subject(), subject(index=known.index)
    with pytest.raises(IndexTaken):
        vault.add("t", [other, late], [variant(other.sid)], month=202611)
    assert vault.subjects("t", [other.index]) == {}
    assert vault.subjects("t", [known.index])[known.index][0] == known.sid


def test_the_same_identifier_at_once_has_one_winner(vault: Vault) -> None:
    """Of twenty threads one adds the person."""
    index = os.urandom(16)

    def add(_: int) -> bool:
        try:
            vault.add("t", [subject(index=index)], [], month=202611)
        except IndexTaken:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(add, range(20))) == 1


def test_tenants_do_not_meet(vault: Vault) -> None:
    """The same identifier is two people in two tenants."""
    index = os.urandom(16)
    one, two = subject(index=index), subject(index=index)
    vault.add("a", [one], [variant(one.sid)], month=202611)
    vault.add("b", [two], [], month=202611)
    assert vault.subjects("a", [index])[index][0] == one.sid
    assert vault.subjects("b", [index])[index][0] == two.sid
    assert vault.keys("b", [one.sid]) == {}
    assert vault.variants("b", [(one.sid, 1)]) == {}


def test_a_keyring_belongs_to_a_vault(vault: Vault) -> None:
    """The first one is noted, every other one refused."""
    assert vault.tenants() == []
    vault.check_keyring("t", b"0" * 16)
    vault.check_keyring("t", b"0" * 16)
    with pytest.raises(KeyUnavailable):
        vault.check_keyring("t", b"1" * 16)
    assert vault.tenants() == ["t"]


def test_credentials_live_until_they_are_revoked(vault: Vault) -> None:
    """A username is one credential's; a revoked one stays in the list and answers to nobody."""
    row = credential("ana")
    vault.add_credentials([row])
    assert vault.credential("ana") == row
    assert vault.credential("Ana") is None
    with pytest.raises(ConfigurationError):
        vault.add_credentials([credential("ana", tenant="other")])
    assert vault.revoke_credential(row.id, at=5)
    assert not vault.revoke_credential(row.id, at=6)
    assert vault.credential("ana") is None
    assert [each.revoked for each in vault.credentials("t")] == [5]
    assert vault.credentials("nobody") == []


SOMEBODY = 7
"""Whose documents these are."""


def document(context: bytes = b"c" * 16, *, sid: int = SOMEBODY, updated: int = 1) -> DocumentRow:
    return DocumentRow(os.urandom(16), context, os.urandom(16), sid, os.urandom(64), os.urandom(3000), updated)


def put(vault: Vault, row: DocumentRow, tenant: str = "t") -> None:
    assert vault.change_document(tenant, row.key, lambda _: row) == row


def test_documents_come_back_as_they_went_in(vault: Vault) -> None:
    """Of the largest subject number too; replaced and deleted; each tenant has its own."""
    vault.add("t", [subject(2**64 - 1), subject(SOMEBODY)], [], month=202611)
    one, two = document(sid=2**64 - 1), document()
    put(vault, one)
    put(vault, two)
    assert (vault.document("t", one.key), vault.document("t", two.key)) == (one, two)
    assert vault.document("other", one.key) is None
    newer = DocumentRow(one.key, one.context, one.registered, one.sid, one.name, b"newer", 2)
    seen: list[DocumentRow | None] = []
    assert vault.change_document("t", one.key, lambda old: (seen.append(old), newer)[1]) == newer
    assert (seen, vault.document("t", one.key)) == ([one], newer)
    vault.remove_document("t", one.key, seen.append)
    vault.remove_document("t", one.key, seen.append)
    assert seen[1:] == [newer, None]
    assert vault.document("t", one.key) is None


def test_a_change_that_is_refused_has_not_happened(vault: Vault) -> None:
    """Whatever it raises comes out, and the document is as it was."""
    vault.add("t", [subject(SOMEBODY)], [], month=202611)
    row = document()
    put(vault, row)

    def refuse(_: DocumentRow | None) -> NoReturn:
        raise PreconditionFailed("no")

    for attempt in (vault.change_document, vault.remove_document):
        with pytest.raises(PreconditionFailed):
            attempt("t", row.key, refuse)
    assert vault.document("t", row.key) == row
    put(vault, DocumentRow(row.key, row.context, row.registered, row.sid, row.name, b"next", 2))


def test_documents_are_listed_and_deleted_by_context(vault: Vault) -> None:
    """Or by context and registration; in order of writing, after a time, of one tenant."""
    vault.add("t", [subject(SOMEBODY)], [], month=202611)
    context = os.urandom(16)
    rows = [document(context, updated=updated) for updated in (3, 1, 2)]
    strangers = [document(os.urandom(16)), document(context)]
    for row, tenant in [*((row, "t") for row in rows), (strangers[0], "t"), (strangers[1], "other")]:
        put(vault, row, tenant)

    def keys(**more: Any) -> list[bytes]:
        return [name.key for name in vault.documents("t", context, **more)]

    in_order = [rows[1].key, rows[2].key, rows[0].key]
    assert keys() == in_order
    assert keys(since=1) == in_order[1:]
    assert keys(registered=rows[0].registered) == [rows[0].key]
    assert keys(registered=rows[0].registered, since=3) == []
    assert vault.delete_documents("t", context, rows[0].registered) == 1
    assert vault.delete_documents("t", context) == 2
    assert keys() == []
    assert vault.document("other", strangers[1].key) == strangers[1]
    assert vault.document("t", strangers[0].key) == strangers[0]


def test_a_document_needs_its_person(vault: Vault) -> None:
    """A document of somebody who is gone is not stored: the caller is told to try again, and finds that they are gone."""
    row = document(sid=12345)
    with pytest.raises(StoreUnavailable):
        vault.change_document("t", row.key, lambda _: row)
    assert vault.document("t", row.key) is None


def test_what_targets_were_given_is_remembered(vault: Vault) -> None:
    """Per tenant and target: how far it is, what it refused, what it has still to be told; noting the same again changes nothing."""
    assert vault.forwarded_through("t", "a") is None
    letters = [DeadLetter(5, "conflict", 9), DeadLetter(3, "invalid-request", 9)]
    vault.advance("t", "a", 7, letters)
    vault.advance("t", "a", 8, letters[:1])
    assert vault.forwarded_through("t", "a") == 8
    assert vault.dead_letters("t", "a") == letters[::-1]
    vault.drop_letters("t", "a", letters[:1])
    assert vault.dead_letters("t", "a") == letters[1:]
    notices = [ErasureNotice(bytes([n]) * 16, b"sealed") for n in range(3)]
    vault.add_notices("t", "a", notices)
    vault.add_notices("t", "a", notices)
    vault.drop_notices("t", "a", notices[:2])
    assert vault.notices("t", "a") == notices[2:]
    for tenant, target in (("t", "b"), ("u", "a")):
        assert (vault.forwarded_through(tenant, target), vault.dead_letters(tenant, target), vault.notices(tenant, target)) == (
            None,
            [],
            [],
        )


def test_what_was_added_survives_a_restart(settings: Settings) -> None:
    """And is there for the next process that opens the vault."""
    person = subject()
    first = Vault.open(settings)
    first.add("t", [person], [], month=202611)
    first.close()
    second = Vault.open(settings)
    assert second.subjects("t", [person.index])[person.index] == (person.sid, person.key)
    second.ping()
    second.close()


def test_sqlite_is_safe_and_its_owners_alone(tmp_path: Path) -> None:
    """Written through to the disk, freed pages overwritten, file mode 0600."""
    vault = Vault.open(Settings(data=tmp_path))
    with vault._engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        }
    vault.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}
    assert (tmp_path / "vault.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_failing_database_says_so_and_nothing_else(tmp_path: Path) -> None:
    """Locked, damaged, or of another version: an error with a hint, without any value."""
    settings = Settings(data=tmp_path)
    vault = Vault.open(settings)
    person = subject()
    holder = sqlite3.connect(tmp_path / "vault.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with vault._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=10").close()
    with pytest.raises(StoreUnavailable) as locked:
        vault.add("t", [person], [], month=202611)
    assert locked.value.retryable
    assert person.index.hex() not in str(locked.value)
    holder.execute("ROLLBACK")
    holder.execute("UPDATE vault SET version = 99")
    holder.close()
    vault.close()
    with pytest.raises(ConfigurationError):
        Vault.open(settings)
    (tmp_path / "vault.sqlite").write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreUnavailable, match="damaged"):
        Vault.open(settings)


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:"])
def test_a_vault_is_somewhere(address: str, tmp_path: Path) -> None:
    """What is in memory alone would be gone with the process, and each of its threads would have its own."""
    with pytest.raises(ConfigurationError, match="no file"):
        Vault.open(Settings(data=tmp_path, vault=address))


def test_opening_it_again_lets_go_of_no_lock(tmp_path: Path) -> None:
    """A process has it open twice, another one closes it: what that wrote is there for both, and the log that they share is not taken away."""
    settings = Settings(data=tmp_path)
    first, second = Vault.open(settings), Vault.open(settings)
    with first._engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT version FROM vault").scalar() == 2
    writing = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('UPDATE clock SET last = 7'); c.commit(); c.close()"
    subprocess.run([sys.executable, "-c", writing, str(tmp_path / "vault.sqlite")], check=True)
    assert (tmp_path / "vault.sqlite-wal").exists()
    for vault in (first, second):
        with vault._engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT last FROM clock").scalar() == 7
        vault.close()


def test_two_processes_share_a_vault(settings: Settings) -> None:
    """A credential that another process adds is there at once."""
    vault = Vault.open(settings)
    code = (
        "import sys; from lrs.settings import Settings; from lrs.storage.vault import Vault; from tests.vault.test_vault import credential;"
        "vault = Vault.open(Settings(data=sys.argv[1], vault=sys.argv[2] or None)); vault.add_credentials([credential('other')]); vault.close()"
    )
    subprocess.run([sys.executable, "-c", code, str(settings.data), settings.vault or ""], check=True, timeout=60)
    assert vault.credential("other") is not None
    vault.close()


def request(sid: int | None = None) -> RequestRow:
    return RequestRow(number=0, kind="access", state="received", sid=sid, received="2026-11-25")


def test_requests_are_numbered_by_tenant(vault: Vault) -> None:
    """In the order in which they came, one number each though many come at once; they are read back as they were entered."""
    with ThreadPoolExecutor(8) as pool:
        entered = list(pool.map(lambda sid: vault.enter("t", request(sid)), range(1, 25)))
    assert sorted(row.number for row in entered) == list(range(1, 25))
    assert vault.entries(RequestRow, "t") == sorted(entered, key=lambda row: row.number)
    assert vault.enter("u", request()).number == 1
    assert (vault.entry(RequestRow, "u", 1), vault.entry(RequestRow, "u", 2)) == (msgspec.structs.replace(request(), number=1), None)


def test_a_request_is_changed_after_a_look_or_not_at_all(vault: Vault) -> None:
    """What the look raises is raised and nothing has happened; one that is not there is shown as none."""
    entered = vault.enter("t", request(2**64 - 1))

    def refuse(row: RequestRow | None) -> NoReturn:
        assert row == entered
        raise ConfigurationError("no")

    with pytest.raises(ConfigurationError):
        vault.change_entry(RequestRow, "t", 1, refuse)
    changed = msgspec.structs.replace(entered, state="done", closed="2026-11-26")
    assert vault.change_entry(RequestRow, "t", 1, lambda _: changed) == changed
    assert vault.entries(RequestRow, "t") == [changed]
    vault.shred("t", [5, 2**64 - 1], [])
    assert vault.entries(RequestRow, "t") == [msgspec.structs.replace(changed, sid=None)]
