"""Events as an attacker, a broken cable or a future version would send them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

Event = dict[str, Any]

_VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2**63,
    10**400,
    1e308,
    -0.5,
    "",
    " ",
    "\x00",
    "x" * 5000,
    "é\u2028",
    "[]",
    [],
    {},
    [[]],
    [None],
]
_VALUES += [{"a": {"b": []}}, [{"id": None}], "1970-01-01T00:00:00Z", "null", 12, "12"]


def _places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the path of each value in an event."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from _places(child, (*path, key))


def _changed(event: Event, place: tuple[Any, ...], value: object, *, drop: bool) -> Event:
    made = copy.deepcopy(event)
    inner: Any = made
    for key in place[:-1]:
        inner = inner[key]
    if drop and isinstance(inner, dict):
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return made


@st.composite
def mutated(draw: st.DrawFn, samples: Sequence[Event]) -> bytes:
    """Make an event of which one place is another than it was, or that is cut short."""
    sample = draw(st.sampled_from(samples))
    place = draw(st.sampled_from(list(_places(sample))))
    line = json.dumps(_changed(sample, place, draw(st.sampled_from(_VALUES)), drop=draw(st.booleans()))).encode()
    return line[: draw(st.integers(1, len(line)))] if draw(st.integers(0, 9)) == 0 else line
