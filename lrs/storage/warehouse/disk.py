"""Writing through to the disk what the engine in this process leaves to the system.

It syncs the parts that it makes, and their folders; but not the projections of what is inserted, without which a part that was acknowledged is put
aside as broken once the power comes back, and not the folders of new tables.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_IN_THE_MAKING = "tmp_"


class Disk:
    """The folder of an embedded engine. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._through: dict[Path, set[str]] = {}

    def everything(self) -> None:
        """Write through all that is there, and the name of the folder itself."""
        _write_through(self._folder)
        _sync(self._folder.parent)

    def parts(self, database: str, table: str) -> None:
        """Write through the projections of the parts of a table that were not there the last time."""
        folder = self._folder / "data" / database / table
        if not folder.exists():
            return  # A table in memory.
        there = {part.name for part in folder.iterdir() if not part.name.startswith(_IN_THE_MAKING)}
        for name in there - self._through.get(folder, set()):
            # A part that was merged into another one meanwhile is gone; the engine has synced the other one.
            with suppress(FileNotFoundError, NotADirectoryError):
                for projection in (folder / name).glob("*.proj"):
                    _write_through(projection)
        # Not before they are: another thread may have stored one of them, and must not go on without it.
        self._through[folder] = there


def _write_through(folder: Path) -> None:
    """Write through all below a folder, and the folder. What is gone meanwhile, or a link, needs nothing."""
    with suppress(FileNotFoundError):
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    _write_through(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    _sync(Path(entry.path))
        _sync(folder)


def _sync(path: Path) -> None:
    with suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
