"""Valid statements made wrong in every way: whatever comes, it is accepted or refused with a place, soon and in little memory.

``LRS_MUTATIONS`` says how many mutated statements of each version are tried; 100,000 take some minutes.
"""

from __future__ import annotations

import copy
import json
import os
import time
import tracemalloc
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrs.errors import InvalidStatement
from lrs.xapi import codec
from lrs.xapi.fields import PROPERTIES
from lrs.xapi.model import Statement, text_of
from lrs.xapi.rules import Checker
from tests.xapi.strategies import VERSIONS, Number, Pairs, values, write
from tests.xapi.test_properties import places
from tests.xapi.test_rules import ANONYMOUS, ATTACHMENT, BASE, CHOICE, EXTENSION, IDENTIFIED, REFERENCE, SUB, V2, put

MUTATIONS = int(os.environ.get("LRS_MUTATIONS", "2000"))
EACH = 50
"""Mutations of one statement: making a mutant takes less time than making the statement."""
SECONDS = 5
"""Of the processor, for the largest; small ones take a thousandth of it."""
MEGABYTES = 10
CHECKERS = {version: Checker(version, keeps=lambda _iri: True) for version in VERSIONS}

NUMBERS = [
    "1e999", "-1e999", "1e-999", "-0", "-0.0", "0e0", "1" + "0" * 400, "-" + "9" * 5000, "0." + "3" * 5000, "1E+2", "1e99999999999999999999",
    "123456789012345678901234567890.123456789", "2.2250738585072011e-308", "4.9e-324", "1.7976931348623159e308", "9007199254740993",
]  # fmt: skip
TEXTS = [
    "", " ", "null", "true", "1", "NaN", "\x00", "\u2028", "\ufeff", "\ufffe", "\u202e", "a\u0301", "🙂", "\ud800", "\udc00\ud800", "'; --", "../../x",
    "2015-02-30T00:00:00Z", "2015-01-01T24:00:00Z", "9999-12-31T23:59:60Z", "0001-01-01T00:00:00+23:59", "2015-01-01", "-2015-01-01T00:00:00Z",
    "2015-01-01T00:00:00-00:00", "2015-01-01T00:00:00." + "1" * 5000 + "Z", "٢٠١٥-01-01T00:00:00Z", "P", "P1Y1W", "PT" + "9" * 5000 + "S",
    "mailto:", "mailto:@", "a@b", "mailto:a@b@c", "http://", "http://\n", ":", "urn:", "http://[", "a:%", "%00:x", "x-", "en--us", "x" * 5000,
    "http://a/" + "x" * 5000,
]  # fmt: skip
STRUCTURES = [None, True, False, [], {}, [[]], [{}], {"": ""}, {"$p": 0}, {"objectType": "Group"}, {"objectType": "SubStatement"}, [None]]

Mutation = Callable[[dict[str, Any], str, Random], None]
"""Change one member of an object in place."""


def drop(holder: dict[str, Any], key: str, _random: Random) -> None:
    """Leave it out."""
    del holder[key]


def rename(holder: dict[str, Any], key: str, random: Random) -> None:
    """Give it another name."""
    names = [key.upper(), key.title(), key + " ", "$" + key, "", "\ud800", "__proto__", random.choice(sorted(PROPERTIES))]
    holder[random.choice(names)] = holder.pop(key)


def retype(holder: dict[str, Any], key: str, random: Random) -> None:
    """Put something else in its place."""
    kinds: list[list[Any]] = [[Number(text) for text in NUMBERS], TEXTS, STRUCTURES]
    holder[key] = copy.deepcopy(random.choice(random.choice(kinds)))


def nest(holder: dict[str, Any], key: str, random: Random) -> None:
    """Put it further down."""
    for _ in range(random.choice([1, 1, 2, 60])):
        holder[key] = {random.choice([key, "a"]): holder[key]} if random.random() < 0.5 else [holder[key]]


def swap(holder: dict[str, Any], key: str, random: Random) -> None:
    """Let two members change places."""
    other = random.choice(list(holder))
    holder[key], holder[other] = holder[other], holder[key]


def repeat(holder: dict[str, Any], key: str, random: Random) -> None:
    """Say it many times over, where it is a list."""
    if isinstance(holder[key], list):
        holder[key] = holder[key] * random.choice([0, 2, 100])
    else:
        holder[key] = [holder[key]] * random.choice([1, 2])


ALL: list[Mutation] = [drop, rename, retype, retype, retype, nest, swap, repeat]


def mutant(value: dict[str, Any], random: Random) -> bytes:
    """Give the JSON of a statement that was changed in one to three places, and perhaps in its bytes."""
    changed = copy.deepcopy(value)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        path = random.choice(places(changed) or [((), False, True)])[0]
        if path:
            holder: Any = changed
            for step in path[:-1]:
                holder = holder[step]
            random.choice(ALL)(holder, path[-1], random)
    written: Any = Pairs([*changed.items(), random.choice([*changed.items()])]) if changed and random.random() < 0.05 else changed
    raw = write(written, space=random.choice(["", "", " ", "\r\n"]), ascii_only=True)
    return broken(raw, random) if random.random() < 0.2 else raw


def broken(raw: bytes, random: Random) -> bytes:
    """Change some bytes, the encoding, or where it ends."""
    at = random.randrange(len(raw))
    return random.choice(
        [
            raw[:at],
            raw[:at] + raw[at + 1 :],
            raw[:at] + random.choice([b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\x00", b"\\", b'"', b"\\u12", b",", b"]"]) + raw[at:],
            b"\xef\xbb\xbf" + raw,
            raw.decode().encode("utf-16"),
            raw.decode().encode("utf-32-le"),
            raw + raw,
            raw + b"\x00",
        ]
    )


def taken(raw: bytes, version: str) -> bool:
    """Send bytes through the door: tell whether they are accepted. What is neither yes nor a proper refusal fails the test."""
    start = time.process_time()
    answer = checked(raw, version)
    assert time.process_time() - start < SECONDS
    if isinstance(answer, Statement):
        assert json.loads(text_of(answer))["version"] == answer.version
        return True
    assert not answer.path or answer.path.startswith("$")
    assert answer.section
    assert answer.__suppress_context__
    return False


def checked(raw: bytes, version: str) -> Statement | InvalidStatement:
    """Split and check a body as the store does."""
    try:
        (one,), _ = codec.split(raw, max_statements=1, max_statement_bytes=100 * 2**20)
        return CHECKERS[version].check(bytes(one))
    except InvalidStatement as error:
        return error


@pytest.mark.timeout(0)
@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=max(MUTATIONS // EACH, 1))
@given(data=st.data())
def test_a_mutant_is_accepted_or_refused_with_a_place(version, data):
    """Whatever is dropped, renamed, retyped, nested, swapped, repeated or broken: yes, or InvalidStatement, within the time."""
    value = data.draw(values(version))
    random = data.draw(st.randoms(use_true_random=False))
    for _ in range(EACH):
        taken(mutant(value, random), version)


def test_mutants_are_of_both_kinds():
    """Most mutants are refused and some are accepted, so that both answers are tried."""
    random = Random(7)
    whole = put("result", {"response": "x", "success": True}, put("context", {"platform": "x"}))
    answers = [taken(mutant(whole, random), VERSIONS[0]) for _ in range(400)]
    assert 20 < sum(answers) < 300


LONG = "x" * (MEGABYTES * 2**20)
PLACES = {
    "a name": put("actor/name", LONG),
    "a mailbox": put("actor/mbox", f"mailto:{LONG}@example.org"),
    "a mailbox of many ats": put("actor/mbox", "mailto:" + "a@" * (len(LONG) // 2)),
    "an account": put("actor", {"account": {"homePage": "http://example.org", "name": LONG}}),
    "a hash": put("actor", {"mbox_sha1sum": LONG}),
    "a verb": put("verb/id", f"http://example.org/{LONG}"),
    "a verb with a bad end": put("verb/id", f"http://example.org/{LONG} "),
    "a display": put("verb/display", {"en": LONG}),
    "a language tag": put("verb/display", {"en-" + LONG: "x"}),
    "a language tag of many variants": put("verb/display", {"en" + "-abcde" * (len(LONG) // 6): "x"}),
    "a language tag of many extensions": put("context", {"language": "en" + "-a-bb" * (len(LONG) // 5) + "!"}),
    "an activity": put("object/id", "http://" + LONG),
    "an activity of many escapes": put("object/id", "http://" + "%41" * (len(LONG) // 3) + "%"),
    "a reference": put("object", {**REFERENCE, "id": LONG}),
    "a component": put("object/definition", {**CHOICE, "choices": [{"id": LONG}]}),
    "a response": put("result", {"response": LONG}),
    "a duration": put("result", {"duration": f"PT{'1' * len(LONG)}S"}),
    "a duration with a bad end": put("result", {"duration": f"P{'1' * len(LONG)}"}),
    "a score": put("result", {"score": {"raw": Number("1" * len(LONG))}}),
    "a fraction": put("result", {"score": {"raw": Number("0." + "1" * len(LONG))}}),
    "an extension": put("result", {"extensions": {EXTENSION: LONG}}),
    "a number in an extension": put("result", {"extensions": {EXTENSION: Number("1" * len(LONG))}}),
    "the key of an extension": put("result", {"extensions": {EXTENSION + LONG: 1}}),
    "many extensions": put("result", {"extensions": {f"{EXTENSION}{n}": 1 for n in range(100_000)}}),
    "many members": put("actor", {**ANONYMOUS, "member": [{"mbox": f"mailto:p{n}@example.org"} for n in range(20_000)]}),
    "many members with one bad": put("actor", {**IDENTIFIED, "member": [{"mbox": "mailto:a@b.fr"}] * 20_000 + [{}]}),
    "many context activities": put("context", {"contextActivities": {"other": [{"id": f"http://example.org/{n}"} for n in range(20_000)]}}),
    "a timestamp": put("timestamp", LONG),
    "a timestamp of many digits": put("timestamp", f"2021-11-29T23:09:00.{'1' * len(LONG)}Z"),
    "an id": put("id", LONG),
    "a version": put("version", f"1.0.{'1' * len(LONG)}"),
    "a content type": put("attachments", [{**ATTACHMENT, "contentType": "a/b" + "; a=b" * (len(LONG) // 5) + " "}]),
    "a content type of spaces": put("attachments", [{**ATTACHMENT, "contentType": "a/b" + " " * len(LONG) + "x"}]),
    "a length": put("attachments", [{**ATTACHMENT, "length": Number("1" * len(LONG))}]),
    "a property nobody knows": put(LONG, 1),
    "a key of a SubStatement": put("object", {**SUB, LONG: 1}),
}


@pytest.mark.parametrize("statement", PLACES.values(), ids=PLACES)
def test_ten_megabytes_in_one_place(statement):
    """A value as long as ten megabytes, and many thousands of items, are answered in time and in memory of a few times their size."""
    raw = write(statement)
    tracemalloc.start()
    try:
        taken(raw, V2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        CHECKERS[V2].forget()
    assert peak < 25 * max(len(raw), 2**20)


DEEP = [*BASE, "id", "result", "context", "timestamp", "stored", "authority", "version", "attachments", "canary"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("levels", [1000, 1_000_000])
@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"object":', b"}")])
@pytest.mark.parametrize("place", DEEP)
def test_a_thousand_levels_in_any_place(place, start, end, levels, version):
    """A value that is nested a thousand levels deep, or a million, is refused wherever it stands."""
    rest = b"".join(b',"%b":%b' % (key.encode(), write(value)) for key, value in BASE.items() if key != place)
    assert not taken(b'{"%b":%b1%b%b}' % (place.encode(), start * levels, end * levels, rest), version)
