"""If-Match and If-None-Match, for whatever a client writes there (RFC 9110 8.8.3, 13.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lrs.errors import InvalidRequest, PreconditionFailed
from lrs.xapi.preconditions import Tag, parse

OPAQUE = some.text(alphabet=[chr(code) for code in (0x21, *range(0x23, 0x7F), *range(0x80, 0x100))], max_size=20)


@given(some.lists(some.tuples(OPAQUE, some.booleans()), min_size=1, max_size=5), some.sampled_from([",", ", ", " ,\t", ",,"]))
def test_lists_of_tags_are_read(tags: list[tuple[str, bool]], between: str) -> None:
    """Any tag that the grammar has, commas within quotes included, weak or strong."""
    header = between.join(f'{"W/" * weak}"{tag}"' for tag, weak in tags)
    found = parse(header, None).if_match
    assert found is not None
    assert found.tags == tuple(Tag(*each) for each in tags)


@given(some.text(alphabet='*W/", \tab', max_size=12))
def test_anything_else_is_a_refusal(text: str) -> None:
    """Never another exception, and never no precondition."""
    with pytest.raises((InvalidRequest, PreconditionFailed)):
        parse(text, None).check(None)


def test_headers_that_were_not_sent_require_nothing() -> None:
    """Whatever the document."""
    required = parse(None, None)
    assert not required
    required.check(None)
    required.check("x")
