"""Events as an attacker, a broken cable or a future version would send them."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Sequence
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


def mutations(event: Event) -> Iterator[bytes]:
    """Make every event of which one place is another than it was, or missing."""
    for place in _places(event):
        for value in _VALUES:
            yield json.dumps(_changed(event, place, value, drop=False)).encode()
        yield json.dumps(_changed(event, place, None, drop=True)).encode()


def _everywhere(value: Any, change: Callable[[Any], Any]) -> Any:
    """Change each value of an event that holds no other."""
    if isinstance(value, dict):
        return {key: _everywhere(inner, change) for key, inner in value.items()}
    return [_everywhere(inner, change) for inner in value] if isinstance(value, list) else change(value)


def _clock(value: Any) -> Any:
    """Set a point in time to 1970, in the form that it has."""
    if isinstance(value, str):
        stamp = "1970-01-01T00:00:12Z" if re.match(r"\d{4}-\d\d-\d\dT", value) else value
        return "12" if re.fullmatch(r"1\d{9,12}", value) else stamp
    return 12 if isinstance(value, int | float) and value > 1e9 else value


def _raw(event: Event) -> bytes:
    return json.dumps(event).encode()


def _first(event: Event, member: bytes) -> bytes:
    """Put a member before all others."""
    return b"{" + member + b", " + _raw(event)[1:]


_NUMBER = re.compile(rb"(?<=: )-?[0-9][0-9.e+]*(?=[,}])")

UNREADABLE: dict[str, Callable[[Event], bytes]] = {
    "cut short": lambda event: _raw(event)[: len(_raw(event)) // 2],
    "Latin-1": lambda event: _first(event, b'"x": "\xe9"'),
    "UTF-16": lambda event: json.dumps(event).encode("utf-16"),
    "a NUL byte": lambda event: _raw(event).replace(b'"', b'\x00"', 1),
    "half a surrogate pair": lambda event: _first(event, b'"x": "\\ud800"'),
    "a clock of 1970": lambda event: _raw(_everywhere(event, _clock)),
    "nested too deeply": lambda event: _first(event, b'"x": ' + b"[" * 200_000 + b"]" * 200_000),
    "never closed": lambda event: _first(event, b'"x": ' + b'{"x":' * 200_000),
    "not a number": lambda event: _first(event, b'"x": NaN'),
    "too long": lambda event: _first(event, b'"x": "' + b"x" * (17 << 20) + b'"'),
}
"""What can't be read, of an event that can."""

STRANGE: dict[str, Callable[[Event], bytes]] = {
    "a future version": lambda event: _raw({key: {"version": 9, "value": value} for key, value in event.items()}),
    "NUL in each text": lambda event: _raw(_everywhere(event, lambda value: f"{value}\x00" if isinstance(value, str) else value)),
    "each number beyond a double": lambda event: _NUMBER.sub(b"1e999", _raw(event)),
    "each number with 5,000 digits": lambda event: _NUMBER.sub(b"9" * 5000, _raw(event)),
    "nested deeply": lambda event: _first(event, b'"x": ' + b"[" * 500 + b"]" * 500),
    "a byte order mark": lambda event: b"\xef\xbb\xbf" + _raw(event),
    "each member twice": lambda event: _raw(event)[:-1] + b", " + _raw(event)[1:],
}
"""What can be read by some, or says something else then; it must harm nothing either."""
