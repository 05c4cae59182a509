"""Reads are for a purpose: which statements, which of their properties, how finely their times (LAW-1, PUR-1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import attrs
import pytest

import lrs
from lrs.access import Principal, Scope, View, software_authority
from lrs.engine import LRS
from lrs.settings import Settings
from tests.store.conftest import World

DAY = 86_400_000_000
POLICY = """
title = { fr = "Essai", en = "Trial" }
default_purpose = "teaching"
unassigned = "refuse"
parties = [{ name = "Institution", role = "controller", location = "FR" }]

[[rules]]
verbs = ["https://v.example/both"]
purposes = ["teaching", "research", "proof", "bare"]

[[rules]]
verbs = ["https://v.example/teaching"]
purposes = ["teaching", "counts"]

[[purposes]]
id = "teaching"
title = { fr = "E", en = "T" }
legal_basis = "public_task"
audiences = ["user"]
retention = { identity_days = 300, statement_days = 400 }

[[purposes]]
id = "research"
title = { fr = "R", en = "R" }
legal_basis = "public_task"
audiences = ["user"]
fields = ["actor", "verb.id", "object.id", "result.score", "timestamp"]
granularity = "day"
retention = { identity_days = 10, statement_days = 20 }

[[purposes]]
id = "counts"
title = { fr = "C", en = "C" }
legal_basis = "public_task"
audiences = ["user"]
view = "aggregate"
granularity = "week"
retention = { identity_days = 300, statement_days = 400 }

[[purposes]]
id = "proof"
title = { fr = "P", en = "P" }
legal_basis = "legal_obligation"
audiences = ["user"]
granularity = "day"
retention = { identity_days = 10, statement_days = 20 }

[[purposes]]
id = "bare"
title = { fr = "B", en = "B" }
legal_basis = "legal_obligation"
audiences = ["user"]
fields = ["timestamp", "context.platform", "context", "context.language"]

[[purposes]]
id = "asked"
title = { fr = "A", en = "A" }
legal_basis = "consent"
audiences = ["user"]
"""
BOTH, TEACHING = "https://v.example/both", "https://v.example/teaching"


class Clock:
    now = 1_790_000_000_000_000

    def __call__(self) -> int:
        self.now += 1
        return self.now


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[lrs.LRS]:
    data = tmp_path_factory.mktemp("reading")
    (data / "policy.toml").write_text(POLICY, "utf-8")
    with LRS(Settings(data=data), clock=clock) as opened:
        yield opened


@pytest.fixture
def world() -> World:
    return World()


def sent(store: lrs.LRS, clock: Clock, world: World, verb: str = BOTH, days: float = 0, **more: Any) -> str:
    """Store a statement that happened so many days ago."""
    then = datetime.fromtimestamp(clock.now / 1e6, UTC) - timedelta(days=days)
    (identifier,) = store.ingest(world.statement(verb={"id": verb}, timestamp=then.isoformat(), **more))
    return str(identifier)


def found(store: lrs.LRS, world: World, purpose: str = "", **filters: Any) -> list[dict[str, Any]]:
    return store.query(purpose=purpose, activity=world.activity, ascending=True, **filters).statements


def test_only_what_serves_the_purpose_is_read(store: lrs.LRS, clock: Clock, world: World) -> None:
    """By filters and by id; the default purpose counts where none is named, and a purpose that the policy has not is refused."""
    both, teaching = sent(store, clock, world), sent(store, clock, world, TEACHING)
    assert [each["id"] for each in found(store, world)] == [both, teaching]
    assert len(found(store, world, "research")) == 1
    assert store.count("verb", purpose="counts", activity=world.activity) == [(TEACHING, 1)]
    with pytest.raises(lrs.NotPermitted, match="no such purpose"):
        found(store, world, "curiosity")
    with pytest.raises(lrs.NotPermitted):
        found(store, world, "counts")
    assert found(store, world, "asked") == []


def test_what_a_statement_refers_to_has_to_serve_the_purpose_too(store: lrs.LRS, clock: Clock, world: World) -> None:
    """A match through a reference would tell of a statement that the purpose does not see."""
    hidden = sent(store, clock, world, TEACHING)
    other = World()
    reference = {"objectType": "StatementRef", "id": hidden}
    (referring,) = store.ingest(other.statement(verb={"id": BOTH}, object=reference))
    assert [each["id"] for each in found(store, world)] == [hidden, str(referring)]
    assert found(store, world, "research") == []


def test_only_the_properties_of_the_purpose_are_shown(store: lrs.LRS, clock: Clock, world: World) -> None:
    """Whatever stands in the others, in every format; nested ones and those of a sub-statement too."""
    mark = "canary"
    sent(
        store,
        clock,
        world,
        object={
            "id": world.activity,
            "definition": {"name": {"fr": mark}, "description": {"fr": mark}, "extensions": {"https://x.example/e": mark}},
        },
        result={"response": mark, "score": {"raw": 7}, "duration": "PT7S", "extensions": {"https://x.example/e": mark}},
        context={
            "platform": mark,
            "language": "fr",
            "instructor": world.person(mark),
            "registration": "5e9cbd3b-1a1a-4f0c-9d4e-222222222222",
        },
    )
    assert mark in json.dumps(found(store, world))
    for form in ("exact", "canonical", "ids"):
        (shown,) = found(store, world, "research", format=form)
        assert mark not in json.dumps(shown), form
        assert shown.keys() == {"actor", "verb", "object", "timestamp"} | ({"result"} if form != "ids" else shown.keys() & {"result"}), form
        assert (shown["verb"].keys(), shown["object"].keys()) == ({"id"}, {"id"}), form
    assert found(store, world, "research")[0]["result"] == {"score": {"raw": 7}}


def test_times_are_as_fine_as_the_purpose_needs(store: lrs.LRS, clock: Clock, world: World) -> None:
    """The time of a statement is cut to the day, and so are the limits that are asked for: narrowing them down tells nothing."""
    sent(store, clock, world)
    (exact,), (day,) = found(store, world), found(store, world, "research")
    assert day["timestamp"] == exact["timestamp"][:10] + "T00:00:00.000000Z" != exact["timestamp"]
    stored = datetime.fromisoformat(exact["stored"])
    midnight = stored.replace(hour=0, minute=0, second=0, microsecond=0)
    assert found(store, world, "research", until=midnight.isoformat())
    assert not found(store, world, "research", until=(midnight - timedelta(microseconds=1)).isoformat())
    assert not found(store, world, until=midnight.isoformat())


@pytest.mark.parametrize(
    "filters", [{"registration": "5e9cbd3b-1a1a-4f0c-9d4e-222222222222"}, {"statement_id": "5e9cbd3b-1a1a-4f0c-9d4e-222222222222"}]
)
def test_filters_on_what_is_not_shown_are_refused(store: lrs.LRS, filters: dict[str, str]) -> None:
    """The answer would show it."""
    with pytest.raises(lrs.NotPermitted, match="does not show"):
        store.query(purpose="research", **filters)


def test_counts_tell_no_more_than_the_purpose_shows(store: lrs.LRS) -> None:
    """Not by days where it shows weeks, not by people where it shows none."""
    for by in ("day", "actor"):
        with pytest.raises(lrs.NotPermitted):
            store.count(by, purpose="counts")


def test_each_purpose_has_its_own_end(store: lrs.LRS, clock: Clock, world: World) -> None:
    """What one purpose still reads, another one reads without people, or not at all; the moment its limit passes."""
    for days in (9.9, 10.1, 19.9, 20.1):
        sent(store, clock, world, days=days)
    shown = found(store, world, "research")
    assert [each["actor"]["account"]["name"] if "account" in each["actor"] else "known" for each in shown] == ["known", "erased", "erased"]
    assert len(found(store, world, "research", agent=world.person("ana"))) == 1
    assert [("mbox" in each["actor"]) for each in found(store, world)] == [True] * 4
    before = clock.now
    try:
        clock.now += DAY
        assert len(found(store, world, "research")) == 2
        assert len(found(store, world)) == 4
    finally:
        clock.now = before


def test_a_page_goes_on_for_the_purpose_it_was_read_for(store: lrs.LRS, clock: Clock, world: World) -> None:
    """A token of one purpose opens nothing for another one, and shows what its own shows."""
    for _ in range(3):
        sent(store, clock, world, result={"response": "canary"})
    first = store.query(purpose="research", activity=world.activity, limit=2)
    (last,) = store.query(purpose="research", more=first.more).statements
    assert last.keys() == {"actor", "verb", "object", "timestamp"}
    with pytest.raises(lrs.LRSError):
        store.query(more=first.more)


def test_a_purpose_that_shows_properties_shows_no_documents(store: lrs.LRS, world: World) -> None:
    """Nobody said which parts of them it needs; persons' other names are not shown either by a purpose without people."""
    reader = Principal(
        "default",
        "reader",
        frozenset({Scope.ALL}),
        View.IDENTIFIED,
        software_authority("https://lms.example.fr", "reader"),
        purpose="research",
    )
    store.documents.state(world.activity, world.person("ana")).put("s", {"a": 1})
    assert store.documents.state(world.activity, world.person("ana")).get("s").content == b'{"a":1}'
    with pytest.raises(lrs.NotPermitted):
        store.documents.state(world.activity, world.person("ana"), principal=reader).get("s")
    with pytest.raises(lrs.NotPermitted):
        store.person(world.person("ana"), principal=attrs.evolve(reader, purpose="counts"))


def test_a_statement_is_read_by_its_id_for_a_purpose_too(store: lrs.LRS, clock: Clock, world: World) -> None:
    """One that does not serve it, or does so no longer, is not found, and one that is old enough shows nobody."""
    hidden, recent, older, ended = (
        sent(store, clock, world, verb, days=days) for verb, days in ((TEACHING, 0), (BOTH, 0), (BOTH, 10.1), (BOTH, 20.1))
    )
    shown = [store.query(purpose="proof", statement_id=each).statements[0]["actor"] for each in (recent, older)]
    assert ["mbox" in each for each in shown] == [True, False]
    for each in (hidden, ended):
        assert len(store.query(statement_id=each).statements) == 1
        with pytest.raises(lrs.NotFound):
            store.query(purpose="proof", statement_id=each)


def test_limits_of_time_are_as_coarse_as_the_times_shown(store: lrs.LRS, clock: Clock, world: World) -> None:
    """A ``since`` later on the same day still finds what was stored on it."""
    sent(store, clock, world)
    later = (datetime.fromisoformat(found(store, world)[0]["stored"]) + timedelta(seconds=1)).isoformat()
    assert (len(found(store, world, since=later)), len(found(store, world, "research", since=later))) == (0, 1)


def test_the_time_of_a_sub_statement_is_cut_too(store: lrs.LRS, clock: Clock, world: World) -> None:
    """It tells as much as that of the statement."""
    sub = world.statement(objectType="SubStatement", timestamp="2026-05-05T05:05:05Z")
    sent(store, clock, world, object=sub)
    (shown,) = store.query(purpose="proof", verb=BOTH, activity=world.activity, related_activities=True).statements
    assert shown["object"]["timestamp"] == "2026-05-05T00:00:00.000000Z"


def test_a_property_that_is_shown_whole_is_not_cut_by_a_path_into_it(store: lrs.LRS, clock: Clock, world: World) -> None:
    """In whatever order the policy names them; and nothing else is shown."""
    identifier = sent(store, clock, world, context={"platform": "Moodle", "language": "fr", "revision": "7"})
    bodies = store.query(purpose="bare", limit=1).statements
    assert bodies[0].keys() == {"timestamp", "context"}
    assert bodies[0]["context"] == {"platform": "Moodle", "language": "fr", "revision": "7"}
    assert store.query(statement_id=identifier).statements[0]["context"] == bodies[0]["context"]


def test_nobody_and_nothing_is_asked_for_that_the_purpose_does_not_show(store: lrs.LRS, world: World) -> None:
    """Not by filters, not as a person, not as an activity, not as what is counted."""
    for filters in ({"agent": world.person("ana")}, {"verb": BOTH}, {"activity": world.activity}):
        with pytest.raises(lrs.NotPermitted, match="does not show"):
            store.query(purpose="bare", **filters)
    with pytest.raises(lrs.NotPermitted, match="does not show"):
        store.person(world.person("ana"), purpose="bare")
    with pytest.raises(lrs.NotPermitted, match="does not show"):
        store.activity(world.activity, purpose="bare")
    with pytest.raises(lrs.NotPermitted, match="does not show"):
        store.count("verb", purpose="bare")


def test_a_promised_page_ends_with_the_purpose(store: lrs.LRS, clock: Clock, world: World) -> None:
    """What the limit passes between two pages is not on the second one."""
    for _ in range(3):
        sent(store, clock, world, days=19.5)
    first = store.query(purpose="research", activity=world.activity, limit=2)
    before = clock.now
    try:
        clock.now += DAY // 2 + DAY // 100
        assert store.query(purpose="research", more=first.more).statements == []
    finally:
        clock.now = before


def test_contents_of_attachments_are_shown_with_the_property_alone(store: lrs.LRS, clock: Clock, world: World) -> None:
    """A purpose that does not show ``attachments`` gets no content."""
    content = b"canary"
    digest = sha256(content).hexdigest()
    told = {"usageType": "https://x.example/u", "display": {"fr": "x"}, "contentType": "text/plain", "length": len(content), "sha2": digest}
    then = datetime.fromtimestamp(clock.now / 1e6, UTC).isoformat()
    store.ingest(world.statement(verb={"id": BOTH}, timestamp=then, attachments=[told]), attachments={digest: content})
    shown = [
        list(store.query(purpose=purpose, activity=world.activity, attachments=True).attachments or ())
        for purpose in ("", "proof", "research")
    ]
    assert shown == [[digest], [digest], []]
