"""Documents on SQLite, and on PostgreSQL where one is named; each test has an activity and a person of its own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from lrs.documents import Documents, Shelf
from lrs.settings import Settings
from lrs.storage.vault import Vault
from tests.documents import room
from tests.vault.databases import DATABASES, empty_vault

LARGEST = 10_000
_numbers = count(1)


@pytest.fixture(scope="module", params=DATABASES)
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of an empty vault."""
    return empty_vault(request.param, tmp_path_factory.mktemp("documents"))


@pytest.fixture(scope="module")
def vault(settings: Settings) -> Iterator[Vault]:
    """Open it."""
    opened = Vault.open(settings)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def documents(vault: Vault, settings: Settings) -> Documents:
    """Give its documents, of 10,000 bytes at most."""
    return room.documents(vault, settings, largest=LARGEST)


@pytest.fixture
def activity() -> str:
    """Give an activity that no other test uses."""
    return f"https://lms.example.fr/activity/{next(_numbers)}"


@pytest.fixture
def agent() -> dict[str, Any]:
    """Give a person whom no other test knows."""
    return {"objectType": "Agent", "mbox": f"mailto:learner-{next(_numbers)}@example.fr", "name": "Ana"}


@pytest.fixture(params=["state", "activity profile", "agent profile"])
def kind(request: pytest.FixtureRequest) -> str:
    """Name each of the three resources."""
    return request.param


@pytest.fixture
def shelf(kind: str, documents: Documents, activity: str, agent: dict[str, Any]) -> Shelf:
    """Give an empty shelf of each resource, under 1.0.3."""
    return shelf_of(documents, kind, activity, agent)


def shelf_of(documents: Documents, kind: str, activity: str, agent: dict[str, Any], **more: Any) -> Shelf:
    if kind == "state":
        return documents.state(activity, agent, **more)
    return documents.activity_profile(activity, **more) if kind == "activity profile" else documents.agent_profile(agent, **more)
