"""A breach: when it became known, who was told when, and how it ended (GDPR art. 33, 34)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

HOURS = 72
"""The authority is told within so many hours after the breach became known (art. 33(1))."""


class Told(StrEnum):
    """Whom a breach is told: the authority (art. 33(1)), the controller by its processor (33(2)), the persons (34)."""

    AUTHORITY = "authority"
    CONTROLLER = "controller"
    PERSONS = "persons"


class Outcome(StrEnum):
    """How a breach was closed."""

    NOTIFIED = "notified"
    NO_RISK = "no-risk"
    """Unlikely to result in a risk to anybody, so that the authority need not be told (art. 33(1))."""


class Breach(msgspec.Struct, frozen=True):
    """A breach as the register shows it; times in microseconds since 1970 UTC, None for what has not happened."""

    tenant: str
    number: int
    aware: int
    due: int
    reference: str
    told: Mapping[Told, int]
    closed: int | None
    outcome: str
    facts: Mapping[str, Any]

    @property
    def pending(self) -> bool:
        """Tell whether the authority, or the controller, has still to be told."""
        return self.closed is None and not {Told.AUTHORITY, Told.CONTROLLER} & self.told.keys()
