"""Stores of their own for rights: what one test does to a person is no other test's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import lrs
from tests.vault.databases import DATABASES, empty_vault


@pytest.fixture(scope="module", params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrs.LRS]:
    """A store with the embedded warehouse, and a vault on SQLite or on PostgreSQL where one is named."""
    with lrs.open(empty_vault(request.param, tmp_path_factory.mktemp("store"))) as opened:
        yield opened


def statement(actor: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A statement of somebody."""
    return {"actor": actor, "verb": {"id": "https://verbs.example.fr/did"}, "object": {"id": "https://lms.example.fr/a"}} | more
