"""What Marsha gets wrong."""

from __future__ import annotations

from lrs.sources.repair.place import AGENTS, everywhere
from lrs.sources.repair.rule import Opaque

__all__ = ["mbox_in_account"]

_ADDRESSES = tuple((*place, "account", "mbox") for place in AGENTS)


def mbox_in_account(statement: bytes, _opaque: Opaque) -> bytes:
    """Take the address out of an account, which may hold a home page and a name alone (xAPI 1.0.3 Data 2.4.2.4).

    Before: ``{"account": {"homePage": "https://marsha.example.org", "mbox": "mailto:zoe@example.org", "name": "42"}}``

    After: ``{"account": {"homePage": "https://marsha.example.org", "name": "42"}}``
    """
    return everywhere(statement, _ADDRESSES, lambda _mbox: None) if b'"mbox"' in statement else statement
