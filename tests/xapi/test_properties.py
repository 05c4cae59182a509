"""Properties that hold for every statement."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.errors import InvalidStatement
from lrs.xapi.formats import in_utc
from lrs.xapi.model import Person, Text, text_of
from lrs.xapi.rules import Checker
from tests.xapi.strategies import VERSIONS, Number, Pairs, read, statements, values, write

CHECKERS = {(version, keeps): Checker(version, keeps=lambda _iri, keeps=keeps: keeps) for version in VERSIONS for keeps in (False, True)}


def expected(value: dict[str, Any], version: str) -> dict[str, Any]:
    """Give what the store must give back of a statement, apart from what it adds itself."""
    value = copy.deepcopy(value)
    for key in ("id", "stored", "authority"):
        value.pop(key, None)
    value.setdefault("version", "1.0.0" if version == "1.0.3" else "2.0.0")
    for event in (value, value["object"]):
        if version == "2.0.0" and "timestamp" in event:
            event["timestamp"] = json.loads(in_utc(json.dumps(event["timestamp"]).encode()))
        context = event.get("context", {})
        if "registration" in context:
            context["registration"] = context["registration"].lower()
        for reference in (event.get("object", {}), context.get("statement", {})):
            if reference.get("objectType") == "StatementRef":
                reference["id"] = reference["id"].lower()
        for key, listed in context.get("contextActivities", {}).items():
            context["contextActivities"][key] = [listed] if isinstance(listed, dict) else listed
    return value


@given(st.sampled_from(VERSIONS), st.booleans(), st.data())
def test_parts_give_the_statement_back(version, keeps, data):
    """Every valid statement is accepted, and its parts join to what was sent, to the letter of each number."""
    raw = data.draw(statements(version))
    statement = CHECKERS[version, keeps].check(raw)
    assert read(text_of(statement)) == expected(read(raw), version)
    kinds = [type(part) is bytes for part in statement.parts]
    assert kinds == [n % 2 == 0 for n in range(len(kinds))]
    assert statement.parts[0].startswith(b"{")
    assert statement.parts[-1].endswith(b"}")
    assert len(statement.roles) == sum(isinstance(part, Person) for part in statement.parts)


@given(st.sampled_from(VERSIONS), st.data())
def test_only_extensions_that_are_kept_stay_in_the_bytes(version, data):
    """With no extension kept, an extension's value never stands in the bytes."""
    value = data.draw(values(version))
    value.setdefault("result", {})["extensions"] = {"http://example.org/x": "canary-7f3a"}
    statement = CHECKERS[version, False].check(write(value))
    assert not any(b"canary-7f3a" in part for part in statement.parts if isinstance(part, bytes))
    assert [part.detail for part in statement.parts if isinstance(part, Text) and b"canary-7f3a" in part.json] == ["http://example.org/x"]


def places(value: Any, path: tuple[Any, ...] = (), *, free: bool = False, named: bool = True) -> list[tuple[tuple[Any, ...], bool, bool]]:
    """Give every member of every object: (path, whether it is inside an extension's value, whether the specification names its key)."""
    found = []
    if isinstance(value, dict):
        for key, item in value.items():
            here = (*path, key)
            found.append((here, free, named))
            maps = key in ("display", "description", "name") and isinstance(item, dict)
            extending = key == "extensions" and not free
            inside = free or (not named and path[-1] == "extensions")
            found += places(item, here, free=inside, named=not (maps or extending or inside))
    elif isinstance(value, list):
        for n, item in enumerate(value):
            found += places(item, (*path, n), free=free, named=named)
    return found


def parent_of(value: Any, path: tuple[Any, ...]) -> Any:
    """Give the object or array that holds the last step of a path."""
    for step in path[:-1]:
        value = value[step]
    return value


def texts_in(value: Any) -> set[str]:
    """Give every string value that is long enough to be recognised."""
    if isinstance(value, dict):
        return set().union(*map(texts_in, value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*map(texts_in, value)) if value else set()
    return {value} if isinstance(value, str) and not isinstance(value, Number) and len(value) > 12 else set()  # longer than any vocabulary


def refused(raw: bytes, version: str, value: Any) -> InvalidStatement | None:
    """Check and give the refusal, which quotes nothing, or None. Any other exception fails the test."""
    try:
        CHECKERS[version, True].check(raw, index=3)
    except InvalidStatement as error:
        refusal = error
    else:
        return None
    assert refusal.index == 3
    assert refusal.path.startswith("$")
    assert refusal.section
    assert refusal.__suppress_context__
    shown = f"{refusal} {refusal.hint} {refusal!r} {refusal.path} {refusal.rule}"
    assert not [text for text in texts_in(value) if text in shown]
    return refusal


@given(st.sampled_from(VERSIONS), st.data())
def test_a_key_that_stands_twice_is_refused(version, data):
    """A property twice in any object, wherever and however it is spaced, is refused at that object."""
    value = data.draw(values(version))
    path, _, _ = data.draw(st.sampled_from(places(value)))
    holder = parent_of(value, path)
    pairs = list(holder.items())
    again = data.draw(st.sampled_from([holder[path[-1]], None, "x"]))
    pairs.insert(data.draw(st.integers(0, len(pairs))), (path[-1], again))
    changed = replaced(value, path[:-1], Pairs(pairs))
    assert refused(write(changed, space=data.draw(st.sampled_from(["", " ", "\n"]))), version, value) is not None


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Give a copy of a value in which something else stands at a path."""
    if not path:
        return new
    changed = copy.copy(value)
    changed[path[0]] = replaced(value[path[0]], path[1:], new)
    return changed


@given(st.sampled_from(VERSIONS), st.data())
def test_null_is_refused_outside_extension_values(version, data):
    """Null in place of any value is refused, except in the values of extensions."""
    value = data.draw(values(version))
    path, free, named = data.draw(st.sampled_from(places(value)))
    changed = replaced(value, path, None)
    is_value = free or (not named and "extensions" in path[:-1] and path[path.index("extensions") + 1 :] == path[-1:])
    assert (refused(write(changed), version, value) is None) == is_value


@given(st.sampled_from(VERSIONS), st.data())
def test_a_property_of_another_name_is_refused(version, data):
    """A property that the specification does not name, or in another case, is refused."""
    value = data.draw(values(version))
    path, _, _ = data.draw(st.sampled_from([place for place in places(value) if place[2] and not place[1]]))
    holder = parent_of(value, path)
    name = data.draw(st.sampled_from([path[-1].upper(), path[-1].capitalize(), path[-1] + "s", "canary-surname", ""]))
    renamed = {name if key == path[-1] else key: item for key, item in holder.items()}
    error = refused(write(replaced(value, path[:-1], renamed)), version, value)
    assert error is not None
    assert "canary" not in str(error)


@given(st.sampled_from(VERSIONS), st.data())
def test_whatever_is_changed_the_answer_is_yes_or_invalid_statement(version, data):
    """Dropping a member or giving it a value of another type never raises anything but InvalidStatement."""
    value = data.draw(values(version))
    path, _, _ = data.draw(st.sampled_from(places(value)))
    if data.draw(st.booleans()):
        holder = dict(parent_of(value, path))
        del holder[path[-1]]
        changed = replaced(value, path[:-1], holder)
    else:
        other = data.draw(st.sampled_from([True, Number("1"), Number("1e999"), "x", "", [], {}, [[]], [{}], {"a": []}, "\\ud800"]))
        changed = replaced(value, path, other)
    refused(write(changed), version, value)


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_any_bytes_are_refused_with_an_invalid_statement(raw):
    """Bytes that are no statement are refused, whatever they are."""
    with pytest.raises(InvalidStatement):
        CHECKERS["1.0.3", True].check(raw)
