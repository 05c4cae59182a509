"""What somebody can read who has copies of parts of a store: by category, from the catalogue of what is stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import IntEnum, StrEnum

from lrs.accountability.catalogue import Category, Form, Place, stored


class Asset(StrEnum):
    """What got into wrong hands."""

    WAREHOUSE = "warehouse"
    VAULT = "vault"
    KEYRING = "keyring"
    TRAIL = "trail"
    BACKUP = "backup"
    """Copies of warehouse and vault; the keys are backed up elsewhere."""
    EXPORT = "export"
    """Files that ``lrs export`` wrote."""
    CREDENTIAL = "credential"
    """A username with its password, or a bearer token."""


class Level(IntEnum):
    """How readable something is, for whoever has it."""

    UNINTELLIGIBLE = 0
    """Encrypted, without the key."""
    PSEUDONYMOUS = 1
    """Readable, without a person; who knows from elsewhere when somebody did something may recognise them."""
    GUESSABLE = 2
    """Whether it is somebody in particular can be tried."""
    CLEAR = 3
    """Readable."""


_STORES = {Asset.WAREHOUSE: Place.WAREHOUSE, Asset.VAULT: Place.VAULT, Asset.TRAIL: Place.TRAIL}
PERSONAL = (Category.IDENTITY, Category.ACTIVITY, Category.CONTENT, Category.RIGHTS)


def parts(assets: Collection[Asset]) -> frozenset[Asset]:
    """Say which parts of a store these are."""
    return frozenset(assets) | ({Asset.WAREHOUSE, Asset.VAULT} if Asset.BACKUP in assets else set())


def levels(assets: Collection[Asset], *, kms: bool) -> dict[Category, Level]:
    """Say how readable each category is in these parts of a store; ``kms``: the keys that wrap keys are not in the keyring."""
    held = parts(assets)
    places = {place for asset, place in _STORES.items() if asset in held}
    readable = _readable(held, kms=kms)
    found: dict[Category, Level] = {}
    for each in stored():
        if each.place in places and each.category not in (Category.NOTHING, Category.KEYS):
            found[each.category] = max(found.get(each.category, Level.UNINTELLIGIBLE), readable[each.form])
    return found


def _readable(held: Collection[Asset], *, kms: bool) -> Mapping[Form, Level]:
    keyring = Asset.KEYRING in held
    opened = keyring and Asset.VAULT in held and not kms
    return {
        Form.PLAIN: Level.CLEAR,
        Form.PSEUDONYM: Level.CLEAR if opened else Level.PSEUDONYMOUS,
        Form.SEALED: Level.CLEAR if opened else Level.UNINTELLIGIBLE,
        Form.BLIND: Level.GUESSABLE if keyring else Level.UNINTELLIGIBLE,
        Form.BOXED: Level.CLEAR if keyring else Level.UNINTELLIGIBLE,
        Form.WRAPPED: Level.CLEAR if keyring and not kms else Level.UNINTELLIGIBLE,
        Form.HASHED: Level.UNINTELLIGIBLE,
    }
