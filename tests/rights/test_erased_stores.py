"""Erasures and what is left in a store: its bytes, its time, its backups, its targets."""

from __future__ import annotations

import io
import json
import logging
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

import lrs
from lrs.settings import Settings
from lrs.storage.contract import DeadLetter
from tests.promises.test_canary import bytes_below, found_in, warehouse_text
from tests.rights.erasing import STUB_REFERENCE, OnePerson, everything, join, person, put, sids, statement, without
from tests.rights.standing import ANA, ATTACHED, ESSAY, HERS, OTHERS, VOIDING, fill
from tests.storage.engines import server, server_settings
from tests.vault.databases import empty_vault

DAY = 86_400_000_000


def test_no_canary_is_left_anywhere(tmp_path: Path) -> None:
    """Every identifier in every place: nothing of her is in a byte of the data, in a log or in an answer; all others' statements are as they were."""
    corpus, logs = OnePerson("erasure"), io.StringIO()
    handler, root = logging.StreamHandler(logs), logging.getLogger()
    root.addHandler(handler)
    level = root.level
    root.setLevel(1)
    sent = list(corpus.everywhere())
    own = [statement(corpus.hers["openid"], result={"response": f"je suis {corpus.mark('her answer')}"})]
    activity = {"id": f"https://lms.example.fr/{corpus.mark('her activity')}", "definition": {"name": {"fr": corpus.mark("its name")}}}
    own.append(statement(corpus.hers["account"], object=activity))
    with lrs.open(tmp_path) as store:
        for version, statements in [*sent, ("1.0.3", own)]:
            store.ingest(statements, version=version)
        for agent in corpus.hers.values():
            shelf = store.documents.agent_profile(agent)
            shelf.put("p", b"profile", if_none_match="*")
        join(store, *(corpus.hers[kind] for kind in ("mbox", "openid", "account")))
        before = everything(store)
        hidden = hidden_bytes(store, corpus)
        contents = [content for _, content in bytes_below(tmp_path)]
        assert all(any(betrays(content, pieces) for content in contents) for pieces in hidden)
        planned = store.erase(corpus.hers["mbox"], dry_run=True)
        assert everything(store) == before
        outcome = store.erase(corpus.hers["mbox"])
        assert {name: number for name, number in outcome.counts.items() if name != "told"} == {
            name: number for name, number in planned.counts.items() if name != "told"
        }
        assert (outcome.counts["documents"], outcome.counts["subjects"]) == (4, 4)
        after = everything(store)
        assert all(json.loads(before[each])["actor"] in corpus.hers.values() for each in before.keys() - after.keys())
        assert len(before.keys() - after.keys()) == outcome.counts["statements"] > len(own)
        assert after == {each: without(before[each], *corpus.hers.values()) for each in after}
        shown = b"".join(after.values()) + outcome.receipt.encode() + repr(store.erasures.receipts("default")).encode()
        assert not found_in(shown, corpus.her_markers)
        assert not any(sids(store, agent) for agent in corpus.hers.values())
        for path, content in bytes_below(tmp_path):
            assert not found_in(content, corpus.markers), path
            assert not [pieces for pieces in hidden if betrays(content, pieces)], path
    for path, content in bytes_below(tmp_path):
        assert not [pieces for pieces in hidden if betrays(content, pieces)], path
    assert not found_in(warehouse_text(tmp_path), corpus.markers)
    root.removeHandler(handler)
    root.setLevel(level)
    assert not found_in(logs.getvalue().encode(), corpus.markers)


def hidden_bytes(store: lrs.LRS, corpus: OnePerson) -> list[set[bytes]]:
    """What stands for her on the disk: wrapped keys, blind indexes, sealed spellings and documents, numbers. Each as the pieces that betray it."""
    found = []
    for agent in corpus.hers.values():
        for sid in sids(store, agent):
            found += [{store._vault.keys("default", [sid])[sid].wrapped}, pieces_of(sid.to_bytes(8, "little"))]
            found += [{part} for spelling in store._vault.spellings("default", sid) for part in spelling]
    return found


def betrays(content: bytes, pieces: set[bytes]) -> bool:
    return any(piece in content for piece in pieces)


def pieces_of(number: bytes) -> set[bytes]:
    """Any six bytes in a row of eight: when what stands before or after a number was met before, LZ4 may take a byte of the number with it."""
    return {number[start : start + 6] for start in range(3)}


def test_she_is_somebody_new_when_the_time_is_over(tmp_path: Path) -> None:
    """Once suppression has ended its keys are gone, and whoever comes back gets another number."""
    now = [1_790_000_000_000_000]
    ana, ben = person("ana"), person("ben")
    hers = statement(ana)
    with lrs.LRS(Settings(data=tmp_path, suppression_days=2), clock=lambda: now[0]) as store:
        put(store, hers, statement(ben))
        (number,) = sids(store, ana)
        store.erase(ana)
        now[0] += 2 * DAY - 10_000_000
        put(store, hers)
        assert not sids(store, ana)
        assert store._vault.suppressions()
        now[0] += 20_000_000
        put(store, hers)
        assert [json.loads(body)["actor"] for body in store.query(agent=ana).bodies] == [ana]
        assert sids(store, ana) != (number,)
        assert not store._vault.suppressions()


def test_a_restored_backup_brings_nobody_back(tmp_path: Path) -> None:
    """The vault and the warehouse of yesterday with the ledger of today: whoever was erased since is gone before anything is served, others are there."""
    data, backup = tmp_path / "data", tmp_path / "backup"
    ana, ben, eva = person("ana"), person("ben"), person("eva")
    hers, his = statement(ana), statement(ben, context={"instructor": ana})
    with lrs.open(data) as store:
        put(store, hers, his, statement(eva))
        store.documents.agent_profile(ana).put("p", b"x", if_none_match="*")
        store.erase(eva)
    shutil.copytree(data, backup, symlinks=True)
    with lrs.open(data) as store:
        store.erase(ana)
        expected = everything(store)
        receipts = [each.receipt for each in store.erasures.receipts("default")]
        ledger = store._vault.erasures(), store._vault.suppressions()
    with lrs.open(backup) as store:
        assert everything(store, agent=ana)
        store._vault.restore_ledger(*ledger)
    with lrs.open(backup) as store:
        assert everything(store) == expected
        assert not sids(store, ana)
        assert [each.receipt for each in store.erasures.receipts("default")] == receipts
        put(store, hers)
        assert everything(store) == expected


def test_targets_are_told(tmp_path: Path) -> None:
    """A store that was given statements has a notice waiting for each that was deleted."""
    (tmp_path / "forward.toml").write_text(
        '[targets.ministry]\nurl = "https://other.example/xapi"\nview = "identified"\nerasure = "void"\n', "utf-8"
    )
    ana = person("ana")
    with lrs.open(tmp_path) as store:
        put(store, statement(ana), statement(ana), statement(person("ben")))
        with store._warehouse._sessions.reader() as session:
            stored = [time for (time,) in session.query("SELECT toUnixTimestamp64Micro(stored) FROM statements ORDER BY stored", {})]
        letters = [DeadLetter(time, "conflict", 1) for time in stored]
        store._vault.advance("default", "ministry", store._times.consistent_through(), letters)
        outcome = store.erase(ana)
        assert outcome.counts["told"] == 2
        assert [each.notices for each in store.forwarding.standing()] == [2]
        # A letter names a statement by its time, which would be a trace of it.
        assert store._vault.dead_letters("default", "ministry") == letters[2:]


def test_a_wrong_file_of_targets_stops_it_before_anything_is_done(tmp_path: Path) -> None:
    """Whoever could not be told is not left out: the file is read first."""
    ana = person("ana")
    with lrs.open(tmp_path) as store:
        put(store, statement(ana))
        (tmp_path / "forward.toml").write_text("[targets.ministry]\n", "utf-8")
        with pytest.raises(lrs.ConfigurationError):
            store.erase(ana)
        assert everything(store, agent=ana)
        assert store.erasures.receipts("default") == []


@pytest.mark.parametrize("kind", ["ClickHouse server", "PostgreSQL"])
def test_an_erasure_over_a_network(kind: str, tmp_path: Path) -> None:
    """With the warehouse on a server, or the vault, all is as it is embedded: nothing of her is left, others are as they were, late batches change nothing."""
    with ExitStack() as opened:
        if kind == "PostgreSQL":
            settings = empty_vault("postgresql", tmp_path)
        else:
            address, _ = opened.enter_context(server(tmp_path / "engine"))
            settings = server_settings(address, tmp_path / "data")
        store = opened.enter_context(lrs.open(settings))
        fill(store)
        before, hers = everything(store), {each["id"] for each in (*HERS, *VOIDING)}
        (number,) = sids(store, ANA)
        outcome = store.erase(ANA)
        assert (outcome.counts["statements"], outcome.counts["voiding"], outcome.counts["others"]) == (3, 1, 2)
        left = {each: body for each, body in everything(store).items() if each in before}
        stubbed = {each: without(body, ANA) for each, body in before.items() if each not in hers}
        assert left == {each: body.replace(HERS[0]["id"].encode(), STUB_REFERENCE.encode()) for each, body in stubbed.items()}
        put(store, *HERS, *OTHERS, attachments={ATTACHED["sha2"]: ESSAY})
        assert {each: body for each, body in everything(store).items() if each in before} == left
        assert set(store._vault.kept("default", [number]).values()) == {0}
    assert not [path for path, content in bytes_below(tmp_path) if found_in(content, ["canari"])]
