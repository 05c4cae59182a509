"""Statements of every kind that the specification allows, for property tests.

:func:`statements` gives JSON texts; what varies is not only what they say but how it is written: order of keys, white space, escapes,
case of UUIDs, spelling of numbers (``85``, ``1.10``, ``1e2``). :func:`values` gives the same as Python values, in which numbers are
:class:`Number` so that their spelling survives; :func:`write` and :func:`read` go between the two.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

VERSIONS = ("1.0.3", "2.0.0")


class Number(str):
    """A JSON number by its spelling."""

    __slots__ = ()


class Pairs(list[tuple[str, Any]]):
    """An object written as a list of pairs, so that it can have a key twice."""


def read(raw: bytes) -> Any:
    """Read JSON, keeping the spelling of numbers."""
    return json.loads(raw, parse_int=Number, parse_float=Number)


def write(value: Any, *, space: str = "", ascii_only: bool = False) -> bytes:
    """Write JSON with white space of one kind between all tokens."""
    return _written(value, space, ascii_only=ascii_only).encode()


def _written(value: Any, space: str, *, ascii_only: bool) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, (dict, Pairs)):
        pairs = value.items() if isinstance(value, dict) else value
        inner = f"{space},{space}".join(
            f"{json.dumps(key, ensure_ascii=ascii_only)}{space}:{space}{_written(item, space, ascii_only=ascii_only)}"
            for key, item in pairs
        )
        return f"{{{space}{inner}{space}}}"
    if isinstance(value, list):
        return f"[{space}{f'{space},{space}'.join(_written(item, space, ascii_only=ascii_only) for item in value)}{space}]"
    return json.dumps(value, ensure_ascii=ascii_only)


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12) | st.sampled_from(
    ['a":b', ":x", "\\", '\\":', "é", "{", '"', "日本", "🙂"]
)
names = st.sampled_from(["Anna Blé", "Zoë O'Neil", "李小龍", "محمد", "Jean-François d’Aubigné", "x", ""]) | texts
tags = st.sampled_from(["en", "fr-FR", "zh-Hans-CN", "sr-Cyrl", "ase", "de-DE-u-co-phonebk", "x-private", "i-klingon", "EN-us"])
iris = st.sampled_from(
    [
        "http://example.org/a",
        "https://é.example/x?y=[1]#z",
        "urn:uuid:1",
        "course-v1:FUN+1+s",
        "uuid://7d4f",
        "tag:a@b,2020:x",
        "mailto:a@b.fr",
    ]
) | st.integers(0, 99).map(lambda n: f"http://example.org/things/{n}")
uuids = st.uuids().map(str) | st.uuids().map(lambda found: str(found).upper())
timestamps = st.sampled_from(
    [
        "2021-11-29T23:09:00.867219+00:00",
        "2021-11-29T23:09:00Z",
        "2021-11-29 23:09:00.1+01:00",
        "2016-12-31T23:59:60Z",
        "2021-11-29T23:09:00.123456789-09:30",
    ]
)
durations = st.sampled_from(["PT1S", "P4W", "P3Y1M29DT4H35M59.14S", "PT0.001S", "P1,5D", "P0D"])
numbers = st.sampled_from(["0", "85", "-1", "1.10", "1e2", "1E-2", "0.30000000000000004", "-0.0", "123456789012345678901234567890"]).map(
    Number
)
anything = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | st.sampled_from(["$p", "$b", "id", "mbox"]), inner, max_size=3),
    max_leaves=8,
)
language_maps = st.dictionaries(tags, texts, max_size=3)
extensions = st.dictionaries(iris, anything, max_size=3)


def _object(required: dict[str, st.SearchStrategy[Any]], optional: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    found = st.fixed_dictionaries(required, optional=optional)
    return found.flatmap(lambda value: st.permutations(list(value)).map(lambda keys: {key: value[key] for key in keys}))


mailboxes = st.integers(0, 30).map(lambda n: f"mailto:person{n}@Example.org") | st.just("mailto:zoë+x@exämple.fr")
identifiers = st.one_of(
    st.fixed_dictionaries({"mbox": mailboxes}),
    st.fixed_dictionaries({"mbox_sha1sum": st.binary(min_size=20, max_size=20).map(bytes.hex)}),
    st.fixed_dictionaries({"openid": st.integers(0, 30).map(lambda n: f"https://id.example.org/{n}")}),
    accounts := st.fixed_dictionaries({"account": _object({"homePage": iris, "name": texts}, {})}),
)


def agents(*, typed: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """Give agents; ``typed`` ones state their objectType."""
    kind = {"objectType": st.just("Agent")}
    rest = _object(kind if typed else {}, {"name": names} if typed else {"name": names, **kind})
    return st.tuples(rest, identifiers).map(lambda found: found[0] | found[1])


def groups() -> st.SearchStrategy[dict[str, Any]]:
    """Give groups, anonymous and identified, the latter with members or without."""
    kind = {"objectType": st.just("Group")}
    identified = _object(kind, {"name": names, "member": st.lists(agents(), max_size=3)})
    anonymous = _object({**kind, "member": st.lists(agents(), min_size=1, max_size=3)}, {"name": names})
    return st.tuples(identified, identifiers).map(lambda found: found[1] | found[0]) | anonymous


components = st.lists(_object({"id": texts}, {"description": language_maps}), max_size=3, unique_by=lambda found: found["id"])
_LISTS = {
    "choice": ("choices",),
    "sequencing": ("choices",),
    "likert": ("scale",),
    "matching": ("source", "target"),
    "performance": ("steps",),
    "true-false": (),
    "fill-in": (),
    "long-fill-in": (),
    "numeric": (),
    "other": (),
}
_described = {"name": language_maps, "description": language_maps, "type": iris, "moreInfo": iris, "extensions": extensions}
interactions = st.sampled_from(sorted(_LISTS)).flatmap(
    lambda kind: _object(
        {"interactionType": st.just(kind)},
        {"correctResponsesPattern": st.lists(texts, max_size=2), **dict.fromkeys(_LISTS[kind], components), **_described},
    )
)
definitions = _object({}, _described) | interactions
activities = _object({"id": iris}, {"objectType": st.just("Activity"), "definition": definitions})
references = _object({"objectType": st.just("StatementRef"), "id": uuids}, {})
verbs = _object({"id": iris}, {"display": language_maps})
scores = st.sampled_from(
    [
        {},
        {"scaled": Number("0.5")},
        {"scaled": Number("-1"), "raw": Number("1e2")},
        {"min": Number("0"), "max": Number("1.10"), "raw": Number("1.1")},
        {"raw": Number("85"), "min": Number("-5")},
    ]
)
results = _object(
    {},
    {
        "score": scores,
        "success": st.booleans(),
        "completion": st.booleans(),
        "response": texts,
        "duration": durations,
        "extensions": extensions,
    },
)
context_activities = st.dictionaries(
    st.sampled_from(["parent", "grouping", "category", "other"]), activities | st.lists(activities, max_size=2), max_size=2
)
attachments = st.lists(
    _object(
        {
            "usageType": iris,
            "display": language_maps,
            "contentType": st.sampled_from(["text/plain", "application/json; charset=utf-8"]),
            "length": st.integers(0, 10**9).map(lambda n: Number(str(n))),
            "sha2": st.sampled_from([28, 32, 48, 64]).flatmap(lambda size: st.binary(min_size=size, max_size=size)).map(bytes.hex),
        },
        {"description": language_maps, "fileUrl": iris},
    ),
    max_size=2,
)


def contexts(version: str, *, about_activity: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Give contexts of statements whose object is an Activity, or not."""
    optional: dict[str, st.SearchStrategy[Any]] = {
        "registration": uuids,
        "instructor": agents() | groups(),
        "team": groups(),
        "contextActivities": context_activities,
        "language": tags,
        "statement": references,
        "extensions": extensions,
    }
    if about_activity:
        optional |= {"revision": texts, "platform": texts}
    if version == "2.0.0":
        types = {"relevantTypes": st.lists(iris, min_size=1, max_size=2)}
        optional["contextAgents"] = st.lists(_object({"objectType": st.just("contextAgent"), "agent": agents()}, types), max_size=2)
        optional["contextGroups"] = st.lists(_object({"objectType": st.just("contextGroup"), "group": groups()}, types), max_size=2)
    return _object({}, optional)


def _events(version: str, *, sub: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Give what statements and SubStatements have in common."""
    objects = [activities, agents(typed=True), groups(), references]
    if not sub:
        objects.append(_events(version, sub=True))

    def about(thing: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
        required: dict[str, st.SearchStrategy[Any]] = {"actor": agents() | groups(), "verb": verbs, "object": st.just(thing)}
        about_activity = thing.get("objectType", "Activity") == "Activity"
        optional: dict[str, st.SearchStrategy[Any]] = {
            "result": results,
            "context": contexts(version, about_activity=about_activity),
            "timestamp": timestamps,
            "attachments": attachments,
        }
        if sub:
            return _object({**required, "objectType": st.just("SubStatement")}, optional)
        authorities = agents() | st.fixed_dictionaries(
            {"objectType": st.just("Group"), "member": st.tuples(accounts, agents()).flatmap(st.permutations)}
        )
        given = st.sampled_from(["1.0.0", "1.0.3"] if version == "1.0.3" else ["1.0.3", "2.0.0", "2.0.1"])
        return _object(required, {**optional, "id": uuids, "stored": timestamps, "authority": authorities, "version": given})

    return st.one_of(objects).flatmap(about)


def values(version: str = "1.0.3") -> st.SearchStrategy[dict[str, Any]]:
    """Give valid statements as Python values, with :class:`Number` for numbers."""
    return _events(version, sub=False)


def statements(version: str = "1.0.3") -> st.SearchStrategy[bytes]:
    """Give valid statements as JSON, written in many ways."""
    return st.builds(
        lambda value, space, ascii_only: write(value, space=space, ascii_only=ascii_only),
        values(version),
        st.sampled_from(["", "", " ", "\n\t", "\r\n"]),
        st.booleans(),
    )
