"""One person and one activity, with all that is known of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete

import lrs
from lrs.access import PLATFORM, Principal, Scope, View
from lrs.crypto.providers import add_tenant
from lrs.storage.vault import schema
from lrs.xapi import lookup
from tests.store.conftest import World

ACCOUNT = {"homePage": "https://lms.example.fr", "name": "4711"}
IDENTIFIERS: dict[str, Any] = {
    "mbox": "mailto:eve@example.fr",
    "mbox_sha1sum": "0" * 40,
    "openid": "https://id.example.fr/eve",
    "account": ACCOUNT,
}


def lose(store: lrs.LRS, agent: dict[str, Any]) -> None:
    """Take a person out of the vault."""
    (sid,) = store._reader._sids(lookup.agent([("agent", json.dumps(agent))]), store.settings.tenant)
    with store._vault._write() as connection:
        for table in (schema.variant, schema.identifier, schema.subject):
            connection.execute(delete(table).where(table.c.sid == sid))


def test_a_person_has_every_name_that_was_sent(store: lrs.LRS, world: World) -> None:
    """In any role, each name once, in the order in which they came; agents of the same name stay apart."""
    bob = world.person("bob")
    store.ingest(world.statement(bob))
    store.ingest(world.statement(bob | {"name": "Bob"}))
    store.ingest(world.statement(context={"instructor": bob | {"name": "Böb"}}))
    store.ingest(world.statement({"objectType": "Group", "member": [bob | {"name": "Bob"}]}))
    store.ingest(world.statement(world.person("other") | {"name": "Bob"}))
    assert store.person(bob | {"name": "Robert"}) == {"objectType": "Person", "name": ["Bob", "Böb"], "mbox": [bob["mbox"]]}


@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_every_kind_of_identifier_is_an_array(kind: str, store: lrs.LRS, world: World) -> None:
    """With values of the agents' form; the order of an account's keys makes no second one."""
    agent = {kind: IDENTIFIERS[kind]}
    turned = {kind: dict(reversed(ACCOUNT.items())) if kind == "account" else IDENTIFIERS[kind], "name": "Eve"}
    store.ingest([world.statement(agent), world.statement(turned)])
    assert store.person(agent) == {"objectType": "Person", "name": ["Eve"], kind: [IDENTIFIERS[kind]]}


def test_an_unknown_person_is_what_was_asked_for(store: lrs.LRS, world: World) -> None:
    """xAPI 1.0.3 Communication 2.4.s3.b3."""
    nobody = world.person("nobody")
    assert store.person(nobody | {"name": "N"}) == {"objectType": "Person", "name": ["N"], "mbox": [nobody["mbox"]]}


@pytest.mark.parametrize(
    "agent",
    [
        {},
        {"name": "Bob"},
        {"objectType": "Person", "mbox": ["mailto:a@example.fr"]},
        {"mbox": ["mailto:a@example.fr"]},
        {"mbox": "mailto:a@example.fr", "openid": "https://a.example.fr"},
        {"objectType": "Group", "mbox": "mailto:a@example.fr"},
        {"objectType": "Group", "member": [{"mbox": "mailto:a@example.fr"}]},
        {"account": {"name": "4711"}},
        {"mbox": "mailto:a@example.fr", "Name": "A"},
    ],
)
def test_a_malformed_agent_is_refused(agent: dict[str, Any], store: lrs.LRS) -> None:
    """And so is a Group (xAPI 1.0.3 Communication 2.4.s2)."""
    with pytest.raises(lrs.InvalidRequest, match="agent"):
        store.person(agent)


def test_who_may_see_a_person(store: lrs.LRS, world: World, principal: Callable[..., Principal]) -> None:
    """Whoever reads everybody's statements with their people; who reads its own gets what it gave; nobody else learns whether somebody is known."""
    ana = world.person("ana")
    store.ingest(world.statement(ana | {"name": "Ana"}))
    for scope in Scope:
        caller = principal(scope)
        if scope in (Scope.STATEMENTS_READ, Scope.ALL_READ, Scope.ALL):
            assert store.person(ana, principal=caller)["name"] == ["Ana"]
        elif scope is Scope.STATEMENTS_READ_MINE:
            assert store.person(ana | {"name": "A"}, principal=caller) == {"objectType": "Person", "name": ["A"], "mbox": [ana["mbox"]]}
        else:
            with pytest.raises(lrs.NotPermitted):
                store.person(world.person("ana"), principal=caller)
    for view in (View.PSEUDONYMOUS, View.AGGREGATE):
        with pytest.raises(lrs.NotPermitted):
            store.person(world.person("ana"), principal=principal(Scope.ALL, view=view))


def test_an_activity_has_all_that_was_said_of_it(store: lrs.LRS, world: World) -> None:
    """Languages and extensions together, of anything else the newest; in contexts and SubStatements too, with numbers as they were sent."""
    first = {
        "name": {"en": "Course", "fr": "Cours"},
        "type": "https://types.example.fr/a",
        "extensions": {"https://w3id.org/xapi/video/extensions/length": 1.5},
    }
    second = {"name": {"en": "The course"}, "moreInfo": "https://lms.example.fr/more"}
    third = {
        "name": {"de": "Kurs"},
        "type": "https://types.example.fr/b",
        "extensions": {"https://w3id.org/xapi/video/extensions/quality": [None]},
    }
    store.ingest(world.statement(object={"id": world.activity, "definition": first}))
    store.ingest(world.statement(context={"contextActivities": {"parent": [{"id": world.activity, "definition": second}]}}))
    sub = {"objectType": "SubStatement", **world.statement(object={"id": world.activity, "definition": third})}
    store.ingest(world.statement(object=sub))
    assert store.activity(world.activity) == {
        "objectType": "Activity",
        "id": world.activity,
        "definition": {
            "name": {"en": "The course", "fr": "Cours", "de": "Kurs"},
            "type": "https://types.example.fr/b",
            "extensions": {"https://w3id.org/xapi/video/extensions/length": 1.5, "https://w3id.org/xapi/video/extensions/quality": [None]},
            "moreInfo": "https://lms.example.fr/more",
        },
    }


def test_the_free_text_of_a_definition_is_for_who_reads_its_statement(
    store: lrs.LRS, world: World, principal: Callable[..., Principal]
) -> None:
    """In the Activity object and in the canonical format: who reads the statement with its people sees it, others only what is factual."""
    text, fact = "https://x.example/room", "https://w3id.org/xapi/video/extensions/length"
    for room in ("Room of Thomas", "Room 2"):
        thing = {"id": world.activity, "definition": {"name": {"en": "Meeting"}, "extensions": {text: {"name": room}, fact: 60}}}
        (identifier,) = store.ingest(world.statement(object=thing))
    whole = thing["definition"]
    factual = {"name": {"en": "Meeting"}, "extensions": {fact: 60}}
    assert store.activity(world.activity)["definition"] == whole
    assert store.query(statement_id=identifier, format="canonical").statements[0]["object"]["definition"] == whole
    for caller in (principal(Scope.DEFINE), principal(Scope.ALL, view=View.PSEUDONYMOUS)):
        assert store.activity(world.activity, principal=caller)["definition"] == factual
    mine = principal(Scope.STATEMENTS_WRITE, Scope.STATEMENTS_READ_MINE)
    (own,) = store.ingest(world.statement(object=thing), principal=mine)
    (shown,) = store.query(statement_id=own, format="canonical", principal=mine).statements
    assert shown["object"]["definition"] == factual
    platform = principal(*PLATFORM)
    whole["extensions"][text] = "Room 3"
    (own,) = store.ingest(world.statement(object=thing), principal=platform)
    (shown,) = store.query(statement_id=own, format="canonical", principal=platform).statements
    assert shown["object"]["definition"] == store.activity(world.activity, principal=platform)["definition"] == whole
    assert store.activity(world.activity, principal=principal(Scope.DEFINE))["definition"] == factual
    lose(store, world.person("ana"))
    assert store.activity(world.activity)["definition"] == factual
    assert store.person(world.person("ana") | {"name": "A"})["name"] == ["A"]


def test_an_unknown_activity_is_the_bare_object(store: lrs.LRS, world: World) -> None:
    """As is one of which nothing was said (xAPI 1.0.3 Communication 2.5.s2.b1)."""
    bare = {"objectType": "Activity", "id": world.activity}
    assert store.activity(world.activity) == bare
    store.ingest(world.statement())
    assert store.activity(world.activity) == bare
    with pytest.raises(lrs.InvalidRequest, match="activityId"):
        store.activity("no-scheme")


def test_an_activity_does_not_tell_of_a_person(store: lrs.LRS, world: World) -> None:
    """A definition that names the statement's own person is not taken over."""
    definition = {"name": {"en": f"Homework of ana.{world.number}@example.fr"}}
    store.ingest(world.statement(object={"id": world.activity, "definition": definition}))
    assert "definition" not in store.activity(world.activity)


def test_who_may_see_an_activity(store: lrs.LRS, world: World, principal: Callable[..., Principal]) -> None:
    """Who reads everybody's statements or defines activities; a view of counts does not."""
    for scope in Scope:
        if scope in (Scope.STATEMENTS_READ, Scope.DEFINE, Scope.ALL_READ, Scope.ALL):
            assert store.activity(world.activity, principal=principal(scope, view=View.PSEUDONYMOUS))["id"] == world.activity
        else:
            with pytest.raises(lrs.NotPermitted):
                store.activity(world.activity, principal=principal(scope))
    with pytest.raises(lrs.NotPermitted):
        store.activity(world.activity, principal=principal(Scope.ALL, view=View.AGGREGATE))


def test_tenants_know_nothing_of_each_other(store: lrs.LRS, world: World, principal: Callable[..., Principal]) -> None:
    """Neither people nor definitions."""
    store.ingest(world.statement(world.person("ana") | {"name": "Ana"}, object={"id": world.activity, "definition": {"name": {"fr": "x"}}}))
    assert "name" in store.person(world.person("ana"))
    assert "definition" in store.activity(world.activity)
    add_tenant(store.settings, "elsewhere")
    other = principal(Scope.ALL, tenant="elsewhere")
    assert "name" not in store.person(world.person("ana"), principal=other)
    assert "definition" not in store.activity(world.activity, principal=other)
