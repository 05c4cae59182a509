"""Who keeps the KEKs: the same behaviour from the keyring and from Vault's transit engine (a stand-in of its published API)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from lrs.crypto.keks import KekProvider
from lrs.crypto.keyring import NewDek, TenantKeys
from lrs.crypto.providers import add_tenant, key_file, open_keyring, remove_tenant
from lrs.errors import ConfigurationError, KeyUnavailable, LRSError, StoreUnavailable, TamperedData
from lrs.settings import Settings
from tests.crypto.transit_server import Transit, running


class Kept(NamedTuple):
    """A store's keys, wherever their KEKs are."""

    settings: Settings
    transit: Transit | None

    def tenant(self, name: str = "default") -> TenantKeys:
        """Read the keys anew, as another process does."""
        return open_keyring(self.settings, create=False).tenant(name)


@pytest.fixture(params=["keyring", "vault"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """Keys of a new store."""
    if request.param == "keyring":
        settings = Settings(data=tmp_path)
        open_keyring(settings, create=True)
        yield Kept(settings, None)
        return
    token = tmp_path / "token"
    token.write_text("token-1\n")
    transit = Transit()
    with running(transit) as address:
        settings = Settings(data=tmp_path, kms=address, kms_token_file=token)
        open_keyring(settings, create=True)
        yield Kept(settings, transit)


def opens(keys: TenantKeys, sid: int, made: NewDek) -> bool:
    """Tell whether a wrapped key is the one that it was."""
    return keys.dek(sid, made.epoch, made.wrapped, made.check).open("text", b"r", made.key.seal("text", b"r", b"secret")) == b"secret"


def rewrapped(keys: TenantKeys, sid: int, made: NewDek) -> NewDek:
    epoch, found = keys.rewrapped({sid: made})
    return made._replace(epoch=epoch, wrapped=found[sid])


def test_a_key_goes_through_two_epochs(kept: Kept) -> None:
    """Wrapped under one, rewrapped under the next, it opens; when the first is destroyed, what it wrapped opens nowhere."""
    keys = kept.tenant()
    made = keys.new_dek(7)
    assert (made.epoch, opens(keys, 7, made)) == (1, True)
    keys.keks.rotate()
    assert list(keys.keks.epochs()) == [1, 2]
    after = rewrapped(keys, 7, made)
    assert (after.epoch, opens(keys, 7, made), opens(keys, 7, after)) == (2, True, True)
    keys.keks.destroy(1)
    for each in (keys, kept.tenant()):
        assert list(each.keks.epochs()) == [2]
        assert opens(each, 7, after)
        with pytest.raises(KeyUnavailable, match="epoch 1"):
            opens(each, 7, made)


def test_no_third_epoch_begins(kept: Kept) -> None:
    """At most two are there; the hint names the one to destroy."""
    keks = kept.tenant().keks
    keks.rotate()
    with pytest.raises(ConfigurationError) as refused:
        keks.rotate()
    assert "destroy-epoch 1" in refused.value.hint
    assert list(keks.epochs()) == [1, 2]


def test_another_process_learns_of_a_new_epoch_once(kept: Kept) -> None:
    """What it can't unwrap makes it look again, and what is not there even then is said to be gone."""
    ours, other = kept.tenant(), kept.tenant()
    ours.keks.epochs(), other.keks.epochs()
    ours.keks.rotate()
    made = ours.new_dek(3)
    assert made.epoch == 2
    assert opens(other, 3, made)
    with pytest.raises(KeyUnavailable):
        opens(other, 3, made._replace(epoch=9))


def test_a_wrapped_key_fits_its_own_place_alone(kept: Kept) -> None:
    """No two of four subjects, two tenants and two epochs can be swapped, in wrapped key, check value or both."""
    add_tenant(kept.settings, "lyon")
    made: dict[tuple[str, int, int], NewDek] = {}
    for name in ("default", "lyon"):
        keys = kept.tenant(name)
        old = dict(zip(range(4), keys.new_deks(range(4)), strict=True))
        keys.keks.rotate()
        made |= {(name, sid, 1): each for sid, each in old.items()}
        made |= {(name, sid, 2): rewrapped(keys, sid, each) for sid, each in old.items()}
    holders = {name: kept.tenant(name) for name in ("default", "lyon")}
    for (place, own), (other, moved) in itertools.permutations(made.items(), 2):
        name, sid, epoch = place
        with pytest.raises(TamperedData):
            holders[name].dek(sid, epoch, moved.wrapped, own.check)
        if place[:2] != other[:2]:
            with pytest.raises(TamperedData):
                holders[name].dek(sid, epoch, own.wrapped, moved.check)
            with pytest.raises(TamperedData):
                holders[name].dek(sid, epoch, moved.wrapped, moved.check)


def test_a_damaged_wrapping_is_told(kept: Kept) -> None:
    """Every byte counts, in unwrapping and in rewrapping."""
    keys = kept.tenant()
    made = keys.new_dek(1)
    keys.keks.rotate()
    for place in (0, 9, 20, len(made.wrapped) - 2):
        spoilt = made.wrapped[:place] + bytes([made.wrapped[place] ^ 1]) + made.wrapped[place + 1 :]
        for use in (opens, rewrapped):
            with pytest.raises(TamperedData):
                use(keys, 1, made._replace(wrapped=spoilt))


def test_many_keys_are_asked_for_at_once(kept: Kept) -> None:
    """A thousand keys cost one call each way; there is no call for none."""
    keys = kept.tenant()
    keys.keks.epochs()
    before = kept.transit.calls if kept.transit else 0
    made = keys.new_deks(range(1000))
    assert len(keys.deks(dict(enumerate(made)))) == 1000
    assert (keys.new_deks([]), keys.deks({})) == ([], {})
    assert kept.transit is None or kept.transit.calls - before == 2


def test_secrets_do_not_show(kept: Kept) -> None:
    """Neither in a repr nor in the keyring's file where Vault keeps the KEKs."""
    keks = kept.tenant().keks
    assert "object at" not in repr(keks)
    if kept.transit:
        assert '"epochs": {}' in key_file(kept.settings).read_text()


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[tuple[Transit, Settings]]:
    token = tmp_path / "token"
    token.write_text("token-1")
    transit = Transit()
    with running(transit) as address:
        yield transit, Settings(data=tmp_path, kms=address, kms_token_file=token)


def provider(settings: Settings) -> KekProvider:
    return open_keyring(settings, create=True).tenant("default").keks


def test_a_renewed_token_is_followed(vault: tuple[Transit, Settings]) -> None:
    """The file is read for each request; a token that Vault refuses is said to be refused."""
    transit, settings = vault
    keks = provider(settings)
    transit.token = "token-2"
    with pytest.raises(KeyUnavailable, match="token"):
        keks.refresh()
    assert settings.kms_token_file
    settings.kms_token_file.write_text("token-2")
    keks.refresh()
    settings.kms_token_file.unlink()
    with pytest.raises(KeyUnavailable, match="can't be read"):
        keks.refresh()


def test_a_vault_that_is_away_may_come_back(vault: tuple[Transit, Settings], tmp_path: Path) -> None:
    """Who asks meanwhile is told to try again."""
    keks = provider(vault[1])
    keks.epochs()
    gone = Settings(data=tmp_path, kms="http://127.0.0.1:9/v1/transit", kms_token_file=tmp_path / "token")
    with pytest.raises(StoreUnavailable) as told:
        provider(gone).epochs()
    assert told.value.retryable


def test_a_key_that_vault_lost_is_told(vault: tuple[Transit, Settings]) -> None:
    """It is not made anew: that would hide the loss."""
    transit, settings = vault
    provider(settings)
    transit.keys.clear()
    with pytest.raises(KeyUnavailable):
        provider(settings).epochs()
    assert transit.keys == {}


@pytest.mark.parametrize("address", ["http://vault.example.fr:8200/v1/transit", "https://vault.example.fr:8200/v1/transit"])
def test_a_vault_without_tls_or_token_is_refused(address: str, tmp_path: Path) -> None:
    """Keys cross no network in the clear, and nobody is asked without a token."""
    with pytest.raises(ConfigurationError):
        provider(Settings(data=tmp_path, kms=address, kms_token_file=tmp_path / "t" if address.startswith("http:") else None))


def test_keys_stay_where_they_are(vault: tuple[Transit, Settings], tmp_path: Path) -> None:
    """Taking Vault away from a store, or giving one to a store whose keyring holds its KEKs, is refused in words."""
    provider(vault[1])
    without = Settings(data=tmp_path)
    with pytest.raises(KeyUnavailable, match="KEK"):
        provider(without)
    own = Settings(data=tmp_path / "own")
    provider(own)
    with pytest.raises(KeyUnavailable, match="kms"):
        provider(Settings(data=tmp_path / "own", kms=vault[1].kms, kms_token_file=vault[1].kms_token_file))


def test_an_environments_keyring_is_not_rotated(tmp_path: Path) -> None:
    """It can't be written back, so nothing begins."""
    text = open_keyring(Settings(data=tmp_path), create=True).to_json().decode()
    keks = provider(Settings(data=tmp_path, keyring=text))
    for change in (keks.rotate, lambda: add_tenant(Settings(data=tmp_path, keyring=text), "lyon")):
        with pytest.raises(LRSError, match="environment"):
            change()
    assert list(keks.epochs()) == [1]


def test_a_tenants_keys_can_be_destroyed(kept: Kept) -> None:
    """All epochs of one tenant are gone, in Vault too, another tenant's stay; what was wrapped opens with nothing."""
    for name in ("north", "south"):
        add_tenant(kept.settings, name)
    keyring = open_keyring(kept.settings, create=False)
    new = keyring.tenant("north").new_dek(7)
    before = len(kept.transit.keys) if kept.transit else 0
    left = remove_tenant(kept.settings, "north")
    assert "north" not in left.tenants
    assert "south" in left.tenants
    assert left.tenant("south").new_dek(8)
    if kept.transit:
        assert len(kept.transit.keys) == before - 1
        with pytest.raises(KeyUnavailable):
            keyring.tenant("north").dek(7, new.epoch, new.wrapped, new.check)
    assert remove_tenant(kept.settings, "north").tenants == left.tenants
