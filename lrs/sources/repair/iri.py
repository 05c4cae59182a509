"""What is no IRI and should be one, which several emitters get wrong."""

from __future__ import annotations

import re
from urllib.parse import quote

import msgspec

from lrs.sources.repair.place import at, found, text
from lrs.sources.repair.rule import Opaque
from lrs.xapi import fields
from lrs.xapi.formats import is_iri, is_uuid

__all__ = ["host_as_home_page", "non_iri_parent"]

_HOME_PAGE = ("actor", "account", "homePage")
_PARENTS = ("context", "contextActivities", "parent")
_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*(:[0-9]{{1,5}})?", re.ASCII | re.IGNORECASE)


def host_as_home_page(statement: bytes, _opaque: Opaque) -> bytes:
    """Make an address of the actor's home page where it is the name of a host (Esup-Pod, Marsha).

    Before: ``{"actor": {"account": {"homePage": "pod.example.org", "name": "42"}}}``

    After: ``{"actor": {"account": {"homePage": "https://pod.example.org", "name": "42"}}}``
    """
    return at(statement, _HOME_PAGE, _address)


def non_iri_parent(statement: bytes, _opaque: Opaque) -> bytes:
    """Make an IRI of the id of a parent activity that is none: a URN of a UUID, anything else under the home page of the actor's account.

    A parent that can't be named so, because the actor has no account, is left out.

    Before: ``{"actor": {"account": {"homePage": "https://lms.example.org", "name": "42"}}, "context": {"contextActivities": {"parent": [{"id":
    "chemistry 1"}]}}}``

    After: the same with ``{"parent": [{"id": "https://lms.example.org/chemistry%201"}]}``
    """
    home = found(statement, _HOME_PAGE) or ""
    under = home.rstrip("/") if is_iri(home) else ""

    def named(activity: bytes) -> bytes | None:
        identifier = text(fields.free_members(activity).get("id", b""))
        if identifier is None or is_iri(identifier):
            return activity
        made = _iri(identifier, under)
        return None if made is None else at(activity, ("id",), lambda _id: msgspec.json.encode(made))

    # Before 2.0 a single activity could stand without its array.
    statement = at(statement, _PARENTS, lambda parents: named(parents) if parents[:1] == b"{" else parents)
    return at(statement, (*_PARENTS, "*"), named)


def _address(raw: bytes) -> bytes:
    host = text(raw)
    return msgspec.json.encode(f"https://{host}") if host and _HOST.fullmatch(host) else raw


def _iri(identifier: str, under: str) -> str | None:
    if is_uuid(identifier):
        return f"urn:uuid:{identifier.lower()}"
    return f"{under}/{quote(identifier, safe='')}" if under and identifier else None
