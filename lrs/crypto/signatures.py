"""JSON Web Signatures in compact form (RFC 7515), as signed statements carry them: RS256, RS384 and RS512 (xAPI 1.0.3 Data 2.6).

The certificates of a signature catch mistakes: each must be issued by the next, and the first one's key must have signed. Who issued the last one, and
whether they were valid when it was signed, is not looked at: a signature does not say when it was made, and whom to trust is the reader's matter.
"""

from __future__ import annotations

import base64
import binascii
import re
from itertools import pairwise
from typing import NoReturn

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_COMPACT = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_ALGORITHMS: dict[str, type[hashes.HashAlgorithm]] = {"RS256": hashes.SHA256, "RS384": hashes.SHA384, "RS512": hashes.SHA512}
_MAX_CERTIFICATES = 10


class BadSignature(Exception):
    """Something is wrong with a signature; the message says what, and quotes nothing of it."""


class _Header(msgspec.Struct):
    alg: str
    x5c: list[str] | None = None
    crit: msgspec.Raw = msgspec.Raw()


def signed_payload(jws: bytes) -> bytes:
    """Give the payload of a signature that is well formed and, if it comes with certificates, made with the key of the first one.

    Raises :class:`BadSignature`. Without certificates there is no key to check it by: only its form is known to be right.
    """
    found = _COMPACT.fullmatch(jws)
    if found is None:
        _refuse("is not a JSON Web Signature in compact form")
    header, payload, signature = map(_decode, found.groups())
    parameters = _read(header)
    if parameters.alg not in _ALGORITHMS:
        _refuse("must be made by RS256, RS384 or RS512")
    if parameters.crit:
        _refuse("has a header parameter that must be understood and is not")
    if parameters.x5c is not None:
        key = _key(_chain(parameters.x5c))
        verify(key, signature, jws[: found.end(2)], parameters.alg)
    return payload


def verify(key: RSAPublicKey, signature: bytes, signed: bytes, algorithm: str) -> None:
    """Raise :class:`BadSignature` unless this key signed these bytes (RFC 7518, 3.3)."""
    try:
        key.verify(signature, signed, PKCS1v15(), _ALGORITHMS[algorithm]())
    except InvalidSignature:
        _refuse("was not made with the key of its certificate")


def _read(header: bytes) -> _Header:
    try:
        return msgspec.json.decode(header, type=_Header)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        _refuse("has a header that can't be read")


def _chain(x5c: list[str]) -> list[x509.Certificate]:
    """Read the certificates, and check that each was issued by the next (RFC 7515, 4.1.6)."""
    if not 0 < len(x5c) <= _MAX_CERTIFICATES:
        _refuse(f"must come with 1 to {_MAX_CERTIFICATES} certificates, or without x5c")
    chain = [_certificate(text) for text in x5c]
    for certificate, issuer in pairwise(chain):
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            _refuse("has a certificate that the next one did not issue")
    return chain


def _certificate(text: str) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error):
        _refuse("has a certificate that can't be read")


def _key(chain: list[x509.Certificate]) -> RSAPublicKey:
    try:
        key = chain[0].public_key()
    except (ValueError, UnsupportedAlgorithm):
        _refuse("has a certificate whose key can't be read")
    if not isinstance(key, RSAPublicKey):
        _refuse("has a certificate whose key is not RSA")
    return key


def _decode(text: bytes) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        _refuse("is not encoded in base64url")


def _refuse(what: str) -> NoReturn:
    raise BadSignature(what)
