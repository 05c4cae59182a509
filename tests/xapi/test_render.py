"""Statements in the formats ids and canonical (xAPI 1.0.3 Communication 2.1.3)."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lrs.xapi import render
from lrs.xapi.model import text_of
from lrs.xapi.rules import Checker
from tests.xapi.strategies import VERSIONS, Number, read, statements, write
from tests.xapi.test_rules import AGENT, ANONYMOUS, CHOICE, IDENTIFIED, MEMBER, context, put, related

DEFINED = {
    "objectType": "Activity",
    "id": "http://a/b",
    "definition": {"name": {"en": "A", "fr": "B"}, "extensions": {"a:b": Number("1.10")}},
}
PLACES = ("actor", "object", "authority", "context/instructor", "context/team")


def ids(statement: dict[str, Any]) -> Any:
    """Give a statement in the format ids."""
    return read(render.ids(write(statement)))


def canonical(statement: dict[str, Any], accept: str = "", **seen: list[dict[str, Any]]) -> Any:
    """Give a statement in the format canonical; ``seen`` are the definitions of ``http://a/b``."""
    definitions = {f"http://a/{name}": [write(each) for each in listed] for name, listed in seen.items()}
    return read(render.canonical(write(statement), accept, definitions))


def test_ids_keeps_of_people_what_identifies_them():
    """Wherever an agent or group stands: its type and identifier; of an anonymous group that of each member, of another no members."""
    for place in PLACES:
        steps = place.split("/")
        for who, left in (
            (AGENT, {"objectType": "Agent", "mbox": AGENT["mbox"]}),
            (IDENTIFIED, {"objectType": "Group", "openid": IDENTIFIED["openid"]}),
            (
                ANONYMOUS,
                {"objectType": "Group", "member": [{"objectType": "Agent", "mbox": AGENT["mbox"]}, {"objectType": "Agent", **MEMBER}]},
            ),
        ):
            shown = ids(put(place, who))
            for step in steps:
                shown = shown[step]
            assert shown == left
    shown = ids(related("contextAgent"))["context"]["contextAgents"][0]["agent"]
    assert shown == {"objectType": "Agent", "mbox": AGENT["mbox"]}
    assert ids(related("contextGroup"))["context"]["contextGroups"][0]["group"] == {"objectType": "Group", "openid": IDENTIFIED["openid"]}


def test_ids_keeps_of_verbs_and_activities_their_ids():
    """As object, in the context and inside a SubStatement; results and extensions stay."""
    about = put("object", DEFINED, context(contextActivities={"parent": [DEFINED], "other": []}))
    shown = ids(put("object", {"objectType": "SubStatement", **about}, put("result", {"extensions": {"a:b": Number("1.10")}}, about)))
    assert shown["verb"] == shown["object"]["verb"] == {"id": about["verb"]["id"]}
    assert shown["object"]["object"] == {"id": "http://a/b"}
    assert shown["context"] == shown["object"]["context"] == {"contextActivities": {"parent": [{"id": "http://a/b"}], "other": []}}
    assert shown["result"] == {"extensions": {"a:b": "1.10"}}


def test_canonical_shows_one_language_of_each_map():
    """Each map on its own: names, descriptions, components, displays, attachments; agents stay as they were."""
    thing = put("definition", {**CHOICE, "description": {"fr": "x", "de": "y"}, "name": {"en": "n"}}, DEFINED)
    statement = put(
        "attachments", [{"display": {"de": "d", "fr": "f"}}], put("object", thing, put("verb/display", {"de": "tat", "en": "did"}))
    )
    shown = canonical(statement, "de, fr;q=0.5")
    assert shown["verb"]["display"] == {"de": "tat"}
    assert shown["object"]["definition"]["description"] == {"de": "y"}
    assert shown["object"]["definition"]["name"] == {"en": "n"}
    assert shown["object"]["definition"]["choices"] == CHOICE["choices"]
    assert shown["attachments"] == [{"display": {"de": "d"}}]
    assert shown["actor"] == AGENT


def test_canonical_shows_the_stores_own_definition():
    """Languages and extensions of all definitions that were seen; of the rest the newest; an interaction as a whole."""
    older = {"name": {"en": "A"}, "type": "http://a/t1", "extensions": {"a:b": Number("1")}, "interactionType": "likert", "scale": []}
    newer = {"name": {"fr": "B"}, "type": "http://a/t2", "extensions": {"a:c": Number("1e2")}, "interactionType": "other"}
    shown = canonical(put("object", {"id": "http://a/b"}), "fr", b=[older, newer])["object"]["definition"]
    assert shown == {"name": {"fr": "B"}, "type": "http://a/t2", "extensions": {"a:b": "1", "a:c": "1e2"}, "interactionType": "other"}
    assert canonical(put("object", {"id": "http://a/x"}), "fr", b=[older])["object"] == {"id": "http://a/x"}


@given(st.sampled_from(VERSIONS), st.data())
def test_a_statement_in_another_format_is_valid(version, data):
    """Whatever is shown in a format could be sent again."""
    whole = text_of(Checker(version).check(data.draw(statements(version))))
    definitions = {iri: [b'{"name":{"en":"x"}}'] for iri in render.activities(whole)}
    for shown in (render.ids(whole), render.canonical(whole, "fr", definitions)):
        again = json.loads(text_of(Checker(version).check(shown)))
        assert again["verb"]["id"] == json.loads(whole)["verb"]["id"]
