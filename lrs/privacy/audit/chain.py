"""A chain on the disk: a folder with segments, one a month or a hundred thousand entries, and the checkpoints that were signed over it.

A segment's first line says where the chain stood before it, so that older segments can go and the rest still verifies.
"""

from __future__ import annotations

import base64
import fcntl
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from lrs.crypto.notes import NoteSigner
from lrs.errors import StoreUnavailable
from lrs.privacy.audit import entry
from lrs.privacy.audit.tree import Tree

FORMAT = 1
_SEGMENT_ENTRIES = 100_000
START = bytes(32)
NOTE = r"[^\n]+\n\d+\n[^\n]+\n\n(?:\N{EM DASH} [^\n]+\n)+"
_NOTE = re.compile(NOTE)


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a segment: where the chain stood. ``seq`` is the number of its first entry, and how many there were before."""

    audit: int
    chain: str
    origin: str
    peaks: list[str]
    seq: int

    def tree(self) -> Tree:
        """Give the tree as it was; raises :class:`ValueError`."""
        return Tree(self.seq, [base64.b64decode(peak, validate=True) for peak in self.peaks])


def header(origin: str, tree: Tree, chain: bytes) -> bytes:
    """Write the first line of a segment."""
    peaks = [base64.b64encode(peak).decode() for peak in tree.peaks]
    return (
        msgspec.json.encode(Header(audit=FORMAT, chain=base64.b64encode(chain).decode(), origin=origin, peaks=peaks, seq=tree.size)) + b"\n"
    )


def origin(signer_fingerprint: str, name: str) -> str:
    """Name a chain to the world: which store, which chain."""
    return f"audit.lrs.invalid/{signer_fingerprint}/{name}"


def chains(folder: Path) -> list[Path]:
    """Give the folders of all chains."""
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def segments(folder: Path) -> list[Path]:
    """Give the segments of a chain, oldest first."""
    return sorted(folder.glob("[0-9]*.jsonl"))


def checkpoints(folder: Path) -> list[str]:
    """Give the signed notes of a chain, oldest first."""
    return notes_in(folder / "checkpoints")[0]


def notes_in(path: Path) -> tuple[list[str], bool]:
    """Give the notes in a file, and whether there is nothing else in it."""
    try:
        text = path.read_text("utf-8", "replace")
    except FileNotFoundError:
        return [], True
    return _NOTE.findall(text), not _NOTE.sub("", text).strip("\n")


def first_of(segment: Path) -> int:
    """Say by its name the number of a segment's first entry."""
    return int(segment.stem.rpartition("-")[2])


def note_of(signer: NoteSigner, name: str, tree: Tree) -> str:
    """Sign where a chain stands (C2SP tlog-checkpoint)."""
    named = origin(signer.key.fingerprint, name)
    return signer.sign(f"{named}\n{tree.size}\n{base64.b64encode(tree.root()).decode()}\n", named)


def size_of(note: str) -> int:
    """Say how many entries a note is about."""
    return int(note.split("\n", 2)[1])


class Chain:
    """A chain that this process holds, by the lock on its folder. One thread at a time."""

    def __init__(self, path: Path, lock: int, signer: NoteSigner) -> None:
        self._signer = signer
        self._folder, self._lock = path, lock
        self.name = path.name
        self.origin = origin(signer.key.fingerprint, self.name)
        self.healed = 0
        """Bytes of a torn last line that were dropped when the chain was taken up."""
        self.tree, self.chain = Tree(), START
        self._file = -1
        self._first = 0
        self._month = ""
        for segment in reversed(segments(path)):
            if self._resume(segment):
                break
        notes = checkpoints(self._folder)
        self._signed = size_of(notes[-1]) if notes else -1

    def append(self, entries: Sequence[bytes], month: str) -> None:
        """Write entries durably; ``month`` (YYYY-MM) says into which segment."""
        if self._file < 0 or month > self._month or self.tree.size - self._first >= _SEGMENT_ENTRIES:
            self._begin(month)
        # What could not be written did not happen.
        tree, chain, lines = Tree(self.tree.size, self.tree.peaks), self.chain, []
        leaves = []
        for each in entries:
            hashed, chain = entry.link(chain, each)
            leaves.append(hashed)
            lines.append(entry.line(each, chain))
        tree.add(*leaves)
        _write(self._file, b"".join(lines))
        self.tree, self.chain = tree, chain

    def checkpoint(self) -> str:
        """Sign where the chain stands -> the note, which is kept beside the segments too."""
        note = note_of(self._signer, self.name, self.tree)
        if self.tree.size != self._signed:
            descriptor = os.open(self._folder / "checkpoints", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                # An empty line first, so that what a crash left half written is not taken for a part of this note.
                _write(descriptor, b"\n\n" + note.encode())
            finally:
                os.close(descriptor)
            self._signed = self.tree.size
        return note

    def close(self) -> None:
        """Let go of the chain."""
        if self._file >= 0:
            os.close(self._file)
        os.close(self._lock)

    def older(self, month: str) -> list[Path]:
        """Give the segments of months before this one (YYYY-MM), but never the last."""
        return [path for path in segments(self._folder)[:-1] if path.name[:7] < month]

    def _begin(self, month: str) -> None:
        """Begin a segment; the note that is signed first vouches for its first line when older segments are gone."""
        if self.tree.size:
            self.checkpoint()
        if self._file >= 0:
            os.close(self._file)
        self._month, self._first = max(month, self._month), self.tree.size
        path = self._folder / f"{self._month}-{self._first:012d}.jsonl"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        _write(self._file, header(self.origin, self.tree, self.chain))
        _sync_folder(self._folder)

    def _resume(self, last: Path) -> bool:
        """Take up a segment where it ends; False, and it is gone, when a crash left not even its first line.

        What it says is counted as it is: judging it is for ``lrs audit verify``.
        """
        text = last.read_bytes()
        whole = text[: text.rfind(b"\n") + 1]
        self.healed += len(text) - len(whole)
        if not whole:
            last.unlink()
            return False
        self._file = os.open(last, os.O_RDWR | os.O_APPEND)
        self._month = last.name[:7]
        if len(whole) < len(text):
            os.ftruncate(self._file, len(whole))
        lines = whole.split(b"\n")[:-1]
        try:
            head = msgspec.json.decode(lines[0], type=Header)
            self.tree, self.chain = head.tree(), base64.b64decode(head.chain)
        except (msgspec.DecodeError, ValueError, IndexError):
            self.tree, self.chain = _named_size(last), START
        self._first = self.tree.size
        for text in lines[1:]:
            hashed, self.chain = entry.link(self.chain, entry.split(text)[0])
            self.tree.add(hashed)
        return True


def _named_size(path: Path) -> Tree:
    """Give a tree of the size that a segment's name says, where its first line says nothing: no checkpoint will fit it, and that is right."""
    size = first_of(path)
    return Tree(size, [START] * size.bit_count())


def free(folder: Path, signer: NoteSigner) -> Chain:
    """Take up the first chain that no other process holds, or begin a new one."""
    return next(found for path in _candidates(folder) if (found := held(path, signer)) is not None)


def held(path: Path, signer: NoteSigner) -> Chain | None:
    """Take up a chain, unless another process holds it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return Chain(path, descriptor, signer)


def _candidates(folder: Path) -> Iterator[Path]:
    yield from chains(folder)
    while True:
        path = folder / secrets.token_hex(4)
        try:
            path.mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise _unwritable(error) from None
        _sync_folder(folder)
        yield path


def _write(descriptor: int, text: bytes) -> None:
    """Write at the end, durably or not at all."""
    before = os.fstat(descriptor).st_size
    view = memoryview(text)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
        os.fdatasync(descriptor)
    except OSError as error:
        os.ftruncate(descriptor, before)
        raise _unwritable(error) from None


def _unwritable(error: OSError) -> StoreUnavailable:
    return StoreUnavailable(
        f"the audit trail can't be written: {error.strerror}",
        hint="Make room on the disk of the data directory; nothing is answered without its entry.",
    )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
