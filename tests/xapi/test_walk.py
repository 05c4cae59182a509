"""Every place of an identity or a free text, one after the other."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from lrs.xapi import walk
from lrs.xapi.model import SUB, Person, Role, Statement, Text
from lrs.xapi.rules import Checker
from lrs.xapi.walk import PLACES, TEXT_PLACES, Place, canonical_ifi, ifi_of
from tests.xapi.strategies import Number, read, write

VERB = {"id": "http://example.org/did"}
ACTIVITY = {"id": "http://example.org/activity"}
IDENTIFIERS = {
    "mbox": "mailto:canary-{}@example.org",
    "mbox_sha1sum": "canary-{}",
    "openid": "https://id.example.org/canary-{}",
    "account": {"homePage": "https://example.org/canary", "name": "canary-{}"},
}


def agent(mark: str, kind: str = "mbox") -> dict[str, Any]:
    """Give an agent whose identifier and name hold a mark that nobody else has."""
    if kind == "mbox_sha1sum":
        return {"mbox_sha1sum": f"{abs(hash(mark)):040x}"[-40:], "name": f"canary name {mark}"}
    pattern = IDENTIFIERS[kind]
    value = {key: text.format(mark) for key, text in pattern.items()} if isinstance(pattern, dict) else pattern.format(mark)
    return {"objectType": "Agent", kind: value, "name": f"canary name {mark}"}


def group(mark: str, *, identified: bool) -> dict[str, Any]:
    """Give a group of two."""
    found = {"objectType": "Group", "member": [agent(f"{mark}m0"), agent(f"{mark}m1", "account")], "name": f"canary name {mark}"}
    return found | ({"openid": f"https://id.example.org/canary-{mark}"} if identified else {})


def statement_with(people: dict[str, Any], *, sub: bool) -> dict[str, Any]:
    """Give a statement that has these at these paths, and plain things where something is required."""
    event: dict[str, Any] = {"actor": {"mbox": "mailto:actor@example.org"}, "verb": VERB, "object": ACTIVITY}
    whole: dict[str, Any] = copy.deepcopy({**event, "object": {"objectType": "SubStatement", **event}} if sub else event)
    for path, value in people.items():
        *steps, last = path.removeprefix("$.").replace("[*]", ".*").split(".")
        holder: Any = whole
        for step, following in zip(steps, [*steps[1:], last], strict=False):
            holder = holder[0] if step == "*" else holder.setdefault(step, [{}] if following == "*" else {})
        if isinstance(holder, dict):
            holder[last] = value
        if "[*]" in path:
            holder["objectType"] = "contextAgent" if last == "agent" else "contextGroup"
    return whole


def found_in(statement: Statement) -> list[tuple[Person, int]]:
    """Give the persons of a statement and of its authority, with their roles."""
    persons = [part for part in statement.parts if isinstance(part, Person)]
    pairs = list(zip(persons, statement.roles, strict=True))
    if statement.authority:
        own = [part for part in statement.authority.parts if isinstance(part, Person)]
        pairs += zip(own, statement.authority.roles, strict=True)
    return pairs


def bytes_of(statement: Statement) -> bytes:
    """Give everything of a statement that is stored in the clear."""
    clear = [part for part in statement.parts if isinstance(part, bytes)]
    clear += [part for part in (statement.authority.parts if statement.authority else ()) if isinstance(part, bytes)]
    return b"\n".join([*clear, *(seen.json for seen in statement.definitions)])


def values_at(place: Place, mark: str) -> list[tuple[dict[str, Any], list[tuple[str, int]]]]:
    """Give what may stand at a place: (value, the mark and role of each person in it)."""
    members = [(f"{mark}m0", place.member_role), (f"{mark}m1", place.member_role)]
    found: list[tuple[dict[str, Any], list[tuple[str, int]]]] = []
    if place.agent:
        found += [({"objectType": "Agent", **agent(mark, kind)}, [(mark, place.role)]) for kind in IDENTIFIERS]
    if place.group:
        found.append((group(mark, identified=False), members))
        if place.path != "$.authority":
            found.append((group(mark, identified=True), [(mark, place.role), *members]))
    return found


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.path)
def test_a_person_at_each_place_is_cut_out(place):
    """Whoever may stand at a place comes out as a Person in that place's role, and leaves nothing in the bytes."""
    for value, expected in values_at(place, "x7"):
        whole = statement_with({place.path: value}, sub=place.sub)
        statement = Checker("2.0.0", keeps=lambda _iri: True).check(write(whole))
        found = [(read(person.json)["name"], role) for person, role in found_in(statement) if b"canary" in person.json]
        assert found == [(f"canary name {mark}", role) for mark, role in expected]
        texts = [part for part in (*statement.parts, *(statement.authority.parts if statement.authority else ())) if isinstance(part, Text)]
        assert b"canary" not in bytes_of(statement)
        if value["objectType"] == "Group" and "openid" not in value:
            assert [(text.place, text.json) for text in texts] == [("group-name", b'"canary name x7"')]


@pytest.mark.parametrize("sub", [False, True])
@pytest.mark.parametrize("groups", [False, True])
def test_people_at_all_places_at_once(sub, groups):
    """One distinct person at every place of a statement: each comes out exactly once, in its role."""
    people, expected = {}, []
    for n, place in enumerate(place for place in PLACES if place.sub == sub or (sub and place.path != "$.object")):
        alone = not (groups and place.group) and place.agent
        value = agent(f"p{n}") if alone else group(f"p{n}", identified=place.path != "$.authority")
        people[place.path] = {"objectType": "Agent", **value} if alone else value
        marks = [] if place.path == "$.authority" and not alone else [(f"p{n}", place.role)]
        expected += marks if alone else [*marks, (f"p{n}m0", place.member_role), (f"p{n}m1", place.member_role)]
    statement = Checker("2.0.0", keeps=lambda _iri: True).check(write(statement_with(people, sub=sub)))
    found = sorted((read(person.json)["name"], role) for person, role in found_in(statement))
    assert found == sorted((f"canary name {mark}", role) for mark, role in expected)
    assert b"canary" not in bytes_of(statement)


def test_the_list_covers_every_role_and_place():
    """Each role has a place; each place but the authority exists inside a SubStatement too, 16 higher."""
    outside = {place.path: place for place in PLACES if not place.sub}
    inside = {place.path: place for place in PLACES if place.sub}
    assert {role for place in outside.values() for role in (place.role, place.member_role)} == set(Role)
    assert {f"$.object{path[1:]}" for path in outside if path != "$.authority"} == set(inside)
    assert all(inside[f"$.object{path[1:]}"].role == place.role + SUB for path, place in outside.items() if path != "$.authority")


@pytest.mark.parametrize("path", TEXT_PLACES)
def test_a_text_at_each_place_is_set_apart(path):
    """Free text at each of its places comes out as a Text and leaves nothing in the bytes."""
    sub = path.startswith(("$.object.object", "$.object.actor", "$.object.context", "$.object.result"))
    if path.endswith(".name"):
        whole = statement_with({path.removesuffix(".name"): group("m", identified=False) | {"name": "canary text"}}, sub=sub)
    else:
        iri, value = "http://example.org/x", {"deep": ["canary text", None, Number("1e2")]}
        path = path.replace("[*]", "")
        whole = statement_with({path.removesuffix(".*"): {iri: value} if path.endswith("*") else "canary text"}, sub=sub)
        for kind in ("parent", "grouping", "category", "other"):
            for event in (whole, whole["object"]):
                if kind in event.get("context", {}).get("contextActivities", {}):
                    event["context"]["contextActivities"][kind]["id"] = "http://example.org/related"
    statement = Checker("2.0.0").check(write(whole))
    texts = [part for part in statement.parts if isinstance(part, Text) and b"canary text" in part.json]
    assert len(texts) == 1
    assert texts[0].place == ("extension" if path.endswith("*") else "group-name" if path.endswith("name") else "response")
    assert b"canary text" not in bytes_of(statement)
    assert "canary" not in repr(texts[0])


def test_the_detail_of_a_response_is_the_interaction_type():
    """A response says which kind of interaction it answers, so that policy can tell a chosen answer from a written one."""
    for kind in ("", "choice", "long-fill-in"):
        definition = {"interactionType": kind} if kind else {}
        whole = {"actor": agent("a"), "verb": VERB, "object": {**ACTIVITY, "definition": definition}, "result": {"response": "x"}}
        statement = Checker().check(write(whole))
        assert [(part.place, part.detail) for part in statement.parts if isinstance(part, Text)] == [("response", kind)]


def test_kept_extensions_stay_in_one_run():
    """An extension that is kept stays in the bytes as it was written, and only the others are set apart."""
    checker = Checker(keeps=lambda iri: iri.startswith("http://kept"))
    raw = b'{"actor":{"mbox":"mailto:a@b.fr"},"verb":{"id":"a:b"},"object":{"id":"a:b"},"result":{"extensions":{%b}}}'
    kept = b'"http://kept/1": 1.10 , "http://kept/2" :"x"'
    statement = checker.check(raw % kept)
    assert [type(part) for part in statement.parts] == [bytes, Person, bytes]
    assert kept in statement.parts[2]
    mixed = checker.check(raw % (b'"http://free/1":"y",' + kept))
    assert [part.detail for part in mixed.parts if isinstance(part, Text)] == ["http://free/1"]


def test_the_bytes_after_a_person_close_the_object():
    """The part after a person starts with a brace, or with the members of the group, so that a placeholder can stand for the person."""
    for value, tail in ((agent("a"), b"}"), (group("a", identified=True), b',"member":[')):
        statement = Checker().check(write({"actor": value, "verb": VERB, "object": ACTIVITY}))
        first = next(n for n, part in enumerate(statement.parts) if isinstance(part, Person))
        person, following = statement.parts[first], statement.parts[first + 1]
        assert isinstance(person, Person)
        assert isinstance(following, bytes)
        assert following.startswith(tail)
        assert person.json.startswith(b"{")
        assert person.json.endswith(b"}")
        assert read(person.json) == {key: item for key, item in value.items() if key != "member"}


def test_a_person_without_members_is_kept_to_the_byte():
    """The JSON of an agent is the very bytes that came, white space and escapes included."""
    raw = b'{ "name" : "Zo\\u00eb" ,\n"mbox":"mailto:Zoe@Example.org" }'
    statement = Checker().check(b'{"actor":' + raw + b',"verb":{"id":"a:b"},"object":{"id":"a:b"}}')
    person = statement.parts[1]
    assert isinstance(person, Person)
    assert person.json == raw
    assert person.known == ("zoe@example.org", "zoë")


SAME = [
    ("mbox", ("mailto:Anna@EXAMPLE.org",), ("mailto:Anna@example.ORG",)),
    ("mbox_sha1sum", ("AB" * 20,), ("ab" * 20,)),
]
DIFFERENT = [
    ("mbox", ("mailto:Anna@example.org",), "mbox", ("mailto:anna@example.org",)),
    ("openid", ("https://Example.org",), "openid", ("https://example.org",)),
    ("account", ("https://a.b", "cd"), "account", ("https://a.bc", "d")),
    ("account", ("https://a.b", "x"), "account", ("https://a.b", "X")),
    ("openid", ("mailto:a@b.fr",), "mbox", ("mailto:a@b.fr",)),
]


@pytest.mark.parametrize(("kind", "one", "other"), SAME)
def test_spellings_of_one_identifier_are_equal(kind, one, other):
    """The case of a mailbox's domain and of a hash makes no other person."""
    assert canonical_ifi(kind, *one) == canonical_ifi(kind, *other)


@pytest.mark.parametrize(("kind", "one", "other_kind", "other"), DIFFERENT)
def test_identifiers_that_differ_are_not_equal(kind, one, other_kind, other):
    """All other case counts, parts of an account can't be shifted into each other, and a kind is part of the identifier."""
    assert canonical_ifi(kind, *one) != canonical_ifi(other_kind, *other)


@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_the_identifier_of_an_agent(kind):
    """An agent as a Python value has the identifier that the checked one has."""
    value = agent("a", kind)
    statement = Checker().check(write({"actor": value, "verb": VERB, "object": ACTIVITY}))
    person = statement.parts[1]
    assert isinstance(person, Person)
    assert person.ifi == ifi_of(value)


def test_short_strings_are_not_looked_for():
    """Names and accounts of one or two characters are found everywhere, so they are not known strings."""
    assert walk.known_strings("account", "ab", "x") == ()
    assert walk.known_strings("mbox", "mailto:a@b.fr", " Ångström ") == ("a@b.fr", "ångström")
