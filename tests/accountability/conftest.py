"""A store with a person in it, and a clock that is set by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from lrs.accountability.requests import Requests
from lrs.crypto.keyring import Keyring
from lrs.privacy.audit import Audit
from lrs.settings import Settings
from lrs.storage.contract import NewSubject, WrappedKey
from lrs.storage.vault import Vault
from lrs.xapi.walk import ifi_of

ANA, ANAS_SID = {"mbox": "mailto:ana@example.fr"}, 2**63 + 7


class Clock:
    """Microseconds since 1970; a day is set by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def __call__(self) -> int:
        return int(self.now.timestamp()) * 1_000_000

    def day(self, text: str) -> None:
        self.now = datetime.combine(date.fromisoformat(text), self.now.timetz())


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
def vault(settings: Settings, keyring: Keyring) -> Iterator[Vault]:
    """A vault that knows one person."""
    opened = Vault.open(settings)
    for name in keyring.tenants:
        opened.check_keyring(name, keyring.tenant(name).check)
    keys = keyring.tenant("default")
    made = keys.new_dek(ANAS_SID)
    index = keys.blind_index(ifi_of(ANA))
    opened.add("default", [NewSubject(ANAS_SID, index, WrappedKey(made.epoch, made.wrapped, made.check))], [], month=202601)
    yield opened
    opened.close()


@pytest.fixture
def audit(settings: Settings, keyring: Keyring, clock: Clock) -> Iterator[Audit]:
    trail = Audit(settings, signer=lambda: keyring.signer, keys=keyring.tenant, clock=clock)
    yield trail
    trail.close()


@pytest.fixture
def register(vault: Vault, keyring: Keyring, clock: Clock, audit: Audit) -> Requests:
    return Requests(vault, tenant="default", keys=keyring.tenant, clock=clock, audit=audit)
