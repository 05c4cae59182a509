"""Names and identifiers that were wrong, put right wherever they are shown, without touching a statement (GDPR art. 16).

A statement refers to a spelling by number; the spelling is what is corrected. What comes later with the old name or identifier is corrected on its way in.
What was wrong is not kept: a name is recognised by its keyed fingerprint, upper and lower case alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from lrs.xapi import fields
from lrs.xapi.walk import IDENTIFIERS, fold

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.seal import Dek
    from lrs.storage.contract import SealedValues

_KIND = "correction"


class Corrections:
    """Those of one subject: fingerprint of what was wrong -> the JSON object with what stands in its place."""

    def __init__(self, keys: TenantKeys, sid: int, found: Mapping[bytes, bytes]) -> None:
        self._keys = keys
        self._sid = sid
        self._found = dict(found)

    @classmethod
    def opened(cls, keys: TenantKeys, sid: int, dek: Dek, rows: SealedValues) -> Corrections:
        """Open those that the vault keeps."""
        return cls(keys, sid, {fingerprint: dek.open(_KIND, fingerprint, sealed) for fingerprint, sealed in rows})

    def sealed(self, dek: Dek) -> SealedValues:
        """Seal them for the vault."""
        return [(fingerprint, dek.seal(_KIND, fingerprint, json)) for fingerprint, json in self._found.items()]

    def renamed(self, wrong: Iterable[str], right: str) -> Corrections:
        """Add that these names, and those that were wrong before, are to be this one."""
        json = fields.written({"name": msgspec.json.encode(right)})
        before = {fingerprint for fingerprint, found in self._found.items() if "name" in fields.free_members(found)}
        return Corrections(self._keys, self._sid, self._found | dict.fromkeys({*map(self._of_name, wrong), *before}, json))

    def identified(self, right: bytes) -> Corrections:
        """Add that the identifier is to be that of this agent."""
        found = {key: value for key, value in fields.free_members(right).items() if key in IDENTIFIERS}
        return Corrections(self._keys, self._sid, self._found | {self._of_identifier: fields.written(found)})

    def apply(self, json: bytes) -> bytes:
        """Correct a spelling; one of which nothing is wrong stays as it is, byte for byte."""
        found = fields.free_members(json)
        name = self._found.get(self._of_name(msgspec.json.decode(found["name"]))) if "name" in found else None
        identifier = self._found.get(self._of_identifier)
        if name is None and identifier is None:
            return json
        if identifier is not None:
            found = _replaced(found, IDENTIFIERS, identifier)
        return fields.written(found if name is None else _replaced(found, ("name",), name))

    def _of_name(self, name: str) -> bytes:
        return self._keys.variant_fingerprint(self._sid, b"name " + fold(name).encode())

    @property
    def _of_identifier(self) -> bytes:
        return self._keys.variant_fingerprint(self._sid, b"identifier")

    def __repr__(self) -> str:
        return f"Corrections({len(self._found)})"


def _replaced(found: Mapping[str, bytes], gone: Iterable[str], json: bytes) -> dict[str, bytes]:
    """Put the members of an object in the place of others."""
    right = fields.free_members(json)
    out: dict[str, bytes] = {}
    for key, value in found.items():
        out |= right if key in gone else {key: value}
    return out
