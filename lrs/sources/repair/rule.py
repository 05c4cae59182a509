"""What a repair is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

__all__ = ["Opaque", "Rule"]

Opaque: TypeAlias = Callable[..., str]
"""Parts, as bytes -> a UUID from which nobody without the tenant's keys learns them."""
Rule: TypeAlias = Callable[[bytes, Opaque], bytes]
"""The JSON of a statement -> the JSON of the repaired one, or what came, unchanged."""
