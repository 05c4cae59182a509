"""A trail without a store around it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lrs.crypto.keyring import Keyring
from lrs.privacy.audit import Audit
from lrs.settings import Settings

NOVEMBER = 1_763_000_000_000_000


class Clock:
    """A clock that is set by hand; microseconds since 1970."""

    def __init__(self) -> None:
        self.now = NOVEMBER

    def __call__(self) -> int:
        self.now += 1
        return self.now

    def days(self, number: int) -> None:
        self.now += number * 86_400 * 1_000_000


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keyring() -> Keyring:
    return Keyring.generate("default", "lyon")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path)


@pytest.fixture
def audit(settings: Settings, keyring: Keyring, clock: Clock) -> Callable[[], Audit]:
    """Open the trail as one more process does."""
    return lambda: Audit(settings, signer=lambda: keyring.signer, keys=keyring.tenant, clock=clock)
