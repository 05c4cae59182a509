"""Attachments and the contents that come with them (xAPI 1.0.3 Communication 1.5.2)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lrs.errors import InvalidRequest, InvalidStatement
from lrs.xapi.attachments import check_contents
from lrs.xapi.model import Statement, Text
from lrs.xapi.multipart import Content
from lrs.xapi.rules import Checker

EVENT = {"actor": {"mbox": "mailto:a@b.fr"}, "verb": {"id": "http://x/v"}, "object": {"id": "http://x/o"}}
ONE = {"usageType": "http://x/u", "display": {"en": "d"}, "contentType": "text/plain; charset=ascii", "length": 3, "sha2": "Aa" * 32}
TWO = ONE | {"sha2": "bb" * 32}
LINKED = ONE | {"fileUrl": "http://x/f"}
DATA = Content(b"abc")


def statement(*attachments: dict[str, Any], sub: bool = False) -> Statement:
    event: dict[str, Any] = EVENT | {"attachments": list(attachments)}
    if sub:
        event = EVENT | {"object": {"objectType": "SubStatement", **event}}
    return Checker().check(json.dumps(event).encode())


def test_a_hash_stands_apart() -> None:
    """The hash is cut out of the statement's text, in a SubStatement too, so that it can be sealed."""
    for found in (statement(ONE, LINKED), statement(ONE, LINKED, sub=True)):
        assert [part.json for part in found.parts if isinstance(part, Text) and part.detail == "sha2"] == [b'"%b"' % (b"Aa" * 32)] * 2
        assert not any(b"AaAa" in part for part in found.parts if isinstance(part, bytes))


def test_every_attachment_has_a_content_or_a_link() -> None:
    """One content may serve several attachments and statements; a link does without, or has one beside."""
    check_contents([statement()], {})
    check_contents([statement(LINKED), statement(LINKED, sub=True)], {})
    check_contents([statement(ONE, ONE), statement(), statement(ONE, LINKED), statement(ONE, sub=True)], {"aa" * 32: DATA})
    check_contents([statement(LINKED)], {"aa" * 32: DATA})


@pytest.mark.parametrize(
    ("found", "path"),
    [
        (statement(LINKED, ONE), "$.attachments[1]"),
        (statement(TWO, ONE), "$.attachments[1]"),
        (statement(LINKED, ONE, sub=True), "$.object.attachments[1]"),
    ],
)
def test_an_attachment_without_either_is_refused(found: Statement, path: str) -> None:
    """The refusal names the statement in the batch, and the attachment."""
    with pytest.raises(InvalidStatement) as refused:
        check_contents([statement(), found], {"bb" * 32: DATA})
    assert (refused.value.index, refused.value.path) == (1, path)


def test_a_content_of_nothing_is_refused() -> None:
    """Each content belongs to an attachment."""
    for found in ([], [statement()], [statement(ONE)], [statement(LINKED)]):
        with pytest.raises(InvalidRequest):
            check_contents(found, {"aa" * 32: DATA, "cc" * 32: DATA})


@pytest.mark.parametrize(("content_type", "length"), [("", ""), ("text/plain", "3"), ("Text/Plain; charset=utf-8", "")])
def test_headers_that_say_the_same_are_taken(content_type: str, length: str) -> None:
    """The media type without its parameters, as in the example of the specification; nothing at all is no contradiction."""
    check_contents([statement(ONE)], {"aa" * 32: Content(b"abc", content_type, length)})


@pytest.mark.parametrize(
    ("content_type", "length", "path"), [("text/html", "3", "$.attachments[0].contentType"), ("text/plain", "4", "$.attachments[0].length")]
)
def test_headers_that_say_otherwise_are_refused(content_type: str, length: str, path: str) -> None:
    """What stands in the statement and in the part must match (1.5.2.s2.b2.b7)."""
    with pytest.raises(InvalidStatement) as refused:
        check_contents([statement(ONE)], {"aa" * 32: Content(b"abc", content_type, length)})
    assert refused.value.path == path
