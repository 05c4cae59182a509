"""What can be read by whom, by the parts of a store that they have (BRE-1)."""

from __future__ import annotations

import pytest

from lrs.accountability.catalogue import Category
from lrs.accountability.exposure import PERSONAL, Asset, Level, levels

HIDDEN, PSEUDONYMOUS, GUESSABLE, CLEAR = Level


@pytest.mark.parametrize(
    ("assets", "kms", "identity", "activity", "content"),
    [
        ({Asset.WAREHOUSE}, False, None, PSEUDONYMOUS, HIDDEN),
        ({Asset.VAULT}, False, PSEUDONYMOUS, PSEUDONYMOUS, PSEUDONYMOUS),
        ({Asset.BACKUP}, False, PSEUDONYMOUS, PSEUDONYMOUS, PSEUDONYMOUS),
        ({Asset.WAREHOUSE, Asset.KEYRING}, False, None, GUESSABLE, HIDDEN),
        ({Asset.VAULT, Asset.KEYRING}, False, CLEAR, CLEAR, CLEAR),
        ({Asset.BACKUP, Asset.KEYRING}, False, CLEAR, CLEAR, CLEAR),
        ({Asset.VAULT, Asset.KEYRING}, True, GUESSABLE, CLEAR, CLEAR),
        ({Asset.KEYRING}, False, None, None, None),
        ({Asset.TRAIL}, False, None, HIDDEN, None),
        ({Asset.TRAIL, Asset.KEYRING}, False, None, CLEAR, None),
    ],
)
def test_what_can_be_read_depends_on_what_else_is_there(
    assets: set[Asset],
    kms: bool,  # noqa: FBT001 -- a column of the table
    identity: Level | None,
    activity: Level | None,
    content: Level | None,
) -> None:
    """The warehouse names nobody, the vault opens with the keyring alone; where a KMS has the keys, quarantine does still."""
    found = levels(assets, kms=kms)
    assert [found.get(category) for category in (Category.IDENTITY, Category.ACTIVITY, Category.CONTENT)] == [identity, activity, content]


def test_more_is_never_less() -> None:
    """Whoever has one part more can read no less."""
    order = (Asset.WAREHOUSE, Asset.TRAIL, Asset.VAULT, Asset.KEYRING)
    before = levels([], kms=False)
    for number in range(1, len(order) + 1):
        after = levels(order[:number], kms=False)
        assert all(after[category] >= level for category, level in before.items())
        before = after
    assert {before[category] for category in PERSONAL} == {CLEAR}
