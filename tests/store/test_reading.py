"""What comes out: filters, references, voiding, pages, formats, views."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest

import lrs
from lrs.access import Principal, Scope, View
from lrs.xapi.walk import ifi_of
from tests.store.conftest import World


def found(store: lrs.LRS, **filters: Any) -> set[UUID]:
    return {UUID(statement["id"]) for statement in store.query(**filters).statements}


def refer(world: World, target: UUID, actor: str = "tutor", verb: str | None = None) -> dict[str, Any]:
    return world.statement(actor, object={"objectType": "StatementRef", "id": str(target)}, verb={"id": verb or world.verb + "/commented"})


def void(world: World, target: UUID) -> dict[str, Any]:
    return refer(world, target, "admin", "http://adlnet.gov/expapi/verbs/voided")


def test_the_agent_filter_matches_actor_object_and_members(store: lrs.LRS, world: World) -> None:
    """By identifier alone, whatever the name; elsewhere in the statement only with related_agents."""
    bob = world.person("bob")
    direct = store.ingest(
        [
            world.statement(bob | {"name": "Bob"}),
            world.statement(object=bob),
            world.statement(world.group("g", bob)),
            world.statement({"objectType": "Group", "member": [bob]}),
            world.statement(object=world.group("g", bob)),
        ]
    )
    sub = {"objectType": "SubStatement", **world.statement(bob)}
    related = store.ingest(
        [
            world.statement(context={"instructor": bob}),
            world.statement(context={"team": world.group("t", bob)}),
            world.statement(object=sub),
            world.statement(object={"objectType": "SubStatement", **world.statement(context={"instructor": bob})}),
        ]
    )
    store.ingest(world.statement("somebody"))
    assert found(store, agent=bob | {"name": "Robert"}) == set(direct)
    assert found(store, agent=bob, related_agents=True) == {*direct, *related}
    assert found(store, agent=world.person("nobody")) == set()


def test_related_agents_match_the_authority(store: lrs.LRS, world: World, principal: Callable[..., Principal]) -> None:
    """xAPI 1.0.3 Communication 2.1.3."""
    writer = principal(Scope.STATEMENTS_WRITE, name=f"platform{world.number}")
    ids = store.ingest(world.statement(), principal=writer)
    authority = {"account": {"homePage": "https://lms.example.fr", "name": f"platform{world.number}"}}
    assert found(store, agent=authority, related_agents=True) == set(ids)
    assert found(store, agent=authority) == set()


def test_related_agents_match_context_agents_and_groups(store: lrs.LRS, world: World) -> None:
    """And the members of such groups, in SubStatements too (IEEE 9274.1.1 4.1.6.1)."""
    bob = world.person("bob")
    contexts = [
        {"contextAgents": [{"objectType": "contextAgent", "agent": bob}]},
        {"contextGroups": [{"objectType": "contextGroup", "group": world.group("g", bob)}]},
        {"contextGroups": [{"objectType": "contextGroup", "group": {"objectType": "Group", "member": [world.person("x"), bob]}}]},
    ]
    outer = [world.statement(context=context) for context in contexts]
    inner = [world.statement(object={"objectType": "SubStatement", **statement}) for statement in outer]
    ids = store.ingest([*outer, *inner], version="2.0.0")
    assert found(store, agent=bob, related_agents=True) == set(ids)
    assert found(store, agent=bob) == set()


@pytest.mark.parametrize(
    "other",
    ["HTTP://example.fr/N/a", "http://EXAMPLE.fr/N/a", "http://example.fr:80/N/a", "http://example.fr/N/../N/a", "http://example.fr/N/%61"],
)
def test_iris_are_compared_as_they_are_written(store: lrs.LRS, world: World, other: str) -> None:
    """Character by character, for verbs and activities alike (xAPI 1.0.3 Data 3.1; RFC 3987 5.3.1)."""
    one, other = (iri.replace("N", str(world.number)) for iri in ("http://example.fr/N/a", other))
    ids = store.ingest([world.statement(object={"id": iri}, verb={"id": iri}) for iri in (one, other)])
    for iri, identifier in zip((one, other), ids, strict=True):
        assert found(store, activity=iri) == found(store, verb=iri) == {identifier}


def test_a_statement_in_the_context_makes_no_match(store: lrs.LRS, world: World) -> None:
    """Only a reference that is the object of a statement leads the filters on (xAPI 1.0.3 Communication 2.1.3)."""
    (target,) = store.ingest(world.statement("ana"))
    reference = {"objectType": "StatementRef", "id": str(target)}
    sub = {"objectType": "SubStatement", **world.statement("bea", object=reference)}
    store.ingest([world.statement("bea", context={"statement": reference}), world.statement("bea", object=sub)])
    assert found(store, agent=world.person("ana")) == {target}


def test_the_activity_filter(store: lrs.LRS, world: World) -> None:
    """The object alone, or context activities and SubStatements with related_activities."""
    other = {"id": world.activity + "/other"}
    (own,) = store.ingest(world.statement(object=other))
    related = store.ingest(
        [world.statement(context={"contextActivities": {kind: [other]}}) for kind in ("parent", "grouping", "category", "other")]
        + [world.statement(object={"objectType": "SubStatement", **world.statement(object=other)})]
    )
    assert found(store, activity=other["id"]) == {own}
    assert found(store, activity=other["id"], related_activities=True) == {own, *related}


def test_verb_and_registration_and_all_together(store: lrs.LRS, world: World) -> None:
    """Filters are joined by and."""
    registration = str(uuid4())
    (both,) = store.ingest(world.statement("ana", context={"registration": registration.upper()}))
    store.ingest([world.statement("ana"), world.statement("bea", context={"registration": registration})])
    assert len(found(store, registration=registration)) == 2
    assert found(store, registration=registration, agent=world.person("ana"), verb=world.verb) == {both}
    assert found(store, registration=registration, verb=world.verb + "x") == set()


def test_since_is_exclusive_and_until_inclusive(store: lrs.LRS, world: World) -> None:
    """Both are about ``stored``."""
    ids = [store.ingest(world.statement())[0] for _ in range(4)]
    times = [store.query(statement_id=identifier).statements[0]["stored"] for identifier in ids]
    assert found(store, verb=world.verb, since=times[1]) == set(ids[2:])
    assert found(store, verb=world.verb, until=times[1]) == set(ids[:2])
    assert found(store, verb=world.verb, since=times[0], until=times[2]) == set(ids[1:3])


def test_newest_first_unless_ascending(store: lrs.LRS, world: World) -> None:
    """By ``stored``."""
    ids = [str(identifier) for identifier in store.ingest([world.statement() for _ in range(5)])]
    assert [statement["id"] for statement in store.query(verb=world.verb).statements] == ids[::-1]
    assert [statement["id"] for statement in store.query(verb=world.verb, ascending=True).statements] == ids


def test_references_match_what_they_refer_to_to_any_depth(store: lrs.LRS, world: World) -> None:
    """A comment on a comment on a match is a match, whenever its target arrives; a ring of references ends."""
    late = uuid4()
    (early,) = store.ingest(refer(world, late))
    (target,) = store.ingest(world.statement("ana", id=str(late)))
    (second,) = store.ingest(refer(world, early))
    (third,) = store.ingest(refer(world, second))
    one, two = uuid4(), uuid4()
    store.ingest([refer(world, two) | {"id": str(one)}, refer(world, one) | {"id": str(two)}])
    assert found(store, agent=world.person("ana")) == {target, early, second, third}
    assert found(store, verb=world.verb) == {target, early, second, third}
    assert found(store, agent=world.person("tutor")) == {early, second, third, one, two}


def test_since_and_limit_apply_to_the_referring_one(store: lrs.LRS, world: World) -> None:
    """xAPI 1.0.3 Communication 2.1.4."""
    (target,) = store.ingest(world.statement("ana"))
    stored = store.query(statement_id=target).statements[0]["stored"]
    (comment,) = store.ingest(refer(world, target))
    assert found(store, agent=world.person("ana"), since=stored) == {comment}
    assert found(store, agent=world.person("ana"), limit=1) == {comment}


def test_a_voided_statement_is_hidden_and_what_refers_to_it_is_not(store: lrs.LRS, world: World) -> None:
    """The voiding one is listed; the voided one comes back by voidedStatementId alone."""
    (target,) = store.ingest(world.statement("ana"))
    (comment,) = store.ingest(refer(world, target))
    (voiding,) = store.ingest(void(world, target))
    assert found(store, agent=world.person("ana")) == {comment, voiding}
    with pytest.raises(lrs.NotFound):
        store.query(statement_id=target)
    assert store.query(voided_statement_id=target).statements[0]["id"] == str(target)
    with pytest.raises(lrs.NotFound):
        store.query(voided_statement_id=comment)


def test_voiding_works_on_what_arrives_later_and_not_on_a_voiding_one(store: lrs.LRS, world: World) -> None:
    """xAPI 1.0.3 Data 2.3.2."""
    late = uuid4()
    (voiding,) = store.ingest(void(world, late))
    store.ingest(world.statement("ana", id=str(late)))
    (vain,) = store.ingest(void(world, voiding))
    assert found(store, agent=world.person("ana")) == {voiding, vain}
    assert store.query(statement_id=voiding).statements[0]["id"] == str(voiding)
    with pytest.raises(lrs.NotFound):
        store.query(voided_statement_id=voiding)


@pytest.mark.parametrize("ascending", [False, True])
def test_a_page_goes_on_where_the_last_one_ended(store: lrs.LRS, world: World, ascending: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    """What is stored meanwhile and matches too moves nothing: counting what was shown would show or skip some again."""
    ids = store.ingest([world.statement() for _ in range(25)])
    page = store.query(verb=world.verb, limit=10, ascending=ascending)
    seen = [UUID(statement["id"]) for statement in page.statements]
    while page.more and len(seen) < len(ids):
        store.ingest([world.statement() for _ in range(3)])
        page = store.query(more=page.more)
        seen += [UUID(statement["id"]) for statement in page.statements]
    assert seen[: len(ids)] == (ids if ascending else ids[::-1])


@pytest.mark.parametrize("ascending", [False, True])
def test_pages_are_stable_while_others_write(store: lrs.LRS, world: World, ascending: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    """Paging to the end gives each of the first statements once, in order, in both directions."""
    ids = store.ingest([world.statement(result={"score": {"raw": n}}) for n in range(95)])
    stop = threading.Event()

    def disturb() -> None:
        while not stop.is_set():
            store.ingest([world.statement("other") for _ in range(3)])

    writer = threading.Thread(target=disturb)
    writer.start()
    try:
        page = store.query(verb=world.verb, agent=world.person("ana"), limit=10, ascending=ascending)
        seen = [UUID(statement["id"]) for statement in page.statements]
        while page.more:
            page = store.query(more=page.more)
            seen += [UUID(statement["id"]) for statement in page.statements]
    finally:
        stop.set()
        writer.join()
    assert seen == (ids if ascending else ids[::-1])


def test_a_token_is_its_owners_and_nobody_elses(store: lrs.LRS, world: World, principal: Callable[..., Principal]) -> None:
    """A more token of one credential is worth nothing to another, nor is one that was touched."""
    store.ingest([world.statement() for _ in range(3)])
    mine, other = principal(Scope.ALL, name="mine"), principal(Scope.ALL, name="other")
    token = store.query(verb=world.verb, limit=1, principal=mine).more
    assert token is not None
    assert len(store.query(more=token, principal=mine).statements) == 1
    for wrong in (
        lambda: store.query(more=token, principal=other),
        lambda: store.query(more=token[:-4] + "AAAA", principal=mine),
        lambda: store.query(more="é", principal=mine),
    ):
        with pytest.raises(lrs.InvalidRequest):
            wrong()


def test_a_token_is_worth_nothing_once_rights_are_narrower(store: lrs.LRS, world: World, principal: Callable[..., Principal]) -> None:
    """What somebody might see when they got it and may not see now, as a bearer with fewer scopes: they ask anew."""
    store.ingest([world.statement() for _ in range(3)])
    before = principal(Scope.ALL, name="mine")
    token = store.query(verb=world.verb, limit=1, principal=before).more
    for now in (attrs.evolve(before, scopes=frozenset({Scope.STATEMENTS_READ_MINE})), attrs.evolve(before, view=View.PSEUDONYMOUS)):
        with pytest.raises(lrs.InvalidRequest):
            store.query(more=token, principal=now)


def test_limit_zero_asks_for_what_the_server_gives(store: lrs.LRS, world: World) -> None:
    """xAPI 1.0.3 Communication 2.1.3."""
    store.ingest([world.statement() for _ in range(1005)])
    page = store.query(verb=world.verb, limit=0)
    assert len(page.statements) == store.settings.max_page_statements == 1000
    assert page.more is not None
    assert store.query(verb=world.verb, limit=1005).more is not None


def test_ids_and_canonical(store: lrs.LRS, world: World) -> None:
    """ids keeps what identifies; canonical shows the store's own definition in the reader's language; exact is untouched."""
    thing = {
        "id": world.activity,
        "objectType": "Activity",
        "definition": {"name": {"fr": "Cours", "en": "Course"}, "extensions": {"https://x.example/n": 1.10}},
    }
    store.ingest(
        world.statement(object={"id": world.activity, "definition": {"name": {"de": "Kurs"}, "type": "https://types.example.fr/course"}})
    )
    (identifier,) = store.ingest(
        world.statement(
            {"name": "Ana", "mbox": "mailto:ana@example.fr"}, object=thing, verb={"id": world.verb, "display": {"en": "saw", "fr": "a vu"}}
        )
    )
    (ids,) = store.query(statement_id=identifier, format="ids").statements
    assert ids["actor"] == {"objectType": "Agent", "mbox": "mailto:ana@example.fr"}
    assert ids["verb"] == {"id": world.verb}
    assert ids["object"] == {"id": world.activity}
    (canonical,) = store.query(statement_id=identifier, format="canonical", language="de-CH, fr;q=0.5").statements
    assert canonical["verb"]["display"] == {"fr": "a vu"}
    assert canonical["object"]["definition"]["name"] == {"de": "Kurs"}
    assert canonical["object"]["definition"]["type"] == "https://types.example.fr/course"
    assert canonical["actor"]["name"] == "Ana"
    (exact,) = store.query(statement_id=identifier, language="de").statements
    assert exact["object"] == thing


def test_the_pseudonymous_view_shows_no_identity_and_answers_no_guess(
    store: lrs.LRS, world: World, principal: Callable[..., Principal]
) -> None:
    """One name per person, none of the ids, no free text; asking for a person is refused."""
    reader = principal(Scope.STATEMENTS_READ, view=View.PSEUDONYMOUS)
    registration = str(uuid4())
    ids = store.ingest(
        [
            world.statement("ana", context={"registration": registration}),
            world.statement("ana", result={"response": "my own words"}),
            world.statement(world.group("team", world.person("ana"))),
        ]
    )
    store.ingest(refer(world, ids[0]) | {"verb": {"id": world.verb}})
    page = store.query(verb=world.verb, principal=reader)
    text = b"".join(page.bodies).decode()
    for hidden in (f"ana.{world.number}", f"team.{world.number}", "my own words", registration, *map(str, ids)):
        assert hidden not in text
    comment, group, second, first = page.statements
    assert first["actor"] == second["actor"] == group["actor"]["member"][0]
    assert group["actor"]["objectType"] == "Group"
    assert comment["object"]["id"] == first["id"]
    for guess in ({"agent": world.person("ana")}, {"registration": registration}, {"statement_id": ids[0]}):
        with pytest.raises(lrs.NotPermitted):
            store.query(principal=reader, **guess)


def test_the_aggregate_view_counts_and_shows_nobody(store: lrs.LRS, world: World, principal: Callable[..., Principal]) -> None:
    """Counts only."""
    reader = principal(Scope.STATEMENTS_READ, view=View.AGGREGATE)
    store.ingest([world.statement("ana"), world.statement("bea")])
    assert store.count("verb", verb=world.verb, principal=reader) == [(world.verb, 2)]
    for refused in (
        lambda: store.query(principal=reader),
        lambda: store.count("actor", principal=reader),
        lambda: store.count("verb", agent=world.person("ana"), principal=reader),
    ):
        with pytest.raises(lrs.NotPermitted):
            refused()


def test_read_mine_sees_what_its_own_credential_wrote(store: lrs.LRS, world: World, principal: Callable[..., Principal]) -> None:
    """Not even through references or by id does it see more."""
    mine = principal(Scope.STATEMENTS_WRITE, Scope.STATEMENTS_READ_MINE, name=f"mine{world.number}")
    (own,) = store.ingest(world.statement(), principal=mine)
    (other,) = store.ingest(world.statement())
    store.ingest(refer(world, own))
    assert found(store, verb=world.verb, principal=mine) == {own}
    assert found(store, statement_id=own, principal=mine) == {own}
    with pytest.raises(lrs.NotFound):
        store.query(statement_id=other, principal=mine)


def test_mine_is_what_has_the_whole_authority(store: lrs.LRS, world: World) -> None:
    """An application alone, and the same one together with each of its users, write and read apart (xAPI 1.0.3 Communication 4.2)."""

    def caller(*names: str) -> Principal:
        agents = [
            {"objectType": "Agent", "account": {"homePage": "https://idp.example.fr", "name": f"{name}{world.number}"}} for name in names
        ]
        authority = agents[0] if len(agents) == 1 else {"objectType": "Group", "member": agents}
        scopes = frozenset({Scope.STATEMENTS_WRITE, Scope.STATEMENTS_READ_MINE})
        return Principal("default", "-".join(names), scopes, View.IDENTIFIED, json.dumps(authority).encode())

    callers = [caller("app"), caller("app", "ana"), caller("app", "bea"), caller("other", "ana"), caller("ana")]
    written = [store.ingest(world.statement(), principal=each)[0] for each in callers]
    for each, own in zip(callers, written, strict=True):
        assert found(store, verb=world.verb, principal=each) == {own}
        assert found(store, statement_id=own, principal=each) == {own}
        for other in set(written) - {own}:
            with pytest.raises(lrs.NotFound):
                store.query(statement_id=other, principal=each)
    assert found(store, verb=world.verb, principal=caller("nobody yet")) == set()
    (group,) = store.query(statement_id=written[1]).statements
    assert group["authority"] == json.loads(callers[1].authority)


def test_only_who_may_define_defines(store: lrs.LRS, world: World, principal: Callable[..., Principal]) -> None:
    """Without the scope a definition stays in its statement and does not enter the store's own (xAPI 1.0.3 Communication 4.2)."""

    def told(name: str, *scopes: Scope) -> None:
        thing = {"id": world.activity, "definition": {"name": {"fr": name}}}
        store.ingest(world.statement(object=thing), principal=principal(Scope.STATEMENTS_WRITE, *scopes))

    def shown() -> set[str]:
        page = store.query(verb=world.verb, format="canonical", language="fr")
        return {each["object"]["definition"]["name"]["fr"] for each in page.statements}

    told("Défini", Scope.DEFINE)
    told("Redéfini")
    assert shown() == {"Défini"}
    exact = store.query(verb=world.verb).statements
    assert {each["object"]["definition"]["name"]["fr"] for each in exact} == {"Défini", "Redéfini"}
    told("Redéfini", Scope.DEFINE)
    assert shown() == {"Redéfini"}


def test_a_filter_still_works_where_the_iri_names_the_person(store: lrs.LRS, world: World) -> None:
    """What the self-mention scan hides from the warehouse is found by its owner all the same."""
    name = f"account-of-{world.number}-dupont"
    actor = {"account": {"homePage": "https://lms.example.fr", "name": name}}
    thing = f"https://lms.example.fr/users/{name}"
    (identifier,) = store.ingest(world.statement(actor, object={"id": thing}, verb={"id": f"https://verbs.example.fr/{name}"}))
    assert found(store, activity=thing) == found(store, verb=f"https://verbs.example.fr/{name}") == {identifier}


def test_joined_identifiers_are_read_as_one_person(store: lrs.LRS, world: World) -> None:
    """Asking for one finds the statements of both, and the Person object has both; parted, each is alone again."""
    store.ingest([world.statement("ana"), world.statement("anna"), world.statement("bob")])
    vault, keys = store._vault, store._keys("default")
    indexes = [keys.blind_index(ifi_of(world.person(name))) for name in ("ana", "anna")]
    one, other = (vault.subjects("default", [index])[index][0] for index in indexes)
    vault.join("default", one, other)
    both = {world.person("ana")["mbox"], world.person("anna")["mbox"]}
    for name in ("ana", "anna"):
        assert {each["actor"]["mbox"] for each in store.query(agent=world.person(name)).statements} == both
        assert set(store.person(world.person(name))["mbox"]) == both
    vault.unjoin("default", other)
    assert len(store.query(agent=world.person("anna")).statements) == len(store.query(agent=world.person("ana")).statements) == 1
