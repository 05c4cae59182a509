"""A name or an identifier that was wrong is shown nowhere any more, and no statement was touched (EXA-1)."""

from __future__ import annotations

import hashlib
import json
import secrets
from itertools import count, permutations
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import lrs
from lrs.access import View
from lrs.errors import Conflict, InvalidRequest, NotFound
from lrs.privacy.projects import Projects
from lrs.privacy.reveal import Revealer
from lrs.storage.contract import IndexTaken, NewVariant
from lrs.xapi.walk import ifi_of
from tests.promises.test_canary import found_in
from tests.rights.conftest import statement
from tests.rights.planting import entry, given, lines

_numbers = count(1)


class Somebody:
    """A person whom no other test knows, once right and once wrong."""

    def __init__(self) -> None:
        n = next(_numbers)
        self.wrong = {"name": f"CanariFaux{n} Dupon", "mbox": f"mailto:canari.faux{n}@example.fr"}
        self.right = f"Élodie{n} Dupont"
        self.mailbox = {"mbox": f"mailto:elodie{n}@example.fr"}
        self.markers = [f"CanariFaux{n}", f"canari.faux{n}"]


@pytest.fixture
def who() -> Somebody:
    return Somebody()


def rows(store: lrs.LRS) -> str:
    """A digest of every value of every statement in the warehouse."""
    with store._warehouse._sessions.reader() as session:
        found = session.query("SELECT * FROM statements ORDER BY stored", {}, texts=False)
    return hashlib.sha256(repr(found).encode()).hexdigest()


def everything(store: lrs.LRS, agent: dict[str, Any], tmp_path: Path) -> bytes:
    """Whatever any read shows of somebody: pages in each format, the Person object, counts by actor, the file for the person."""
    pages = [body for form in ("exact", "ids", "canonical") for body in store.query(agent=agent, related_agents=True, format=form).bodies]
    shown = [store.person(agent), store.count("actor"), [page.statements for page in store.export(agent=agent)]]
    return b"".join([*pages, json.dumps(shown, ensure_ascii=False).encode(), *given(store, agent, tmp_path).values()])


def test_a_corrected_name_is_in_every_read_and_no_statement_changed(store: lrs.LRS, who: Somebody, tmp_path: Path) -> None:
    """The right name stands wherever a wrong one stood, however it was spelled, in every place; the rows are what they were, byte for byte."""
    other = {"name": "CANARIFAUX", "mbox": who.wrong["mbox"], "objectType": "Agent"}
    unnamed = {"mbox": who.wrong["mbox"]}
    store.ingest([statement(who.wrong), statement({"mbox": "mailto:t@example.fr"}, context={"instructor": other}), statement(unnamed)])
    before = rows(store)
    assert found_in(everything(store, unnamed, tmp_path), ["CanariFaux"])
    store.subjects.rectify(unnamed, name=who.right)
    shown = everything(store, unnamed, tmp_path)
    assert not found_in(shown, [who.markers[0], "CanariFaux "])
    assert shown.count(who.right.encode()) > 5
    assert rows(store) == before
    assert [each["actor"] for each in store.query(agent=unnamed, ascending=True).statements] == [{**who.wrong, "name": who.right}, unnamed]


def test_a_wrong_name_that_comes_again_is_corrected_and_a_new_one_is_not(store: lrs.LRS, who: Somebody, tmp_path: Path) -> None:
    """In the same spelling, in another, in capitals; a name that nobody said was wrong is shown as it came."""
    store.ingest(statement(who.wrong))
    store.subjects.rectify(who.wrong, name=who.right)
    mailbox = who.wrong["mbox"]
    late = [
        who.wrong,
        {"mbox": mailbox, "name": who.wrong["name"]},
        {"mbox": mailbox, "name": who.wrong["name"].upper(), "objectType": "Agent"},
    ]
    store.ingest([statement(agent) for agent in late])
    assert not found_in(everything(store, {"mbox": mailbox}, tmp_path), who.markers[:1])
    store.ingest(statement({"mbox": mailbox, "name": "Madame Nouveau"}))
    assert "Madame Nouveau" in store.person({"mbox": mailbox})["name"]


def test_a_replay_is_still_recognised(store: lrs.LRS, who: Somebody) -> None:
    """What was stored before a correction and is sent again, byte for byte, is no conflict, and is not stored twice."""
    body = json.dumps(statement(who.wrong, id=str(uuid4()))).encode()
    store.ingest(body)
    store.subjects.rectify(who.wrong, name=who.right)
    store.subjects.rectify(who.wrong, to=who.mailbox)
    store.ingest(body)
    assert len(store.query(agent=who.mailbox).statements) == 1


def test_a_name_can_be_corrected_again_and_back(store: lrs.LRS, who: Somebody) -> None:
    """The last correction counts, for all names that were ever wrong; what was wrong may turn out to be right."""
    store.ingest(statement(who.wrong))
    late = {"mbox": who.wrong["mbox"], "name": who.wrong["name"], "objectType": "Agent"}
    for name, order in zip((who.right, "Troisième", who.wrong["name"]), permutations(late), strict=False):
        store.subjects.rectify(who.wrong, name=name)
        store.ingest(statement({key: late[key] for key in order}))
        assert store.person({"mbox": who.wrong["mbox"]})["name"] == [name]


def test_a_corrected_identifier_is_in_every_read_and_both_find_the_person(store: lrs.LRS, who: Somebody, tmp_path: Path) -> None:
    """The wrong identifier is shown nowhere, the right one finds everything; so does the wrong one, which some platform still sends."""
    store.ingest([statement(who.wrong), statement({"mbox": "mailto:t@example.fr"}, object={**who.wrong, "objectType": "Agent"})])
    store.documents.state("https://lms.example.fr/a", who.wrong).put("bookmark", b"page 3")
    before = rows(store)
    store.subjects.rectify(who.wrong, to=who.mailbox)
    assert rows(store) == before
    late = {"objectType": "Agent", "mbox": who.wrong["mbox"]}
    store.ingest([statement(late), statement(who.mailbox)])
    for agent in (who.mailbox, {"mbox": who.wrong["mbox"]}):
        shown = everything(store, agent, tmp_path)
        assert not found_in(shown, who.markers[1:])
        assert len(store.query(agent=agent).statements) == 4
        assert store.person(agent)["mbox"] == [who.mailbox["mbox"]]
        assert store.documents.state("https://lms.example.fr/a", agent).get("bookmark").content == b"page 3"
    digest = {"mbox_sha1sum": hashlib.sha1(who.mailbox["mbox"].encode(), usedforsecurity=False).hexdigest()}
    assert len(lines(given(store, digest, tmp_path)["statements.jsonl"])) == 4


def test_an_identifier_may_become_one_of_another_type(store: lrs.LRS, who: Somebody) -> None:
    """A mailbox becomes an account, in the place where it stood, and the name stays."""
    account = {"account": {"homePage": "https://lms.example.fr", "name": f"elodie-{secrets.token_hex(4)}"}}
    store.ingest(statement(who.wrong))
    store.subjects.rectify(who.wrong, to=account)
    (found,) = store.query(agent=account).statements
    assert found["actor"] == {"name": who.wrong["name"], **account}
    assert list(found["actor"]) == ["name", "account"]


def test_somebody_elses_identifier_is_refused_unless_they_are_joined(store: lrs.LRS, who: Somebody) -> None:
    """Two people never become one by a typing error; two identifiers of one person may be shown as the right one."""
    store.ingest([statement(who.wrong), statement(who.mailbox)])
    with pytest.raises(Conflict) as refused:
        store.subjects.rectify(who.wrong, to=who.mailbox)
    assert not found_in(f"{refused.value!r} {refused.value.hint}".encode(), who.markers)
    store.subjects.join(who.wrong, who.mailbox)
    store.subjects.rectify(who.wrong, to=who.mailbox)
    assert [each["actor"]["mbox"] for each in store.query(agent=who.wrong).statements] == [who.mailbox["mbox"]] * 2


def test_a_name_is_corrected_under_all_identifiers_of_the_person(store: lrs.LRS, who: Somebody) -> None:
    """Who was joined, and who came by the SHA-1 of their mailbox, has the right name too; a person of the same name who was not, has not."""
    name = who.wrong["name"]
    account = {"account": {"homePage": "https://lms.example.fr", "name": secrets.token_hex(4)}, "name": name}
    digest = {"mbox_sha1sum": hashlib.sha1(who.wrong["mbox"].encode(), usedforsecurity=False).hexdigest(), "name": name}
    namesake = {"mbox": f"mailto:{secrets.token_hex(4)}@example.fr", "name": name}
    store.ingest([statement(agent) for agent in (who.wrong, account, digest, namesake)])
    store.subjects.join(who.wrong, {"account": account["account"]})
    store.subjects.rectify(who.wrong, name=who.right)
    shown = [store.person({key: value for key, value in agent.items() if key != "name"})["name"] for agent in (account, digest, namesake)]
    assert shown == [[who.right], [who.right], [name]]


def test_what_another_process_remembers_is_not_shown_any_more(store: lrs.LRS, who: Somebody) -> None:
    """A reader that has the old spelling in memory sees the correction at its next read."""
    store.ingest(statement(who.wrong))
    keys, vault = store._keys("default"), store._vault
    elsewhere = Revealer("default", keys, vault, Projects("default", keys, vault, clock=lambda: 0, month=lambda: 202611))
    sids = [sid for sid, _ in vault.subjects("default", [keys.blind_index(ifi_of(who.wrong))]).values()]
    assert who.markers[0].encode() in elsewhere.people(sids, View.IDENTIFIED)[sids[0]]
    store.subjects.rectify(who.wrong, name=who.right)
    assert who.right.encode() in elsewhere.people(sids, View.IDENTIFIED)[sids[0]]


def test_a_spelling_that_is_on_its_way_is_corrected_too(store: lrs.LRS, who: Somebody) -> None:
    """Whoever looked before a correction and adds a spelling after it is told to look again."""
    store.ingest(statement(who.wrong))
    keys, vault = store._keys("default"), store._vault
    index = keys.blind_index(ifi_of(who.wrong))
    sid, key = vault.subjects("default", [index])[index]
    store.subjects.rectify(who.wrong, name=who.right)
    with pytest.raises(IndexTaken):
        vault.add("default", [], [NewVariant(sid, secrets.token_bytes(16), b"", key.revision)], month=202611)
    assert vault.subjects("default", [index])[index][1].revision == key.revision + 1


def test_what_was_wrong_is_not_kept_in_the_vault(store: lrs.LRS, who: Somebody) -> None:
    """No spelling and no correction of the person opens to the old name or identifier."""
    store.ingest(statement(who.wrong))
    store.subjects.rectify(who.wrong, name=who.right)
    store.subjects.rectify(who.wrong, to=who.mailbox)
    keys, vault = store._keys("default"), store._vault
    index = keys.blind_index(ifi_of(who.mailbox))
    sid = vault.subjects("default", [index])[index][0]
    dek = store._reader.revealer("default").keys([sid])[sid]
    kept = [dek.open("variant", *value) for value in vault.spellings("default", sid)]
    kept += [dek.open("correction", *value) for value in vault.corrections("default", [sid])[sid]]
    assert len(kept) == 3
    assert not found_in(b"".join(kept), who.markers)


def test_what_can_not_be_corrected_is_refused_and_names_nobody(store: lrs.LRS, who: Somebody) -> None:
    """Nothing to correct, both at once, somebody unknown, and what is no identifier."""
    store.ingest(statement(who.wrong))
    for kind, asked in (
        (InvalidRequest, {}),
        (InvalidRequest, {"name": "x", "to": who.mailbox}),
        (InvalidRequest, {"to": {"mbox": "canari"}}),
        (InvalidRequest, {"name": "\ud800"}),
    ):
        with pytest.raises(kind) as refused:
            store.subjects.rectify(who.wrong, **asked)
        assert not found_in(f"{refused.value!r} {refused.value.hint}".encode(errors="replace"), [*who.markers, "canari"])
    with pytest.raises(NotFound):
        store.subjects.rectify(who.mailbox, name="x")


def test_whoever_was_corrected_is_erased_under_the_wrong_identifier_too(store: lrs.LRS, who: Somebody) -> None:
    """A late batch with the identifier that was corrected brings nobody back, and no credential stands for it any more."""
    store.ingest(statement(who.wrong))
    (row,) = store.credentials.take_over([entry(f"tool-{secrets.token_hex(4)}", who.wrong)])
    store.subjects.rectify(who.wrong, to=who.mailbox)
    store.erase(who.mailbox)
    assert row.id not in {each.id for each in store.credentials.list()}
    store.ingest([statement(who.wrong), statement({"mbox": "mailto:t@example.fr"}, object={**who.wrong, "objectType": "Agent"})])
    for agent in (who.wrong, who.mailbox):
        assert not store.query(agent={"mbox": agent["mbox"]}).statements
        with pytest.raises(NotFound):
            store.subjects.show({"mbox": agent["mbox"]})
