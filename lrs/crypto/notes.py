"""Signed notes (C2SP signed-note): a text, an empty line, and a line with an Ed25519 signature (RFC 8032) that names the key."""

from __future__ import annotations

import base64
import binascii
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lrs.errors import TamperedData

_ED25519 = b"\x01"
_DASH = "\N{EM DASH} "


class NoteKey:
    """The public half of a key that signs notes."""

    def __init__(self, public: bytes) -> None:
        self.public = public
        self._key = Ed25519PublicKey.from_public_bytes(public)

    @property
    def fingerprint(self) -> str:
        """What names this key in few characters."""
        return hashlib.sha256(self.public).hexdigest()[:16]

    def written(self, name: str) -> str:
        """Write the key as verifiers of notes take it: ``name+id+key``."""
        return f"{name}+{self._id(name).hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def read(cls, written: str) -> NoteKey:
        """Read what :meth:`written` wrote; raises :class:`ValueError`."""
        # Base64 has plus signs of its own, names have none.
        *_, encoded = written.strip().split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
        if raw[:1] != _ED25519:
            raise ValueError("the key is not of type Ed25519")
        return cls(raw[1:])

    def open(self, note: str) -> str:
        """Note -> its text, which ends with a newline; raises :class:`lrs.errors.TamperedData` unless this key signed it."""
        text, _, lines = note.rpartition("\n\n")
        text += "\n"
        for line in lines.splitlines():
            name, _, signature = line.removeprefix(_DASH).partition(" ")
            if line.startswith(_DASH) and self._signed(text, name, signature):
                return text
        raise TamperedData("a note is not signed by this key, or was altered")

    def _signed(self, text: str, name: str, signature: str) -> bool:
        try:
            raw = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            return False
        if raw[:4] != self._id(name):
            return False
        try:
            self._key.verify(raw[4:], text.encode())
        except InvalidSignature:
            return False
        return True

    def _id(self, name: str) -> bytes:
        return hashlib.sha256(name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]


class NoteSigner:
    """A key that signs notes. Never shown, never pickled."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = NoteKey(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, text: str, name: str) -> str:
        """Text that ends with a newline -> note, signed under a name without spaces."""
        signature = base64.b64encode(self.key._id(name) + self._key.sign(text.encode())).decode()  # noqa: SLF001 -- two halves of one key
        return f"{text}\n{_DASH}{name} {signature}\n"

    def __repr__(self) -> str:
        return "NoteSigner(<secret>)"

    def __reduce__(self) -> str:
        raise TypeError("a key is never pickled")
