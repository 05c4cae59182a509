"""Stores of their own: ended by force, opened by others, compared with stores without the person, put back from a backup; on PostgreSQL too."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import lrs
from lrs.engine import LRS
from lrs.rights.consents import open_ledger
from lrs.settings import Settings
from lrs.storage.vault import Vault
from tests.consent.conftest import NOTICE, Clock, seen, write_policy
from tests.store.conftest import World
from tests.vault.databases import DATABASES, empty_vault

KILLED = """
import os, signal, sys
import lrs
from lrs.privacy.consent.mirror import Mirror
from lrs.storage.warehouse import Warehouse

def die(*_arguments, **_more):
    os.kill(os.getpid(), signal.SIGKILL)

store = lrs.open(sys.argv[1])
agent = {"mbox": sys.argv[3]}
if sys.argv[2] == "before":
    Warehouse.put_standings = die
store.consent.restrict(agent)
if sys.argv[2] == "after":
    store.query()
    die()
store.query()
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_was_recorded_counts_however_the_process_ended(tmp_path: Path, moment: str) -> None:
    """Killed between the ledger and its copy, or right after it; the next one to open the store sees neither more nor less."""
    world = World()
    write_policy(tmp_path)
    with lrs.open(tmp_path) as store:
        store.ingest([world.statement("ana"), world.statement("ben")])
    ana = world.person("ana")["mbox"]
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), moment, ana], check=False, capture_output=True, timeout=120)
    assert killed.returncode == -9, killed.stderr
    with lrs.open(tmp_path) as store:
        assert len(seen(store, world, "teaching")) == 1
        assert [each["actor"]["mbox"] for each in store.query(activity=world.activity).statements] == [world.person("ben")["mbox"]]


@pytest.mark.parametrize("database", DATABASES)
def test_counts_are_those_of_a_store_without_the_person(tmp_path: Path, database: str) -> None:
    """For a restriction, and for an objection in the purpose that it is about: by verb, activity, actor and day."""
    world, clock = World(), Clock()
    verbs = [{"id": f"https://verbs.example.fr/{n}"} for n in range(3)]
    actors: list[Any] = [
        *(world.person(name) for name in ("ana", "ben", "cleo")),
        world.group("team", world.person("ana"), world.person("ben")),
    ]
    statements = [
        world.statement(
            actors[n % 4], verb=verbs[n % 3], object={"id": f"{world.activity}/{n % 5}"}, context={"instructor": world.person("ana")}
        )
        for n in range(60)
    ]
    without = [each for each in statements if "ana" not in json.dumps(each["actor"])]

    def counted(settings: Settings, sent: list[Any], said: str, purpose: str) -> list[Any]:
        write_policy(settings.data)
        with LRS(settings, clock=clock) as store:
            store.ingest(sent)
            if said:
                getattr(store.consent, said)(world.person("ana"), *(["teaching"] if said == "object" else []))
            return [sorted(store.count(by, purpose=purpose), key=str) for by in ("verb", "activity", "actor", "day")]

    (tmp_path / "without").mkdir()
    expected = counted(Settings(data=tmp_path / "without"), without, "", "teaching")
    for said in ("restrict", "object"):
        (tmp_path / said).mkdir()
        assert counted(empty_vault(database, tmp_path / said), statements, said, "teaching") == expected


@pytest.mark.parametrize("database", DATABASES)
def test_the_ledger_can_be_written_beside_the_store(tmp_path: Path, database: str) -> None:
    """By a process that has the vault alone; numbers are given out in order, whoever writes."""
    settings, world = empty_vault(database, tmp_path), World()
    write_policy(tmp_path)
    with lrs.open(settings) as store:
        store.ingest([world.statement("ana"), world.statement("ben")])
        with open_ledger(settings) as ledger, open_ledger(settings) as other:
            notice = ledger.notices.add(NOTICE, audience="user", language="fr").digest
            assert other.notices.text(notice).text == NOTICE
            ledger.restrict(world.person("ana"))
            assert len(seen(store, world, "teaching")) == 1
            other.restrict(world.person("ben"))
            assert seen(store, world, "teaching") == []
            ledger.lift(world.person("ana"))
            assert len(seen(store, world, "teaching")) == 1
        assert store._vault.last_consent("default") == 3


def test_a_vault_that_was_put_back_is_what_counts(tmp_path: Path) -> None:
    """A copy in the warehouse that knows more than the vault is made anew; one that is empty too."""
    settings, world, clock = Settings(data=tmp_path), World(), Clock()
    write_policy(tmp_path)
    with LRS(settings, clock=clock) as store:
        store.ingest([world.statement("ana"), world.statement("ben")])
        store.consent.restrict(world.person("ana"))
        assert len(seen(store, world, "teaching")) == 1
    before = (tmp_path / "vault.sqlite").read_bytes()
    with LRS(settings, clock=clock) as store:
        store.consent.lift(world.person("ana"))
        store.consent.restrict(world.person("ben"))
        assert len(seen(store, world, "teaching")) == 1
    for log in tmp_path.glob("vault.sqlite-*"):
        log.unlink()
    (tmp_path / "vault.sqlite").write_bytes(before)
    with LRS(settings, clock=clock) as store:
        assert [each["actor"]["mbox"] for each in store.query(activity=world.activity).statements] == [world.person("ben")["mbox"]]
        store._warehouse.drop_standings("default")
    with LRS(settings, clock=clock) as store:
        assert [each["actor"]["mbox"] for each in store.query(activity=world.activity).statements] == [world.person("ben")["mbox"]]


def test_the_copy_is_caught_up_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them whole: one that fails leaves what came before it, and the next read goes on."""
    world, clock = World(), Clock()
    write_policy(tmp_path)
    monkeypatch.setattr("lrs.privacy.consent.mirror._AT_ONCE", 3)
    people = [f"p{n}" for n in range(10)]
    with LRS(Settings(data=tmp_path), clock=clock) as store:
        store.ingest([world.statement(name) for name in people])
        for name in people[:8]:
            store.consent.restrict(world.person(name))
        store.consent.lift(world.person("p0"))
        put, calls = store._warehouse.put_standings, []

        def fails_once(*arguments: Any, **more: Any) -> None:
            calls.append(arguments)
            if len(calls) == 2:
                raise lrs.StoreUnavailable("the warehouse can't answer")
            put(*arguments, **more)

        monkeypatch.setattr(store._warehouse, "put_standings", fails_once)
        with pytest.raises(lrs.StoreUnavailable):
            store.query(activity=world.activity)
        assert len(seen(store, world, "teaching")) == 3
        assert len(calls) > 3


def test_a_copy_for_the_person_has_what_they_said(tmp_path: Path) -> None:
    """With the text that they were shown; an erasure leaves nothing of it in the files of the vault."""
    world, data = World(), tmp_path / "data"
    write_policy(data)
    with lrs.open(data) as store:
        notice = store.consent.notices.add(NOTICE, audience="user", language="fr").digest
        store.consent.give(world.person("ana"), "research", notice=notice)
        store.consent.restrict(world.person("ana"))
        (identifier,) = store.ingest(world.statement())
        store.subjects.export(world.person("ana"), tmp_path / "ana.zip")
        with zipfile.ZipFile(tmp_path / "ana.zip") as found:
            records = json.loads(found.read("consents.jsonld"))["@graph"]
            assert str(identifier).encode() in found.read("statements.jsonl")
        assert [each["@type"] for each in records] == ["dpv:ConsentRecord", "dpv:RightExerciseRecord"]
        assert records[0]["dpv:hasNotice"]["dct:description"] == NOTICE
        store.erase(world.person("ana"), despite_restriction=True)
    vault = Vault.open(Settings(data=data))
    assert vault.consenting("default", after=0, limit=10) == (frozenset(), 2)
    vault.close()
