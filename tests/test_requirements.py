"""The lists of what xAPI and the law require: each requirement is covered by tests that exist, or says why not."""

from __future__ import annotations

from collections import Counter

import pytest

from docs import requirements

LISTS = [requirements.xapi(), requirements.privacy()]


@pytest.mark.parametrize("test", sorted({test for listed in LISTS for requirement in listed.each() for test in requirement.tests}))
def test_every_test_that_is_named_is_there(test):
    """A test that covers a requirement may not go away unnoticed."""
    assert not requirements.unknown(test)


def test_whatever_has_no_test_says_why():
    """A requirement has tests or a reason for having none, and never both; a reason is for a requirement."""
    for listed in LISTS:
        assert {requirement.place for requirement in listed.each() if not requirement.tests} == set(listed.missing)
        assert all(listed.missing.values())


def test_each_place_is_listed_once():
    """A sentence of the specification stands in one line, and each line has a place in one version at least."""
    places: Counter[tuple[int, str]] = Counter()
    for requirement in requirements.xapi().each():
        assert any(requirement.places)
        for version, named in enumerate(requirement.places):
            places.update((version, place) for place in expanded(named))
    assert [place for place, times in places.items() if times > 1] == []


def expanded(named):
    """Give the single places of `4.2.1 (2, 12), 4.1 (1)`: section and number."""
    section = ""
    for piece in named.replace("(", " (").replace("*", "").split(","):
        section, _, number = piece.strip().rpartition(" (") if " (" in piece else (section, "", piece.strip())
        if number:
            yield f"{section.strip()} {number.strip(' )')}"
