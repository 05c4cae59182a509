"""Correcting a name or an identifier of one subject, wherever it is shown (GDPR art. 16): the spellings in the vault change, no statement does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from lrs.privacy.corrections import Corrections
from lrs.storage.contract import Correct, Corrected, SealedValues
from lrs.xapi import fields, walk

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.seal import Dek
    from lrs.xapi.model import Person


def renaming(keys: TenantKeys, sid: int, dek: Dek, name: str) -> Correct:
    """Give every spelling of the subject that has a name this one; and later ones whose name is one of those that were wrong."""

    def change(variants: SealedValues, corrections: SealedValues) -> Corrected:
        spellings = _opened(dek, variants)
        names = {text for text in map(_name, spellings.values()) if text is not None}
        right = Corrections.opened(keys, sid, dek, corrections).renamed(names, name)
        return Corrected(variants=_corrected(dek, spellings, right), corrections=right.sealed(dek))

    return change


def identifying(keys: TenantKeys, sid: int, dek: Dek, to: Person, *, known: bool) -> Correct:
    """Give every spelling of the subject, and every later one, this identifier; ``known``: the identifier finds the person already."""

    def change(variants: SealedValues, corrections: SealedValues) -> Corrected:
        right = Corrections.opened(keys, sid, dek, corrections).identified(to.json)
        put = _corrected(dek, _opened(dek, variants), right)
        if known:
            return Corrected(variants=put, corrections=right.sealed(dek))
        sha1, folded = map(keys.blind_index, walk.kin(to.ifi)) if walk.kin(to.ifi) else (None, None)
        index = keys.blind_index(to.ifi)
        return Corrected(variants=put, corrections=right.sealed(dek), index=index, sha1=sha1, folded=folded)

    return change


def _opened(dek: Dek, variants: SealedValues) -> dict[bytes, bytes]:
    return {fingerprint: dek.open("variant", fingerprint, sealed) for fingerprint, sealed in variants}


def _corrected(dek: Dek, spellings: dict[bytes, bytes], right: Corrections) -> SealedValues:
    """Seal those spellings that are others now. Each keeps its fingerprint, by which it is recognised when it is sent again."""
    corrected = {fingerprint: right.apply(json) for fingerprint, json in spellings.items()}
    return [
        (fingerprint, dek.seal("variant", fingerprint, json)) for fingerprint, json in corrected.items() if json != spellings[fingerprint]
    ]


def _name(spelling: bytes) -> str | None:
    found = fields.free_members(spelling)
    return str(msgspec.json.decode(found["name"])) if "name" in found else None
