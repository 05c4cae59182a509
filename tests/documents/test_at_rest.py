"""Documents as they lie in the vault: sealed, bound to their place, readable as long as their owner's key is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import lrs
from lrs.crypto.keyring import TenantKeys
from lrs.crypto.providers import open_keyring
from lrs.documents import Documents
from lrs.privacy.audit import open_trail
from lrs.privacy.rotation import Rotation
from lrs.settings import Settings
from lrs.storage.vault import Vault
from lrs.xapi.walk import ifi_of
from tests.documents.conftest import shelf_of
from tests.documents.room import documents as documents_of


def test_documents_survive_a_restart(tmp_path: Path, activity: str, agent: dict[str, Any]) -> None:
    """Through the door of the package, as the program that opened the store; two tenants share nothing."""
    with lrs.open(tmp_path) as store:
        store.documents.state(activity, agent).put("x", {"a": 1})
        store.documents.activity_profile(activity).put("x", b"1", if_none_match="*")
    with lrs.open(tmp_path) as store:
        assert store.documents.state(activity, agent).get("x").content == b'{"a":1}'
        assert store.documents.activity_profile(activity).listing().ids == ["x"]
        store.credentials.add("other", tenant="other", username="o", password="o", scopes=("all",))
        other = store.authenticate("o", "o")
        assert store.documents.state(activity, agent, principal=other).listing().ids == []
        assert store.documents.activity_profile(activity, principal=other).listing().ids == []
        store.documents.activity_profile(activity, principal=other).put("x", b"2", if_none_match="*")
        assert store.documents.activity_profile(activity).get("x").content == b"1"


@pytest.mark.parametrize("column", ["content", "name"])
def test_a_document_that_was_moved_does_not_open(
    column: str, kind: str, vault: Vault, documents: Documents, activity: str, agent: Any
) -> None:
    """Not even to another document of the same owner."""
    shelf = shelf_of(documents, kind, activity, agent)
    shelf.post("one", {"a": 1})
    shelf.post("two", {"a": 2})
    index = documents._sealed("default")
    owner = index._owners.find(shelf._context)
    one, two = (index._key(owner, shelf._context, name) for name in ("one", "two"))
    rows = {key: vault.document("default", key) for key in (one, two)}
    with vault._write() as connection:
        change = {
            "content": "UPDATE document SET content = :new WHERE key = :key",
            "name": "UPDATE document SET name = :new WHERE key = :key",
        }
        connection.execute(text(change[column]), {"new": getattr(rows[one], column), "key": two})
    with pytest.raises(lrs.TamperedData):
        shelf.get("two") if column == "content" else shelf.listing()
    vault.remove_document("default", two, lambda _: None)


def test_documents_stay_readable_when_keys_rotate(settings: Settings, vault: Vault, activity: str, agent: dict[str, Any]) -> None:
    """A person's and the tenant's: new ones meanwhile, and all of them once the old key is destroyed."""
    running = documents_of(vault, settings)
    for kind in ("state", "activity profile"):
        shelf_of(running, kind, activity, agent).post("before", {"a": 1})
    keys = open_keyring(settings, create=False).tenant("default")
    rotation = Rotation("default", keys, vault, open_trail(settings, clock=lambda: 1))
    old = keys.current_epoch
    vault.check_keyring("default", keys.check)
    rotation.begin()
    list(rotation.rewrap())
    rotation.destroy(old)
    running.forget()
    stranger = {"mbox": "mailto:new-after-rotation@example.fr"}
    for after in (running, documents_of(vault, settings)):
        after.agent_profile(stranger).post("after", {"a": 1})
        for kind in ("state", "activity profile"):
            shelf = shelf_of(after, kind, activity, agent)
            shelf.post("after", {"a": 1})
            assert sorted(shelf.listing().ids) == ["after", "before"]
            assert {shelf.get(name).content for name in shelf.listing().ids} == {b'{"a":1}'}


def test_without_its_person_a_document_is_gone_at_once(vault: Vault, documents: Documents, activity: str, agent: dict[str, Any]) -> None:
    """Whichever process erased them: nothing in memory shows it any longer."""
    shelf = documents.state(activity, agent)
    shelf.post("x", {"a": 1})
    assert shelf.get("x").content == b'{"a":1}'
    erase(vault, documents._keys("default"), agent)
    with pytest.raises(lrs.NotFound):
        shelf.get("x")
    assert shelf.listing().ids == []
    shelf.post("x", {"b": 2})
    assert shelf.get("x").content == b'{"b":2}'


def test_a_read_under_way_brings_no_key_back(
    vault: Vault, documents: Documents, activity: str, agent: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that is forgotten while it is being used is not remembered."""
    shelf = documents.state(activity, agent)
    shelf.post("x", {"a": 1})
    documents.forget()
    shelf.get("x")
    owners = documents._sealed("default")._owners
    assert len(owners._deks) == 1
    subjects = vault.subjects

    def forgotten_meanwhile(*arguments: Any) -> Any:
        found = subjects(*arguments)
        documents.forget()
        return found

    monkeypatch.setattr(vault, "subjects", forgotten_meanwhile)
    assert shelf.get("x").content == b'{"a":1}'
    assert owners._deks == {}


def erase(vault: Vault, keys: TenantKeys, agent: dict[str, Any]) -> None:
    """Take a person out of the vault by hand."""
    index = keys.blind_index(ifi_of(agent))
    sid = vault.subjects("default", [index])[index][0]
    signed = sid - (1 << 64) if sid >= 1 << 63 else sid
    with vault._write() as connection:
        for change in (
            "DELETE FROM document WHERE sid = :sid",
            "DELETE FROM variant WHERE sid = :sid",
            "DELETE FROM identifier WHERE sid = :sid",
            "DELETE FROM subject WHERE sid = :sid",
        ):
            connection.execute(text(change), {"sid": signed})
