"""One open store for a module's tests; each test has people, verbs and activities of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

import lrs
from lrs.access import Principal, Scope, View, software_authority
from tests.storage.engines import ENGINES, settings_for

_numbers = count(1)


@pytest.fixture(scope="module", params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrs.LRS]:
    """A store on SQLite, and on chDB or a ClickHouse server."""
    with settings_for(request.param, tmp_path_factory.mktemp("store")) as settings, lrs.open(settings) as opened:
        yield opened


class World:
    """Names that no other test uses, and statements made of them."""

    def __init__(self) -> None:
        self.number = next(_numbers)
        self.verb = f"https://verbs.example.fr/v{self.number}"
        self.activity = f"https://lms.example.fr/w{self.number}/a"

    def person(self, name: str) -> dict[str, Any]:
        return {"objectType": "Agent", "mbox": f"mailto:{name}.{self.number}@example.fr"}

    def group(self, name: str, *members: dict[str, Any]) -> dict[str, Any]:
        return {"objectType": "Group", "mbox": f"mailto:{name}.{self.number}@example.fr", "member": list(members)}

    def statement(self, actor: str | dict[str, Any] = "ana", **more: Any) -> dict[str, Any]:
        who = self.person(actor) if isinstance(actor, str) else actor
        return {"actor": who, "verb": {"id": self.verb}, "object": {"id": self.activity}} | more


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def principal() -> Callable[..., Principal]:
    """Make a caller with scopes and a view."""

    def make(*scopes: Scope, view: View = View.IDENTIFIED, tenant: str = "default", name: str = "reader") -> Principal:
        return Principal(tenant, name, frozenset(scopes), view, software_authority("https://lms.example.fr", name))

    return make
