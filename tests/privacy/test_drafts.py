"""Drafts: what is left of statements without their people, and the statements that can be written of it again."""

from __future__ import annotations

import json
import random
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from lrs.privacy.drafts import Drafts, cut_out
from lrs.privacy.freetext import FreeText
from lrs.xapi.model import Statement, text_of
from lrs.xapi.rules import Checker
from tests.promises.corpus import Corpus, statements_2_0

SEALED = FreeText()


def corpus(version: str) -> list[Statement]:
    """A person, or a text, in every place where one can stand, each time with references to other statements here and there."""
    made = Corpus("drafts")
    found = [*(made.statements() if version == "1.0.3" else statements_2_0(made)), *made.texts()]
    found += [
        {
            "actor": made.agent("mbox", "actor"),
            "verb": {"id": "https://v.example/commented"},
            "object": {"objectType": "StatementRef", "id": str(uuid4())},
            "context": {"statement": {"objectType": "StatementRef", "id": str(uuid4())}, "registration": str(uuid4())},
        }
        for _ in range(3)
    ]
    check = Checker(version, keeps=SEALED.keeps).check
    return [check(json.dumps({"id": str(uuid4())} | each).encode()) for each in found]


def known(statements: list[Statement]) -> list[dict[str, Any]]:
    return [json.loads(text_of(each)) for each in statements]


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_a_statement_can_be_written_again(version: str) -> None:
    """Every person, text and reference is back in its place; and so they are when drafts went to another process and came back."""
    statements = corpus(version)
    drafts = cut_out(statements, SEALED)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(drafts), type=Drafts)
    assert again == drafts
    for each in (drafts, again):
        assert [json.loads(each.text(n)) for n in range(len(each))] == known(statements)


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_nothing_of_a_person_stands_in_a_body(version: str) -> None:
    """Who mentions somebody is among those whose bodies are to be looked through; no other body has a name in it."""
    made = Corpus("drafts")
    check = Checker(version, keeps=SEALED.keeps).check
    drafts = cut_out([check(json.dumps(each).encode()) for each in (*made.statements(), *made.texts())], SEALED)
    clear = b"".join(body for n, body in enumerate(drafts.bodies) if n not in drafts.mentioning).lower()
    assert drafts.mentioning
    assert not [marker for marker in made.markers if marker.lower().encode() in clear]
    assert not any(marker in repr(drafts) for marker in made.markers)


@pytest.mark.parametrize("size", [1, 2, 7])
def test_drafts_of_several_batches_are_those_of_one(size: int) -> None:
    """Put together they say the same of each statement, whose people, texts, definitions and attachments it has."""
    statements = corpus("1.0.3")
    whole = cut_out(statements, SEALED)
    joined = Drafts()
    for start in range(0, len(statements), size):
        joined.add(cut_out(statements[start : start + size], SEALED))
    assert [joined.text(n) for n in range(len(joined))] == [whole.text(n) for n in range(len(whole))]
    people = [[each.people[number] for number in persons] for each in (joined, whole) for persons in each.persons]
    assert people[: len(whole)] == people[len(whole) :]
    apart = {"people", "persons", "definitions"}
    for name in {*Drafts.__struct_fields__} - apart:
        assert getattr(joined, name) == getattr(whole, name), name
    said = [{(definition, n) for definition, numbers in each.definitions for n in numbers} for each in (joined, whole)]
    assert said[0] == said[1]


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_some_of_them_are_as_if_there_were_no_others(version: str) -> None:
    """Picked by number, one, several or all: just what is cut out of these statements alone."""
    statements = corpus(version)
    whole = cut_out(statements, SEALED)
    chance = random.Random(7)
    every = range(len(statements))
    for numbers in [*([n] for n in every), *(sorted(chance.sample(every, 5)) for _ in range(50)), [], [*every]]:
        picked, alone = whole.picked(numbers), cut_out([statements[n] for n in numbers], SEALED)
        assert dict(picked.definitions) == dict(alone.definitions)
        picked.definitions = alone.definitions  # Which comes first says nothing.
        assert picked == alone


def test_what_policy_drops_is_not_in_them() -> None:
    """Of a text that is dropped nothing goes on, and what is written again has its remains; dropped once more it is the same."""
    dropping = FreeText(free_text="drop")
    made = Corpus("drafts")
    check = Checker("1.0.3", keeps=dropping.keeps).check
    drafts = cut_out([check(json.dumps(each).encode()) for each in made.texts()], dropping)
    texts = [drafts.text(n) for n in range(len(drafts))]
    again = cut_out([check(text) for text in texts], dropping)
    assert [json.loads(again.text(n)) for n in range(len(again))] == list(map(json.loads, texts))
    response = {
        "actor": {"mbox": "mailto:ana@example.fr"},
        "verb": {"id": "https://v.example/answered"},
        "object": {"id": "https://a.example/1"},
        "result": {"response": "what I did last summer"},
    }
    dropped = cut_out([check(json.dumps(response).encode())], dropping)
    assert b"summer" not in msgspec.msgpack.encode(dropped)
    assert json.loads(dropped.text(0))["result"] == {"response": ""}
