"""All that matches, oldest first, a page at a time: what an export reads.

It ends at the time through which everything could be read when it began, so that the next one can go on from there and miss nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

import msgspec

from lrs.errors import InvalidRequest
from lrs.xapi.query import StatementQuery

ACTION = "export statements"
"""What the audit trail calls it."""


class Page(Protocol):
    """A page of statements, as :mod:`lrs.read` gives it."""

    @property
    def more(self) -> str | None:
        """The token of the next page, or None on the last."""


P = TypeVar("P", bound=Page)


def whole(query: StatementQuery, *, through: int) -> StatementQuery:
    """Make of a query one that is read to its end: ascending, and up to ``through`` at most; ``limit`` is the size of a page.

    Raises :class:`lrs.errors.InvalidRequest` for a query of one statement.
    """
    if query.statement_id is not None or query.voided_statement_id is not None:
        raise InvalidRequest("an export takes filters, not the id of a statement", parameter="statement_id")
    until = through if query.until is None else min(query.until, through)
    return msgspec.structs.replace(query, ascending=True, until=until)


def pages(first: P, following: Callable[[str], P]) -> Iterator[P]:
    """Give the first page and all that follow it; one is held at a time."""
    page = first
    while True:
        yield page
        if page.more is None:
            return
        page = following(page.more)
