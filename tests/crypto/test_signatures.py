"""JSON Web Signatures: what is well formed, and what a certificate vouches for."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from hypothesis import given, settings
from hypothesis import strategies as st

from lrs.crypto.signatures import BadSignature, signed_payload, verify
from tests.signing import certificate, elliptic, encoded, signed

PAYLOAD = b'{"canary": "payload"}'
# RFC 7515, A.2: the key, and a signature by RS256.
_N = (
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW"
    "vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k"
    "G4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
)
_SIGNED = b"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
_SIGNATURE = (
    b"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"
    b"BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv"
    b"hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)


def decoded(text: bytes | str) -> bytes:
    return base64.urlsafe_b64decode(text + ("==" if isinstance(text, str) else b"=="))


def chain(*names: str) -> list[str]:
    """Certificates of these names, each issued by the next, the last by itself."""
    return [certificate(name, issuer) for name, issuer in zip(names, [*names[1:], names[-1]], strict=True)]


def test_the_example_of_the_rfc() -> None:
    """RFC 7515 A.2 verifies, and no longer when a bit of it is changed."""
    key = RSAPublicNumbers(65537, int.from_bytes(decoded(_N), "big")).public_key()
    verify(key, decoded(_SIGNATURE), _SIGNED, "RS256")
    assert json.loads(signed_payload(_SIGNED + b"." + _SIGNATURE))["iss"] == "joe"
    for changed, algorithm in ((_SIGNED.replace(b"eyJpc3M", b"eyJpc3N"), "RS256"), (_SIGNED, "RS384")):
        with pytest.raises(BadSignature):
            verify(key, decoded(_SIGNATURE), changed, algorithm)


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
@pytest.mark.parametrize("names", [("leaf",), ("leaf", "root"), ("leaf", "middle", "root")])
def test_a_signature_with_its_certificates(algorithm: str, names: tuple[str, ...]) -> None:
    """The key of the first one signed, and each was issued by the next: the payload comes back."""
    assert signed_payload(signed(PAYLOAD, algorithm=algorithm, x5c=chain(*names))) == PAYLOAD


def test_a_signature_without_certificates() -> None:
    """There is no key to check it by: its form counts."""
    assert signed_payload(signed(PAYLOAD)) == PAYLOAD


def test_an_old_certificate_is_no_fault() -> None:
    """It may have been valid when the statement was signed; a signature does not say when that was."""
    assert signed_payload(signed(PAYLOAD, x5c=[certificate("leaf", "leaf", old=True)])) == PAYLOAD


def unsigned() -> bytes:
    return encoded(b'{"alg":"none"}') + b"." + encoded(PAYLOAD) + b"."


BAD = {
    "nothing": lambda: b"",
    "two parts": lambda: signed(PAYLOAD).rpartition(b".")[0],
    "four parts": lambda: signed(PAYLOAD) + b".e30",
    "a line break after it": lambda: signed(PAYLOAD) + b"\n",
    "characters that are not base64url": lambda: signed(PAYLOAD).replace(b".", b"=.", 1),
    "a length that base64 can't have": lambda: b"e30." + b"AAAAA." + b"AAAA",
    "JSON serialization": lambda: b'{"payload":"e30","signatures":[]}',
    "no signature": unsigned,
    "alg none": lambda: unsigned() + b"AAAA",
    "alg HS256": lambda: signed(PAYLOAD, algorithm="HS256"),
    "alg PS256": lambda: signed(PAYLOAD, algorithm="PS256"),
    "alg in lower case": lambda: signed(PAYLOAD, algorithm="rs256"),
    "alg is a number": lambda: encoded(b'{"alg":256}') + b".e30.AAAA",
    "no alg": lambda: encoded(b"{}") + b".e30.AAAA",
    "the header is no JSON": lambda: encoded(b"alg") + b".e30.AAAA",
    "the header is no UTF-8": lambda: encoded(b'{"alg":"\xff"}') + b".e30.AAAA",
    "the header is nested": lambda: encoded(b'{"x":' * 5000) + b".e30.AAAA",
    "a parameter that must be understood": lambda: signed(PAYLOAD, crit=["exp"], exp=1),
    "the payload is not encoded": lambda: signed(PAYLOAD, b64=False, crit=["b64"]),
    "x5c is empty": lambda: signed(PAYLOAD, x5c=[]),
    "x5c is a text": lambda: signed(PAYLOAD, x5c="AAAA"),
    "x5c is no base64": lambda: signed(PAYLOAD, x5c=["é"]),
    "x5c is no certificate": lambda: signed(PAYLOAD, x5c=["AAAA"]),
    "x5c is long": lambda: signed(PAYLOAD, x5c=chain("leaf") * 11),
    "another key": lambda: signed(PAYLOAD, by="other", x5c=chain("leaf", "root")),
    "the key of the issuer": lambda: signed(PAYLOAD, by="root", x5c=chain("leaf", "root")),
    "another payload": lambda: exchanged(signed(PAYLOAD, x5c=chain("leaf")), 1, PAYLOAD + b" "),
    "another header": lambda: exchanged(signed(PAYLOAD, x5c=chain("leaf")), 0, json.dumps({"alg": "RS256", "x5c": chain("leaf")}).encode()),
    "an issuer that is not next": lambda: signed(PAYLOAD, x5c=[chain("leaf", "root")[0], *chain("other")]),
    "an issuer of the same name": lambda: signed(PAYLOAD, x5c=[certificate("leaf", "root", signer="other"), *chain("root")]),
    "the wrong order": lambda: signed(PAYLOAD, x5c=chain("leaf", "root")[::-1]),
    "a key that is not RSA": lambda: signed(PAYLOAD, x5c=[certificate("leaf", "root", key=elliptic())]),
}


def exchanged(jws: bytes, number: int, value: bytes) -> bytes:
    """Put another value in the place of one of the three parts."""
    parts = jws.split(b".")
    parts[number] = encoded(value)
    return b".".join(parts)


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_a_bad_signature_is_refused(make) -> None:
    """Whatever is wrong with it, it is said, and nothing of it repeated."""
    with pytest.raises(BadSignature) as refused:
        signed_payload(make())
    assert "canary" not in str(refused.value)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 3000), st.binary(min_size=1, max_size=3))
def test_a_changed_signature_is_never_taken(position: int, other: bytes) -> None:
    """Some bytes changed anywhere: refused, or the very payload and signature are still there in another spelling of base64.

    A change that spells ``x5c`` otherwise leaves a signature without certificates, which there is no key to check by.
    """
    jws = signed(PAYLOAD, x5c=chain_once())
    position %= len(jws)
    changed = jws[:position] + other + jws[position + len(other) :]
    try:
        found = signed_payload(changed)
    except BadSignature:
        return
    assert found == PAYLOAD
    header, payload, _ = changed.split(b".")
    assert [header, payload] == jws.split(b".")[:2] or b'"x5c"' not in base64.urlsafe_b64decode(header + b"===")


def chain_once() -> list[str]:
    if not _CHAIN:
        _CHAIN.extend(chain("leaf", "root"))
    return _CHAIN


_CHAIN: list[str] = []
