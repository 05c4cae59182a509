"""Envelopes that only their recipient can open."""

from __future__ import annotations

import io

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from lrs.crypto.envelope import MAGIC, Envelope, opened
from lrs.errors import ConfigurationError, TamperedData

PIECE = 64 * 1024
SEALED = PIECE + 16
HEAD = len(MAGIC) + 80


def pair() -> tuple[bytes, bytes]:
    """(private, public), in PEM."""
    key = X25519PrivateKey.generate()
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


def sealed(public: bytes, *contents: bytes) -> bytes:
    file = io.BytesIO()
    envelope = Envelope(file, public)
    for content in contents:
        envelope.write(content)
    envelope.close()
    return file.getvalue()


def read(text: bytes, private: bytes) -> bytes:
    return b"".join(opened(io.BytesIO(text), private))


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_what_goes_in_comes_out(size: int) -> None:
    """Of whatever size, written at once or bit by bit."""
    private, public = pair()
    content = bytes(n % 251 for n in range(size))
    assert read(sealed(public, content), private) == content
    assert read(sealed(public, *(content[n : n + 7919] for n in range(0, size, 7919))), private) == content


def test_nobody_else_opens_it() -> None:
    """Another key opens nothing, and nothing of the content can be seen."""
    private, public = pair()
    text = sealed(public, b"canary" * 1000)
    assert b"canary" not in text
    with pytest.raises(TamperedData):
        read(text, pair()[0])
    assert read(text, private)


def test_nothing_can_be_changed() -> None:
    """A changed bit, pieces in another order, one left out, the end cut off, at a piece too, or something after it: all are found."""
    private, public = pair()
    text = sealed(public, bytes(3 * PIECE - 100))
    head, pieces = text[:HEAD], [text[HEAD + n * SEALED : HEAD + (n + 1) * SEALED] for n in range(3)]
    altered = [text[:n] + bytes([text[n] ^ 1]) + text[n + 1 :] for n in (0, len(MAGIC), HEAD - 1, HEAD, HEAD + SEALED, len(text) - 1)]
    altered += [head + b"".join(pieces[n] for n in order) for order in ((1, 0, 2), (0, 2), (0, 1), (), (0, 1, 2, 2))]
    altered += [text[:-1], text + b"x", text[:10], b""]
    for each in altered:
        with pytest.raises(TamperedData):
            read(each, private)


def test_the_key_is_wrapped_as_the_standard_says() -> None:
    """Any implementation of RFC 9180 opens the head: the suite is X25519, HKDF-SHA256 and AES-256-GCM."""
    key = X25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = sealed(public, b"x")[len(MAGIC) : HEAD]
    assert len(Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM).decrypt(head, key, b"lrs1|envelope")) == 32


def test_other_keys_are_refused() -> None:
    """What is no X25519 key in PEM is refused in words."""
    private, public = pair()
    other = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for wrong in (b"", b"ssh-ed25519 AAAA", other, private):
        with pytest.raises(ConfigurationError):
            sealed(wrong, b"x")
    for wrong in (b"", public):
        with pytest.raises(ConfigurationError):
            read(sealed(public, b"x"), wrong)
