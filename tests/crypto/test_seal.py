"""Sealed values open in their place and nowhere else."""

from __future__ import annotations

import itertools
import pickle

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from lrs.crypto.keyring import Keyring
from lrs.crypto.seal import Dek, frame, pad, unpad
from lrs.errors import KeyUnavailable, TamperedData

KEY = bytes(range(32))


def dek(tenant: str = "t", sid: int = 1) -> Dek:
    return Dek(KEY, tenant=tenant, sid=sid)


@given(st.sampled_from(["variant", "text", "document"]), st.binary(max_size=40), st.binary(max_size=300))
def test_what_was_sealed_opens(kind: str, record: bytes, plaintext: bytes) -> None:
    """Any bytes, of any kind, for any record; twice the same gives two ciphertexts."""
    first, second = dek().seal(kind, record, plaintext), dek().seal(kind, record, plaintext)
    assert first != second
    assert dek().open(kind, record, first) == dek().open(kind, record, second) == plaintext


def test_a_value_that_moved_does_not_open() -> None:
    """Another tenant, subject, kind or record: any two of them can't be swapped."""
    places = list(itertools.product(("t", "u"), (1, 2**64 - 1), ("variant", "text"), (b"r", b"s")))
    sealed = {place: dek(place[0], place[1]).seal(place[2], place[3], b"secret") for place in places}
    for one, other in itertools.permutations(places, 2):
        with pytest.raises(TamperedData):
            dek(one[0], one[1]).open(one[2], one[3], sealed[other])


def test_a_value_that_was_touched_does_not_open() -> None:
    """Every byte counts, and so does the length."""
    sealed = dek().seal("text", b"r", b"secret")
    for place in range(len(sealed)):
        with pytest.raises(TamperedData):
            dek().open("text", b"r", sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :])
    for length in range(len(sealed)):
        with pytest.raises(TamperedData):
            dek().open("text", b"r", sealed[:length])


@pytest.mark.parametrize(("kind", "step"), [("variant", 64), ("text", 32)])
def test_lengths_do_not_tell(kind: str, step: int) -> None:
    """Lengths are rounded up, so that names of nearby lengths look alike."""
    lengths = {len(dek().seal(kind, b"r", b"x" * n)) for n in range(200)}
    assert len(lengths) == -(-(199 + 4) // step)


@given(st.binary(max_size=500), st.integers(1, 80))
def test_padding_is_undone(text: bytes, step: int) -> None:
    """To the byte, zeros at the end included."""
    assert len(pad(text, step)) % step == 0
    assert unpad(pad(text, step)) == text


@given(st.lists(st.binary(max_size=5), max_size=4), st.lists(st.binary(max_size=5), max_size=4))
def test_frames_of_different_lists_differ(one: list[bytes], other: list[bytes]) -> None:
    """No two lists are framed to the same bytes."""
    assert (frame(*one) == frame(*other)) == (one == other)


def test_aes_gcm_gives_the_published_answer() -> None:
    """Test case 16 of the AES-GCM specification (McGrew and Viega), 256-bit key with associated data."""
    key = bytes.fromhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")
    nonce = bytes.fromhex("cafebabefacedbaddecaf888")
    text = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    extra = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    expected = bytes.fromhex(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b"
    )
    assert AESGCM(key).encrypt(nonce, text, extra) == expected


def test_hkdf_gives_the_published_answer() -> None:
    """RFC 5869, appendix A.1, the expand step."""
    prk = bytes.fromhex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")
    info = bytes.fromhex("f0f1f2f3f4f5f6f7f8f9")
    okm = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    assert HKDFExpand(hashes.SHA256(), 42, info).derive(prk).hex() == okm


def test_a_subjects_key_is_wrapped_for_that_subject() -> None:
    """Another subject, epoch, tenant or keyring does not unwrap it; a destroyed epoch says so."""
    keyring = Keyring.generate("a", "b")
    keys = keyring.tenant("a")
    key, epoch, wrapped, check = keys.new_dek(7)
    sealed = key.seal("text", b"r", b"secret")
    assert keys.dek(7, epoch, wrapped, check).open("text", b"r", sealed) == b"secret"
    for wrong in (
        lambda: keys.dek(8, epoch, wrapped, check),
        lambda: keyring.tenant("b").dek(7, epoch, wrapped, check),
        lambda: Keyring.generate("a").tenant("a").dek(7, epoch, wrapped, check),
        lambda: keys.dek(7, epoch, wrapped[:-1], check),
        lambda: keys.dek(7, epoch, wrapped, bytes(16)),
    ):
        with pytest.raises(TamperedData):
            wrong()
    with pytest.raises(KeyUnavailable):
        keys.dek(7, epoch + 1, wrapped, check)


def test_secrets_are_never_shown_or_pickled() -> None:
    """Neither a repr nor a pickle of anything that holds a key gives it away."""
    keyring = Keyring.generate("a")
    keys = keyring.tenant("a")
    secret, *_ = keys.new_dek(1)
    written = keyring.to_json().decode()
    for holder in (keyring, keys, secret, keys.tokens):
        for line in written.splitlines():
            assert len(line.strip()) < 10 or line.strip() not in repr(holder)
        assert "object at" not in repr(holder)
    for holder in (keyring, keys, secret):
        with pytest.raises(TypeError):
            pickle.dumps(holder)
