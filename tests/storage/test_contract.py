"""What a store of statements guarantees, on each engine."""

from __future__ import annotations

from uuid import UUID, uuid4

import attrs
import msgspec
import pytest

from lrs.errors import StoreUnavailable
from lrs.storage.contract import KnownStatement, SeenDefinition, Selection, TokenisedStatements
from lrs.storage.warehouse import Warehouse
from tests.storage.engines import Engine
from tests.storage.rows import DAY, NOW, SECOND, START, noise, referring, row, seen, voiding


def ids_of(warehouse: Warehouse, selection: Selection | None = None, *, tenant: str = "t", now: int = NOW) -> list[UUID]:
    return [found.id for found in warehouse.find(tenant, selection or Selection(), now=now)]


def test_a_row_comes_back_as_it_was_stored(warehouse: Warehouse) -> None:
    """Every field of a row is read back exactly: bytes, large numbers, empty lists, times to the microsecond."""
    full = row(
        1,
        timestamp=123,
        related=("https://a.example/2", "x"),
        registration=uuid4(),
        references=(uuid4(), uuid4()),
        sids=(2**64 - 1, 0, 5),
        vids=(2**32 - 1, 0, 1),
        roles=(1, 12, 61),
        sealed=(noise(50), b"", b"\x00\xff"),
        fingerprint=2**64 - 1,
        body=noise(3000),
    )
    empty = row(2, sids=(), vids=(), roles=(), body=b"", verb="", activity="")
    warehouse.insert([full, empty])
    assert warehouse.find("t", Selection(ascending=True), now=NOW) == [seen(full), seen(empty)]
    assert warehouse.by_id("t", [full.id, empty.id, uuid4()], now=NOW) == {full.id: (seen(full), False), empty.id: (seen(empty), False)}


def test_known_tells_what_is_stored(warehouse: Warehouse) -> None:
    """Of many ids those that are stored are known, with their time and fingerprint; a tenant knows only its own."""
    rows = [row(n) for n in range(50)]
    warehouse.insert(rows)
    strangers = [uuid4() for _ in range(5000)]
    known = warehouse.known("t", [*strangers, *(each.id for each in rows)])
    assert known == {each.id: KnownStatement(each.stored, each.fingerprint) for each in rows}
    assert warehouse.known("u", [rows[0].id]) == {}
    assert warehouse.known("t", []) == {}
    assert warehouse.by_id("t", [], now=NOW) == {}


def test_known_looks_back_for_ever(engine: Engine) -> None:
    """What is repeated of this week, of last month and of last year is known alike, to a process that was opened later too."""
    rows = [row(n, stored=START - days * DAY) for n, days in enumerate((400, 40, 8, 6, 0))]
    expected = {each.id: KnownStatement(each.stored, each.fingerprint) for each in rows}
    with engine.open() as warehouse:
        for each in rows:
            warehouse.insert([each])
        assert warehouse.known("t", list(expected)) == expected
    with engine.open() as warehouse:
        assert warehouse.known("t", list(expected)) == expected


def test_what_was_stored_is_there_after_reopening(engine: Engine) -> None:
    """Rows, ids, references and the last time of storing survive closing and opening."""
    target, late = row(1), row(9)
    with engine.open() as warehouse:
        assert warehouse.last_stored() == 0
        warehouse.insert([target, voiding(2, target.id)])
    with engine.open() as warehouse:
        assert set(warehouse.known("t", [target.id, late.id])) == {target.id}
        assert warehouse.by_id("t", [target.id], now=NOW)[target.id][1]
        warehouse.insert([late])
        assert warehouse.last_stored() == late.stored
        assert target.id not in ids_of(warehouse)


def test_inserting_nothing_changes_nothing(warehouse: Warehouse) -> None:
    """An empty batch is no error."""
    warehouse.insert([])
    warehouse.put(warehouse.record(TokenisedStatements(), []))
    assert warehouse.find("t", Selection(), now=NOW) == []


@pytest.mark.parametrize("ascending", [True, False])
def test_pages_join_to_the_whole(warehouse: Warehouse, *, ascending: bool) -> None:
    """Going on after the last row of each page gives every row once, in order, while newer ones arrive."""
    rows = [row(n) for n in range(25)]
    warehouse.insert(rows)
    seen_ids: list[UUID] = []
    after = None
    for turn in range(6):
        page = warehouse.find("t", Selection(limit=5, after=after, ascending=ascending), now=NOW)
        seen_ids += [found.id for found in page]
        after = page[-1].stored if page else after
        warehouse.insert([row(100 + turn)])
    expected = [each.id for each in rows]
    assert seen_ids[:25] == (expected if ascending else expected[::-1])


def test_since_is_exclusive_and_until_inclusive(warehouse: Warehouse) -> None:
    """A row stored at ``since`` is not there, one stored at ``until`` is (xAPI 1.0.3 Communication 2.1.3)."""
    rows = [row(n) for n in range(4)]
    warehouse.insert(rows)
    chosen = Selection(since=rows[0].stored, until=rows[2].stored, ascending=True)
    assert ids_of(warehouse, chosen) == [rows[1].id, rows[2].id]


def test_an_agent_is_found_where_the_filter_looks(warehouse: Warehouse) -> None:
    """The agent filter sees actor, object and members; with related agents also context, authority and SubStatement."""
    direct = [row(n, sids=(5, 9), vids=(1, 1), roles=(role, 12)) for n, role in enumerate((1, 2, 3, 4, 1 + 32))]
    related = [
        row(10 + n, sids=(9, 5), vids=(1, 1), roles=(1, role)) for n, role in enumerate((5, 9, 12, 13, 1 + 16, 4 + 16, 7 + 32, 1 + 16 + 32))
    ]
    warehouse.insert([*direct, *related, row(99, sids=(6,))])
    assert ids_of(warehouse, Selection(sids=(5,), ascending=True)) == [each.id for each in direct]
    assert ids_of(warehouse, Selection(sids=(5,), related_agents=True, ascending=True)) == [each.id for each in direct + related]
    assert ids_of(warehouse, Selection(sids=(0,))) == []
    assert len(ids_of(warehouse, Selection(sids=(5, 6)))) == 6


def test_only_rows_of_an_authority(warehouse: Warehouse) -> None:
    """With ``authority_sids`` a row counts only if just these subjects stand as its authority, not elsewhere and not beside others."""
    mine, other = row(1, sids=(1, 5), vids=(1, 1), roles=(1, 12)), row(2, sids=(5, 1), vids=(1, 1), roles=(1, 12))
    together = row(3, sids=(1, 9, 5), vids=(1, 1, 1), roles=(1, 13, 13))
    warehouse.insert([mine, other, together])
    assert ids_of(warehouse, Selection(authority_sids=(5,))) == [mine.id]
    assert ids_of(warehouse, Selection(authority_sids=(5, 9))) == ids_of(warehouse, Selection(authority_sids=(9, 5))) == [together.id]
    assert ids_of(warehouse, Selection(authority_sids=(9,))) == ids_of(warehouse, Selection(authority_sids=(1, 9))) == []


def test_tenants_are_apart(warehouse: Warehouse) -> None:
    """A tenant sees, counts and voids its own only, even with the same statement id."""
    one = row(1)
    twin = row(2, tenant="u", id=one.id)
    warehouse.insert([one, twin, voiding(3, one.id, tenant="u")])
    assert ids_of(warehouse) == [one.id]
    assert ids_of(warehouse, tenant="u") != [one.id]
    assert warehouse.by_id("t", [one.id], now=NOW) == {one.id: (seen(one), False)}
    assert warehouse.by_id("u", [one.id], now=NOW)[one.id][1]
    assert warehouse.count_by("t", Selection(), "actor", now=NOW) == [(7, 1)]


def test_voiding(warehouse: Warehouse) -> None:
    """A voided row is hidden and its voiding one listed; a voiding row can't be voided; voiding what comes later works."""
    first, later_id = row(1), uuid4()
    void = voiding(2, first.id)
    vain = voiding(3, void.id)
    early = voiding(4, later_id)
    warehouse.insert([first, void, vain, early])
    assert ids_of(warehouse, Selection(ascending=True)) == [void.id, vain.id, early.id]
    warehouse.insert([row(5, id=later_id)])
    assert later_id not in ids_of(warehouse)
    states = warehouse.by_id("t", [first.id, void.id, later_id], now=NOW)
    assert {each: voided for each, (_, voided) in states.items()} == {first.id: True, void.id: False, later_id: True}


def test_references_over_any_number_of_steps(warehouse: Warehouse) -> None:
    """What refers to a match is one, and so is what refers to that; a circle ends; time limits apply to the referring row alone."""
    target = row(1, verb="https://v.example/rare")
    chain = [referring(2, target.id)]
    for n in range(3, 8):
        chain.append(referring(n, chain[-1].id))
    one, two = uuid4(), uuid4()
    circle = [referring(20, two, id=one), referring(21, one, id=two)]
    warehouse.insert([target, *chain, *circle, referring(30, uuid4())])
    rare = Selection(verbs=("https://v.example/rare",), ascending=True)
    assert ids_of(warehouse, rare) == [target.id, *(each.id for each in chain)]
    late = Selection(verbs=rare.verbs, ascending=True, since=chain[1].stored, limit=2)
    assert ids_of(warehouse, late) == [chain[2].id, chain[3].id]
    assert warehouse.count_by("t", rare, "verb", now=NOW) == [("https://v.example/commented", 6), ("https://v.example/rare", 1)]


def test_what_refers_to_a_voided_match_is_found(warehouse: Warehouse) -> None:
    """The target of a reference counts even when it is voided and hidden (xAPI 1.0.3 Communication 2.1.4)."""
    target = row(1, verb="https://v.example/rare")
    comment = referring(2, target.id)
    void = voiding(3, target.id)
    warehouse.insert([target, comment, void])
    assert ids_of(warehouse, Selection(verbs=("https://v.example/rare",))) == [void.id, comment.id]


def test_thousands_of_references(warehouse: Warehouse) -> None:
    """More referring statements than fit in one parameter are all found, counted once and in order."""
    target = row(0, verb="https://v.example/rare")
    comments = [referring(n + 1, target.id) for n in range(4100)]
    warehouse.insert([target, *comments])
    rare = Selection(verbs=("https://v.example/rare",), ascending=True, limit=5000)
    assert ids_of(warehouse, rare) == [target.id, *(each.id for each in comments)]
    assert sum(number for _, number in warehouse.count_by("t", rare, "day", now=NOW)) == 4101


def test_one_of_two_rows_of_an_id_shows(engine: Engine) -> None:
    """Should an id have two rows, as two writers at once can make them, the first one shows, on one page only, and counts once."""
    if engine.name == "embedded":
        pytest.skip("an embedded store has one writer, who looks ids up first")
    first, between = row(1), row(2)
    second = row(3, id=first.id)
    with engine.open() as warehouse:
        warehouse.insert([first, between, second, first])
        assert ids_of(warehouse) == [between.id, first.id]
        assert ids_of(warehouse, Selection(limit=1)) == [between.id]
        assert ids_of(warehouse, Selection(ascending=True)) == [first.id, between.id]
        assert warehouse.known("t", [first.id])[first.id].stored == first.stored
        assert warehouse.by_id("t", [first.id], now=NOW)[first.id][0] == seen(first)
        assert warehouse.count_by("t", Selection(), "verb", now=NOW) == [(first.verb, 2)]


def test_a_query_that_takes_too_long_is_stopped(engine: Engine) -> None:
    """A read ends at its limit, and says which setting that is; the session goes on."""
    hurried = Engine(engine.name, attrs.evolve(engine.settings, read_seconds=1), engine.folder)
    with hurried.open() as warehouse, warehouse._sessions.reader() as session:
        with pytest.raises(StoreUnavailable, match="took too long") as stopped:
            session.query("SELECT max(sipHash64(number, toString(number))) FROM numbers(100000000000)", {})
        assert "read_seconds" in stopped.value.hint
        assert session.query("SELECT 1", {}) == [(1,)]


def test_counts(warehouse: Warehouse) -> None:
    """Rows are counted by verb, activity, actor and day, largest first, under the same filters; who is no actor counts as 0."""
    rows = [
        row(n, verb=f"v{n % 3}", activity=f"a{n % 2}", sids=(n % 2 + 1, 99), vids=(1, 1), roles=(1 + 32 * (n % 2), 12)) for n in range(9)
    ]
    rows.append(row(DAY // SECOND, verb="v0", activity="a0", sids=(99, 4), vids=(1, 1), roles=(12, 1 + 16)))
    warehouse.insert(rows)
    assert warehouse.count_by("t", Selection(), "verb", now=NOW) == [("v0", 4), ("v1", 3), ("v2", 3)]
    assert warehouse.count_by("t", Selection(limit=1), "activity", now=NOW) == [("a0", 6)]
    assert warehouse.count_by("t", Selection(), "actor", now=NOW) == [(1, 5), (2, 4), (0, 1)]
    assert warehouse.count_by("t", Selection(), "day", now=NOW) == [("2026-09-21", 9), ("2026-09-22", 1)]
    assert warehouse.count_by("t", Selection(sids=(2,)), "verb", now=NOW) == [("v1", 2), ("v0", 1), ("v2", 1)]


def test_statements_that_name_somebody(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row that names one of these people comes once, in any place, voided ones too, oldest first, page by page; what only refers to one does not."""
    monkeypatch.setattr("lrs.storage.warehouse.statements._PAGE", 4)
    places = [(role, sub) for role in range(1, 14) for sub in (0, 16) if role < 12 or not sub]
    mine = [row(n, sids=(99, 7 + n % 2), vids=(1, 1), roles=(1, role + sub)) for n, (role, sub) in enumerate(places)]
    strangers = [row(100, sids=(9,)), referring(101, mine[0].id, sids=(9,)), voiding(102, mine[3].id, sids=(9,)), row(103, tenant="u")]
    past = [row(104, identity_until=START // SECOND), row(105, keep_until=START // SECOND), row(300)]
    double = msgspec.structs.replace(mine[5], stored=START + 200 * SECOND)
    warehouse.insert([*mine, *strangers, *past[:2], double, past[2]])
    pages = list(warehouse.naming("t", [7, 8], until=START + 250 * SECOND, now=NOW))
    found = [(each.id, voided) for page in pages for each, voided in page]
    # Alone, a warehouse has no second rows: the writer would have known the id.
    once = list(dict.fromkeys(found)) if warehouse._statements._alone else found
    assert once == [(each.id, each is mine[3]) for each in mine]
    assert max(map(len, pages)) <= 4
    assert list(warehouse.naming("t", [1234], until=NOW, now=NOW)) == []


def test_definitions_are_remembered_once(warehouse: Warehouse) -> None:
    """The distinct definitions of an activity come back, oldest sighting first, however often they were seen."""
    source = uuid4()
    one, two = SeenDefinition("a", b'{"n":1}', 1, START + 5), SeenDefinition("a", b'{"n":2}', 2**64 - 1, START + 1, source)
    other = SeenDefinition("b", b"{}", 1, START)
    warehouse.put(warehouse.record(TokenisedStatements(), [("t", each) for each in (one, two, other)]))
    earlier = msgspec.structs.replace(one, stored=START)
    warehouse.put(warehouse.record(TokenisedStatements(), [("t", earlier), ("t", msgspec.structs.replace(two, stored=START + 9))]))
    assert warehouse.definitions("t", ["a", "b", "c"]) == {"a": [earlier, two], "b": [other]}
    assert warehouse.definitions("u", ["a"]) == {}
    long = [f"https://a.example/{n}/{'x' * 500}" for n in range(800)]
    warehouse.put(warehouse.record(TokenisedStatements(), [("t", SeenDefinition(each, b"{}", 1, START)) for each in long]))
    assert len(warehouse.definitions("t", long)) == 800
