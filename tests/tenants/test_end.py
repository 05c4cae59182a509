"""What a tenant gets back, and its end."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest
from sqlalchemy import select

import lrs
from lrs.access import Principal, Scope
from lrs.crypto.providers import open_keyring
from lrs.errors import ConfigurationError, KeyUnavailable, LRSError, TamperedData
from lrs.privacy.receipts import facts_of
from lrs.settings import Settings
from lrs.storage.vault import Vault, schema
from tests.backup.stores import holding, put_back, settings, statement
from tests.vault.databases import empty_vault

CONTENT = b"attached canary"
SHA2 = hashlib.sha256(CONTENT).hexdigest()
STATE = {"activity": "https://lms.example.fr/a", "agent": {"mbox": "mailto:ana@canary.example.fr"}}
VOIDED = "6b2f9b2e-2c68-4d0e-9c7c-1f6d5d6a1c11"


def of(store: lrs.LRS, tenant: str) -> Principal:
    """Whoever may do everything in a tenant."""
    if not any(row.tenant == tenant for row in store.credentials.list()):
        store.credentials.add("platform", tenant=tenant, scopes=(Scope.ALL.value,))
    return attrs.evolve(store.owner, tenant=tenant)


def fill(store: lrs.LRS, tenant: str) -> None:
    """Statements, one of them voided, an attachment, and documents of every kind."""
    principal = of(store, tenant)
    store.ingest([statement("ana", n) | {"id": VOIDED} if n == 0 else statement(f"p{n}", n) for n in range(5)], principal=principal)
    void = {"id": "http://adlnet.gov/expapi/verbs/voided"}
    store.ingest([statement("ana") | {"verb": void, "object": {"objectType": "StatementRef", "id": VOIDED}}], principal=principal)
    attachment = {
        "usageType": "http://id.tincanapi.com/attachment/supporting_media",
        "display": {"en": "x"},
        "contentType": "text/plain",
        "length": len(CONTENT),
        "sha2": SHA2,
    }
    store.ingest([statement("ana", 9) | {"attachments": [attachment]}], attachments={SHA2: CONTENT}, principal=principal)
    store.documents.state(**STATE, principal=principal).put("progress", {"page": 7})
    store.documents.agent_profile(STATE["agent"], principal=principal).put("cv", b"\xff\x00canary", if_none_match="*")
    store.documents.activity_profile(STATE["activity"], principal=principal).put("plan", {"weeks": 6}, if_none_match="*")


def given_back(store: lrs.LRS, tenant: str) -> tuple[zipfile.ZipFile, str]:
    """What a tenant gets back, and the receipt of it."""
    file = io.BytesIO()
    note = store.tenants.give_back(tenant, file)
    return zipfile.ZipFile(file), note


def lines(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in archive.read(name).splitlines()]


def statements(archive: zipfile.ZipFile) -> list[dict[str, Any]]:
    """All statements, without what the store that they are in says of them."""
    found = [each for name in sorted(archive.namelist()) if name.startswith("statements/") for each in lines(archive, name)]
    return [{key: value for key, value in each.items() if key not in ("stored", "authority")} for each in found]


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a store with two tenants beside its own."""
    made = settings(tmp_path_factory.mktemp("tenants"))
    with lrs.open(made) as store:
        for tenant in ("north", "south", "default"):
            fill(store, tenant)
    return made


def test_a_tenant_gets_everything_back(chosen: Settings) -> None:
    """Statements, voided ones too, attachments, documents, persons in clear and credentials without secrets; the manifest says what each file is."""
    with lrs.open(chosen) as store:
        archive, note = given_back(store, "north")
        secrets = [row.secret for row in store._vault.credentials()]
    assert len(statements(archive)) == 7
    assert VOIDED in {each["id"] for each in statements(archive)}
    assert archive.read(f"attachments/{SHA2}") == CONTENT
    documents = {each["id"]: each for each in lines(archive, "documents.jsonl")}
    assert {name: base64.b64decode(each["content"]) for name, each in documents.items()} == {
        "progress": b'{"page":7}',
        "cv": b"\xff\x00canary",
        "plan": b'{"weeks":6}',
    }
    assert documents["progress"]["agent"]["mbox"] == STATE["agent"]["mbox"]
    assert documents["plan"]["agent"] is None
    people = [spelled for each in lines(archive, "persons.jsonl") for spelled in each["spellings"]]
    assert {f"mailto:p{n}@canary.example.fr" for n in range(1, 5)} < {each.get("mbox") for each in people}
    assert [each["name"] for each in lines(archive, "credentials.jsonl")] == ["platform"]
    assert not any(secret.encode() in archive.read(name) for name in archive.namelist() for secret in secrets)
    facts = facts_of(note, open_keyring(chosen, create=False).signer.key)
    assert facts["manifest"] == hashlib.sha256(archive.read("manifest.json")).hexdigest()
    listed = msgspec.json.decode(archive.read("manifest.json"))
    assert {name: hashlib.sha256(archive.read(name)).hexdigest() for name in listed} == {name: sha2 for name, (_, sha2) in listed.items()}
    assert set(archive.namelist()) - set(listed) == {"manifest.json", "receipt.txt"}
    assert (facts["statements"], facts["documents"], facts["attachments"]) == (7, 3, 1)


def test_what_is_given_back_can_be_taken_in_elsewhere(chosen: Settings, tmp_path: Path) -> None:
    """Taken into a fresh store, it is what it was: the same statements, documents and attachments come out of that one."""
    with lrs.open(chosen) as store:
        archive, _ = given_back(store, "north")
    with lrs.open(settings(tmp_path)) as store:
        taken_in = store.tenants.take_in(archive, principal=of(store, "copy"))
        again, _ = given_back(store, "copy")
        assert store.tenants.take_in(archive, principal=of(store, "copy")) == taken_in
    assert taken_in == {"statements": 7, "documents": 3}
    assert statements(again) == statements(archive)
    assert again.read(f"attachments/{SHA2}") == CONTENT

    def described(each: zipfile.ZipFile) -> list[dict[str, Any]]:
        return sorted(({**line, "updated": None} for line in lines(each, "documents.jsonl")), key=lambda line: line["id"])

    assert described(again) == described(archive)


def test_the_end_of_a_tenant_is_its_end(tmp_path: Path) -> None:
    """Keys, rows and credentials are gone, others' are as they were; nobody gets in for it; its name is not given again; the certificate is true."""
    made = settings(tmp_path)
    with lrs.open(made) as store:
        for tenant in ("north", "south"):
            fill(store, tenant)
        south, _ = given_back(store, "south")
        before = statements(south)
        _, returned = given_back(store, "north")
        north = of(store, "north")
        note = store.tenants.end("north", returned=returned)
        assert facts_of(note, store._keyring.signer.key)["manifest"] == facts_of(returned, store._keyring.signer.key)["manifest"]
        for refused in (lambda: store.ingest([statement("ana")], principal=north), lambda: store.credentials.add("new", tenant="north")):
            with pytest.raises((KeyUnavailable, ConfigurationError)):
                refused()
        assert statements(given_back(store, "south")[0]) == before
        assert store.tenants.end("north", returned=None)
    assert open_keyring(made, create=False).tenants == ("default", "south")
    vault = Vault.open(made)
    with vault._read() as connection:
        for table in schema.metadata.sorted_tables:
            if "tenant" in table.c:
                assert "north" not in set(connection.scalars(select(table.c.tenant))), table.name
    assert {row.name: row.ended is None for row in vault.tenant_rows()} == {"default": True, "north": False, "south": True}
    vault.close()
    # The engine keeps the texts of deletions, which name the tenant alone.
    assert [file for file in holding(made.data / "warehouse" / "store", "north") if "/mutation_" not in file] == []
    with lrs.open(made) as store:
        assert statements(given_back(store, "south")[0]) == before


def test_every_table_knows_its_tenant() -> None:
    """What names no tenant would stay when one ends: each table has a column for it, or is known to say nothing of one."""
    without = {table.name for table in schema.metadata.sorted_tables if "tenant" not in table.c}
    assert without == {"vault", "tenant", "erased", "clock", "claim"}


def test_who_is_ended_is_asked_for(chosen: Settings) -> None:
    """The tenant of the settings, one that is not there, and a receipt that is another's or altered are refused, and nothing has happened."""
    with lrs.open(chosen) as store:
        _, south = given_back(store, "south")
        for name, returned in (("default", None), ("nobody", None), ("north", south), ("north", "x\n\ny")):
            with pytest.raises((ConfigurationError, TamperedData)):
                store.tenants.end(name, returned=returned)
        assert [row.ended for row in store.tenants.all()] == [None, None, None]
        assert len(statements(given_back(store, "north")[0])) == 7


@pytest.mark.parametrize("stopped_at", ["remove_tenant", "drop_tenant", "scrub", "warehouse"])
def test_an_end_that_is_stopped_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped_at: str) -> None:
    """Stopped after any step, nobody gets in any more, the others can work, and the second call comes through."""
    made = settings(tmp_path)

    def stop(*_arguments: object) -> None:
        raise RuntimeError("stopped")

    with lrs.open(made) as store:
        fill(store, "north")
        with monkeypatch.context() as patched:
            if stopped_at == "remove_tenant":
                patched.setattr("lrs.tenants.tenants.remove_tenant", stop)
            else:
                patched.setattr(
                    store._warehouse if stopped_at == "warehouse" else store._vault, stopped_at.replace("warehouse", "drop_tenant"), stop
                )
            with pytest.raises(RuntimeError):
                store.tenants.end("north", returned=None)
    with lrs.open(made) as store:
        store.ingest([statement("zoe")])
        with pytest.raises(LRSError):
            store.credentials.add("new", tenant="north")
        store.tenants.end("north", returned=None)
        assert store._warehouse.everything("north", after=0, limit=1, now=0) == []
    assert open_keyring(made, create=False).tenants == ("default",)


def test_a_backup_from_before_does_not_bring_it_back(tmp_path: Path) -> None:
    """An older backup needs keys that are destroyed; put back with the keys of its own day, the tenant ends again before anything is served."""
    made = settings(tmp_path)
    with lrs.open(made) as store:
        fill(store, "north")
        fill(store, "default")
        old = store.backups.make()[0].name
        store.tenants.end("north", returned=None)
        store.backups.make()
    assert made.backup_keys is not None
    for keys in ("of that day", "deleted"):
        if keys == "deleted":
            (made.backup_keys / old).rename(tmp_path / "aside")
        restored = put_back(made, tmp_path / keys, name=old)
        assert open_keyring(restored, create=False).tenants == ("default",)
        with lrs.open(restored) as store:
            assert {row.name: row.ended is None for row in store.tenants.all()} == {"default": True, "north": False}
            assert len(statements(given_back(store, "default")[0])) == 7
            assert store._warehouse.everything("north", after=0, limit=1, now=0) == []
    assert holding(tmp_path / "backups", "canary") == []


def test_an_old_vault_is_closed_for_ever(tmp_path: Path) -> None:
    """Whoever has the backups of statements and vault from before the end, and every key of today, can unwrap none of the tenant's keys."""
    made = settings(tmp_path)
    with lrs.open(made) as store:
        fill(store, "north")
        secrets = open_keyring(made, create=False).tenant("north")
        old = store.backups.make()[1].name
        store.tenants.end("north", returned=None)
    copy = Vault.open(Settings(data=tmp_path, vault=f"sqlite:///{made.backup_vault}/{old}/vault.sqlite"))
    found = dict(copy.older_keys("north", 2, after=None, limit=100))
    copy.close()
    assert len(secrets.deks(found)) == len(found) > 0
    with pytest.raises(KeyUnavailable):
        open_keyring(made, create=False).tenant("north")
    # Another tenant's keys open none of them either.
    other = open_keyring(made, create=False).tenant("default")
    for sid, key in found.items():
        with pytest.raises(TamperedData):
            other.dek(sid, key.epoch, key.wrapped, key.check)


def test_a_tenant_ends_in_a_vault_on_a_server(tmp_path: Path) -> None:
    """With PostgreSQL too, everything is given back, and nothing is left of the tenant afterwards."""
    chosen = attrs.evolve(empty_vault("postgresql", tmp_path), data=tmp_path / "data")
    with lrs.open(chosen) as store:
        for tenant in ("north", "default"):
            fill(store, tenant)
        archive, returned = given_back(store, "north")
        store.tenants.end("north", returned=returned)
        assert len(statements(archive)) == len(statements(given_back(store, "default")[0])) == 7
        assert store._vault.credentials("north") == []
        assert {row.name: row.people > 0 for row in store.tenants.all()} == {"default": True, "north": False}
