"""The ledger of erasures, which a backup must not outrun."""

from __future__ import annotations

from pathlib import Path

import pytest

import lrs
from lrs.backup import ledger
from lrs.backup.ledger import LEDGER_FILE
from lrs.crypto.notes import NoteSigner
from lrs.crypto.providers import open_keyring
from lrs.errors import NotFound, TamperedData
from lrs.storage.vault import Vault
from tests.backup.stores import put_back, settings, statement

POLICY = """
title = { fr = "Essai", en = "Trial" }
default_purpose = "teaching"
unassigned = "teaching"
parties = [{ name = "Institution", role = "controller", location = "FR" }]

[[rules]]
purposes = ["teaching", "asked"]

[[purposes]]
id = "teaching"
title = { fr = "E", en = "T" }
legal_basis = "public_task"
audiences = ["user"]

[[purposes]]
id = "asked"
title = { fr = "A", en = "A" }
legal_basis = "consent"
audiences = ["user"]
"""


def test_a_ledger_is_what_the_vault_knows(tmp_path: Path) -> None:
    """Erasures, suppressed keys and ended projects come out of a signed ledger as they went in; another key's ledger is refused."""
    chosen = settings(tmp_path)
    with lrs.open(chosen) as store:
        store.ingest([statement("ana")])
        store._projects_of("default").pseudonyms("research")
        store.end_project("research")
        store._vault.request_erasure("default", [7], [b"k" * 16], at=5, until=9, counts={"statements": 1})
        made = (store._vault.erasures(), store._vault.suppressions())
    for _ in range(2):
        ledger.export(chosen, tmp_path / "ledger", at=11)
    found = ledger.read((tmp_path / "ledger").read_text("utf-8"), open_keyring(chosen, create=False).signer.key)
    assert (found.erasures, found.suppressed) == made
    assert [(tenant, purpose) for tenant, purpose, _ in found.ended] == [("default", "research")]
    assert (tmp_path / "ledger").stat().st_mode & 0o077 == 0
    with pytest.raises(TamperedData):
        ledger.read((tmp_path / "ledger").read_text("utf-8"), NoteSigner(bytes(32)).key)


@pytest.mark.parametrize("known_by", ["a later backup", "a file"])
def test_the_newest_ledger_counts(tmp_path: Path, known_by: str) -> None:
    """An older backup that is put back knows of what was erased and ended since: from a later backup's ledger, or from one that was kept alone."""
    chosen = settings(tmp_path)
    with lrs.open(chosen) as store:
        store.ingest([statement("ana")])
        store._projects_of("default").pseudonyms("research")
        old = store.backups.make()[0].name
        store._vault.request_erasure("default", [7], [b"k" * 16], at=5, until=2_000_000_000_000_000, counts={})
        store.end_project("research")
        if known_by == "a later backup":
            store.backups.make()
    file = tmp_path / "ledger" if known_by == "a file" else None
    if file:
        ledger.export(chosen, file, at=2_000_000_000_000_000)
    vault = Vault.open(put_back(chosen, tmp_path / "restored", name=old, ledger=file))
    assert [each.sids for each in vault.erasures()] == [(7,)]
    assert [(key, tenant) for tenant, key, _ in vault.suppressions()] == [(b"k" * 16, "default")]
    assert [row.sid for row in vault.projects("default")] == [None]
    vault.close()


@pytest.mark.parametrize("known_by", ["a later backup", "a file"])
def test_what_was_forbidden_since_stays_forbidden(tmp_path: Path, known_by: str) -> None:
    """Withdrawn consents, restrictions and objections count in what an older backup brings back, and what was lifted is lifted; the ledger tells of nobody."""
    chosen = settings(tmp_path)
    chosen.data.mkdir(exist_ok=True)
    (chosen.data / "policy.toml").write_text(POLICY, "utf-8")
    people = {name: {"mbox": f"mailto:{name}@canary.example.fr"} for name in ("ana", "ben", "cem", "dan", "eve")}
    with lrs.open(chosen) as store:
        notice = store.consent.notices.add("Un texte.", audience="user", language="fr", purpose="asked").digest
        for each in people.values():
            store.consent.give(each, "asked", notice=notice)
        store.ingest([statement(name) for name in people])
        old = store.backups.make()[0].name
        store.consent.withdraw(people["ana"], "asked")
        store.consent.restrict(people["ben"])
        store.consent.restrict(people["cem"])
        store.consent.lift(people["cem"])
        store.consent.object(people["dan"], "teaching")
        store.consent.give({"mbox": "mailto:later@canary.example.fr"}, "asked", notice=notice)
        store.consent.withdraw({"mbox": "mailto:later@canary.example.fr"}, "asked")
        seen = shown(store)
        if known_by == "a later backup":
            store.backups.make()
    file = tmp_path / "ledger" if known_by == "a file" else None
    if file:
        ledger.export(chosen, file, at=2_000_000_000_000_000)
    with lrs.open(put_back(chosen, tmp_path / "restored", name=old, ledger=file)) as store:
        assert shown(store) == seen == {"asked": ["cem", "dan", "eve"], "teaching": ["ana", "cem", "eve"]}
        last = store._vault.last_consent("default")
    with lrs.open(put_back(chosen, tmp_path / "again", name=old, ledger=file)) as store:
        assert store._vault.last_consent("default") == last


def shown(store: lrs.LRS) -> dict[str, list[str]]:
    """Whose statements each purpose sees."""
    return {
        purpose: sorted(
            each["actor"]["mbox"].removeprefix("mailto:").partition("@")[0]
            for each in store.query(purpose=purpose).statements
            if "mbox" in each["actor"]
        )
        for purpose in ("asked", "teaching")
    }


def test_a_ledger_that_was_altered_is_refused(tmp_path: Path) -> None:
    """One number less in the newest ledger, of whatever backup it is, and nothing is put back; nor without any ledger."""
    chosen = settings(tmp_path)
    with lrs.open(chosen) as store:
        store.ingest([statement("ana")])
        old = store.backups.make()[0].name
        store._vault.request_erasure("default", [77], [], at=5, until=9, counts={})
        new = store.backups.make()[0].name
    assert chosen.backup_vault is not None
    file = chosen.backup_vault / new / LEDGER_FILE
    kept = file.read_text("utf-8")
    file.write_text(kept.replace("77", "78"), "utf-8")
    with pytest.raises(TamperedData):
        put_back(chosen, tmp_path / "restored", name=old)
    with pytest.raises(TamperedData, match="no ledger"):
        ledger.newest([], open_keyring(chosen, create=False).signer.key)
    file.write_text(kept, "utf-8")
    put_back(chosen, tmp_path / "restored", name=old)


def test_an_ended_project_stays_ended(tmp_path: Path) -> None:
    """A project whose key was destroyed after the backup can't be ended again, for it has: its pseudonyms don't come back."""
    chosen = settings(tmp_path)
    with lrs.open(chosen) as store:
        store._projects_of("default").pseudonyms("research")
        old = store.backups.make()[0].name
        store.end_project("research")
        store.backups.make()
    with lrs.open(put_back(chosen, tmp_path / "restored", name=old)) as store, pytest.raises(NotFound):
        store.end_project("research")


def test_a_tenant_that_is_later_than_the_backup_is_no_hindrance(tmp_path: Path) -> None:
    """Erasures in a tenant that the backup does not know are not looked for in it: the store that was put back opens."""
    chosen = settings(tmp_path)
    with lrs.open(chosen) as store:
        store.ingest([statement("ana")])
        old = store.backups.make()[0].name
        store.credentials.add("platform", tenant="north")
        store._vault.request_erasure("north", [7], [b"k" * 16], at=5, until=2_000_000_000_000_000, counts={})
        store.erase({"mbox": "mailto:ana@canary.example.fr"})
        store.backups.make()
    with lrs.open(put_back(chosen, tmp_path / "restored", name=old)) as store:
        assert [each.tenant for each in store._vault.erasures()] == ["default"]
        assert {tenant for tenant, _, _ in store._vault.suppressions()} == {"default"}
