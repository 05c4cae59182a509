"""Files of statements: JSON, JSON lines, either compressed with gzip; told apart by what is in them."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import cast

import msgspec

from lrs.errors import InvalidRequest, LRSError
from lrs.sources.body import BYTE_ORDER_MARK, is_json

STDIN = Path("-")
_GZIP_MAGIC = b"\x1f\x8b"
_BUFFER = 1 << 20
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


class _Source(io.RawIOBase):
    """A file made of a function that reads: what it gave is used, even where the next call fails."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        chunk = self._read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)


class Readable(Iterator[bytes]):
    """The lines of a file up to where it can be read; what is wrong then is raised by :meth:`check`, when those before are dealt with."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._error: LRSError | None = None

    def __next__(self) -> bytes:
        try:
            return next(self._lines)
        except LRSError as error:
            self._error = error
            raise StopIteration from None

    def check(self) -> None:
        """Raise what ended the lines early."""
        if self._error is not None:
            raise self._error


def check_there(paths: Iterable[Path]) -> None:
    """Raise :class:`lrs.errors.InvalidRequest` unless all files are there, before anything is done with the first."""
    for path in paths:
        if path != STDIN and not path.exists():
            raise InvalidRequest(f"{path} can't be read: there is no such file")


@contextmanager
def opened(
    path: Path, progress: Callable[[int], None], *, lines: Callable[[io.BufferedIOBase], Iterable[bytes]] | None = None
) -> Iterator[Iterator[bytes]]:
    """Open a file (``-``: standard input) and give its lines; ``progress`` gets the sizes of what is read from the disk.

    ``lines`` takes lines from the plain file, :func:`lines_of` if it isn't given.

    Raises :class:`lrs.errors.InvalidRequest` when it can't be read, while lines are taken too.
    """
    try:
        raw = cast("io.BufferedReader", sys.stdin.buffer) if path == STDIN else path.open("rb")
    except OSError as error:
        raise InvalidRequest(f"{path} can't be read: {error.strerror}") from None
    try:
        plain = io.BufferedReader(_Source(partial(_read_counted, raw, progress)), _BUFFER)
        if plain.peek(2)[:2] == _GZIP_MAGIC:
            plain = io.BufferedReader(_Source(gzip.GzipFile(fileobj=plain).read1), _BUFFER)
        yield _guarded(_when_asked(lines or lines_of, plain), path)
    finally:
        if path != STDIN:
            raw.close()


def _read_counted(file: io.BufferedReader, progress: Callable[[int], None], size: int) -> bytes:
    chunk = file.read1(size)
    progress(len(chunk))
    return chunk


def _when_asked(lines: Callable[[io.BufferedIOBase], Iterable[bytes]], file: io.BufferedIOBase) -> Iterator[bytes]:
    # As a generator, so that reading the first lines fails where the others do.
    yield from lines(file)


def log_lines(file: io.BufferedIOBase, longest: int) -> Iterator[bytes]:
    """Give each line of a log; of one longer than ``longest`` bytes no more than one byte above, so that it shows.

    A file that is one JSON document over several lines, as tools print them for people, of ``longest`` bytes at most, gives its elements.
    """
    lines = _lines_cut(file, longest)
    head = _until_filled(lines)
    # Only a bracket by itself begins a document, so that a line that was cut short does not keep the next one waiting.
    if head and head[-1].strip() in (b"{", b"["):
        head += _within(lines, longest)
        if is_json(whole := b"\n".join(head)):
            yield from _elements(whole)
            return
    yield from head
    yield from lines


def _within(lines: Iterator[bytes], longest: int) -> Iterator[bytes]:
    """Give lines up to so many bytes, and the one above."""
    for line in lines:
        yield line
        longest -= len(line) + 1
        if longest < 0:
            return


def _lines_cut(file: io.BufferedIOBase, longest: int) -> Iterator[bytes]:
    while line := file.readline(longest + 1):
        last = line
        while len(last) > longest and not last.endswith(b"\n"):
            last = file.readline(longest + 1)
        yield line.rstrip(b"\r\n")


def lines_of(file: Iterable[bytes]) -> Iterator[bytes]:
    """Give each statement, or batch of them, as a line.

    JSON lines are given one by one as they are read, empty ones too, so that counting them gives line numbers. A file that
    is one JSON array, or one object over several lines, is read as a whole and gives its elements.
    """
    lines = iter(file)
    head = _until_filled(lines)
    if not head:
        return iter(())
    head[0] = head[0].removeprefix(BYTE_ORDER_MARK)
    if is_json(head[-1]):
        first = head[-1]
        if first.lstrip()[:1] == b"[":
            # Only an array may be the whole file: other lines are given before the next one is waited for.
            after = _until_filled(lines)
            if not any(line.strip() for line in after):
                return _elements(first)
            head += after
        return _stripped(chain(head, lines))
    whole = b"".join(chain(head, lines))
    # Where it is no document either, each line speaks, or fails, for itself.
    return _elements(whole) if is_json(whole) else _stripped(whole.splitlines())


def _until_filled(lines: Iterator[bytes]) -> list[bytes]:
    """Take lines up to the first one that is not empty."""
    taken = []
    for line in lines:
        taken.append(line)
        if line.strip():
            break
    return taken


def _elements(document: bytes) -> Iterator[bytes]:
    if document.lstrip()[:1] != b"[":
        return iter([_on_one_line(document)])
    return (_on_one_line(bytes(raw)) for raw in _ARRAY.decode(document))


def _on_one_line(document: bytes) -> bytes:
    # A line break inside valid JSON is white space between tokens.
    return document.strip().replace(b"\r", b" ").replace(b"\n", b" ")


def _stripped(lines: Iterable[bytes]) -> Iterator[bytes]:
    return (line.rstrip(b"\r\n") for line in lines)


def _guarded(lines: Iterator[bytes], path: Path) -> Iterator[bytes]:
    try:
        yield from lines
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InvalidRequest(f"{path} is damaged or cut short (gzip)", hint="What could be read before the damage was ingested.") from None
    except OSError as error:
        raise InvalidRequest(f"{path} can't be read: {error.strerror}") from None
