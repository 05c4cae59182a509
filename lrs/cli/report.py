"""What became of the events of files: counted, kinds without a mapping named, unreadable lines named with file and line."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

import click
import msgspec

from lrs.errors import ConfigurationError, InvalidEvent

if TYPE_CHECKING:
    from lrs.sources import Outcome

_SHOWN = 20
_SHOWN_KINDS = 200  # more than Open edX has; a browser can make names up


class Report:
    """Counts over all files, and the file of what can't be read, where one is wanted. It holds no value of an event."""

    def __init__(self, path: Path | None = None) -> None:
        self.events = 0
        self.statements = 0
        self.unmapped: Counter[str] = Counter()
        self.unreadable = 0
        self._shown: list[str] = []
        self._hints: list[str] = []
        self._file = _opened(path) if path else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, log: Path, number: int, outcome: Outcome) -> None:
        """Count the outcome of one line."""
        self.events += bool(outcome.statements or outcome.unmapped or outcome.error)
        self.statements += len(outcome.statements)
        if outcome.unmapped:
            self.unmapped[outcome.unmapped] += 1
        if outcome.error is not None:
            self._name(log, number, outcome.error.message, outcome.error.parameter)
            self._help(outcome.error.hint)

    def _name(self, log: Path, number: int, message: str, place: str) -> None:
        self.unreadable += 1
        if len(self._shown) < _SHOWN:
            self._shown.append(f"{log}:{number}: {message}" + (f" at {place}" if place else ""))
        if self._file is not None:
            self._file.write(msgspec.json.encode({"file": str(log), "line": number, "message": message, "place": place}) + b"\n")

    def _help(self, hint: str) -> None:
        """Keep what would help, once; that there is always something to correct at the source need not be said."""
        if hint != InvalidEvent.default_hint and hint not in self._hints:
            self._hints.append(hint)

    def _counts(self) -> str:
        said = f"{self.events:,} events: {self.statements:,} statements, "
        return said + f"{self.unmapped.total():,} without a mapping, {self.unreadable:,} not readable."

    def print(self) -> None:
        """Say in words what happened, on standard error."""
        lines = [
            self._counts(),
            *(f"  {count:>7,} x {kind}" for kind, count in self.unmapped.most_common(_SHOWN_KINDS)),
            *self._shown,
        ]
        if len(self.unmapped) > _SHOWN_KINDS:
            lines.insert(1 + _SHOWN_KINDS, f"  and {len(self.unmapped) - _SHOWN_KINDS:,} other kinds")
        if self.unreadable > len(self._shown):
            lines.append(f"and {self.unreadable - len(self._shown):,} other lines; --report FILE names them all.")
        click.echo("\n".join(lines + self._hints), err=True)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("wb")
    except OSError as error:
        raise ConfigurationError(f"the report can't be written to {path}: {error.strerror}", hint="Name another file.") from None
