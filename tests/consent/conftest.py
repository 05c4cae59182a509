"""A store with a policy that has a purpose of each kind, and a clock that is set by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import lrs
from lrs.engine import LRS
from tests.storage.engines import ENGINES, settings_for
from tests.store.conftest import World

SECOND = 1_000_000
POLICY = """
title = { fr = "Essai", en = "Trial" }
default_purpose = "teaching"
unassigned = "teaching"
parties = [{ name = "Institution", role = "controller", location = "FR" }]

[[rules]]
purposes = ["teaching", "research", "survey", "accounts"]
""" + "".join(
    f"""
[[purposes]]
id = "{name}"
title = {{ fr = "P", en = "P" }}
legal_basis = "{basis}"
audiences = ["user"]
"""
    for name, basis in (("teaching", "public_task"), ("research", "consent"), ("survey", "consent"), ("accounts", "legal_obligation"))
)
PURPOSES = ("teaching", "research", "survey", "accounts")
NOTICE = "Vos traces servent à la recherche.\n"


class Clock:
    """Microseconds since 1970, one more whenever it is looked at."""

    now = 1_790_000_000_000_000

    def __call__(self) -> int:
        self.now += 1
        return self.now

    def text(self, ago: float = 0) -> str:
        """The time so many seconds ago, as a timestamp."""
        return datetime.fromtimestamp(self.now / SECOND - ago, UTC).isoformat()


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module", params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[lrs.LRS]:
    """A store on chDB or a ClickHouse server, with a notice."""
    with settings_for(request.param, tmp_path_factory.mktemp("consent")) as settings:
        write_policy(settings.data)
        with LRS(settings, clock=clock) as found:
            yield found


@pytest.fixture(scope="module")
def notice(store: lrs.LRS) -> str:
    """The digest of a text about every purpose."""
    return store.consent.notices.add(NOTICE, audience="user", language="fr").digest


@pytest.fixture
def world() -> World:
    return World()


def write_policy(folder: Path, text: str = POLICY) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "policy.toml").write_text(text, "utf-8")


def seen(store: lrs.LRS, world: World, purpose: str = "research", **filters: Any) -> list[str]:
    """The ids of the statements about a world's activity that a purpose sees, oldest first."""
    return [each["id"] for each in store.query(purpose=purpose, activity=world.activity, ascending=True, **filters).statements]
