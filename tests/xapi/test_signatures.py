"""Whether what was signed is the statement that came (xAPI 1.0.3 Data 2.6)."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from lrs.xapi.attachments import SIGNATURE
from lrs.xapi.model import Statement
from lrs.xapi.rules import Checker
from lrs.xapi.signatures import is_about, signatures_of

ID = "fd41c918-b88b-4b20-a0a5-a4c32391aaa0"
BASE: dict[str, Any] = {
    "id": ID,
    "actor": {"mbox": "mailto:ana@example.org", "name": "Ana"},
    "verb": {"id": "http://example.org/did", "display": {"en": "did"}},
    "object": {"id": "http://example.org/a", "definition": {"name": {"en": "A"}}},
    "result": {"score": {"scaled": 0.5}},
    "timestamp": "2026-11-25T10:00:00Z",
}
FILE = {
    "usageType": "http://example.org/u",
    "display": {"en": "a file"},
    "contentType": "text/plain",
    "length": 3,
    "sha2": "ab" * 32,
    "fileUrl": "http://example.org/f",
}
SIGNED = FILE | {"usageType": SIGNATURE, "contentType": "application/octet-stream", "sha2": "cd" * 32}


def checked(statement: dict[str, Any], version: str = "1.0.3") -> Statement:
    return Checker(version).check(json.dumps(statement).encode())


@pytest.mark.parametrize(
    ("original", "received"),
    [
        (BASE, BASE | {"attachments": [SIGNED]}),
        (BASE | {"attachments": [FILE]}, BASE | {"attachments": [FILE, SIGNED]}),
        (BASE | {"attachments": [FILE]}, BASE | {"attachments": [SIGNED, FILE, SIGNED]}),
        (BASE | {"attachments": [SIGNED]}, BASE | {"attachments": [SIGNED, SIGNED | {"sha2": "ef" * 32}]}),
        (BASE | {"attachments": []}, BASE | {"attachments": [SIGNED]}),
        (BASE | {"id": ID.upper()}, BASE | {"attachments": [SIGNED]}),
        (BASE | {"timestamp": "2026-11-25T12:00:00+02:00"}, BASE | {"attachments": [SIGNED]}),
        (BASE | {"verb": {"id": "http://example.org/did"}}, BASE | {"attachments": [SIGNED]}),
        (BASE | {"version": "1.0.0", "stored": "2026-11-25T10:00:00Z", "authority": BASE["actor"]}, BASE | {"attachments": [SIGNED]}),
        ({key: value for key, value in BASE.items() if key not in ("id", "timestamp")}, BASE | {"attachments": [SIGNED]}),
        (BASE, {key: value for key, value in BASE.items() if key != "id"} | {"attachments": [SIGNED]}),
    ],
)
def test_a_signature_is_about_what_says_the_same(original: dict[str, Any], received: dict[str, Any]) -> None:
    """The statement before the signature was added, compared as statements are: what a store assigns or writes otherwise does not count."""
    assert is_about(checked(original), checked(received), UUID(ID))


@pytest.mark.parametrize(
    "original",
    [
        BASE | {"id": "ad41c918-b88b-4b20-a0a5-a4c32391aaa0"},
        BASE | {"actor": {"mbox": "mailto:bob@example.org", "name": "Ana"}},
        BASE | {"verb": {"id": "http://example.org/other"}},
        BASE | {"result": {"score": {"scaled": 0.50001}}},
        BASE | {"timestamp": "2026-11-25T10:00:01Z"},
        BASE | {"attachments": [FILE]},
        {key: value for key, value in BASE.items() if key != "result"},
    ],
)
def test_a_signature_is_not_about_anything_else(original: dict[str, Any]) -> None:
    """One thing more, less or other, and it is about another statement; an id that came beside the statement counts too."""
    received = BASE | {"attachments": [SIGNED]}
    assert not is_about(checked(original), checked(received), None)
    without_id = {key: value for key, value in received.items() if key != "id"}
    assert not is_about(checked(original), checked(without_id), UUID(ID))


def test_the_signatures_of_a_statement() -> None:
    """Its own attachments of that usage, with their places; what a SubStatement has signs nothing."""
    sub = {"objectType": "SubStatement", **{key: BASE[key] for key in ("actor", "verb", "object")}, "attachments": [SIGNED]}
    statement = checked(BASE | {"object": sub, "attachments": [FILE, SIGNED]})
    assert [path for path, _ in signatures_of(statement)] == ["$.attachments[1]"]
