"""The memory of ids is exact in the direction that counts, small, and seldom wrong in the other."""

from __future__ import annotations

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from lrs.storage.warehouse.ids import SeenIds


@given(st.lists(st.uuids(), max_size=200))
def test_what_was_added_is_never_new(ids: list[UUID]) -> None:
    """Added here, or read back in the form that ClickHouse writes, in pieces of any size."""
    seen, again = SeenIds(), SeenIds()
    seen.add(b"".join(each.bytes for each in ids))
    stored = b"".join(each.bytes[:8][::-1] + each.bytes[8:][::-1] for each in ids)
    again.add_stored([stored[:5], stored[5:17], stored[17:]])
    assert seen.maybe(ids) == again.maybe(ids) == ids


def test_few_new_ids_are_looked_up_in_vain() -> None:
    """At 300,000 ids, over the first growth, fewer than one in two thousand; ids in a row are no worse."""
    seen = SeenIds()
    for start in range(0, 300_000, 10_000):
        seen.add(b"".join(number.to_bytes(16) for number in range(start, start + 10_000)))
    fresh = [uuid4() for _ in range(20_000)] + [UUID(int=number) for number in range(400_000, 420_000)]
    assert len(seen.maybe(fresh)) < 20
