"""What one process is to measure, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType


@dataclass(frozen=True, kw_only=True)
class Task:
    """A case of a way of measuring, the module of ``benchmarks.rivals`` that does it, and the statements; ``directory`` is empty and its own.

    ``filled`` is a data directory of lrs that holds statements already. It is never written to: a store is opened on a copy.
    """

    case: str
    rival: ModuleType
    statements: list[bytes]
    directory: Path
    filled: Path | None = None
