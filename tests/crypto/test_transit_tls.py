"""Vault is spoken to over TLS that is verified, or not at all."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from lrs.crypto.providers import open_keyring
from lrs.errors import StoreUnavailable
from lrs.settings import Settings
from tests.certificates import certificate
from tests.crypto.transit_server import Transit, running


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def settings(tmp_path: Path, address: str, ca: Path | None) -> Settings:
    token = tmp_path / "token"
    token.write_text("token-1\n")
    return Settings(data=tmp_path / "data", kms=address, kms_token_file=token, kms_ca=ca)


def test_its_certificate_is_verified(tmp_path: Path) -> None:
    """With the authority that signed it keys are wrapped and unwrapped; with another one, or the system's, not even the token is sent."""
    made, other = certificate(folder(tmp_path / "a")), certificate(folder(tmp_path / "b"))
    transit = Transit()
    with running(transit, made) as address:
        right = settings(tmp_path, address, made[0])
        keys = open_keyring(right, create=True).tenant("default")
        key = keys.new_dek(7)
        assert keys.dek(7, key.epoch, key.wrapped, key.check).open("text", b"r", key.key.seal("text", b"r", b"x")) == b"x"
        calls = transit.calls
        for ca in (other[0], None):
            wrong = open_keyring(attrs.evolve(right, kms_ca=ca), create=False).tenant("default")
            with pytest.raises(StoreUnavailable, match="SSLCertVerificationError"):
                wrong.new_dek(8)
        assert transit.calls == calls > 0


@pytest.mark.parametrize("shown", [{"address": "127.0.0.2"}, {"days": -1}])
def test_a_certificate_of_another_host_or_time_is_refused(tmp_path: Path, shown: dict[str, object]) -> None:
    """That its authority is trusted is not enough."""
    made = certificate(folder(tmp_path / "a"), **shown)
    transit = Transit()
    with running(transit, made) as address, pytest.raises(StoreUnavailable, match="SSLCertVerificationError"):
        open_keyring(settings(tmp_path, address, made[0]), create=True).tenant("default").new_dek(7)
    assert transit.calls == 0
