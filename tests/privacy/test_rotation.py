"""Rotating a tenant's KEK: everyone's key wrapped anew, the old epoch destroyed, at any moment stopped and taken up again."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lrs.crypto.keyring import TenantKeys
from lrs.crypto.providers import add_tenant, open_keyring
from lrs.errors import ConfigurationError, KeyUnavailable
from lrs.privacy.audit import open_trail
from lrs.privacy.identity import Identities
from lrs.privacy.rotation import Rotation, open_rotations
from lrs.privacy.suppression import Suppression
from lrs.settings import Settings
from lrs.storage.contract import EpochRetired, NewSubject, WrappedKey
from lrs.storage.vault import Vault
from lrs.xapi.model import Person
from tests.privacy.rotating import people


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path)


@pytest.fixture
def vault(settings: Settings) -> Iterator[Vault]:
    """The vault of a store with keys and nobody in it."""
    opened = Vault.open(settings)
    opened.check_keyring("default", open_keyring(settings, create=True).tenant("default").check)
    yield opened
    opened.close()


def keys_of(settings: Settings) -> TenantKeys:
    """Read the keyring as a new process does."""
    return open_keyring(settings, create=False).tenant("default")


def rotation(settings: Settings, vault: Vault) -> Rotation:
    return Rotation("default", keys_of(settings), vault, open_trail(settings, clock=lambda: 1))


def rotate(settings: Settings, vault: Vault) -> int:
    turning = rotation(settings, vault)
    turning.begin()
    return sum(turning.rewrap())


def readable(keys: TenantKeys, vault: Vault, sids: list[int]) -> int:
    """Count those whose key opens."""
    return len(keys.deks(vault.keys("default", sids)))


def test_rotation_keeps_everyone_readable(settings: Settings, vault: Vault) -> None:
    """Subject numbers at both ends of the range too; each key is the one that it was; the second time there is nothing to do."""
    sids = [1, 2**63 - 1, 2**63, 2**64 - 1, *(secrets.randbits(64) for _ in range(500))]
    people(settings, vault, sids)
    before = vault.keys("default", sids)
    assert rotate(settings, vault) == len(sids)
    after = vault.keys("default", sids)
    assert {key.epoch for key in after.values()} == {2}
    assert all(before[sid].check == after[sid].check and before[sid].wrapped != after[sid].wrapped for sid in sids)
    assert readable(keys_of(settings), vault, sids) == len(sids)
    assert list(rotation(settings, vault).rewrap()) == []


def test_an_epoch_that_is_needed_is_not_destroyed(settings: Settings, vault: Vault) -> None:
    """Neither the current one, nor one that still wraps a single key, nor one that is not there."""
    people(settings, vault, [1, 2])
    turning = rotation(settings, vault)
    turning.begin()
    for epoch, reason in ((1, "still wraps 2"), (2, "current"), (7, "no epoch 7")):
        with pytest.raises(ConfigurationError, match=reason):
            turning.destroy(epoch)
    assert readable(keys_of(settings), vault, [1, 2]) == 2
    list(turning.rewrap())
    turning.destroy(1)
    assert [(state.epoch, state.keys, state.current) for state in turning.states()] == [(2, 2, True)]


def test_an_old_backup_of_the_vault_opens_no_more(settings: Settings, vault: Vault, tmp_path: Path) -> None:
    """Once the epoch is destroyed; until then it did."""
    people(settings, vault, [1, 2, 3])
    vault.checkpoint()
    backup = Settings(data=tmp_path / "backup", key_file=tmp_path / "keys.json")
    backup.data.mkdir()
    shutil.copy(tmp_path / "vault.sqlite", backup.data)
    rotate(settings, vault)
    old = Vault.open(backup)
    assert readable(keys_of(backup), old, [1, 2, 3]) == 3
    rotation(settings, vault).destroy(1)
    with pytest.raises(KeyUnavailable, match="epoch 1"):
        readable(keys_of(backup), old, [1])
    old.close()
    assert readable(keys_of(settings), vault, [1, 2, 3]) == 3


def test_at_most_two_epochs_live(settings: Settings, vault: Vault) -> None:
    """The next rotation waits for the end of the old epoch, and then begins the third."""
    people(settings, vault, [1])
    rotate(settings, vault)
    with pytest.raises(ConfigurationError, match="two epochs"):
        rotation(settings, vault).begin()
    rotation(settings, vault).destroy(1)
    assert rotate(settings, vault) == 1
    assert [state.epoch for state in rotation(settings, vault).states()] == [2, 3]


def test_who_comes_with_the_old_epoch_is_refused(settings: Settings, vault: Vault) -> None:
    """From the beginning of a rotation on, so that no key is left behind; nothing of the call is kept."""
    stale = keys_of(settings)
    made = stale.new_dek(5)
    rotation(settings, vault).begin()
    with pytest.raises(EpochRetired):
        vault.add("default", [NewSubject(5, b"i" * 16, WrappedKey(made.epoch, made.wrapped, made.check))], [], month=202611)
    assert vault.keys("default", [5]) == {}


def test_a_running_process_goes_on_through_a_rotation(settings: Settings, vault: Vault) -> None:
    """It takes in new people, and reads old ones, before, during and after it, with the keyring that it opened at its start."""
    keys = keys_of(settings)
    suppression = Suppression("default", keys, vault, clock=lambda: 0)
    identities = Identities("default", keys, vault, month=lambda: 202611, suppression=suppression)

    def comes(name: str) -> int:
        person = Person(b'{"mbox":"mailto:%b@example.fr"}' % name.encode(), b"mbox:" + name.encode(), (name,), is_group=False)
        identities.learn([person])
        return identities.token(person)[0]

    first = comes("ana")
    turning = rotation(settings, vault)
    turning.begin()
    second = comes("bea")
    list(turning.rewrap())
    turning.destroy(1)
    third = comes("zoe")
    identities.forget()
    assert len(identities.deks([first, second, third])) == 3
    assert {key.epoch for key in vault.keys("default", [first, second, third]).values()} == {2}


def test_who_was_erased_meanwhile_stays_erased(settings: Settings, vault: Vault) -> None:
    """A key that is gone when its batch is written is not put back."""
    people(settings, vault, [1, 2])
    turning = rotation(settings, vault)
    turning.begin()
    found = vault.older_keys("default", 2, after=None, limit=10)
    epoch, fresh = keys_of(settings).rewrapped(dict(found))
    with vault._write() as connection:
        connection.exec_driver_sql("DELETE FROM identifier WHERE sid = 1")
        connection.exec_driver_sql("DELETE FROM subject WHERE sid = 1")
    vault.rewrap("default", epoch, [(sid, key, fresh[sid]) for sid, key in found])
    assert set(vault.keys("default", [1, 2])) == {2}


def test_a_killed_rotation_is_taken_up(settings: Settings, vault: Vault) -> None:
    """After ``kill -9`` at several moments everyone is readable, and the next call finishes the same rotation."""
    rounds = max(4, int(os.environ.get("LRS_TEST_KILL_ROUNDS", "20")) // 5)
    sids = [secrets.randbits(64) for _ in range(1000 * rounds)]
    people(settings, vault, sids)
    chance = random.Random(2026)
    killed = 0
    for pause in (chance.uniform(0.0, 0.1) for _ in range(rounds)):
        command = [sys.executable, "-m", "tests.privacy.rotating", str(settings.data)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            time.sleep(pause)
            process.send_signal(signal.SIGKILL)
        killed += process.returncode == -signal.SIGKILL
        assert readable(keys_of(settings), vault, sids) == len(sids)
    left = sum(state.keys for state in rotation(settings, vault).states() if not state.current)
    assert killed == rounds
    assert left > 0
    assert rotate(settings, vault) == left
    assert [(state.epoch, state.keys) for state in rotation(settings, vault).states()] == [(1, 0), (2, len(sids))]
    rotation(settings, vault).destroy(1)
    assert readable(keys_of(settings), vault, sids) == len(sids)


def test_tenants_rotate_apart(settings: Settings, vault: Vault) -> None:
    """One tenant's rotation leaves the other's epochs alone."""
    vault.check_keyring("lyon", add_tenant(settings, "lyon").tenant("lyon").check)
    people(settings, vault, [1])
    people(settings, vault, [2], tenant="lyon")
    with open_rotations(settings) as rotations:
        rotations["lyon"].begin()
        assert sum(rotations["lyon"].rewrap()) == 1
        assert [(state.epoch, state.keys) for state in rotations["default"].states()] == [(1, 1)]
