"""Keys, certificates and signatures for tests, made anew."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

HASHES = {"RS256": hashes.SHA256(), "RS384": hashes.SHA384(), "RS512": hashes.SHA512()}


@cache
def rsa(name: str) -> RSAPrivateKey:
    """The key of this name, the same one throughout a run."""
    return generate_private_key(65537, 2048)


@cache
def elliptic() -> ec.EllipticCurvePrivateKey:
    """A key of another kind."""
    return ec.generate_private_key(ec.SECP256R1())


def certificate(subject: str, issuer: str, *, key: Any = None, signer: str | None = None, old: bool = False) -> str:
    """A certificate as x5c has it, for the key of ``subject``, signed by the key of ``issuer``."""
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key((key or rsa(subject)).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=700 if old else 1))
        .not_valid_after(now + timedelta(days=-300 if old else 30))
        .sign(rsa(signer or issuer), hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def encoded(value: bytes) -> bytes:
    """base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=")


def signed(payload: bytes, *, by: str = "leaf", algorithm: str = "RS256", **header: Any) -> bytes:
    """A JSON Web Signature in compact form; ``header`` are further parameters of it."""
    text = encoded(json.dumps({"alg": algorithm} | header).encode()) + b"." + encoded(payload)
    return text + b"." + encoded(rsa(by).sign(text, PKCS1v15(), HASHES.get(algorithm, HASHES["RS256"])))
