"""``lrs tenant``."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

import lrs
from lrs.access import Principal, Scope, View
from tests.cli.calling import call

STATEMENT = b'{"actor":{"mbox":"mailto:canary@example.fr"},"verb":{"id":"http://v.example/a"},"object":{"id":"http://a.example/1"}}'


@pytest.fixture
def north(data: Path) -> Path:
    """A store with a tenant beside its own."""
    call("credentials", "add", "platform", "--data", data, "--tenant", "north")
    with lrs.open(data) as store:
        store.ingest(STATEMENT, principal=Principal("north", "x", frozenset({Scope.ALL}), View.IDENTIFIED, b'{"mbox":"mailto:a@b.fr"}'))
    return data


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    """The files of a recipient's keys: (private, public)."""
    key = X25519PrivateKey.generate()
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


def test_a_contract_ends(north: Path, tmp_path: Path, keys: tuple[Path, Path]) -> None:
    """Given back under seal, opened by the recipient, taken in elsewhere, ended: the whole way, and what each file is."""
    sealed, plain, receipt = tmp_path / "north.sealed", tmp_path / "north.zip", tmp_path / "receipt"
    done = call("tenant", "export", "north", "--data", north, "--recipient", keys[1], "--out", sealed, "--receipt", receipt)
    assert done.status == 0, done.err
    assert b"canary" not in sealed.read_bytes()
    assert call("receipt", "verify", receipt, "--data", north).status == 0
    assert call("tenant", "open", sealed, "--key", keys[0], "--out", plain).status == 0
    assert {path.stat().st_mode & 0o077 for path in (sealed, plain)} == {0}
    with zipfile.ZipFile(plain) as archive:
        assert archive.testzip() is None
        assert any(b"canary" in archive.read(name) for name in archive.namelist())
    taken = call("tenant", "import", plain, "--data", tmp_path / "theirs")
    assert taken.out == "1 statements and 0 documents are in the store.\n", taken.err
    assert "canary@example.fr" in call("query", "--data", tmp_path / "theirs").out
    ended = call("tenant", "end", "north", "--data", north, "--returned", receipt, "--yes")
    assert ended.out.startswith("lrs receipt: end of a tenant"), ended.err
    assert "Delete the backups of the keys" in ended.err
    listed = {line.split()[0]: line for line in call("tenant", "list", "--data", north).out.splitlines()}
    assert listed["north"].rstrip().endswith("Z")
    assert not listed["default"].rstrip().endswith("Z")


def test_what_cannot_be_is_said(north: Path, tmp_path: Path, keys: tuple[Path, Path]) -> None:
    """Neither sealed nor plain, neither returned nor not, a file that is there, an unknown tenant, a sealed archive in place of an open one."""
    out = ("--out", tmp_path / "out", "--receipt", tmp_path / "receipt")
    assert call("tenant", "export", "north", "--data", north, *out).status == 2
    assert call("tenant", "export", "north", "--data", north, "--plain", "--recipient", keys[1], *out).status == 2
    assert call("tenant", "end", "north", "--data", north, "--yes").status == 2
    assert "no such tenant" in call("tenant", "export", "south", "--data", north, "--plain", *out).err
    assert not (tmp_path / "out").exists()
    assert call("tenant", "export", "north", "--data", north, "--recipient", keys[1], *out).status == 0
    assert "can't be written" in call("tenant", "export", "north", "--data", north, "--plain", *out).err
    assert "lrs tenant open" in call("tenant", "import", tmp_path / "out", "--data", north).err
    assert "not for this key" not in call("tenant", "open", tmp_path / "out", "--key", keys[0], "--out", tmp_path / "zip").err
    assert "no private key" in call("tenant", "open", tmp_path / "out", "--key", keys[1], "--out", tmp_path / "other").err
    assert not (tmp_path / "other").exists()
    assert call("tenant", "end", "north", "--data", north, "--without-return").status == 1
