"""A request of a person: what they ask for, how far it is, and by when it has to be answered (GDPR art. 12 and 15 to 21)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What a person asks for."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    OBJECTION = "objection"
    PORTABILITY = "portability"
    POST_MORTEM = "post_mortem"


class State(StrEnum):
    """How far a request is. Received -> identified -> done, or refused from either."""

    RECEIVED = "received"
    IDENTIFIED = "identified"
    DONE = "done"
    REFUSED = "refused"


class Delay(StrEnum):
    """Why an answer may take two months more (art. 12(3))."""

    COMPLEX = "complex"
    MANY = "many"


class Refusal(StrEnum):
    """Why a request is refused."""

    UNIDENTIFIED = "unidentified"
    """The person could not be identified (art. 11(2), 12(2))."""
    UNFOUNDED = "unfounded"
    """It is manifestly unfounded (art. 12(5))."""
    EXCESSIVE = "excessive"
    """It is excessive, by its repetition for one (art. 12(5))."""
    OBLIGATION = "obligation"
    """The law requires the processing (art. 17(3)(b))."""
    ARCHIVE = "archive"
    """It is kept in the public interest, as a public archive (art. 17(3)(d))."""
    CLAIMS = "claims"
    """It is needed for legal claims (art. 17(3)(e), 21(1))."""
    OTHERS = "others"
    """It would harm the rights of others (art. 15(4), 20(4))."""
    INAPPLICABLE = "inapplicable"
    """The legal basis of the processing gives no such right (art. 20(1), 21(1))."""


OPEN = {State.RECEIVED, State.IDENTIFIED}


class Request(msgspec.Struct, frozen=True):
    """A request as the register shows it. ``known``: it still leads to a person. ``late``: past its day, whether or not it was answered since."""

    tenant: str
    number: int
    kind: Kind
    state: State
    received: date
    due: date
    closed: date | None
    delay: str
    refusal: str
    reference: str
    known: bool

    @property
    def is_open(self) -> bool:
        """Tell whether it has still to be answered."""
        return self.state in OPEN

    def late(self, today: date) -> bool:
        """Tell whether its day passed before it was answered."""
        return (self.closed or today) > self.due
