"""Files of statements, told apart by what is in them."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from lrs.cli.files import lines_of

OBJECTS = some.dictionaries(
    some.text(max_size=5), some.none() | some.integers() | some.text(max_size=9) | some.lists(some.text(max_size=3), max_size=2), max_size=3
)


def read(text: str | bytes) -> list[object]:
    """Give the values on the lines that are not empty."""
    raw = text.encode() if isinstance(text, str) else text
    return [json.loads(line) for line in lines_of(io.BytesIO(raw)) if line.strip()]


@settings(max_examples=30, deadline=None)
@given(statements=some.lists(OBJECTS, max_size=5), indent=some.sampled_from([None, 2]), ascii_only=some.booleans())
def test_a_document_gives_its_elements(*, statements: list[dict[str, object]], indent: int | None, ascii_only: bool) -> None:
    """One array, on one line or many."""
    assert read(json.dumps(statements, indent=indent, ensure_ascii=ascii_only)) == statements


@settings(max_examples=30, deadline=None)
@given(OBJECTS, some.sampled_from([None, 2]))
def test_a_single_object_is_one_statement(statement: dict[str, object], indent: int | None) -> None:
    """On one line or many."""
    assert read(json.dumps(statement, indent=indent)) == [statement]


@settings(max_examples=30, deadline=None)
@given(statements=some.lists(OBJECTS, min_size=2, max_size=5), end=some.sampled_from(["\n", "\r\n", "\n\n", "\n \n"]), last=some.booleans())
def test_json_lines_give_their_lines(*, statements: list[dict[str, object]], end: str, last: bool) -> None:
    """With any line end, empty lines between, and with or without an end after the last."""
    assert read(end.join(json.dumps(statement) for statement in statements) + end * last) == statements


def test_lines_may_be_batches() -> None:
    """Two lines of arrays are two lines; one alone is a document."""
    assert read('[{"a":1},{"b":2}]\n[{"c":3}]\n') == [[{"a": 1}, {"b": 2}], [{"c": 3}]]
    assert read('\n[{"a":1},{"b":2}]\n\n') == [{"a": 1}, {"b": 2}]


def test_line_numbers_can_be_counted() -> None:
    """Empty lines are given, so that the third line is the third."""
    assert [line.strip() for line in lines_of(io.BytesIO(b'\n{"a":1}\n\nbroken\n'))] == [b"", b'{"a":1}', b"", b"broken"]


@pytest.mark.parametrize("text", [b"", b"\n", b" \n\n"])
def test_nothing_gives_nothing(text: bytes) -> None:
    """An empty file is no error."""
    assert read(text) == []


def test_a_broken_first_line_costs_no_other() -> None:
    """Lines after it are lines still."""
    assert list(lines_of(io.BytesIO(b'{"a":\n{"b":2}\n{"c":3}\n'))) == [b'{"a":', b'{"b":2}', b'{"c":3}']


def test_a_byte_order_mark_is_passed_over() -> None:
    """Windows editors put one."""
    assert read(b'\xef\xbb\xbf{"a":1}\n{"b":2}\n') == [{"a": 1}, {"b": 2}]
