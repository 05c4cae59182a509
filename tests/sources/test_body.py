"""The events of a body."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.errors import LimitExceeded
from lrs.sources.body import MOST, split

DEEP = b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b"", []),
        (b" \n\n", []),
        (b"[]", []),
        (b'{"a"\n:1}', [b'{"a"\n:1}']),
        (b'{"a":1}\n\n{"b":1}\r\n', [b'{"a":1}', b'{"b":1}']),
        (b'{"a":1}\n{"b', [b'{"a":1}', b'{"b']),
        (b"[1,\n2]", [b"1", b"2"]),
        (b"\xef\xbb\xbf[1,2]", [b"1", b"2"]),
        (b"[1]\n[2]", [b"[1]", b"[2]"]),
        (b'[{"a":[1,2]},{"b":"cut, \\"', [b'{"a":[1,2]}', b'{"b":"cut, \\"']),
        (b'[{"a":1},', [b'{"a":1}', b","]),
        (b'[{"a":1},,{"b":1}]', [b'{"a":1}', b",", b'{"b":1}']),
        (b'[{"a":"\xff"},{"b":"],{"}]', [b'{"a":"\xff"}', b'{"b":"],{"}']),
        (b'[nope, {"b":1}] and more', [b"nope", b'{"b":1}', b"and more"]),
        (b"[" + DEEP + b",1]", [DEEP, b"1"]),
    ],
)
def test_a_body_has_its_events(body: bytes, events: list[bytes]) -> None:
    """Items of an array, one value, or lines; what is broken is an event by itself, and nothing beside it is lost."""
    assert split(body) == events


JSON = st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)


@given(st.lists(JSON, max_size=5), st.integers(0, 5))
def test_a_broken_item_takes_no_other_with_it(values: list[object], place: int) -> None:
    """Wherever it stands in an array, and whatever the others hold."""
    items = [json.dumps(value, ensure_ascii=False).encode() for value in values]
    items.insert(place, b"nope")
    assert split(b"[" + b" , ".join(items) + b"]") == items


@pytest.mark.parametrize("body", [b"[" + b"0," * MOST + b"0]", b"0\n" * MOST, b"0\r" * MOST, b"[nope," + b"{}," * MOST + b"0]"])
def test_there_is_a_most(body: bytes) -> None:
    """Beyond which a body is refused as a whole."""
    with pytest.raises(LimitExceeded):
        split(body)
