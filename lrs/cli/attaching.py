"""Storing statements together with the contents that they attach."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from lrs.cli.outcomes import Outcome
from lrs.errors import ConfigurationError, LRSError
from lrs.xapi.multipart import Content

if TYPE_CHECKING:
    from lrs.batch import Receipt
    from lrs.engine import LRS
    from lrs.xapi.multipart import Contents

_AT_ONCE = 50
"""Lines whose contents may be in memory."""
_SHA2 = re.compile(rb'"sha2"\s*:\s*"([0-9A-Fa-f]{56,128})"')


def store_lines(store: LRS, lines: Iterator[bytes], *, version: str = "1.0.3") -> Iterator[Outcome]:
    """Store lines and give each outcome together with its line, which is kept no longer than that."""
    waiting: deque[tuple[int, bytes]] = deque()

    def remembered() -> Iterator[bytes]:
        for number, line in enumerate(lines, 1):
            if line.strip():
                waiting.append((number, line))
            yield line

    for outcome in store.ingest_lines(remembered(), version=version):
        number, line = waiting.popleft()
        count = len(outcome.ids)
        yield Outcome(number, line, count, count if outcome.replayed else 0, outcome.error)


def store_lines_from(folder: Path, store: LRS, lines: Iterator[bytes], *, version: str = "1.0.3") -> Iterator[Outcome]:
    """Store lines with the contents that they attach, of which each is a file of the folder that is named by its SHA-2."""
    first = 0
    while some := list(islice(lines, _AT_ONCE)):
        for outcome in store_attaching(store, [(line, _contents(folder, line)) for line in some], version=version):
            yield attrs.evolve(outcome, number=first + outcome.number)
        first += len(some)


def store_attaching(store: LRS, statements: Sequence[tuple[bytes, Contents]], *, version: str) -> Iterator[Outcome]:
    """Store statements: what has contents each on its own, all else as lines. Outcomes are numbered by their place."""
    numbered = list(enumerate(statements, 1))
    waiting = [(number, raw, _submitted(store, raw, contents, version)) for number, (raw, contents) in numbered if contents]
    yield from store_lines(store, (b"" if contents else _on_one_line(raw) for raw, contents in statements), version=version)
    yield from (_outcome(*each) for each in waiting)


def _contents(folder: Path, line: bytes) -> Contents:
    paths = {found.decode().lower(): folder / found.decode().lower() for found in _SHA2.findall(line)}
    try:
        return {sha2: Content(path.read_bytes()) for sha2, path in paths.items() if path.is_file()}
    except OSError as error:
        raise ConfigurationError(f"the folder {folder} can't be read: {error.strerror}") from None


def _submitted(store: LRS, raw: bytes, contents: Contents, version: str) -> Future[Receipt] | LRSError:
    try:
        return store.submit(raw, principal=store.owner, version=version, contents=contents)
    except LRSError as error:
        return error


def _outcome(number: int, raw: bytes, submitted: Future[Receipt] | LRSError) -> Outcome:
    try:
        if isinstance(submitted, LRSError):
            raise submitted
        return Outcome(number, raw, len(submitted.result().ids), len(submitted.result().replayed))
    except LRSError as error:
        if error.retryable:
            raise
        return Outcome(number, _on_one_line(raw), error=error)


def _on_one_line(raw: bytes) -> bytes:
    # A line break inside valid JSON is white space between tokens.
    return raw.replace(b"\r", b" ").replace(b"\n", b" ")
