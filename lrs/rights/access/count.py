"""Counting what is kept of a person, without writing any of it down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrs.rights.access.portable import contents_of
from lrs.rights.access.summary import Summary

if TYPE_CHECKING:
    from lrs.rights.access.holdings import Holdings


def count(held: Holdings) -> Summary:
    """Go through everything that an export would hold."""
    summary = Summary()
    summary.identify(held.spellings())
    attached: set[str] = set()
    for found in held.statements():
        summary.add(found)
        attached |= {sha2 for each in found if each.alone for sha2 in contents_of(each.body)}.intersection(held.contents(found))
    summary.numbers["attachments"] = len(attached)
    summary.numbers["documents"] = sum(1 for _ in held.documents())
    summary.numbers["requests"] = len(held.requests())
    summary.numbers["credentials"] = len(held.credentials())
    summary.numbers["accesses"] = sum(1 for _ in held.accesses())
    return summary
