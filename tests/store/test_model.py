"""What a query finds, against a model of a few lines: made-up statements of all kinds, every filter alone and together with others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest

import lrs
from tests.store.conftest import World

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
ROUNDS = 1
STATEMENTS = 40
QUERIES = 15


class Maker:
    """Makes statements of a few people, verbs, activities and registrations, which refer to each other, to none and to themselves."""

    def __init__(self, world: World, random: Random) -> None:
        self.random = random
        self.people = [world.person(name) for name in ("ana", "bob", "cyd")]
        self.groups = [world.group("g", *self.people[:2]), world.group("h")]
        self.verbs = [f"{world.verb}/{n}" for n in range(3)]
        self.activities = [f"{world.activity}/{n}" for n in range(3)]
        self.registrations = [str(uuid4()) for _ in range(2)]
        self.ids = [str(uuid4()) for _ in range(STATEMENTS + 5)]

    def maybe(self, chance: float, **found: Any) -> dict[str, Any]:
        return found if self.random.random() < chance else {}

    def who(self) -> dict[str, Any]:
        anonymous = {"objectType": "Group", "member": self.random.sample(self.people, self.random.choice([1, 2]))}
        return self.random.choice([*self.people, *self.people, *self.groups, anonymous])

    def group(self) -> dict[str, Any]:
        return self.random.choice([*self.groups, {"objectType": "Group", "member": [self.random.choice(self.people)]}])

    def activity(self) -> dict[str, Any]:
        return {"id": self.random.choice(self.activities)}

    def reference(self) -> dict[str, Any]:
        return {"objectType": "StatementRef", "id": self.random.choice(self.ids)}

    def context(self) -> dict[str, Any]:
        return {
            **self.maybe(0.3, registration=self.random.choice(self.registrations)),
            **self.maybe(0.2, instructor=self.who()),
            **self.maybe(0.2, team=self.group()),
            **self.maybe(0.2, statement=self.reference()),
            **self.maybe(0.3, contextActivities={self.random.choice(["parent", "grouping", "category", "other"]): [self.activity()]}),
            **self.maybe(0.2, contextAgents=[{"objectType": "contextAgent", "agent": self.random.choice(self.people)}]),
            **self.maybe(0.2, contextGroups=[{"objectType": "contextGroup", "group": self.group()}]),
        }

    def event(self) -> dict[str, Any]:
        kind = self.random.choice(["activity", "activity", "person", "reference", "reference", "void"])
        thing = {"activity": self.activity, "person": self.who}.get(kind, self.reference)()
        verb = VOIDED if kind == "void" else self.random.choice(self.verbs)
        return {"actor": self.who(), "verb": {"id": verb}, "object": thing, **self.maybe(0.6, context=self.context())}

    def statement(self, identifier: str) -> dict[str, Any]:
        whole = {"id": identifier, **self.event()}
        if self.random.random() < 0.2 and whole["verb"]["id"] != VOIDED:
            whole["object"] = {"objectType": "SubStatement", **self.event()}
        return whole

    def filters(self) -> dict[str, Any]:
        return {
            **self.maybe(0.5, agent=self.random.choice([*self.people, *self.groups]), related_agents=self.random.random() < 0.5),
            **self.maybe(0.3, activity=self.random.choice(self.activities), related_activities=self.random.random() < 0.5),
            **self.maybe(0.3, verb=self.random.choice([*self.verbs, VOIDED])),
            **self.maybe(0.2, registration=self.random.choice(self.registrations)),
        } or {"verb": self.random.choice(self.verbs)}


def mailboxes(*people: dict[str, Any] | None) -> Iterator[str]:
    """Give the identifiers of people and groups and of their members."""
    for who in people:
        if who and "actor" not in who and "id" not in who:
            yield from [who["mbox"]] if "mbox" in who else []
            yield from mailboxes(*who.get("member", []))


def around(statement: dict[str, Any]) -> Iterator[str]:
    """Give the identifiers that only related_agents finds."""
    context = statement.get("context", {})
    yield from mailboxes(context.get("instructor"), context.get("team"))
    yield from mailboxes(*[each["agent"] for each in context.get("contextAgents", [])])
    yield from mailboxes(*[each["group"] for each in context.get("contextGroups", [])])


def themes(statement: dict[str, Any]) -> Iterator[str]:
    """Give the activities in the context."""
    for listed in statement.get("context", {}).get("contextActivities", {}).values():
        yield from (activity["id"] for activity in listed)


def of_a(kind: str, thing: dict[str, Any]) -> bool:
    """Tell whether an object is of a kind."""
    return bool(thing.get("objectType", "Activity") == kind)


def fits(statement: dict[str, Any], filters: dict[str, Any]) -> bool:
    """Tell whether a statement itself is what the filters ask for."""
    thing = statement["object"]
    sub = thing if of_a("SubStatement", thing) else {}
    who = {*mailboxes(statement["actor"], thing)}
    what = {thing["id"]} if of_a("Activity", thing) else set()
    if filters.get("related_agents"):
        who |= {*around(statement), *around(sub), *mailboxes(sub.get("actor"), sub.get("object"))}
    if filters.get("related_activities"):
        what |= {*themes(statement), *themes(sub)} | ({sub["object"]["id"]} if sub and of_a("Activity", sub["object"]) else set())
    return (
        ("agent" not in filters or filters["agent"]["mbox"] in who)
        and ("activity" not in filters or filters["activity"] in what)
        and ("verb" not in filters or filters["verb"] == statement["verb"]["id"])
        and ("registration" not in filters or filters["registration"] == statement.get("context", {}).get("registration"))
    )


def expected(stored: dict[str, dict[str, Any]], filters: dict[str, Any]) -> set[str]:
    """Give the ids of what fits or refers to what is found, without what is voided."""
    found = {identifier for identifier, statement in stored.items() if fits(statement, filters)}
    while more := {
        identifier
        for identifier, statement in stored.items()
        if of_a("StatementRef", statement["object"]) and statement["object"]["id"] in found and identifier not in found
    }:
        found |= more
    return found - hidden(stored)


def hidden(stored: dict[str, dict[str, Any]]) -> set[str]:
    """Give the ids of what is voided."""
    targets = {statement["object"]["id"] for statement in stored.values() if statement["verb"]["id"] == VOIDED}
    return {identifier for identifier in targets & stored.keys() if stored[identifier]["verb"]["id"] != VOIDED}


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_query_finds_what_the_model_finds(store: lrs.LRS, world: World, number: int) -> None:
    """Whatever refers to whatever, in whichever order it came: the same statements, newest first, each once, on pages of any size."""
    random = Random(number)
    make = Maker(world, random)
    order = make.ids[:STATEMENTS]
    stored = {identifier: make.statement(identifier) for identifier in order}
    for start in range(0, STATEMENTS, 12):
        store.ingest([stored[identifier] for identifier in order[start : start + 12]], version="2.0.0")
    for _ in range(QUERIES):
        filters = make.filters()
        wanted = [identifier for identifier in order if identifier in expected(stored, filters)]
        ascending = random.random() < 0.5
        pages = all_pages(store.query, filters | {"ascending": ascending, "limit": random.choice([7, 0])})
        ours = [identifier for identifier in pages if identifier in stored]
        assert ours == (wanted if ascending else wanted[::-1]), filters
    for identifier in hidden(stored):
        assert store.query(voided_statement_id=UUID(identifier)).statements[0]["id"] == identifier
        with pytest.raises(lrs.NotFound):
            store.query(statement_id=UUID(identifier))


def all_pages(query: Callable[..., Any], filters: dict[str, Any]) -> list[str]:
    """Give the ids of all pages in order."""
    page = query(**filters)
    found = [statement["id"] for statement in page.statements]
    while page.more:
        page = query(more=page.more)
        found += [statement["id"] for statement in page.statements]
    return found
