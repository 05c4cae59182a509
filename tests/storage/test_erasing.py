"""What an erasure does to the warehouse, on each engine."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from lrs.errors import StoreUnavailable
from lrs.storage.contract import (
    ERASED,
    FOREVER,
    NO_UUID,
    SeenDefinition,
    Selection,
    Standing,
    StoredStatement,
    TokenisedStatement,
    TokenisedStatements,
)
from lrs.storage.warehouse import Warehouse, deleting, erasing
from lrs.storage.warehouse.client import Session
from lrs.storage.warehouse.deleting import until_deleted
from lrs.xapi.model import GROUP, Role
from tests.storage.engines import Engine, settings_for
from tests.storage.rows import NOW, START, noise, referring, row, seen, voiding
from tests.storage.test_attachments import piece

ANA, BEN, EVA = 2**63 + 5, 6, 7
LATE = "CREATE TABLE late (id UUID) ENGINE = Memory"
STUB = UUID("00000000-0000-4000-8000-000000000000")
ACTOR, MEMBER, TEACHER = Role.ACTOR, Role.ACTOR_MEMBER, Role.INSTRUCTOR


def people(*placed: tuple[int, int]) -> dict[str, Any]:
    return {"sids": [sid for sid, _ in placed], "vids": [1] * len(placed), "roles": [int(role) for _, role in placed]}


def ids(places: Any) -> set[UUID]:
    return {each for _, each in places}


def found(warehouse: Warehouse, *, tenant: str = "t") -> dict[UUID, StoredStatement]:
    return {each.id: each for each in warehouse.find(tenant, Selection(ascending=True), now=NOW)}


OWN = [
    [(ANA, ACTOR)],
    [(ANA, ACTOR), (BEN, TEACHER)],
    [(ANA, MEMBER)],
    [(ANA, MEMBER), (ERASED, MEMBER)],
    [(EVA, ACTOR + GROUP), (ANA, MEMBER)],
    [(ANA, ACTOR + GROUP)],
]
OTHERS = [
    [(BEN, ACTOR), (ANA, TEACHER)],
    [(BEN, ACTOR), (ANA, ACTOR + 16)],
    [(ANA, MEMBER), (BEN, MEMBER)],
    [(EVA, ACTOR + GROUP), (ANA, MEMBER), (BEN, MEMBER)],
    [(ANA, ACTOR + GROUP), (BEN, MEMBER)],
    [(ERASED, ACTOR), (ANA, TEACHER)],
    [(ERASED, MEMBER), (ANA, TEACHER)],
]


def test_what_is_ones_own(warehouse: Warehouse) -> None:
    """A statement is one's own when one is its actor, or every member of the group that is, erased ones apart."""
    own, others = ([row(n, **people(*placed)) for n, placed in enumerate(cases)] for cases in (OWN, OTHERS))
    warehouse.insert([*own, *others, row(99, **people((BEN, ACTOR)))])
    traces = warehouse.traces("t", [ANA])
    assert ids(traces.own) == {each.id for each in own}
    assert traces.others == len(others)
    assert not warehouse.traces("other", [ANA]).own


def test_an_erased_person_is_nowhere(warehouse: Warehouse) -> None:
    """Own statements are gone; in other people's the number is that of everybody erased, and all else is as it was."""
    own, other = row(1, **people((ANA, ACTOR), (BEN, TEACHER))), row(2, **people((BEN, ACTOR), (ANA, TEACHER), (EVA, TEACHER)))
    elsewhere, same = row(3, tenant="u", **people((ANA, ACTOR))), row(4, tenant="u", id=own.id, **people((BEN, ACTOR)))
    warehouse.insert([own, other, elsewhere, same])
    warehouse.erase("t", [ANA], ids(warehouse.traces("t", [ANA]).gone))
    left = msgspec.structs.replace(seen(other), sids=[BEN, ERASED, EVA], vids=[1, 0, 1])
    assert found(warehouse) == {other.id: left}
    assert found(warehouse, tenant="u") == {elsewhere.id: seen(elsewhere), same.id: seen(same)}
    assert not warehouse.known("t", [own.id])
    assert not warehouse.find("t", Selection(sids=(ANA,), related_agents=True), now=NOW)


def test_what_refers_to_a_deleted_statement_refers_to_the_stub(warehouse: Warehouse) -> None:
    """Wherever the reference stands; others stay, and so do those to a statement of this id in another tenant."""
    own, kept = row(1, **people((ANA, ACTOR))), row(2, **people((BEN, ACTOR)))
    about, both = referring(3, own.id), row(4, references=(kept.id, own.id), **people((BEN, ACTOR)))
    elsewhere = referring(5, own.id, tenant="u")
    warehouse.insert([own, kept, about, both, elsewhere])
    traces = warehouse.traces("t", [ANA])
    assert traces.referring == 2
    warehouse.erase("t", [ANA], ids(traces.gone))
    assert {each: list(left.references) for each, left in found(warehouse).items()} == {
        kept.id: [],
        about.id: [STUB],
        both.id: [kept.id, STUB],
    }
    assert list(found(warehouse, tenant="u")[elsewhere.id].references) == [own.id]


def test_what_voids_a_deleted_statement_goes_with_it(warehouse: Warehouse) -> None:
    """Whoever sent it; what a person voided of others is named, unless somebody else voids it too."""
    own, kept, twice = row(1, **people((ANA, ACTOR))), row(2, **people((BEN, ACTOR))), row(3, **people((BEN, ACTOR)))
    by_other = voiding(4, own.id, **people((BEN, ACTOR)))
    mine = [voiding(5 + n, each.id, **people((ANA, ACTOR))) for n, each in enumerate((kept, twice, own))]
    another = voiding(9, twice.id, **people((EVA, ACTOR)))
    warehouse.insert([own, kept, twice, by_other, *mine, another])
    traces = warehouse.traces("t", [ANA])
    assert ids(traces.own) == {own.id, *(each.id for each in mine)}
    assert ids(traces.voiding) == {by_other.id}
    assert traces.voided == ((kept.id, FOREVER),)


def test_contents_sources_and_standings_go_too(warehouse: Warehouse) -> None:
    """Contents of deleted statements and moved ones are gone, and how the person stood to purposes; definitions of activities stay without their source."""
    own, kept = row(1, **people((ANA, ACTOR))), row(2, **people((BEN, ACTOR)))
    warehouse.add_attachments([piece(own.id, stored=own.stored), piece(own.id, 1, stored=own.stored)])
    warehouse.add_attachments([piece(kept.id, n, nth, stored=kept.stored) for n in range(3) for nth in range(2)])
    warehouse.insert([own, kept])
    warehouse.put(
        warehouse.record(
            TokenisedStatements(), [("t", SeenDefinition("a", b"{}", n, START, each)) for n, each in enumerate((own.id, kept.id))]
        )
    )
    warehouse.put_standings("t", [Standing(sid, "p", hidden=True, covered=()) for sid in (ANA, BEN)], number=1)
    warehouse.put_standings("u", [Standing(ANA, "p", hidden=True, covered=())], number=1)
    traces = warehouse.traces("t", [ANA])
    assert {(each.statement, each.number, each.pieces) for each in traces.contents} == {(own.id, 0, 1), (own.id, 1, 1)}
    theirs = [each for each in warehouse.contents("t", [kept.id]) if each.number == 1]
    assert [each.pieces for each in theirs] == [2]
    warehouse.erase("t", [ANA], ids(traces.gone), theirs)
    assert [each.sid for each in warehouse.standings("t", ["p"], [ANA, BEN])] == [BEN]
    assert [each.sid for each in warehouse.standings("u", ["p"], [ANA, BEN])] == [ANA]
    places = [(own.stored, own.id), (kept.stored, kept.id)]
    assert [(head.statement, head.number) for head in warehouse.heads("t", places, now=NOW)] == [(kept.id, 0), (kept.id, 2)]
    assert [each.source for each in warehouse.definitions("t", ["a"])["a"]] == [NO_UUID, kept.id]


def test_what_nobody_else_mentions_is_not_defined_any_more(warehouse: Warehouse) -> None:
    """The definition of an activity that stands in her statements alone goes with them, in whatever place it stood; all others stay."""
    mine = row(1, activity="only hers", related=("hers in context", "shared", "other tenant's"), **people((ANA, ACTOR)))
    his = row(2, activity="his", related=("shared",), **people((BEN, ACTOR)))
    elsewhere = row(3, tenant="u", activity="other tenant's", **people((ANA, ACTOR)))
    warehouse.insert([mine, his, elsewhere])
    names = ["only hers", "hers in context", "shared", "his", "other tenant's", "of nobody"]
    for tenant in ("t", "u"):
        warehouse.put(
            warehouse.record(TokenisedStatements(), [(tenant, SeenDefinition(name, b"{}", n, START)) for n, name in enumerate(names)])
        )
    warehouse.erase("t", [ANA], ids(warehouse.traces("t", [ANA]).gone), [])
    assert set(warehouse.definitions("t", names)) == {"shared", "his", "of nobody"}
    assert set(warehouse.definitions("u", names)) == set(names)


def test_what_was_moved_takes_the_place_of_what_was_there(warehouse: Warehouse) -> None:
    """Rows whose texts the person's key sealed are given once to be moved; the moved row is what is left, and nothing is lost where none was."""
    moved, unmoved = (row(n, sealed=(noise(40),), **people((ANA, MEMBER), (BEN, MEMBER))) for n in (1, 2))
    plain = row(3, **people((BEN, ACTOR), (ANA, TEACHER)))
    warehouse.insert([moved, unmoved, plain])
    given = [each for part in warehouse.owned("t", [ANA]) for each in part]
    assert given == [
        msgspec.structs.replace(each, related=[], references=[], purposes=[], sealed=list(each.sealed)) for each in (moved, unmoved)
    ]
    fresh = msgspec.structs.replace(moved, sids=[ERASED, BEN], vids=[0, 1], sealed=[b"anew"])
    warehouse.insert([fresh])
    assert [each.id for part in warehouse.owned("t", [ANA]) for each in part] == [unmoved.id]
    assert warehouse.traces("t", [ANA]).moved == (moved.id,)
    warehouse.erase("t", [ANA], [])
    assert not warehouse.traces("t", [ANA]).moved
    left = found(warehouse)
    assert left[moved.id] == seen(fresh)
    assert left[unmoved.id] == msgspec.structs.replace(seen(unmoved), sids=[ERASED, BEN], vids=[0, 1])
    assert left.keys() == {moved.id, unmoved.id, plain.id}


def test_two_processes_may_erase_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that begins and ends in the middle of another takes nothing of its list away, and what only those two mention is not defined any more."""
    ana, ben = (row(n, activity="theirs", **people((who, ACTOR))) for n, who in enumerate((ANA, BEN)))
    both, kept = row(2, **people((EVA, ACTOR), (ANA, TEACHER), (BEN, TEACHER))), row(3, **people((EVA, ACTOR)))
    with settings_for("server", tmp_path) as settings, closing(Warehouse.open(settings)) as one, closing(Warehouse.open(settings)) as other:
        one.insert([ana, ben, both, kept])
        one.put(one.record(TokenisedStatements(), [("t", SeenDefinition("theirs", b"{}", 1, START))]))
        between = [lambda: other.erase("t", [BEN], [ben.id], [])]

        def until_all_deleted(session: Session) -> None:
            if between:
                between.pop()()
            until_deleted(session)

        monkeypatch.setattr(erasing, "until_deleted", until_all_deleted)
        one.erase("t", [ANA], [ana.id], [])
        assert {each.id: list(each.sids) for each in found(one).values()} == {both.id: [EVA, ERASED, ERASED], kept.id: [EVA]}
        assert set(one.definitions("t", ["theirs"])) == set()
        assert {each.id for each in one.find("t", Selection(sids=(EVA,), related_agents=True), now=NOW)} == {both.id, kept.id}
        with one._sessions.reader() as session:
            assert session.query("SELECT count() FROM going", {}) == [(0,)]


def detach(warehouse: Warehouse, lost: TokenisedStatement) -> None:
    """Have the part of a row set aside, as the engine does with one that it finds damaged."""
    warehouse.insert([lost])
    newest = "SELECT name FROM system.parts WHERE database = currentDatabase() AND table = 'statements' AND active ORDER BY max_block_number DESC"
    with warehouse._sessions.writer() as session:
        session.command(f"ALTER TABLE statements DETACH PART '{session.query(newest, {})[0][0]}'")


def bytes_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_no_byte_of_it_is_left_on_the_disk(engine: Engine) -> None:
    """Sealed bytes, ids and numbers are in no file of the engine any more, in projections, old parts and the texts of mutations neither."""
    secret, head, she = noise(60), noise(60), int.from_bytes(noise(8), "little")
    own, kept = row(1, sealed=(secret,), **people((she, ACTOR))), row(2, **people((BEN, ACTOR), (she, TEACHER)))
    by_other = referring(3, own.id)
    with engine.open() as warehouse:
        for each in (own, kept, by_other):
            warehouse.insert([each])
        warehouse.add_attachments([piece(own.id, stored=own.stored, head=head)])
        warehouse.put(warehouse.record(TokenisedStatements(), [("t", SeenDefinition("a", b"{}", 5, START, own.id))]))
        detach(warehouse, row(4, sealed=(secret,), **people((she, ACTOR))))
        halves = own.id.bytes[7::-1] + own.id.bytes[:7:-1]
        traces = [secret, head, own.id.bytes, halves, str(own.id).encode(), str(she).encode(), she.to_bytes(8, "little")]
        assert engine.folder is None or any(each in bytes_below(engine.folder) for each in traces)
        warehouse.erase("t", [she], ids(warehouse.traces("t", [she]).gone))
        for _ in range(2):
            assert engine.folder is None or not [each for each in traces if each in bytes_below(engine.folder)]
            warehouse.ping()


def test_looking_for_a_deleted_statement_is_what_looking_for_any_other_is(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """An id that was deleted is asked for in the same way as one that never was: the time that it takes tells nothing."""
    own = row(1, **people((ANA, ACTOR)))
    warehouse.insert([own])
    warehouse.erase("t", [ANA], [own.id])
    asked: list[str] = []
    query = Session.query

    def counting(session: Session, sql: str, *arguments: Any, **named: Any) -> Any:
        asked.append(sql)
        return query(session, sql, *arguments, **named)

    monkeypatch.setattr(Session, "query", counting)
    for each in (own.id, uuid4()):
        assert warehouse.by_id("t", [each], now=NOW) == {}
    assert len(asked) % 2 == 0
    assert asked[: len(asked) // 2] == asked[len(asked) // 2 :] != []


def tell(warehouse: Warehouse, *texts: str) -> None:
    with warehouse._sessions.writer() as session:
        for text in texts:
            session.command(text)


def wait_until_deleted(warehouse: Warehouse) -> None:
    with warehouse._sessions.writer() as session:
        until_deleted(session)


def lose_a_table(warehouse: Warehouse) -> None:
    """Have a mutation fail since a table that it reads is not there, as one that a crash interrupted may when the engine starts."""
    warehouse.insert([row(1), row(2)])
    deletion = "ALTER TABLE statements DELETE WHERE id NOT IN (SELECT id FROM late) SETTINGS mutations_sync = 0"
    tell(warehouse, LATE, "SYSTEM STOP MERGES statements", deletion, "DROP TABLE late SYNC", "SYSTEM START MERGES statements")
    with warehouse._sessions.reader() as session:
        while not session.query("SELECT count() FROM system.mutations WHERE latest_fail_reason != '' AND NOT is_done", {})[0][0]:
            time.sleep(0.01)


def test_a_deletion_that_failed_once_is_waited_for(warehouse: Warehouse) -> None:
    """The engine tries it again by itself: nobody has to hear of it."""
    lose_a_table(warehouse)
    later = threading.Timer(1.0, tell, (warehouse, LATE))
    later.start()
    wait_until_deleted(warehouse)
    later.join()
    assert found(warehouse) == {}


def test_a_deletion_that_goes_on_failing_is_told(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the time that it gets to try again over, whoever waits hears of it; and once it can, everything is deleted."""
    monkeypatch.setattr(deleting, "_TRIES_AGAIN", 1.0)
    lose_a_table(warehouse)
    with pytest.raises(StoreUnavailable, match="can't delete now"):
        wait_until_deleted(warehouse)
    with pytest.raises(StoreUnavailable, match="what has ended"):
        warehouse.endings.finish()
    tell(warehouse, LATE)
    wait_until_deleted(warehouse)
    assert found(warehouse) == {}
