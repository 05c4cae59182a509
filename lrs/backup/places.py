"""The three places that a store is backed up to: never one, so that no single copy holds identities and the keys that open them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

import attrs

from lrs.backup.place import Part
from lrs.errors import ConfigurationError

if TYPE_CHECKING:
    from lrs.settings import Settings


@attrs.frozen
class Places:
    """Three folders, none of them inside another one or inside the data directory."""

    statements: Path
    vault: Path
    keys: Path

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Take them from the settings; raises :class:`lrs.errors.ConfigurationError` unless there are three, apart from each other."""
        chosen = (settings.backup_statements, settings.backup_vault, settings.backup_keys)
        found = [path.absolute() for path in chosen if path is not None]
        if len(found) < len(chosen):
            raise ConfigurationError(
                "a backup needs three places", hint="Give the settings backup_statements, backup_vault and backup_keys."
            )
        _check_apart([*found, settings.data])
        return cls(*found)

    def __getitem__(self, part: Part) -> Path:
        path: Path = getattr(self, part.value)
        return path


def _check_apart(folders: list[Path]) -> None:
    real = [folder.resolve() for folder in folders]
    for number, one in enumerate(real):
        for other in real[number + 1 :]:
            if one.is_relative_to(other) or other.is_relative_to(one):
                raise ConfigurationError(
                    f"{one} and {other} are not apart",
                    hint="Statements, vault and keys go to three folders, best on three machines: together they would open each other.",
                )
