"""What happens to statements on the way in: atomic batches, ids, replays, conflicts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from time import monotonic, sleep
from uuid import UUID, uuid4

import pytest

import lrs
from lrs.access import Principal, Scope
from tests.store.conftest import World


def test_what_was_sent_comes_back_exactly(store: lrs.LRS, world: World) -> None:
    """Numbers keep their spelling, extension values their bytes, and what the store adds is added."""
    body = (
        b'{"actor":{"mbox":"mailto:exact.%d@example.fr"},"verb":{"id":"%b"},"object":{"id":"%b"},"result":{"score":{"raw":85,"scaled":8.50e-1},'
        b'"extensions":{"https://x.example/a":{"n" : [1e2, 1.10, -0.0, 12345678901234567890],"t":"\\u00e9"}}},"timestamp":"2021-11-29T23:09:00.1+02:00"}'
        % (world.number, world.verb.encode(), world.activity.encode())
    )
    (identifier,) = store.ingest(body)
    (shown,) = store.query(statement_id=identifier).bodies
    for piece in (
        b'"raw":85,',
        b'"scaled":8.50e-1',
        b'{"n" : [1e2, 1.10, -0.0, 12345678901234567890],"t":"\\u00e9"}',
        b'"2021-11-29T23:09:00.1+02:00"',
    ):
        assert piece in shown
    added = {"id", "stored", "authority", "version"}
    assert {key: value for key, value in json.loads(shown).items() if key not in added} == json.loads(body)
    assert json.loads(shown)["version"] == "1.0.0"


def test_a_single_context_activity_comes_back_as_an_array(store: lrs.LRS, world: World) -> None:
    """xAPI 1.0.3 Data 2.4.6.2."""
    parent = {"id": world.activity + "/parent"}
    (identifier,) = store.ingest(world.statement(context={"contextActivities": {"parent": parent}}))
    (shown,) = store.query(statement_id=identifier).statements
    assert shown["context"]["contextActivities"]["parent"] == [parent]


def test_a_missing_timestamp_is_stored(store: lrs.LRS, world: World) -> None:
    """xAPI 1.0.3 Data 2.4.7; one that was sent stays, even where it equals ``stored`` to the letter."""
    (identifier,) = store.ingest(world.statement())
    (shown,) = store.query(statement_id=identifier).bodies
    assert json.loads(shown)["timestamp"] == json.loads(shown)["stored"]
    assert shown.count(b'"timestamp"') == 1


def test_ids_are_assigned_and_kept(store: lrs.LRS, world: World) -> None:
    """A statement without an id gets one; one with an id keeps it; ids come back in order."""
    own = uuid4()
    ids = store.ingest([world.statement(), world.statement(id=str(own)), world.statement()])
    assert ids[1] == own
    assert len(set(ids)) == 3
    assert all(isinstance(identifier, UUID) for identifier in ids)


def test_a_batch_is_stored_whole_or_not_at_all(store: lrs.LRS, world: World) -> None:
    """One invalid statement refuses its batch, and the error says which one it was."""
    with pytest.raises(lrs.InvalidStatement) as refused:
        store.ingest([world.statement(), world.statement(), world.statement(timestamp="yesterday")])
    assert refused.value.index == 2
    assert refused.value.path == "$.timestamp"
    assert store.query(verb=world.verb).statements == []


def test_a_replay_is_accepted_and_free(store: lrs.LRS, world: World) -> None:
    """The same batch again gives the same ids and stores nothing."""
    batch = [world.statement(id=str(uuid4())) for _ in range(5)]
    first = store.ingest(batch)
    before = store.query(verb=world.verb).bodies
    assert store.ingest(batch) == first
    assert store.query(verb=world.verb).bodies == before


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": "2026-11-24T12:00:00+02:00"},
        {"verb": {"id": "VERB", "display": {"fr": "a vu"}}},
        {"object": {"id": "ACTIVITY", "definition": {"name": {"fr": "Autre"}}}},
    ],
)
def test_a_replay_in_other_words_is_a_replay(store: lrs.LRS, world: World, change: dict[str, object]) -> None:
    """What the specification does not count as part of the statement makes no conflict (xAPI 1.0.3 Data 2.3.1)."""
    told = json.loads(json.dumps(change).replace("VERB", world.verb).replace("ACTIVITY", world.activity))
    identifier = str(uuid4())
    store.ingest(world.statement(id=identifier, timestamp="2026-11-24T10:00:00Z"))
    store.ingest(world.statement(id=identifier.upper(), timestamp="2026-11-24T10:00:00Z") | told)
    assert len(store.query(verb=world.verb).statements) == 1


@pytest.mark.parametrize(
    "change", [{"result": {"success": True}}, {"actor": {"mbox": "mailto:somebody@else.example"}}, {"timestamp": "2026-11-24T10:00:01Z"}]
)
def test_other_content_under_a_known_id_is_a_conflict(store: lrs.LRS, world: World, change: dict[str, object]) -> None:
    """The conflict names the index in the batch, and nothing of the batch is stored."""
    identifier = str(uuid4())
    kept = world.statement(id=identifier, timestamp="2026-11-24T10:00:00Z")
    store.ingest(kept)
    with pytest.raises(lrs.Conflict) as conflict:
        store.ingest([world.statement(), kept | change, world.statement()])
    assert conflict.value.index == 1
    assert len(store.query(verb=world.verb).statements) == 1


def test_2_0_counts_no_timestamp_among_what_is_compared(store: lrs.LRS, world: World) -> None:
    """Under 2.0 a statement that differs in its timestamp alone is a replay, and the stored one stays (IEEE 9274.1.1 4.2)."""
    identifier = str(uuid4())
    for time in ("10:00:00Z", "10:00:01Z"):
        store.ingest(world.statement(id=identifier, timestamp=f"2026-11-24T{time}"), version="2.0.0")
    assert [found["timestamp"] for found in store.query(verb=world.verb).statements] == ["2026-11-24T10:00:00Z"]


def test_an_id_twice_in_a_batch_is_refused(store: lrs.LRS, world: World) -> None:
    """Even where both say the same."""
    twice = world.statement(id=str(uuid4()))
    with pytest.raises(lrs.InvalidRequest):
        store.ingest([twice, twice])
    assert store.query(verb=world.verb).statements == []


def test_batches_with_the_same_id_at_once_store_it_once(store: lrs.LRS, world: World) -> None:
    """Thirty threads send the same two hundred ids at the same time."""
    batch = [world.statement(id=str(uuid4())) for _ in range(200)]
    barrier = threading.Barrier(30)

    def send(_: int) -> list[UUID]:
        barrier.wait(10)
        return store.ingest(batch)

    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(send, range(30)))
    assert all(answer == answers[0] for answer in answers)
    assert store.count("verb", verb=world.verb) == [(world.verb, 200)]


def test_a_new_person_in_many_threads_is_one_person(store: lrs.LRS, world: World) -> None:
    """Who is met by many writers at once gets one subject."""
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda n: store.ingest(world.statement("newcomer", result={"score": {"raw": n}})), range(60)))
    assert len(store.query(agent=world.person("newcomer")).statements) == 60
    assert [number for _, number in store.count("actor", verb=world.verb)] == [60]


def test_stored_rises_and_the_authority_is_the_callers(store: lrs.LRS, world: World, principal: Callable[..., Principal]) -> None:
    """Times rise strictly in the order of the batch; a stated authority and a stated ``stored`` are replaced."""
    writer = principal(Scope.STATEMENTS_WRITE, name="platform")
    claims = {"authority": world.person("liar"), "stored": "2001-01-01T00:00:00Z"}
    ids = store.ingest([world.statement(**claims) for _ in range(20)], principal=writer)
    shown = {statement["id"]: statement for statement in store.query(verb=world.verb).statements}
    times = [datetime.fromisoformat(shown[str(identifier)]["stored"]) for identifier in ids]
    assert times == sorted(set(times))
    assert {statement["authority"]["account"]["name"] for statement in shown.values()} == {"platform"}


def test_lines_are_stored_one_by_one(store: lrs.LRS, world: World) -> None:
    """Each line has its own outcome: stored, stored before, refused; and its number counts every line of the file."""
    known = world.statement(id=str(uuid4()))
    store.ingest(known)
    conflict = known | {"result": {"success": True}}
    lines = [
        json.dumps(world.statement()),
        "",
        json.dumps(known),
        "{",
        json.dumps(conflict),
        json.dumps([world.statement(), world.statement()]),
    ]
    outcomes = list(store.ingest_lines(line.encode() for line in lines))
    assert [outcome.number for outcome in outcomes] == [1, 3, 4, 5, 6]
    assert [len(outcome.ids) for outcome in outcomes] == [1, 1, 0, 0, 2]
    assert [outcome.replayed for outcome in outcomes] == [False, True, False, False, False]
    assert [type(outcome.error) for outcome in outcomes] == [type(None), type(None), lrs.InvalidStatement, lrs.Conflict, type(None)]
    assert len(store.query(verb=world.verb).statements) == 4


def test_two_empty_lines_store_what_came_before(store: lrs.LRS, world: World) -> None:
    """A sender who has nothing more for now says so, and doesn't wait for a group to be full."""
    first, second = world.statement(id=str(uuid4())), world.statement(id=str(uuid4()))
    seen = []

    def lines() -> Iterator[bytes]:
        yield from (json.dumps(first).encode(), b"", b"")
        end = monotonic() + 10
        while not seen and monotonic() < end:
            seen.extend(store.query(verb=world.verb).statements)
            sleep(0.01)
        yield json.dumps(second).encode()

    assert [outcome.number for outcome in store.ingest_lines(lines())] == [1, 4]
    assert [statement["id"] for statement in seen] == [first["id"]]


def test_a_stream_keeps_what_came_before_an_error(store: lrs.LRS, world: World) -> None:
    """Each piece of a stream is a batch of its own."""
    good, bad = json.dumps([world.statement()] * 1).encode(), b"[{}]"
    with pytest.raises(lrs.InvalidStatement):
        store.ingest(iter([good, good, bad, good]))
    assert len(store.query(verb=world.verb).statements) == 2


def test_who_may_not_write_writes_nothing(store: lrs.LRS, world: World, principal: Callable[..., Principal]) -> None:
    """Deny by default."""
    with pytest.raises(lrs.NotPermitted):
        store.ingest(world.statement(), principal=principal(Scope.STATEMENTS_READ))
    with pytest.raises(lrs.NotPermitted):
        store.ingest(world.statement(), principal=principal())
    assert store.query(verb=world.verb).statements == []


def test_versions_differ_in_what_they_take(store: lrs.LRS, world: World) -> None:
    """contextAgents are xAPI 2.0; under 1.0.3 they are unknown."""
    statement = world.statement(context={"contextAgents": [{"objectType": "contextAgent", "agent": world.person("ctx")}]})
    with pytest.raises(lrs.InvalidStatement):
        store.ingest(statement, version="1.0.3")
    (identifier,) = store.ingest(statement, version="2.0.0")
    (shown,) = store.query(agent=world.person("ctx"), related_agents=True).statements
    assert shown["id"] == str(identifier)
    assert shown["version"] == "2.0.0"
