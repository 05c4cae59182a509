"""Published answers of every algorithm that is used, through the functions that use it.

AES-GCM: NIST CAVP (gcmDecrypt256, 96-bit nonces), one case that opens and its neighbours that must not. HMAC-SHA-256: RFC 4231.
HKDF-SHA-256: RFC 5869. Ed25519: RFC 8032, 7.1. Project Wycheproof's vectors are in ``test_wycheproof.py``.
"""

from __future__ import annotations

import hmac

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from lrs.crypto.keyring import _derive

HMAC = [
    ("0b" * 20, b"Hi There".hex(), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (b"Jefe".hex(), b"what do ya want for nothing?".hex(), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    ("aa" * 20, "dd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    ("0102030405060708090a0b0c0d0e0f10111213141516171819", "cd" * 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
    (
        "aa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First".hex(),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
]
HKDF = [
    (
        "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
        bytes(range(0xB0, 0x100)).hex(),
        (
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
            "cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
    ),
    (
        "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
        "",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
]
GCM = [
    (
        "f5a2b27c74355872eb3ef6c5feafaa740e6ae990d9d48c3bd9bb8235e589f010",
        "58d2240f580a31c1d24948e9",
        "15e051a5e4a5f5da6cea92e2ebee5bac",
        True,
    ),
    (
        "e5a8123f2e2e007d4e379ba114a2fb66e6613f57c72d4e4f024964053028a831",
        "51e43385bf533e168427e1ad",
        "38fe845c66e66bdd884c2aecafd280e6",
        False,
    ),
    (
        "c5ba3bf9ada560fb0301cd4e0b8b8a46a2aff2400395a72ed5804b3c755c4e59",
        "de2b956e704063c000f28bbb",
        "04eb9b20fd4548dc71594f20073a45a2",
        False,
    ),
    (
        "c1d6162b585e2bac14d554d5675c6ddaa6b93be2eb07f8df86c9bb30f93ae688",
        "f04dfce5c8e7713c71a70cc9",
        "37fb4f33c82f6fce0c562896b3e10fc2",
        True,
    ),
]


@pytest.mark.parametrize(("key", "message", "answer"), HMAC)
def test_hmac_gives_the_published_answers(key: str, message: str, answer: str) -> None:
    """Keys shorter and longer than a block (RFC 4231, 4.2 to 4.5 and 4.7)."""
    assert hmac.digest(bytes.fromhex(key), bytes.fromhex(message), "sha256").hex() == answer


@pytest.mark.parametrize(("prk", "info", "okm"), HKDF)
def test_hkdf_gives_the_published_answers(prk: str, info: str, okm: str) -> None:
    """The expand step, and what is derived from a MAC root is its first 32 bytes (RFC 5869, A.1 to A.3)."""
    expected = bytes.fromhex(okm)
    assert HKDFExpand(hashes.SHA256(), len(expected), bytes.fromhex(info)).derive(bytes.fromhex(prk)) == expected
    assert _derive(bytes.fromhex(prk), bytes.fromhex(info)) == expected[:32]


@pytest.mark.parametrize(("key", "nonce", "tag", "valid"), GCM)
def test_aes_gcm_refuses_what_nist_refuses(key: str, nonce: str, tag: str, valid: bool) -> None:  # noqa: FBT001 -- a column of the table
    """Tags that are right open, tags that are wrong do not (CAVP gcmDecrypt256: no text, no associated data)."""
    aead = AESGCM(bytes.fromhex(key))
    if valid:
        assert aead.decrypt(bytes.fromhex(nonce), bytes.fromhex(tag), b"") == b""
        return
    with pytest.raises(InvalidTag):
        aead.decrypt(bytes.fromhex(nonce), bytes.fromhex(tag), b"")
