"""Bytes into raw statements, and Python values into bytes."""

from __future__ import annotations

import datetime as dt
import json
import re
import tracemalloc
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.errors import InvalidStatement, LimitExceeded
from lrs.xapi import codec
from tests.xapi.strategies import anything, write


def split(body: bytes, statements: int = 10, size: int = 1000) -> tuple[list[bytes], bool]:
    """Split with limits, as bytes."""
    raws, single = codec.split(body, max_statements=statements, max_statement_bytes=size)
    return [bytes(raw) for raw in raws], single


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a":1.10}', ([b'{"a":1.10}'], True)),
        (b' \n{"a" : 1e2}\t', ([b'{"a" : 1e2}'], True)),
        (b'[{"a":1},\n {"b":"\\u00e9"}]', ([b'{"a":1}', b'{"b":"\\u00e9"}'], False)),
        (b" [] ", ([], False)),
        ('{"a":"é日🙂"}'.encode(), (['{"a":"é日🙂"}'.encode()], True)),
    ],
)
def test_a_body_is_split_without_changing_a_byte(body, expected):
    """One object is told from an array of them, and each comes out as it was written."""
    assert split(body) == expected


BAD = {
    b"": 0,
    b"{": 1,
    b'{"canary":1}}': 12,
    b'{"canary":tru}': 13,
    b'[{"canary":1},]': 14,
    b'{"canary":NaN}': 10,
    b'{"canary":01}': 11,
    b"{'canary':1}": 1,
    b'{"canary":"\t"}': 11,
    b'\xef\xbb\xbf{"canary":1}': 0,
    b'{"canary":"\xff"}': 11,
    b'{"canary":"\xed\xa0\x80"}': 11,
    b'{"canary":"\xc0\x80"}': 11,
    '{"canary":1}'.encode("utf-16"): 0,
}


@pytest.mark.parametrize(("body", "position"), BAD.items())
def test_what_is_no_json_is_refused_by_position(body, position):
    """Bytes that are no UTF-8 or no JSON are refused with the place, give or take two, and none of the content."""
    with pytest.raises(InvalidStatement) as caught:
        split(body)
    found = re.search(r"byte (\d+)\)$", caught.value.rule)
    assert found
    assert abs(int(found[1]) - position) <= 2
    assert caught.value.path == "$"
    assert "canary" not in f"{caught.value} {caught.value!r} {caught.value.hint}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("start", [b"[", b'{"a":', b'[{"a":['])
def test_endless_nesting_is_refused(start):
    """Nesting beyond what the interpreter can follow is refused like other bad input."""
    with pytest.raises(InvalidStatement):
        split(start * 100_000)


def test_limits():
    """A batch of too many statements, and one that is too large itself, are refused before anything else is looked at."""
    assert len(split(b"[1,2,3]", statements=3)[0]) == 3
    with pytest.raises(LimitExceeded, match="more than the 2 statements"):
        split(b"[1,2,3]", statements=2)
    assert split(b'["1234"]', size=6)[0] == [b'"1234"']
    with pytest.raises(LimitExceeded, match="statement 1 "):
        split(b'["1234","12345"]', size=6)


@pytest.mark.parametrize("item", [b"{}", b"1", b"[]", b'""'])
def test_too_many_statements_are_not_split(item):
    """A body of millions of values is refused at the first that is too many, or that is no statement: reading it costs no more than a copy of it."""
    body = b"[" + b",".join([item] * 4_000_000) + b"]"
    tracemalloc.start()
    try:
        with pytest.raises((LimitExceeded, InvalidStatement)):
            split(body, statements=10_000)
        assert tracemalloc.get_traced_memory()[1] < 2 * len(body)
    finally:
        tracemalloc.stop()


def test_a_large_batch_is_counted_to_the_last():
    """As many statements as are allowed are taken, in a large body as in a small one; one more is not, nor a body that is cut short."""
    item = b'{"a":"' + b"x" * 2000 + b'"}'
    body = b"[" + b",".join([item] * 1000) + b"]"
    assert len(split(body, statements=1000, size=10_000)[0]) == 1000
    with pytest.raises(LimitExceeded, match="more than the 999 statements"):
        split(body, statements=999, size=10_000)
    with pytest.raises(InvalidStatement, match="not valid JSON"):
        split(body[:-1], statements=1000, size=10_000)


@given(st.lists(anything, max_size=4))
def test_splitting_an_array_gives_its_items(items):
    """Each item of any array comes out as its own JSON text."""
    raws, single = codec.split(write(items, space=" "), max_statements=10, max_statement_bytes=10**6)
    assert not single
    assert [json.loads(bytes(raw)) for raw in raws] == [json.loads(write(item)) for item in items]


@given(anything)
def test_strings_are_counted(value):
    """The strings of a JSON text are counted alike before and after decoding it, whatever quotes and backslashes they hold."""
    for space, ascii_only in (("", False), (" ", True)):
        raw = write(value, space=space, ascii_only=ascii_only)
        assert codec.count_strings(raw) == codec.strings_in(json.loads(raw))


def test_python_values_become_json():
    """What JSON has words for is written so that it reads back the same; text stays text."""
    value = {"a": [1, 1.5, True, None, "é🙂", (1, 2)], "b": {"c": 10**30}}
    assert json.loads(codec.encode(value)) == {"a": [1, 1.5, True, None, "é🙂", [1, 2]], "b": {"c": 10**30}}
    assert "é🙂".encode() in codec.encode(value)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        b"canary",
        {1, 2},
        dt.datetime(2021, 1, 1, tzinfo=dt.UTC),
        uuid.uuid4(),
        object(),
        "canary\ud800",
    ],
)
def test_what_json_has_no_word_for_is_refused(value):
    """NaN, bytes, sets, dates and the like are refused rather than silently written as something else."""
    with pytest.raises(InvalidStatement) as caught:
        codec.encode({"a": [value]})
    assert "canary" not in f"{caught.value} {caught.value!r}"
    assert caught.value.__suppress_context__


def test_a_circle_is_refused():
    """A value that contains itself is refused."""
    value: dict[str, object] = {}
    value["a"] = value
    with pytest.raises(InvalidStatement):
        codec.encode(value)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], []),
        ([b"a", b"b", b"c", b"d"], [[1, 2, 3], [4]]),
        ([b"a", b"", b"b"], [[1, 3]]),
        ([b"a", b"", b" ", b"b", b"", b"", b"", b"", b"c"], [[1], [4], [9]]),
        ([b"", b"", b"a"], [[3]]),
        ([b"a", b"longer than all", b"b"], [[1, 2], [3]]),
    ],
)
def test_lines_are_grouped(lines: list[bytes], expected: list[list[int]]) -> None:
    """Up to a number, up to a size, and up to two empty lines; none is lost, and each keeps its number."""
    assert [[number for number, _ in group] for group in codec.groups(lines, most=3, most_bytes=10)] == expected
