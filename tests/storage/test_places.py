"""Where to look for statements: none is missing, none is left over, and what is found is what the filters say, on each engine."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from lrs.errors import StoreUnavailable
from lrs.storage.contract import ERASED, NO_UUID, Limit, Selection, TokenisedStatement, TokenisedStatements
from lrs.storage.warehouse import Warehouse, places
from lrs.storage.warehouse.client import Session
from tests.storage.rows import NOW, SECOND, START, row, voiding

PEOPLE, VERBS, ACTIVITIES = range(1, 6), [f"https://v.example/{n}" for n in range(3)], [f"https://a.example/{n}/é" for n in range(4)]
REGISTRATIONS = [UUID(int=n << 64 | 7) for n in range(1, 4)]
LATE, DAY_SECONDS = 4_000_000_000, 86_400
TABLE = "SELECT tenant, key, toUnixTimestamp64Micro(stored), direct, personal, toUnixTimestamp(until), verb, activity, related FROM places ORDER BY ALL"


def asked(warehouse: Warehouse, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    with warehouse._sessions.reader() as session:
        return [tuple(each) for each in session.query(sql, values)]


def placed(warehouse: Warehouse, rows: Iterable[TokenisedStatement]) -> list[tuple[Any, ...]]:
    """What is to be in the table of rows; only hashes are asked of the engine."""
    keys: dict[tuple[str, object], int] = {}

    def key(kind: str, value: object) -> int:
        if (kind, value) not in keys:
            form = "UUID" if isinstance(value, UUID) else "String"
            ((found,),) = asked(warehouse, f"SELECT cityHash64('{kind}', {{value:{form}}})", value=value)
            keys[kind, value] = found
        return keys[kind, value]

    found: list[tuple[Any, ...]] = []
    for each in rows:
        named = min(each.identity_until, each.keep_until)
        people = [(sid, role & 31 <= 4) for sid, role in zip(each.sids, each.roles, strict=True) if sid != ERASED]
        people += [(key("registration", each.registration), True)] if each.registration != NO_UUID else []
        verb, activity, related = key("verb", each.verb), key("activity", each.activity), [key("activity", iri) for iri in each.related]
        what = [(verb, True), (activity, True), *((number, False) for number in related)]
        bits = {number >> place & 63 for number in [activity, *related] for place in (0, 6, 12, 18)}
        about = activity & 0xFFFF, sum(1 << bit for bit in bits)
        found += [(each.tenant, number, each.stored, direct, True, named, verb & 0xFFFF, *about) for number, direct in people]
        found += [(each.tenant, number, each.stored, direct, False, each.keep_until, verb & 0xFFFF, 0, 0) for number, direct in what]
    return sorted(found)


def place(warehouse: Warehouse, rows: Iterable[TokenisedStatement]) -> None:
    """Make places of rows, as a process does that dies then."""
    record = warehouse.record(TokenisedStatements.of(list(rows)))
    with warehouse._sessions.writer() as session:
        session.insert_blocks("arriving", places.NAMES, [record.block])


def made(count: int) -> Iterator[TokenisedStatement]:
    chance = random.Random(7)
    for n in range(count):
        sids = chance.sample(PEOPLE, chance.randint(1, 3))
        yield row(
            n,
            sids=[*sids, *chance.choices([ERASED, sids[0]], k=chance.randint(0, 1))],
            vids=[1] * len(sids),
            roles=[chance.choice([1, 2, 3, 4, 5, 9, 12, 13, 17, 33]) for _ in range(4)],
            verb=chance.choice(VERBS),
            activity=chance.choice(ACTIVITIES),
            related=chance.sample(ACTIVITIES, chance.randint(0, 2)),
            registration=chance.choice([NO_UUID, *REGISTRATIONS]),
        )


def whole(each: TokenisedStatement) -> TokenisedStatement:
    size = len(each.sids)
    return msgspec.structs.replace(each, vids=[1] * size, roles=each.roles[:size])


def matches(each: TokenisedStatement, wanted: Selection) -> bool:
    placed = zip(each.sids, each.roles, strict=True)
    named = {sid for sid, role in placed if wanted.related_agents or role & 31 <= 4}
    authorities = [sid for sid, role in zip(each.sids, each.roles, strict=True) if role & 31 in (12, 13)]
    personal = wanted.sids is not None or wanted.registration is not None or wanted.authority_sids is not None
    touched = {each.activity, *each.related} if wanted.related_activities else {each.activity}
    return (
        (wanted.sids is None or bool(named & set(wanted.sids)))
        and (wanted.authority_sids is None or sorted(authorities) == sorted(wanted.authority_sids))
        and (not personal or wanted.identified_since is None or each.timestamp > wanted.identified_since)
        and (not wanted.verbs or each.verb in wanted.verbs)
        and (not wanted.activities or bool(touched & set(wanted.activities)))
        and (wanted.registration is None or each.registration == wanted.registration)
        and (wanted.since is None or each.stored > wanted.since)
        and (wanted.until is None or each.stored <= wanted.until)
    )


def selections(count: int) -> Iterator[Selection]:
    chance = random.Random(11)
    for _ in range(count):
        yield Selection(
            sids=chance.choice([None, None, (chance.choice(PEOPLE),), (1, 2, 77), (0,)]),
            related_agents=chance.random() < 0.5,
            verbs=chance.choice([(), (chance.choice(VERBS), "urn:hidden"), tuple(VERBS[:2])]),
            activities=chance.choice([(), (chance.choice(ACTIVITIES), "urn:hidden")]),
            related_activities=chance.random() < 0.5,
            registration=chance.choice([None, None, chance.choice(REGISTRATIONS), uuid4()]),
            authority_sids=chance.choice([None, None, (chance.choice(PEOPLE),)]),
            identified_since=chance.choice([None, None, START + chance.randint(0, 40) * SECOND]),
            since=chance.choice([None, START + chance.randint(0, 50) * SECOND]),
            until=chance.choice([None, START + chance.randint(30, 80) * SECOND]),
            ascending=chance.random() < 0.5,
            limit=chance.choice([20, 1000]),
        )


def test_filters_find_what_they_say_page_by_page(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every combination of filters finds what trying each statement finds, in order, on pages that join to the whole, however little is looked at at once."""
    monkeypatch.setattr("lrs.storage.warehouse.statements._WEEKS", 15 * SECOND)
    monkeypatch.setattr("lrs.storage.warehouse.statements._TIMES", 30)
    rows = [whole(each) for each in made(80)]
    warehouse.insert(rows[:50])
    warehouse.insert(rows[50:])
    warehouse.insert([row(n, tenant="u", sids=(1,)) for n in range(20)])
    for wanted in selections(60):
        expected = [each.id for each in rows if matches(each, wanted)]
        found: list[UUID] = []
        page = warehouse.find("t", wanted, now=START + 81 * SECOND)
        while page:
            found += [each.id for each in page]
            if len(page) < wanted.limit or len(found) > 3 * wanted.limit:
                break
            page = warehouse.find("t", msgspec.structs.replace(wanted, after=page[-1].stored), now=START + 81 * SECOND)
        assert found == (expected if wanted.ascending else expected[::-1])[: len(found)]
        assert len(found) == len(expected) or len(found) > 3 * wanted.limit


def test_every_thing_in_a_statement_has_a_place(warehouse: Warehouse) -> None:
    """People, the registration, the verb, the activity and what is related to it; but not whoever was erased."""
    rows = [whole(each) for each in made(60)]
    warehouse.insert(rows)
    assert asked(warehouse, TABLE) == placed(warehouse, rows)


def test_no_statement_is_stored_whose_places_are_not(warehouse: Warehouse) -> None:
    """While places can't be made nothing is stored; once they can, it is."""
    with warehouse._sessions.writer() as session:
        session.command("RENAME TABLE places TO elsewhere")
        with pytest.raises(StoreUnavailable):
            warehouse.insert([row(1)])
        assert asked(warehouse, "SELECT count() FROM statements") == [(0,)]
        session.command("RENAME TABLE elsewhere TO places")
    warehouse.insert([row(1)])
    assert len(warehouse.find("t", Selection(sids=(7,)), now=NOW)) == 1


def test_places_that_are_there_twice_show_nothing_twice(warehouse: Warehouse) -> None:
    """What a process that died has placed is placed again when its statements are stored: pages are as they would be."""
    rows = [row(n) for n in range(9)]
    place(warehouse, rows)
    place(warehouse, rows[4:])
    assert warehouse.find("t", Selection(sids=(7,)), now=NOW) == []
    warehouse.insert(rows)
    wanted = Selection(sids=(7,), limit=4, ascending=True)
    pages = [warehouse.find("t", msgspec.structs.replace(wanted, after=after), now=NOW) for after in (None, rows[3].stored, rows[7].stored)]
    assert [[each.id for each in page] for page in pages] == [[each.id for each in rows[n : n + 4]] for n in (0, 4, 8)]


def test_places_of_nothing_hide_nothing(warehouse: Warehouse) -> None:
    """However many places lead to no statement, or to one that has ended: what is behind them is found, and they show nothing."""
    first, last = row(0), row(900)
    ended = [row(n, keep_until=START // SECOND) for n in range(1, 40)]
    warehouse.insert([first, *ended, last])
    place(warehouse, (row(n) for n in range(50, 400)))
    for limit in (1, 3):
        found = warehouse.find("t", Selection(sids=(7,), verbs=(first.verb,), limit=limit), now=NOW)
        assert [each.id for each in found] == [last.id, first.id][:limit]


def test_an_erased_person_has_no_place(warehouse: Warehouse) -> None:
    """The places of deleted statements are gone, and the person's own in statements of others; all others are left."""
    mine, of_others = row(1, sids=(7,), registration=uuid4()), row(2, sids=(8, 7), vids=(1, 1), roles=(1, 5))
    theirs, elsewhere = row(3, sids=(8,)), row(1, tenant="u", sids=(7,))
    void = voiding(4, mine.id, sids=(8,))
    warehouse.insert([mine, of_others, theirs, elsewhere, void])
    warehouse.erase("t", [7], [mine.id, void.id])
    left = [msgspec.structs.replace(of_others, sids=(8, ERASED)), theirs, elsewhere]
    assert asked(warehouse, TABLE) == placed(warehouse, left)


def test_what_is_stored_while_others_are_aligned_keeps_its_places(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process may store by the limits of before while they are brought forward: what it stores is found, and is aligned the next time."""
    ends = {"timestamp": LATE * SECOND, "identity_until": LATE + 500_000, "keep_until": LATE + 900_000}
    first, late = (row(n, purposes=("p",), **ends) for n in range(2))
    warehouse.insert([first])
    command = Session.command

    def meanwhile(session: Session, sql: str, parameters: Any = None) -> None:
        command(session, sql, parameters)
        if sql.startswith("INSERT INTO places"):
            warehouse.insert([late])

    monkeypatch.setattr(Session, "command", meanwhile)
    limits: dict[str, Any] = {"identity_days": 1, "statement_days": 2, "held": False}
    assert warehouse.endings.align("t", ("p",), through=first.stored, **limits) == 1
    monkeypatch.undo()
    assert {each.id for each in warehouse.find("t", Selection(sids=(7,)), now=NOW)} == {first.id, late.id}
    assert warehouse.endings.align("t", ("p",), through=late.stored, **limits) == 1


def test_places_end_with_what_they_lead_to(warehouse: Warehouse) -> None:
    """With the people of a statement their places and the registration's end, with the statement all; ends that are brought forward are theirs too."""
    endings = warehouse.endings
    # The engine lets go by its own clock of what has ended.
    later = {"timestamp": LATE * SECOND, "identity_until": LATE + 500_000, "keep_until": LATE + 900_000}
    rows = [row(n, purposes=("p",), registration=uuid4(), **later) for n in range(3)]
    other = row(5, purposes=("q",))
    warehouse.insert([*rows, other])
    before = asked(warehouse, TABLE)
    assert endings.align("t", ("p",), identity_days=1, statement_days=2, held=False, through=rows[-1].stored) == 3
    sooner = [msgspec.structs.replace(each, identity_until=LATE + DAY_SECONDS, keep_until=LATE + 2 * DAY_SECONDS) for each in rows]
    assert asked(warehouse, TABLE) == placed(warehouse, [*sooner, other]) != before
    months = [int(month) for (month,) in asked(warehouse, "SELECT DISTINCT toYYYYMM(stored) FROM statements")]
    endings.end("t", Limit.IDENTITY, months, now=(LATE + DAY_SECONDS) * SECOND)
    endings.finish()
    personal = "SELECT DISTINCT toUnixTimestamp64Micro(stored) FROM places WHERE personal"
    assert asked(warehouse, personal) == [(other.stored,)]
    endings.end("t", Limit.STATEMENT, months, now=(LATE + 2 * DAY_SECONDS) * SECOND)
    endings.finish()
    assert asked(warehouse, TABLE) == placed(warehouse, [other])
