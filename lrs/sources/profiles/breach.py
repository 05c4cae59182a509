"""What a profile says of a statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import attrs

__all__ = ["Breach", "Profile"]


@attrs.frozen
class Breach:
    """A rule that a statement breaks: the place, what must be there, and where the profile says so. It holds no value."""

    place: str
    rule: str
    section: str = ""


Profile: TypeAlias = Callable[[Mapping[str, Any]], Iterator[Breach]]
"""A checked statement, as JSON has it -> the rules that it breaks; none where it is none of the profile's."""
