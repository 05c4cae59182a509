"""What became of the lines of a file: counted, and the refused ones kept for whoever must correct them."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import attrs
import click
import msgspec

from lrs.errors import ConfigurationError, LRSError

_SHOWN_REASONS = 20
_POSITION = re.compile(r"\[\d+\]")


@attrs.frozen
class Outcome:
    """What became of one line: how many statements it held, how many of them were there before, or why it was refused."""

    number: int
    line: bytes = attrs.field(repr=False)
    statements: int = 0
    replayed: int = 0
    error: LRSError | None = None


class Refused:
    """The file of refused lines and, beside it, the file of reasons: made when the first line is refused, readable by their owner alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reasons = path.with_name(path.name.removesuffix(".jsonl") + ".reasons.jsonl")
        self._files: tuple[BinaryIO, BinaryIO] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        for file in self._files or ():
            file.close()

    def add(self, source: Path, outcome: Outcome, error: LRSError) -> None:
        """Keep a refused line, and why it was refused; the reason names places, not people."""
        if self._files is None:
            self._files = (_private(self.path), _private(self.reasons))
        lines, reasons = self._files
        lines.write(outcome.line + b"\n")
        reason = {"file": str(source), "line": outcome.number, "code": error.code, "message": error.message, "hint": error.hint}
        reasons.write(msgspec.json.encode(reason) + b"\n")


class Tally:
    """Counts over all files."""

    def __init__(self) -> None:
        self.stored = 0
        self.replayed = 0
        self.refused: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        """Count a line."""
        self.stored += outcome.statements - outcome.replayed
        self.replayed += outcome.replayed
        if outcome.error is not None:
            self.refused[_POSITION.sub("[]", outcome.error.message)] += 1

    def print(self, refused: Refused) -> None:
        """Say in words what happened."""
        lines = self.refused.total()
        click.echo(f"{self.stored:,} statements stored, {self.replayed:,} were stored before, {lines:,} lines refused.")
        for reason, count in self.refused.most_common(_SHOWN_REASONS):
            click.echo(f"  {count:>7,} x {reason}")
        if len(self.refused) > _SHOWN_REASONS:
            click.echo(f"  and {len(self.refused) - _SHOWN_REASONS:,} other reasons")
        if lines:
            click.echo(f"The refused lines are in {refused.path}, the reasons line by line in {refused.reasons}.")
            click.echo("Those lines are personal data: only you can read the file; delete it when you have dealt with it.")


def _private(path: Path) -> BinaryIO:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        os.fchmod(descriptor, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"the refused lines can't be written to {path}: {error.strerror}", hint="Name another file with --refused."
        ) from None
    return os.fdopen(descriptor, "wb")
