"""Which language of a map a reader gets (xAPI 1.0.3 Communication 2.1.3; RFC 2616 14.4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.xapi.language import choose
from tests.xapi.strategies import tags, texts

CHOICES = [
    ("", "en fr", "en"),
    ("fr", "en fr", "fr"),
    ("FR", "en fr-ca", "fr-ca"),
    ("fr;q=0.2, en;q=0.8", "fr en", "en"),
    ("fr, en", "en fr", "fr"),
    ("de-CH", "fr de", "de"),
    ("de-CH", "fr de-AT", "de-AT"),
    ("en-GB, en;q=0.5", "en-US en-GB en", "en-GB"),
    ("en", "en-US en", "en"),
    ("*", "sl en", "sl"),
    ("*, sl;q=0", "sl en", "en"),
    ("sl;q=0", "sl en", "en"),
    ("sl;q=0, *;q=0", "sl en", "sl"),
    ("xx", "en fr", "en"),
    ("x-klingon", "en x-klingon", "x-klingon"),
    ("zh-Hans", "zh-Hant-TW zh-Hans-CN", "zh-Hans-CN"),
    (";;;, fr", "en fr", "fr"),
    ("fr;q=2, en;q=0.1", "fr en", "en"),
]


@pytest.mark.parametrize(("accept", "has", "gets"), CHOICES)
def test_the_language_that_fits_best(accept, has, gets):
    """The most wanted range decides, then how closely a tag fits it; where nothing fits it is the first of the map."""
    assert choose(has.split(), accept) == gets


@given(st.lists(tags, min_size=1, unique=True), texts | st.lists(tags | st.just("*;q=0.5")).map(", ".join))
def test_there_is_always_one(has, accept):
    """Whatever a reader asks for gets one of the tags that are there."""
    assert choose(has, accept) in has
